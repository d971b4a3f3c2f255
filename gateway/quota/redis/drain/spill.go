package drain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed"
)

const (
	// spillEvery is how often rows go to the disk while the record does not answer.
	spillEvery = time.Second
	// spillPrefix and spillSuffix are around a process's name in the name of its file.
	spillPrefix, spillSuffix = "unrecorded-", ".jsonl"
)

// spill is the file of the rows that the record lacks, for a process that dies while the record is away: Redis may lose
// them as well. A line is the checksum of its JSON in hexadecimal, a space, the JSON. There is none before it is needed.
type spill struct {
	dir, replica string
	// lock tells other processes that this one lives.
	lock *flock.Flock
	file *os.File
	size int64
}

// add returns when the rows are on the disk.
func (f *spill) add(rows []Row) error {
	if err := f.open(); err != nil {
		return err
	}
	var lines bytes.Buffer
	for i := range rows {
		line, err := json.Marshal(&rows[i])
		if err != nil {
			return fmt.Errorf("write a row as JSON: %w", err)
		}
		fmt.Fprintf(&lines, "%08x %s\n", crc32.ChecksumIEEE(line), line)
	}
	_, err := f.file.WriteAt(lines.Bytes(), f.size) // over what a write that failed has left
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write rows that the record lacks to the data directory: %w", err)
	}
	f.size += int64(lines.Len())
	return nil
}

// open makes the file. It is locked before it has its name: a process that starts takes what nobody has locked.
func (f *spill) open() (err error) {
	if f.file != nil {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("make a file for rows that the record lacks: %w", err)
		}
	}()
	name := filepath.Join(f.dir, spillPrefix+f.replica+spillSuffix)
	lock := flock.New(name+".new", flock.SetPermissions(0o600))
	if _, err := lock.TryLock(); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return errors.Join(err, lock.Close())
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return errors.Join(err, lock.Close())
	}
	f.lock, f.file, f.size = lock, file, 0
	return nil
}

// remove takes the file away: the record has its rows.
func (f *spill) remove() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(os.Remove(f.file.Name()), f.file.Close(), f.lock.Close())
	f.file, f.lock = nil, nil
	return err
}

// leave closes the file and keeps it, for the next process.
func (f *spill) leave() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.file.Close(), f.lock.Close())
	f.file, f.lock = nil, nil
	return err
}

// TakeOver records what processes have left in the data directory that died while the record was away, and has the
// counters that it was spent from filled again. What fails stays for the next time.
func (s *Streams) TakeOver(ctx context.Context) error {
	if s.spill == nil {
		return nil
	}
	names, err := filepath.Glob(filepath.Join(s.spill.dir, spillPrefix+"*"+spillSuffix))
	if err != nil {
		return fmt.Errorf("look for rows in the data directory: %w", err)
	}
	for _, name := range names {
		if err := s.takeOver(ctx, name); err != nil {
			return fmt.Errorf("record the rows of %s: %w", name, err)
		}
	}
	return nil
}

func (s *Streams) takeOver(ctx context.Context, name string) error {
	lock := flock.New(name, flock.SetFlag(os.O_RDONLY))
	locked, err := lock.TryLock()
	if errors.Is(err, os.ErrNotExist) || err == nil && !locked {
		return nil // it was taken, or belongs to a process that lives
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := checksummed.Read[Row](file)
	if err == nil {
		_, err = s.recordRows(ctx, rows)
	}
	if err != nil {
		return err
	}
	s.logger.WarnContext(ctx, "rows were recorded that a process had left in the data directory", slog.String("file", name), slog.Int("rows", len(rows)))
	return os.Remove(name)
}

// spillWritten puts to the disk what the record lacks and is not there yet.
func (s *Streams) spillWritten() {
	if s.spill == nil {
		return
	}
	s.spilling.Lock()
	defer s.spilling.Unlock()
	s.mu.Lock()
	var rows []Row
	for _, w := range s.written {
		rows = append(rows, w.rows[w.spilled:]...)
		w.spilled = len(w.rows)
	}
	s.mu.Unlock()
	if len(rows) == 0 {
		return
	}
	if err := s.spill.add(rows); err != nil {
		s.spillAgain()
		s.logger.Error("rows that the record lacks are in the memory of this process and in Redis only", slog.Int("rows", len(rows)), slog.Any("error", err))
	}
}

// spillAgain takes none of the rows for one that is on the disk. One that is there twice is one row.
func (s *Streams) spillAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.written {
		w.spilled = 0
	}
}

// spillMeanwhile does so again and again until the returned function is called.
func (s *Streams) spillMeanwhile() (stop func()) {
	if s.spill == nil {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(spillEvery)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				s.spillWritten()
			}
		}
	}()
	return func() { close(done) }
}

// unspill takes the file away when the record lacks nothing.
func (s *Streams) unspill() {
	if s.spill == nil {
		return
	}
	s.spilling.Lock()
	defer s.spilling.Unlock()
	if s.unrecorded.Load() > 0 {
		return
	}
	if err := s.spill.remove(); err != nil {
		s.logger.Warn("a file of rows that the record has was not removed", slog.Any("error", err))
	}
}

// Close keeps on the disk what the record lacks.
func (s *Streams) Close() error {
	s.spillWritten()
	if s.spill == nil {
		return nil
	}
	s.spilling.Lock()
	defer s.spilling.Unlock()
	return s.spill.leave()
}
