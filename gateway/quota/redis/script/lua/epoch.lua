-- Notes that a gateway is alive, and answers which epoch the counters are in. An epoch lasts as long as Redis
-- has lost nothing: its name is kept out of the append-only file and away from replicas, so that it is missing
-- after FLUSHALL, a restart and a failover alike. The next epoch begins with hard budgets closed, until
-- every gateway that lived has told Redis what it knows.
-- KEYS: what the names of the gateways' keys begin with. ARGV: clock, gateway, the epoch that it has told everything
-- to or '', a name for the next epoch, how long to wait for gateways that nobody knows of, for those that are known,
-- how long a gateway counts as alive and an epoch is kept without any (microseconds), the gateways it knows of.
-- Replies: {epoch, 1 when budgets are open, how many gateways live, their names}

local base, now = KEYS[1], clock(ARGV[1])
local gateway, told, following = ARGV[2], ARGV[3], ARGV[4]
local grace, patience, horizon, kept = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local epoch_key, closed_key, awaited, live = base .. ':epoch', base .. ':closed', base .. ':awaited', base .. ':live'

local function milliseconds(microseconds)
  return math.ceil(microseconds / 1000)
end

local function await(name)
  redis.call('SADD', awaited, name)
  redis.call('PEXPIRE', awaited, milliseconds(patience))
end

local epoch = redis.call('GET', epoch_key)
if not epoch then
  epoch = following
  redis.call('DEL', awaited)
  local opens = now
  if #ARGV == 8 then -- it has just started and cannot know who else lives
    opens = now + grace
  end
  for i = 9, #ARGV do
    await(ARGV[i])
  end
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', live, now - horizon, '+inf')) do
    await(name)
  end
  redis.call('SET', closed_key, string.format('%.0f', opens), 'PX', milliseconds(patience))
end
redis.set_repl(redis.REPL_NONE)
redis.call('SET', epoch_key, epoch, 'PX', milliseconds(kept))
redis.set_repl(redis.REPL_ALL)

redis.call('ZADD', live, string.format('%.0f', now), gateway)
redis.call('ZREMRANGEBYSCORE', live, '-inf', now - 60 * horizon)

local opens = redis.call('GET', closed_key)
if told == epoch then
  redis.call('SREM', awaited, gateway)
elseif opens and #ARGV > 8 then
  await(gateway) -- it has something to tell, which takes as long as the record is away
  redis.call('PEXPIRE', closed_key, milliseconds(patience))
end
if opens and now >= tonumber(opens) and redis.call('SCARD', awaited) == 0 then
  redis.call('DEL', closed_key)
  opens = false
end
local living = redis.call('ZRANGEBYSCORE', live, now - horizon, '+inf')
return { epoch, opens and 0 or 1, #living, living }
