-- The home of a pot on a Redis Cluster: it knows what every slot was granted, and grants no more than the limit.
-- The slot says how it stands; a newer number of its own lowers what it was granted. Then it may be granted more.
-- A slot is charged what it was granted or, if that is more, what it has spent and reserved.
-- KEYS: the home's counter. ARGV: clock, the latest version this gateway has seen, slot, and of the slot: epoch, number,
-- allowance, settled, held, when; then need and wish (-1: nothing is wanted), limit (-1: none), terms,
-- whether everything was recalled, then share and amount of each threshold, generation first.
-- Replies: {status, version, epoch, number, allowance, settled elsewhere, held elsewhere, now, thresholds due}

local key, now = KEYS[1], clock(ARGV[1])
local seen, slot = tonumber(ARGV[2]), ARGV[3]
local told = {
  epoch = tonumber(ARGV[4]), n = tonumber(ARGV[5]), g = tonumber(ARGV[6]),
  u = tonumber(ARGV[7]), p = tonumber(ARGV[8]), at = tonumber(ARGV[9]),
}
local need, wish, limit, terms = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]
local recalled, generation = ARGV[14] == '1', ARGV[15]

local field = redis.call('HMGET', key, 'z', 'e', 'v', 'G', 'U', 'P', 'N', 'l', 'a:' .. slot, 's:' .. slot, 'r')
local epoch, version = amount(field[2]), amount(field[3])
if not field[1] then
  return { 'seed', version, epoch }
end
local granted, settled, held, slots = amount(field[4]), amount(field[5]), amount(field[6]), amount(field[7])
local a = field[9] and cmsgpack.unpack(field[9])
local refill = field[11] and field[11] == field[2] -- the ledger has more than the home was filled with
if refill or version < seen or told.epoch > epoch or (a and told.epoch == epoch and told.n >= a.n and told.g > a.g) then
  return { 'lost', version, epoch }
end

local function charge()
  return math.max(a.g, a.u + a.p)
end

if a then
  granted, settled, held = granted - charge(), settled - a.u, held - a.p
else
  a = { n = 0, g = 0, u = 0, p = 0, at = 0 }
  granted, settled = granted - amount(field[10]), settled - amount(field[10])
  slots = slots + 1
end
local behind = told.epoch < epoch or told.n < a.n -- the slot has not heard of everything it was granted
-- A slot that has given back before a grant arrived has the grant's number, and will not take it any more.
if told.epoch == epoch and (told.n > a.n or told.n == a.n and told.g < a.g) then
  a.n, a.g = told.n, told.g
end
if told.at >= a.at then
  a.u, a.p, a.at = told.u, told.p, told.at
end

local status, agreed = 'noted', field[8] or ''
if need >= 0 then
  status = 'granted'
  -- A slot may hold what a lowered limit does not allow any more, and need it no longer.
  local above = limit >= 0 and charge() > a.u + a.p and granted + charge() > limit
  if (above or terms ~= agreed and slots > 1) and not recalled then
    status = 'recall'
  else
    agreed = terms
    if limit >= 0 then
      local room = limit - granted - charge()
      local least = a.u + a.p + need - charge()
      if least > room then
        status = 'short'
      else
        local chunk = math.min(math.floor(room / (4 * slots)), math.floor(limit / 100))
        local more = math.max(a.u + a.p + wish - charge(), chunk)
        local extra = math.max(least, math.min(more, math.floor(room / 4)), 0)
        if behind and least <= 0 then
          extra = 0 -- it was granted before and has not arrived
        end
        a.g = charge() + extra
      end
    end
    if status == 'granted' then
      a.n = math.max(a.n, told.n) + 1
    end
  end
end

version = math.max(version + 1, now)
redis.call('HSET', key, 'v', version, 'l', agreed, 'a:' .. slot, cmsgpack.pack(a), 'N', slots,
  'G', granted + charge(), 'U', settled + a.u, 'P', held + a.p)
redis.call('HDEL', key, 's:' .. slot)

local due = {}
for i = 16, #ARGV, 2 do
  if settled + a.u >= tonumber(ARGV[i + 1]) and redis.call('HEXISTS', key, 'm:' .. ARGV[i] .. ':' .. generation) == 0 then
    due[#due + 1] = ARGV[i]
  end
end
return { status, version, epoch, a.n, a.g, settled, held, now, due, settled + a.u }
