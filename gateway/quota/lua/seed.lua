-- Fills a budget's counter from the ledger: set once, never added to, however many gateways try.
-- KEYS: counter. ARGV: what was spent, when the counter may go (milliseconds since 1970, 0 never).

if redis.call('HSETNX', KEYS[1], 'z', 1) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'u', ARGV[1])
if ARGV[2] ~= '0' then
  redis.call('PEXPIREAT', KEYS[1], ARGV[2])
end
return 1
