-- Takes entries out of the stream that the record has, and counts their rows off what waits. Told twice it does nothing.
-- KEYS: slot. ARGV: the consumer group, then id and rows of each entry. Replies: how many rows were counted off.

local stream, gone = KEYS[1] .. ':led', 0
for i = 2, #ARGV, 2 do
  redis.call('XACK', stream, ARGV[1], ARGV[i])
  if redis.call('XDEL', stream, ARGV[i]) == 1 then
    gone = gone + tonumber(ARGV[i + 1])
  end
end
if gone > 0 then
  redis.call('DECRBY', stream .. ':rows', gone)
end
return gone
