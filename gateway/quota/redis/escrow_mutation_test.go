package redis_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// escrowBugs are mistakes in the scripts of pots on a Redis Cluster.
var escrowBugs = []bug{
	{"slots keep what they were granted while a pot was watched", "budget.watched and pot.terms .. ' watched' or pot.terms", "pot.terms", ""},
	{"what is reserved is allowed again", "pot.free = c.allowance - c.settled - c.held", "pot.free = c.allowance - c.settled", ""},
	{"a home grants beyond its limit", "if least > room then", "if false then", ""},
	{"a home forgets what it has granted", "'G', granted + charge(), 'U'", "'G', granted, 'U'", ""},
	{"a home forgets what a slot has spent", "a.u, a.p, a.at = told.u, told.p, told.at", "a.at = told.at", ""},
	{"a slot keeps what it gives back", "redis.call('HSET', key, 'n', number, 'g', allowance)\nend", "end", ""},
	{"a home that lost data is believed", "if refill or version < seen or told.epoch > epoch or (a and", "if refill or false and (a and", ""},
	{"a new limit is not agreed on", "pot.joined = c.epoch > 0 and c.terms == pot.terms", "pot.joined = c.epoch > 0", ""},
	{"a new limit is agreed on unseen", "(above or terms ~= agreed and slots > 1)", "above", ""},
	{"a lowered limit leaves a slot its allowance", "(above or terms ~= agreed", "(terms ~= agreed", ""},
	{"a filled home forgets who has not asked", "granted, settled = granted + spent, settled + spent", "settled = settled + spent", ""},
	{"a filled home forgets its slots", "granted + math.max(a.g, a.u + a.p), settled + a.u, held + a.p", "granted, settled + a.u, held + a.p", ""},
	{"idle allowances stay", "and now - amount(field[7]) >= tonumber(ARGV[3]) then", "and false then", ""},
	{"busy allowances go back", "and now - amount(field[7]) >= tonumber(ARGV[3]) then", "then", ""},
	{"a grant that a slot takes no more is counted", "told.n == a.n and told.g < a.g", "false", ""},
	{"a threshold is never due", "redis.call('HEXISTS', key, 'm:' .. ARGV[i] .. ':' .. generation) == 0", "false", ""},
	{"a last refusal admits", "pot.short = short or", "pot.short = false or", ""},
}

func TestPromise_T22_seededBugsAreCaught_onCluster(t *testing.T) {
	catchBugs(t, escrowBugs, "TestPromise_T1_potNeverExceeded_onCluster", "^(TestEscrow_.*|TestPromise_T[138]_pot.*)$", testenv.RedisClusterEnv+"="+testenv.RedisCluster(t))
}
