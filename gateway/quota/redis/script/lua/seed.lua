-- Fills a budget's counter from the ledger: set once, never added to, however many gateways try.
-- KEYS: counter. ARGV: clock, what was spent, until when the counter is kept (0 is for ever), the counter's
-- basis before the ledger was summed up.
-- Replies: 1 filled, 0 somebody else did, -1 something was settled meanwhile: sum up again.

local held = redis.call('HMGET', KEYS[1], 'z', 'u', 'v')
if held[1] then
  return 0
end
if seed_basis(held[2], held[3]) ~= ARGV[4] then
  return -1
end
redis.call('HSET', KEYS[1], 'z', string.format('%.0f', clock(ARGV[1])), 'u', ARGV[2])
local until_time = tonumber(ARGV[3])
if until_time > 0 then
  local hour = 3600000
  redis.call('PEXPIRE', KEYS[1], math.max(math.ceil((until_time - clock(ARGV[1])) / 1000), hour))
end
return 1
