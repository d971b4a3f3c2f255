// Package drain moves what was settled from the streams in Redis to the record.
//
// It promises that an entry leaves its stream only after the record has it, that what a gateway left behind is moved by
// another one, and that this process remembers its rows until they are recorded. It must never know what a row is about.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/slots"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

const (
	// drainGroup is the consumer group that all gateways drain in.
	drainGroup = "record"
	// drainCount is how many entries go to the record at once.
	drainCount = 500
	// drainClaim is after how long an entry that another gateway took and did not record is taken over.
	drainClaim = 30 * time.Second
)

// Streams are the streams of all slots, in which rows and alerts wait for the record.
type Streams struct {
	conn   *wire.Conn
	slots  *slots.List
	record quota.Record
	// replica names this process among the gateways.
	replica string
	logger  *slog.Logger
	Woken   chan struct{}

	// unrecorded is how many rows this process has put into streams and not yet into the record.
	unrecorded atomic.Int64
	// recording lets one call at a time move them.
	recording sync.Mutex

	// spilling lets one call at a time use spill, which is nil for a process without a data directory.
	spilling sync.Mutex
	spill    *spill

	mu sync.Mutex
	// dirty are the slots whose stream has something to drain.
	dirty map[string]bool
	// written are those rows, by slot.
	written map[string]*written
}

// New returns streams of which this process has written nothing yet. What the record lacks goes to files in dir while
// the record is away, unless that is "".
func New(conn *wire.Conn, slots *slots.List, record quota.Record, replica, dir string, logger *slog.Logger) *Streams {
	s := &Streams{
		conn: conn, slots: slots, record: record, replica: replica, logger: logger,
		Woken: make(chan struct{}, 1), dirty: make(map[string]bool), written: make(map[string]*written),
	}
	if dir != "" {
		s.spill = &spill{dir: dir, replica: replica}
	}
	return s
}

// All moves everything that was settled, by any gateway, to the record.
func (s *Streams) All(ctx context.Context) error {
	if err := errors.Join(s.drainWritten(ctx), s.TakeOver(ctx)); err != nil {
		return err
	}
	slots, err := s.slots.All(ctx)
	if err != nil {
		return fmt.Errorf("list slots: %w", err)
	}
	for _, slot := range slots {
		if err := s.drainSlot(ctx, slot, s.fresh, s.unfinished, s.abandoned); err != nil {
			return err
		}
	}
	return nil
}

