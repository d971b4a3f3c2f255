package quota

import (
	"context"
	"net"
)

// RewriteForTest changes the text of every script before it is sent to Redis.
func RewriteForTest(options *RedisOptions, rewrite func(script string) string) {
	options.rewrite = rewrite
}

// ScriptsForTest are the texts of all scripts, one after the other.
func ScriptsForTest() string {
	return luaCounters + luaReserve + luaSettle + luaCancel + luaRenew + luaReap + luaSeed + luaSpent + luaUsed + luaBump + luaBeat + luaRestore + luaEpoch + luaUnseed +
		luaEscrowSlot + luaEscrowAccept + luaEscrowRecall + luaEscrowHome + luaEscrowOpen + luaEscrowFill
}

// BeforeStepForTest calls a function before each step of a transfer between a pot's home and a slot.
// What it returns ends the transfer there, as the death of the gateway would.
func BeforeStepForTest(options *RedisOptions, before func(step string) error) {
	options.beforeStep = before
}

// DialForTest connects to the servers of a Redis Cluster in another way.
func DialForTest(options *RedisOptions, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	options.dial = dial
}
