// Package script is what stands in Redis and what is said to it: the scripts, the keys that they make, and how their
// arguments and answers are written and read.
//
// It promises that nothing which does not fit is read as something else. It must never know when a script is called.
package script

import (
	_ "embed"

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
	//go:embed lua/escrow_stale.lua
	luaEscrowStale string
)

// Set are the engine's atomic steps. Each is called by its hash and sent again when Redis has forgotten it.
type Set struct {
	Reserve, Settle, Cancel, Renew, Reap, Seed, Spent, Used, Bump, Beat, Restore, Epoch, Unseed, Drained *goredis.Script
	Accept, Recall, Home, Open, Fill, Stale                                                              *goredis.Script
}

// New prepares the texts. rewrite, when not nil, puts bugs into them, for tests.
func New(clustered bool, rewrite func(string) string) Set {
	script := func(text string) *goredis.Script { return newScript(text, rewrite) }
	reserve := luaReserve
	if clustered {
		reserve = luaEscrowSlot + luaReserve
	}
	return Set{
		Reserve: script(reserve), Settle: script(luaSettle), Cancel: script(luaCancel),
		Renew: script(luaRenew), Reap: script(luaReap), Seed: script(luaSeed),
		Spent: script(luaSpent), Used: script(luaUsed), Bump: script(luaBump),
		Beat: script(luaBeat), Restore: script(luaRestore),
		Epoch: script(luaEpoch), Unseed: script(luaUnseed), Drained: script(luaDrained),
		Accept: script(luaEscrowAccept), Recall: script(luaEscrowRecall), Home: script(luaEscrowHome),
		Open: script(luaEscrowOpen), Fill: script(luaEscrowFill), Stale: script(luaEscrowStale),
	}
}

func newScript(text string, rewrite func(string) string) *goredis.Script {
	text = luaCounters + luaReservations + text
	if rewrite != nil {
		text = rewrite(text)
	}
	return goredis.NewScript(text)
}
