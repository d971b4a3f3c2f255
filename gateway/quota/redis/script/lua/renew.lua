-- Keeps reservations alive and notes what they have cost so far. Those that have ended are passed over.
-- KEYS: slot. ARGV: clock, lifetime, then id, tokens, cost of each.

local base, now = KEYS[1], clock(ARGV[1])
for i = 3, #ARGV, 3 do
  local r = load_reservation(base, ARGV[i])
  if r then
    r.checkpoint_tokens, r.checkpoint_cost = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    redis.call('HSET', base .. ':r', ARGV[i], pack_reservation(r))
    redis.call('ZADD', base .. ':x', now + tonumber(ARGV[2]), ARGV[i])
    redis.call('ZADD', base .. ':tu', now, r.terms)
  end
end
return now
