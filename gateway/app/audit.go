package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// VerifyAudit reads the audit log of a record, whether a gateway serves it meanwhile or not, and says whether
// every change is as it was written and in its place. The error is about reading, not about what was found.
func VerifyAudit(ctx context.Context, settings config.Config, known api.AuditMark) (check api.AuditCheck, err error) {
	if err := recordThere(settings); err != nil {
		return check, err
	}
	record, err := openRecord(ctx, settings)
	if err != nil {
		return check, err
	}
	defer func() { err = errors.Join(err, record.Close()) }()
	return record.VerifyAudit(ctx, known)
}

// recordThere says whether there is a record to read: opening one that is not there would make an empty one,
// and call it whole.
func recordThere(settings config.Config) error {
	files := map[string]string{}
	if path, embedded := strings.CutPrefix(settings.DatabaseURL, "sqlite:"); embedded {
		files["database"] = path
	}
	if settings.SecretKey == "" {
		files["secret key"] = filepath.Join(settings.DataDir, seal.KeyFile)
	}
	for name, path := range files {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no %s at %s; name the gateway's data directory or database", name, path)
		} else if err != nil {
			return fmt.Errorf("look for the %s: %w", name, err)
		}
	}
	return nil
}
