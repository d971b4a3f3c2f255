-- Empties the home of a pot, to be filled anew under a new epoch: what was granted under older ones is void.
-- KEYS: the home's counter. ARGV: clock, the epoch that was found to be lost or 0, an epoch that must be exceeded.
-- Replies: {'ready'} when somebody has filled it meanwhile, else {'open', epoch}.

local key, now = KEYS[1], clock(ARGV[1])
local lost, floor = tonumber(ARGV[2]), tonumber(ARGV[3])
local field = redis.call('HMGET', key, 'z', 'e', 'v')
local filled, epoch, version = field[1], amount(field[2]), amount(field[3])
if filled and epoch ~= lost then
  return { 'ready' }
end
if filled or epoch == 0 or epoch <= floor then
  epoch = math.max(epoch + 1, floor + 1, version + 1, now)
  for _, name in ipairs(redis.call('HKEYS', key)) do
    if string.sub(name, 1, 2) ~= 'm:' then
      redis.call('HDEL', key, name)
    end
  end
  redis.call('HSET', key, 'e', epoch, 'v', epoch)
end
return { 'open', epoch }
