package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// Backup copies the data directory of an embedded record into a new folder: the tables, what waits for them, and, withKey,
// the secret key that opens what is sealed in them. A gateway may serve meanwhile. A folder that is there is left alone.
func Backup(ctx context.Context, settings config.Config, folder string, withKey bool) (err error) {
	if err := recordThere(settings); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of the backup: %w", err)
	}
	defer func() {
		if err != nil { // half a backup would be taken for one
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if err := store.Backup(ctx, settings.DatabaseURL, folder); err != nil {
		return err
	}
	if !withKey {
		return nil
	}
	for _, name := range []string{seal.KeyFile, seal.PreviousKeyFile} {
		key, err := os.ReadFile(filepath.Join(settings.DataDir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it stands in the configuration, or there is none
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), key, 0o600)
		}
		if err != nil {
			return fmt.Errorf("copy the secret key: %w", err)
		}
	}
	return nil
}
