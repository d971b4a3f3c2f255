-- Fills the home of a pot with how all slots stand: set once, never added to, however many gateways try.
-- KEYS: the home's counter. ARGV: clock, epoch, until when the counter is kept (0 is for ever), then of each slot with a
-- counter 'a', slot, number, allowance, settled, held, and of what was spent without one 's', slot, amount, 0, 0, 0.
-- Replies: 1 filled, 0 somebody else did.

local key = KEYS[1]
local field = redis.call('HMGET', key, 'z', 'e')
if field[1] or field[2] ~= ARGV[2] then
  return 0
end
local granted, settled, held, slots = 0, 0, 0, 0
for i = 4, #ARGV, 6 do
  local slot = ARGV[i + 1]
  if ARGV[i] == 'a' then
    local a = {
      n = tonumber(ARGV[i + 2]), g = tonumber(ARGV[i + 3]), u = tonumber(ARGV[i + 4]), p = tonumber(ARGV[i + 5]), at = 0,
    }
    redis.call('HSET', key, 'a:' .. slot, cmsgpack.pack(a))
    granted, settled, held = granted + math.max(a.g, a.u + a.p), settled + a.u, held + a.p
    slots = slots + 1
  else
    local spent = tonumber(ARGV[i + 2])
    redis.call('HSET', key, 's:' .. slot, spent)
    granted, settled = granted + spent, settled + spent
  end
end
redis.call('HSET', key, 'z', 1, 'G', granted, 'U', settled, 'P', held, 'N', slots, 'l', '')
local until_time = tonumber(ARGV[3])
if until_time > 0 then
  local hour = 3600000
  redis.call('PEXPIRE', key, math.max(math.ceil((until_time - clock(ARGV[1])) / 1000), hour))
end
return 1
