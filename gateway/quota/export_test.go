package quota

// RewriteForTest changes the text of every script before it is sent to Redis.
func RewriteForTest(options *RedisOptions, rewrite func(script string) string) {
	options.rewrite = rewrite
}

// ScriptsForTest are the texts of all scripts, one after the other.
func ScriptsForTest() string {
	return luaCounters + luaReserve + luaSettle + luaCancel + luaRenew + luaReap + luaSeed + luaSpent + luaUsed + luaBump + luaBeat + luaRestore + luaEpoch + luaUnseed +
		luaEscrowSlot + luaEscrowAccept + luaEscrowRecall + luaEscrowHome + luaEscrowOpen + luaEscrowFill
}
