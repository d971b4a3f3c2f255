package retention

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/oklog/ulid/v2"
)

// Folder is an [Archive] in a folder, which must take hard links. A file has its name only once it is whole and on the disk.
type Folder struct{ Path string }

var _ Archive = Folder{}

// Try implements [Archive].
func (f Folder) Try(context.Context) error {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	part := filepath.Join(f.Path, "try."+ulid.Make().String()+".part")
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

// Store implements [Archive]: ledger-2025-10-01.jsonl, or ledger-2025-10-01.2.jsonl where that is taken, and so on.
func (f Folder) Store(_ context.Context, day time.Time, write func(io.Writer) error) (string, error) {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	path, err := freeName(filepath.Join(f.Path, "ledger-"+day.Format(time.DateOnly)))
	if err != nil {
		return "", err
	}
	part := path + "." + ulid.Make().String() + ".part"
	if err := writeFile(part, write); err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	// A link refuses a name that is taken, where a rename would overwrite what another gateway wrote there.
	if err := os.Link(part, path); err != nil {
		return "", errors.Join(fmt.Errorf("name the file: %w", err), os.Remove(part))
	}
	if err := os.Remove(part); err != nil {
		return "", fmt.Errorf("remove the other name of the file: %w", err)
	}
	return path, syncFolder(f.Path)
}

// Open implements [Archive].
func (f Folder) Open(_ context.Context, name string) (io.ReadCloser, error) { return os.Open(name) }

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

func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriter(file)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("bring the file to the disk: %w", err)
	}
	return nil
}

// syncFolder makes a new name survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
