package redis

import (
	_ "embed"
	"fmt"

	goredis "github.com/redis/go-redis/v9"
)

var (
	//go:embed lua/counters.lua
	luaCounters string
	//go:embed lua/reservations.lua
	luaReservations string
	//go:embed lua/reserve.lua
	luaReserve string
	//go:embed lua/settle.lua
	luaSettle string
	//go:embed lua/cancel.lua
	luaCancel string
	//go:embed lua/renew.lua
	luaRenew string
	//go:embed lua/reap.lua
	luaReap string
	//go:embed lua/seed.lua
	luaSeed string
	//go:embed lua/unseed.lua
	luaUnseed string
	//go:embed lua/spent.lua
	luaSpent string
	//go:embed lua/used.lua
	luaUsed string
	//go:embed lua/bump.lua
	luaBump string
	//go:embed lua/drained.lua
	luaDrained string
	//go:embed lua/beat.lua
	luaBeat string
	//go:embed lua/restore.lua
	luaRestore string
	//go:embed lua/epoch.lua
	luaEpoch string
	//go:embed lua/escrow_slot.lua
	luaEscrowSlot string
	//go:embed lua/escrow_accept.lua
	luaEscrowAccept string
	//go:embed lua/escrow_recall.lua
	luaEscrowRecall string
	//go:embed lua/escrow_home.lua
	luaEscrowHome string
	//go:embed lua/escrow_open.lua
	luaEscrowOpen string
	//go:embed lua/escrow_fill.lua
	luaEscrowFill string
)

// scripts are the engine's atomic steps. Each is called by its hash and sent again when Redis has forgotten it.
type scripts struct {
	reserve, settle, cancel, renew, reap, seed, spent, used, bump, beat, restore, epoch, unseed, drained *goredis.Script
	accept, recall, home, open, fill                                                                     *goredis.Script
}

// newScripts prepares the texts. rewrite, when not nil, puts bugs into them, for tests.
func newScripts(rewrite func(string) string) scripts {
	script := func(text string) *goredis.Script { return newScript(text, rewrite) }
	return scripts{
		reserve: script(luaReserve), settle: script(luaSettle), cancel: script(luaCancel),
		renew: script(luaRenew), reap: script(luaReap), seed: script(luaSeed),
		spent: script(luaSpent), used: script(luaUsed), bump: script(luaBump),
		beat: script(luaBeat), restore: script(luaRestore),
		epoch: script(luaEpoch), unseed: script(luaUnseed), drained: script(luaDrained),
		accept: script(luaEscrowAccept), recall: script(luaEscrowRecall), home: script(luaEscrowHome),
		open: script(luaEscrowOpen), fill: script(luaEscrowFill),
	}
}

func newScript(text string, rewrite func(string) string) *goredis.Script {
	text = luaCounters + luaReservations + text
	if rewrite != nil {
		text = rewrite(text)
	}
	return goredis.NewScript(text)
}

// reply reads a script's answer: lists of integers, text and lists. The first thing that
// does not fit is kept in err.
type reply struct {
	values []any
	next   int
	err    error
}

func (r *reply) value() any {
	if r.next >= len(r.values) {
		r.fail("has %d values", len(r.values))
		return nil
	}
	r.next++
	return r.values[r.next-1]
}

func (r *reply) text() string {
	text, ok := r.value().(string)
	if !ok {
		r.fail("value %d is no text", r.next)
	}
	return text
}

func (r *reply) int() int64 {
	n, ok := r.value().(int64)
	if !ok {
		r.fail("value %d is no integer", r.next)
	}
	return n
}

// list reads a list; what is wrong in it is wrong in the reply.
func (r *reply) list() []any {
	list, ok := r.value().([]any)
	if !ok {
		r.fail("value %d is no list", r.next)
	}
	return list
}

// take reads n values as they are.
func (r *reply) take(n int64) []any {
	if n < 0 || n > int64(len(r.values)-r.next) {
		r.fail("%d more values of %d at %d", n, len(r.values), r.next)
		r.next = len(r.values)
		return nil
	}
	r.next += int(n)
	return r.values[r.next-int(n) : r.next]
}

// each reads a list of lists.
func (r *reply) each(read func(i int, inner *reply)) {
	for i, value := range r.list() {
		values, _ := value.([]any)
		inner := &reply{values: values}
		read(i, inner)
		if inner.err != nil && r.err == nil {
			r.err = inner.err
		}
	}
}

func (r *reply) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("answer of a script: "+format, args...)
	}
}
