-- Reads a budget as it stands. KEYS: counter without period. ARGV: clock, start and end of each period.
-- Replies: {status, now, period, settled, reserved, basis for a seed}

local now = clock(ARGV[1])
local periods = {}
for i = 2, #ARGV do
  periods[i - 1] = ARGV[i]
end
local period, counter = open_period(KEYS[1], periods, now)
if not period then
  return { 'noperiod', now, 0, 0, 0, '' }
end
local field = redis.call('HMGET', counter, 'u', 'p', 'z', 'v')
return { field[3] and 'ok' or 'seed', now, period, amount(field[1]), amount(field[2]), seed_basis(field[1], field[4]) }
