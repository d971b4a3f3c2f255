-- Takes entries out of the stream that the record has, and counts their rows off what waits. Told twice it does nothing.
-- KEYS: slot. ARGV: the consumer group, then id and rows of each entry. Replies: how many rows were counted off.

local stream, gone = KEYS[1] .. ':led', 0
local ids = {}
for i = 2, #ARGV, 2 do
  ids[#ids + 1] = ARGV[i]
end
redis.call('XACK', stream, ARGV[1], unpack(ids))
for i = 2, #ARGV, 2 do
  if redis.call('XDEL', stream, ARGV[i]) == 1 then
    gone = gone + tonumber(ARGV[i + 1])
  end
end
if gone > 0 then
  redis.call('DECRBY', stream .. ':rows', gone)
end
return gone
