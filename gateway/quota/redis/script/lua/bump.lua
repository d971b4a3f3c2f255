-- Makes all limits of the slot that were loaded before now stale. Versions come from the clock, so that
-- counters which were lost and start again never repeat a version that some gateway still holds.
-- KEYS: slot. ARGV: clock. Replies: the new version.

local key = KEYS[1] .. ':cfg'
local version = math.max(amount(redis.call('GET', key)) + 1, clock(ARGV[1]))
redis.call('SET', key, version)
return version
