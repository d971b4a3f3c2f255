package retention

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Archive is where rows are written before they go.
type Archive interface {
	// Try makes sure that a file can be written and read: the horizon, once moved, stays moved.
	Try(ctx context.Context) error
	// Store makes a file of a UTC day of what write writes, and names it. When it returns, the file is there for good; where
	// write or the place fails, there is none. It never replaces another one.
	Store(ctx context.Context, day time.Time, write func(io.Writer) error) (name string, err error)
	// Open reads a file.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

const (
	// pageRows is how many rows are read at once.
	pageRows = 1000
	// readings is how often a file is read again whose reading ended early.
	readings = 3
)

// archive writes the rows of a UTC day to a file, and reads it again: rows go only once it is what was written. What is left
// of a day that is there already, because a gateway died before it had deleted all, gets another file.
func (k *Keeper) archive(ctx context.Context, from time.Time, deleted *api.LedgerDeletion) error {
	written := sha256.New()
	name, err := k.Archive.Store(ctx, from, func(file io.Writer) error {
		return k.writeDay(ctx, io.MultiWriter(file, written), from)
	})
	if err != nil {
		return err
	}
	if err := k.readAgain(ctx, name, written.Sum(nil)); err != nil {
		return fmt.Errorf("read %s again: %w", name, err)
	}
	deleted.Archive, deleted.ArchiveSHA256 = name, fmt.Sprintf("%x", written.Sum(nil))
	return nil
}

func (k *Keeper) readAgain(ctx context.Context, name string, want []byte) (err error) {
	for range readings {
		read := sha256.New()
		if err = k.readFile(ctx, name, read); err != nil {
			continue
		}
		if !bytes.Equal(read.Sum(nil), want) {
			return errors.New("it is not what was written")
		}
		return nil
	}
	return err
}

func (k *Keeper) readFile(ctx context.Context, name string, read hash.Hash) error {
	file, err := k.Archive.Open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(&claiming{ctx, k, read}, file)
	return err
}

// claiming renews the lease of a keeper while it reads: a large file takes longer than the lease.
type claiming struct {
	ctx    context.Context
	keeper *Keeper
	io.Writer
}

// Write writes on, unless another gateway has taken over.
func (c *claiming) Write(p []byte) (int, error) {
	if ours, err := c.keeper.claim(c.ctx); err != nil || !ours {
		return 0, errors.Join(err, errTaken(ours))
	}
	return c.Writer.Write(p)
}

func (k *Keeper) writeDay(ctx context.Context, file io.Writer, from time.Time) error {
	lines := json.NewEncoder(file)
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
			return nil
		}
		last := rows[len(rows)-1]
		filter.After = &api.LedgerCursor{AdmittedAt: last.AdmittedAt, ID: last.ID}
	}
}

func errTaken(ours bool) error {
	if ours {
		return nil
	}
	return errors.New("another gateway has taken over")
}
