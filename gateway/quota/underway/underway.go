// Package underway remembers on disk what an engine in the process has admitted and not settled.
//
// It promises that a gateway which is killed, and has its counters to itself, books what was under way when it starts
// again: once, and never what was settled. A line is the operating system's when a request is let through, so it outlives
// the process and not the machine. It must never know what limits are.
package underway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/checksummed/ledgerrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// fileName is the file in the data directory.
const fileName = "under-way.jsonl"

// Options adjust an [Engine].
type Options struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// MaxBytes is how long the file may grow before what has ended is taken out; 0 is 8 MB.
	MaxBytes int64
	// BestEffort lets through what cannot be remembered, and says so in the log.
	BestEffort bool
	// Logger hears of what was booked; nil is slog.Default.
	Logger *slog.Logger
}

// Engine is an engine in the process that is survived by what it has admitted.
type Engine struct {
	quota.Engine
	options Options
	path    string
	lock    *flock.Flock

	mu   sync.Mutex
	file io.WriteCloser
	// size is how long the file is, base how long it was when it was written anew last.
	size, base int64
	// torn: the file ends with what a failed write left, behind which nothing would be read.
	torn   bool
	closed bool
	// live are the lines of what has not ended.
	live map[string][]byte
}

// line is what the file says of a request.
type line struct {
	ID string `json:"id"`
	// Row, with what the prompt takes, opens it.
	Row         *api.LedgerRow `json:"row"`
	AdmittedAt  time.Time      `json:"admitted_at"`
	InputTokens int64          `json:"input_tokens"`
	InputCost   money.Nano     `json:"input_cost_usd"`
	// Tokens and Cost are what it had used by a checkpoint.
	Tokens int64      `json:"tokens"`
	Cost   money.Nano `json:"cost_usd"`
	// Ended says that it ended and left no row in the ledger.
	Ended bool `json:"ended"`
}

// ErrInUse is a data directory that another process has.
var ErrInUse = errors.New("another gateway uses this data directory")

// Around books in the record what an earlier process left under way in a directory, and then remembers there what the
// engine admits.
func Around(ctx context.Context, engine quota.Engine, record quota.Record, dir string, options Options) (*Engine, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.MaxBytes == 0 {
		options.MaxBytes = 8 << 20
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	e := &Engine{
		Engine: engine, options: options, path: filepath.Join(dir, fileName), lock: flock.New(filepath.Join(dir, fileName+".lock")),
		live: map[string][]byte{},
	}
	locked, err := e.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock what is under way: %w", err)
	}
	if !locked {
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	if err := e.takeOver(ctx, record); err != nil {
		return nil, errors.Join(err, e.lock.Unlock())
	}
	if err := e.compact(); err != nil {
		return nil, errors.Join(err, e.lock.Unlock())
	}
	return e, nil
}

// takeOver books what was left. What was settled has a row of the same id, which the record keeps.
func (e *Engine) takeOver(ctx context.Context, record quota.Record) error {
	left, err := e.read()
	if err != nil || len(left) == 0 {
		return err
	}
	entries := make([]quota.Entry, len(left))
	for i, one := range left {
		tokens, cost := max(one.Tokens, one.InputTokens), max(one.Cost, one.InputCost)
		row := quota.EstimateRow(*one.Row, one.ID, tokens, one.InputTokens, cost, one.AdmittedAt, e.options.Now().UTC().Truncate(time.Microsecond))
		entries[i].Row = &row
	}
	for some := range slices.Chunk(entries, 500) {
		if err := record.Append(ctx, some); err != nil {
			return fmt.Errorf("book what was under way when the gateway died: %w", err)
		}
	}
	e.options.Logger.InfoContext(ctx, "what the gateway before may have had under way is in the ledger; what it had settled was there", slog.Int("requests_looked_at", len(entries)))
	return nil
}

// read returns what the file opens and does not end, with the last checkpoint of each.
func (e *Engine) read() (left []*line, err error) {
	file, err := os.Open(e.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was under way: %w", err)
	}
	defer file.Close()
	lines, err := checksummed.Read[line](file)
	if err != nil {
		return nil, fmt.Errorf("read what was under way in %s: %w", e.path, err)
	}
	open := map[string]*line{}
	for i := range lines {
		one := &lines[i]
		known := open[one.ID]
		switch {
		case one.Ended:
			delete(open, one.ID)
		case one.Row != nil:
			open[one.ID] = one
		case known != nil:
			known.Tokens, known.Cost = one.Tokens, one.Cost
		}
	}
	for i := range lines {
		if open[lines[i].ID] == &lines[i] {
			left = append(left, &lines[i])
		}
	}
	return left, nil
}

// Reserve implements [quota.Engine]. What cannot be remembered is not let through: [quota.ErrUnrecorded].
func (e *Engine) Reserve(ctx context.Context, request quota.Request) (quota.Decision, error) {
	decision, err := e.Engine.Reserve(ctx, request)
	if err != nil || !decision.Admitted || decision.Duplicate {
		return decision, err //nolint:wrapcheck // the engine's own
	}
	err = e.append(request.ID, true, line{
		ID: request.ID, Row: &request.Row, AdmittedAt: decision.At, InputTokens: request.InputTokens, InputCost: request.InputCost,
	})
	if err == nil {
		return decision, nil
	}
	if e.options.BestEffort {
		e.options.Logger.WarnContext(ctx, "a call under way would be lost with this process", slog.String("reservation", request.ID), slog.Any("error", err))
		return decision, nil
	}
	taken := quota.Settlement{ID: request.ID, Slot: request.Slot, Unsent: true, Summed: true, Row: request.Row}
	if _, settled := e.Engine.Settle(context.WithoutCancel(ctx), taken); settled != nil {
		err = errors.Join(err, settled)
	}
	return quota.Decision{}, fmt.Errorf("%w: %w", quota.ErrUnrecorded, err)
}

// Settle implements [quota.Engine].
func (e *Engine) Settle(ctx context.Context, settlement quota.Settlement) (quota.Settled, error) {
	settled, err := e.Engine.Settle(ctx, settlement)
	if err != nil {
		return settled, err //nolint:wrapcheck // the engine's own; without a row in the record it is under way for the next process
	}
	if settlement.Summed {
		err = e.append(settlement.ID, false, line{ID: settlement.ID, Ended: true})
	} else {
		e.forget(settlement.ID)
	}
	if err != nil {
		e.options.Logger.WarnContext(ctx, "the end of a request is not remembered", slog.String("reservation", settlement.ID), slog.Any("error", err))
	}
	return settled, nil
}

// forget forgets what has a row in the ledger.
func (e *Engine) forget(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.live, id)
}

