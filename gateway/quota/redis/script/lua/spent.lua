-- Reads a budget as it stands. KEYS: counter without period. ARGV: clock, 1 for a counter that was filled for this very
-- question, start and end of each period. A counter that is not charged now may be behind the ledger: then it loses its seed mark.
-- Replies: {status, now, period, settled, reserved, basis for a seed}

local now = clock(ARGV[1])
local periods = {}
for i = 3, #ARGV do
  periods[i - 2] = ARGV[i]
end
local period, counter = open_period(KEYS[1], periods, now)
if not period then
  return { 'noperiod', now, 0, 0, 0, '' }
end
local charged = redis.call('GET', KEYS[1] .. ':on')
local c = open_counter(counter)
if ARGV[2] == '' and not c.basis and charged and KEYS[1] .. ':' .. charged ~= counter and missed(charged, c.filled, now) then
  unseed_counter(counter)
  counters[counter] = nil
  c = open_counter(counter)
end
return { c.basis and 'seed' or 'ok', now, period, c.settled, c.held, c.basis or '' }
