package retention

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// pageRows is how many rows are read at once.
const pageRows = 1000

// archive writes the rows of a UTC day to a file of its own, which has its name only once it is whole and on the disk. A
// day that is there already, because a gateway died before it had deleted all, gets another file with what is left.
func (k *Keeper) archive(ctx context.Context, from time.Time) error {
	if err := os.MkdirAll(k.Archive, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	path, err := freeName(filepath.Join(k.Archive, "ledger-"+from.Format(time.DateOnly)))
	if err != nil {
		return err
	}
	part := path + "." + k.holder + ".part"
	if err := k.writeDay(ctx, part, from); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	// A link refuses a name that is taken, where a rename would overwrite what another gateway wrote there.
	if err := os.Link(part, path); err != nil {
		return errors.Join(fmt.Errorf("name the file: %w", err), os.Remove(part))
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("remove the other name of the file: %w", err)
	}
	return syncFolder(k.Archive)
}

// tryArchive makes sure that a file can be written and named in the folder: the horizon, once moved, stays moved.
func (k *Keeper) tryArchive() error {
	if k.Archive == "" {
		return nil
	}
	if err := os.MkdirAll(k.Archive, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	part := filepath.Join(k.Archive, "try."+k.holder+".part")
	if err := os.WriteFile(part, []byte("{}\n"), 0o600); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	defer func() { _ = os.Remove(part) }()
	named := part + ".named"
	if err := os.Link(part, named); err != nil {
		return fmt.Errorf("give a file its name by a hard link: %w", err)
	}
	return os.Remove(named)
}

// freeName is the first name that no file has: path.jsonl, path.2.jsonl and so on.
func freeName(path string) (string, error) {
	name := path + ".jsonl"
	for i := 2; ; i++ {
		_, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
		if err != nil {
			return "", fmt.Errorf("look for a name: %w", err)
		}
		name = fmt.Sprintf("%s.%d.jsonl", path, i)
	}
}

func (k *Keeper) writeDay(ctx context.Context, path string, from time.Time) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriter(file)
	lines := json.NewEncoder(buffered)
	filter := api.LedgerFilter{From: from, To: from.Add(day), Limit: pageRows}
	for {
		if ours, err := k.claim(ctx); err != nil || !ours {
			return errors.Join(err, errTaken(ours))
		}
		rows, err := k.Record.LedgerPage(ctx, filter)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := lines.Encode(row); err != nil {
				return fmt.Errorf("write row %s: %w", row.ID, err)
			}
		}
		if len(rows) < pageRows {
			break
		}
		last := rows[len(rows)-1]
		filter.After = &api.LedgerCursor{AdmittedAt: last.AdmittedAt, ID: last.ID}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("bring the file to the disk: %w", err)
	}
	return nil
}

func errTaken(ours bool) error {
	if ours {
		return nil
	}
	return errors.New("another gateway has taken over")
}

// syncFolder makes a new name survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
