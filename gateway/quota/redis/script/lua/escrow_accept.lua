-- Takes what the home has granted to a slot, once: an older or repeated grant changes nothing.
-- KEYS: the slot's counter. ARGV: epoch, number, allowance, terms. Replies: 1 taken, 0 known.

local field = redis.call('HMGET', KEYS[1], 'e', 'n')
local epoch, number = amount(field[1]), amount(field[2])
if tonumber(ARGV[1]) < epoch or (tonumber(ARGV[1]) == epoch and tonumber(ARGV[2]) <= number) then
  return 0
end
redis.call('HSET', KEYS[1], 'e', ARGV[1], 'n', ARGV[2], 'g', ARGV[3], 'l', ARGV[4])
return 1
