-- Has the home of a pot filled again by whoever asks it next. KEYS: the home's counter. Replies: 1, 0 where there is none.

local epoch = redis.call('HGET', KEYS[1], 'e')
if not epoch then
  return 0
end
redis.call('HSET', KEYS[1], 'r', epoch)
return 1