// Own moves what this gateway has put into streams.
func (s *Streams) Own(ctx context.Context) error {
	if err := s.drainWritten(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = make(map[string]bool)
	s.mu.Unlock()
	for slot := range dirty {
		if err := s.drainSlot(ctx, slot, s.fresh, s.unfinished); err != nil {
			s.MarkDirty(slot)
			return err
		}
	}
	return nil
}

// Unrecorded is how many rows this process has put into streams and not yet into the record.
func (s *Streams) Unrecorded() int64 { return s.unrecorded.Load() }

// Has says whether there are rows of this process in a slot's stream that the record lacks.
func (s *Streams) Has(slot string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written[slot] != nil
}

// MarkDirty notes that a slot's stream has something to drain.
func (s *Streams) MarkDirty(slot string) {
	s.mu.Lock()
	s.dirty[slot] = true
	s.mu.Unlock()
	s.Wake()
}

// Wake says that there is something to drain, to whom waits for Woken.
func (s *Streams) Wake() {
	select {
	case s.Woken <- struct{}{}:
	default:
	}
}

// entrySource is where entries of a slot are taken from.
type entrySource func(ctx context.Context, slot string) ([]goredis.XMessage, error)

// drainSlot moves all entries of the sources, one after the other. Fresh entries come before
// unfinished ones: those whose delivery got lost are unfinished then.
func (s *Streams) drainSlot(ctx context.Context, slot string, sources ...entrySource) error {
	for _, source := range sources {
		for {
			n, err := s.drainBatch(ctx, slot, source)
			if err != nil {
				return fmt.Errorf("drain %s: %w", slot, err)
			}
			if n == 0 {
				break
			}
		}
	}
	return nil
}

// drainBatch moves some entries and returns how many. An entry leaves the stream only after the
// record has it; an entry moved twice is one entry there.
func (s *Streams) drainBatch(ctx context.Context, slot string, source entrySource) (int, error) {
	messages, err := source(ctx, slot)
	if err := s.conn.Noted(ctx, err); err != nil {
		return 0, err
	}
	entries, taken := s.readMessages(messages)
	if len(taken) == 0 {
		return 0, nil
	}
	if err := s.record.Append(ctx, entries); err != nil {
		return 0, fmt.Errorf("record %d entries: %w", len(entries), err)
	}
	return len(taken), s.drained(ctx, slot, taken)
}

// streamEntry is an entry of the stream that the record has.
type streamEntry struct {
	id   string
	rows int
}

func (s *Streams) drained(ctx context.Context, slot string, entries []streamEntry) error {
	args := make([]any, 1, 1+2*len(entries))
	args[0] = drainGroup
	for _, entry := range entries {
		if entry.id != "" {
			args = append(args, entry.id, entry.rows)
		}
	}
	if len(args) == 1 {
		return nil
	}
	_, err := s.conn.CallInt(ctx, s.conn.Scripts.Drained, s.conn.Keys.Slot(slot), args)
	return err
}

// RecordStream records everything in a slot's stream, whether a gateway has taken it or not, and
// leaves it there for [Engine.Drain]: recorded twice it is recorded once.
func (s *Streams) RecordStream(ctx context.Context, slot string) error {
	from := "-"
	for {
		messages, err := s.conn.Client.XRangeN(ctx, s.conn.Keys.Ledger(slot), from, "+", drainCount).Result()
		if err := s.conn.Noted(ctx, err); err != nil || len(messages) == 0 {
			return err
		}
		entries, _ := s.readMessages(messages)
		if err := s.record.Append(ctx, entries); err != nil {
			return err
		}
		from = "(" + messages[len(messages)-1].ID
	}
}

// fresh are entries that no gateway has taken yet.
func (s *Streams) fresh(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	return s.readGroup(ctx, slot, ">")
}

// unfinished are entries that this gateway took and could not record.
func (s *Streams) unfinished(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	return s.readGroup(ctx, slot, "0")
}

// abandoned are entries that another gateway took long ago.
func (s *Streams) abandoned(ctx context.Context, slot string) ([]goredis.XMessage, error) {
	messages, _, err := s.conn.Client.XAutoClaim(ctx, &goredis.XAutoClaimArgs{
		Stream: s.conn.Keys.Ledger(slot), Group: drainGroup, Consumer: s.replica,
		MinIdle: drainClaim, Start: "0", Count: drainCount,
	}).Result()
	return messages, err
}

func (s *Streams) readGroup(ctx context.Context, slot, from string) ([]goredis.XMessage, error) {
	args := &goredis.XReadGroupArgs{
		Group: drainGroup, Consumer: s.replica, Streams: []string{s.conn.Keys.Ledger(slot), from},
		Count: drainCount, Block: -1,
	}
	streams, err := s.conn.Client.XReadGroup(ctx, args).Result()
	if err != nil && goredis.HasErrorPrefix(err, "NOGROUP") {
		err = s.conn.Client.XGroupCreateMkStream(ctx, s.conn.Keys.Ledger(slot), drainGroup, "0").Err()
		if err != nil && !goredis.HasErrorPrefix(err, "BUSYGROUP") {
			return nil, err
		}
		streams, err = s.conn.Client.XReadGroup(ctx, args).Result()
	}
	if errors.Is(err, goredis.Nil) || len(streams) == 0 {
		return nil, IgnoreNil(err)
	}
	return streams[0].Messages, err
}

// IgnoreNil takes the driver's word for nothing for no error.
func IgnoreNil(err error) error {
	if errors.Is(err, goredis.Nil) {
		return nil
	}
	return err
}

// readMessages leaves out, and in the stream, what it cannot read.
func (s *Streams) readMessages(messages []goredis.XMessage) (entries []quota.Entry, taken []streamEntry) {
	for _, message := range messages {
		if len(message.Values) == 0 { // deleted after it was taken
			taken = append(taken, streamEntry{id: message.ID})
			continue
		}
		read, err := script.ReadEntries(message.Values)
		if err != nil {
			s.logger.Error("an entry of the ledger stream cannot be read", slog.String("entry", message.ID), slog.Any("error", err))
			continue
		}
		entries, taken = append(entries, read...), append(taken, streamEntry{message.ID, len(read)})
	}
	return entries, taken
}
