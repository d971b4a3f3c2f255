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
    save_ending(id, now + remembered, r)
    write_entry(base, 'estimate', id, r, now, alerts, 'cost', cost, 'estimate_tokens', tokens, 'input', r.input)
  else
    redis.call('ZREM', base .. ':x', id)
  end
end
save_changes(base, nil, remembered)
return #expired
