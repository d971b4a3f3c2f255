package ledgerexport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// File appends rows as JSON Lines to a file. When it is full it is set aside under a name with the time.
type File struct {
	// Path is that of the file that is written to.
	Path string
	// MaxBytes is how long the file may become; zero is without limit. A single batch may be longer.
	MaxBytes int64
	// Keep is how many files that were set aside are kept; zero is all of them.
	Keep int

	file *os.File
	size int64
}

// Deliver implements [Target]: the rows are on the disk when it returns.
func (f *File) Deliver(_ context.Context, rows []api.LedgerEntry) error {
	var lines bytes.Buffer
	for _, row := range rows {
		line, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("write row %d as JSON: %w", row.Seq, err)
		}
		lines.Write(append(line, '\n'))
	}
	if err := f.makeRoom(int64(lines.Len())); err != nil {
		return err
	}
	n, err := f.file.Write(lines.Bytes())
	f.size += int64(n)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		// What was written may be half a row: it is cut off when the file is opened again.
		return errors.Join(fmt.Errorf("append to %s: %w", f.Path, err), f.Close())
	}
	return nil
}

// Close lets go of the file. The next Deliver opens it again.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}

// makeRoom opens the file, and sets a full one aside.
func (f *File) makeRoom(n int64) error {
	if err := f.open(); err != nil {
		return err
	}
	if f.MaxBytes == 0 || f.size == 0 || f.size+n <= f.MaxBytes {
		return nil
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close %s: %w", f.Path, err)
	}
	aside := f.Path + time.Now().UTC().Format(".20060102T150405.000000000Z")
	if err := os.Rename(f.Path, aside); err != nil {
		return fmt.Errorf("set %s aside: %w", f.Path, err)
	}
	if err := f.open(); err != nil {
		return err
	}
	return f.removeOld()
}

func (f *File) open() error {
	if f.file != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return fmt.Errorf("make the folder of %s: %w", f.Path, err)
	}
	file, err := os.OpenFile(f.Path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open %s: %w", f.Path, err)
	}
	size, err := cutHalfRow(file)
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(f.Path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", f.Path, err), file.Close())
	}
	f.file, f.size = file, size
	return nil
}

// cutHalfRow cuts off what a gateway that died had not written to the end. Such a row comes again, as it
// was not noted as arrived. It returns the length that is left.
func cutHalfRow(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	size, whole := info.Size(), int64(0)
	block := make([]byte, 64<<10)
	for end := size; end > 0 && whole == 0; {
		start := max(0, end-int64(len(block)))
		n, err := file.ReadAt(block[:end-start], start)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if at := bytes.LastIndexByte(block[:n], '\n'); at >= 0 {
			whole = start + int64(at) + 1
		}
		end = start
	}
	if whole == size {
		return size, nil
	}
	return whole, file.Truncate(whole)
}

// removeOld removes the oldest files that were set aside, beyond those to keep.
func (f *File) removeOld() error {
	if f.Keep == 0 {
		return nil
	}
	aside, err := filepath.Glob(escapeGlob(f.Path) + ".[0-9]*T*Z")
	if err != nil {
		return fmt.Errorf("list the files set aside: %w", err)
	}
	slices.Sort(aside) // by time, as their names are
	for _, path := range aside[:max(0, len(aside)-f.Keep)] {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an old file: %w", err)
		}
	}
	return nil
}

// escapeGlob makes a path stand for itself in a pattern.
func escapeGlob(path string) string {
	if runtime.GOOS == "windows" {
		return path // where no character does
	}
	var escaped []byte
	for _, b := range []byte(path) {
		if bytes.IndexByte([]byte(`*?[\`), b) >= 0 {
			escaped = append(escaped, '\\')
		}
		escaped = append(escaped, b)
	}
	return string(escaped)
}

// syncFolder makes a new name survive a power cut, where the system can.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