// Renew implements [quota.Engine].
func (e *Engine) Renew(ctx context.Context, checkpoints []quota.Checkpoint) error {
	for _, one := range checkpoints {
		if err := e.append(one.ID, true, line{ID: one.ID, Tokens: one.Tokens, Cost: one.Cost}); err != nil {
			e.options.Logger.WarnContext(ctx, "what a request has used so far is not remembered", slog.String("reservation", one.ID), slog.Any("error", err))
		}
	}
	return e.Engine.Renew(ctx, checkpoints) //nolint:wrapcheck // the engine's own
}

// Close ends the engine, and forgets what it has recorded.
func (e *Engine) Close() error {
	err := e.Engine.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return err
	}
	e.closed = true // the file is the next process's
	return errors.Join(err, e.compact(), e.file.Close(), e.lock.Unlock())
}

// append writes a line, which stays live when it opens a request or tells of one that is open.
func (e *Engine) append(id string, stays bool, one line) error {
	written := checksummed.AppendLine(make([]byte, 0, 512), &one, appendJSON)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("write what is under way: %w", os.ErrClosed)
	}
	known := e.live[id]
	if !stays {
		delete(e.live, id) // before the file may be written anew
	}
	if stays && one.Row == nil && known == nil {
		return nil // it has ended meanwhile
	}
	if e.torn || e.size > e.base+e.options.MaxBytes {
		if err := e.compact(); err != nil {
			return err
		}
	}
	if _, err := e.file.Write(written); err != nil {
		e.torn = true
		return fmt.Errorf("write what is under way: %w", err)
	}
	e.size += int64(len(written))
	if stays {
		if known != nil {
			written = append(known, written...)
		}
		e.live[id] = written
	}
	return nil
}

// compact writes the file anew, with what is live. A process that dies meanwhile leaves the file of before.
func (e *Engine) compact() error {
	next, err := os.OpenFile(e.path+".next", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("write anew what is under way: %w", err)
	}
	var size int64
	for _, lines := range e.live {
		written, err := next.Write(lines)
		size += int64(written)
		if err != nil {
			return errors.Join(fmt.Errorf("write anew what is under way: %w", err), next.Close(), os.Remove(e.path+".next"))
		}
	}
	if err := os.Rename(e.path+".next", e.path); err != nil {
		return errors.Join(fmt.Errorf("write anew what is under way: %w", err), next.Close(), os.Remove(e.path+".next"))
	}
	if e.file != nil {
		_ = e.file.Close()
	}
	e.file, e.size, e.base, e.torn = next, size, size, false
	return nil
}

// appendJSON adds what encoding/json would write of a line.
func appendJSON(to []byte, one *line) []byte {
	to = ledgerrow.AppendText(append(to, `{"id":`...), one.ID)
	if one.Row != nil {
		to = ledgerrow.Append(append(to, `,"row":`...), one.Row)
		to = ledgerrow.AppendTime(append(to, `,"admitted_at":`...), one.AdmittedAt)
		to = strconv.AppendInt(append(to, `,"input_tokens":`...), one.InputTokens, 10)
		to = append(append(to, `,"input_cost_usd":`...), one.InputCost.String()...)
	}
	if one.Tokens != 0 || one.Cost != 0 {
		to = strconv.AppendInt(append(to, `,"tokens":`...), one.Tokens, 10)
		to = append(append(to, `,"cost_usd":`...), one.Cost.String()...)
	}
	if one.Ended {
		to = append(to, `,"ended":true`...)
	}
	return append(to, '}')
}
