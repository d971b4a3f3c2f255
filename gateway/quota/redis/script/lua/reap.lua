-- Books reservations that nobody renewed at their last checkpoint, at least at their prompt.
-- KEYS: slot. ARGV: clock, how many at most, how long the end is remembered. Replies: how many.

local base, now = KEYS[1], clock(ARGV[1])
local remembered = tonumber(ARGV[3])
local expired = redis.call('ZRANGEBYSCORE', base .. ':x', '-inf', now, 'LIMIT', 0, ARGV[2])
load_reservations(base, expired)
for _, id in ipairs(expired) do
  local r = load_reservation(base, id)
  if r then
    local tokens = math.max(r.checkpoint_tokens, r.input)
    local cost = math.max(r.checkpoint_cost, r.input_cost)
    local alerts = finish(base, id, r, tokens, cost, now)
    r.tokens, r.cost = tokens, cost
    save_ending(base, id, now + remembered, r)
    write_entry(base, 'estimate', id, r, now, alerts, 'cost', cost, 'estimate_tokens', tokens, 'input', r.input)
  else
    redis.call('ZREM', base .. ':x', id)
  end
end
save_changes(base, now, nil, remembered)

-- What nobody has used for longer than any reservation lives is dropped: all that have expired are booked by now. That
-- terms are in use is noted every ten minutes only.
local TERMS_KEPT = 3600 * SECOND
if #expired < tonumber(ARGV[2]) then
  local unused = redis.call('ZRANGEBYSCORE', base .. ':tu', '-inf', now - TERMS_KEPT, 'LIMIT', 0, ARGV[2])
  if #unused > 0 then
    redis.call('HDEL', base .. ':t', unpack(unused))
    redis.call('ZREM', base .. ':tu', unpack(unused))
  end
end
return #expired
