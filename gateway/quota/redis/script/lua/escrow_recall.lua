-- Tells how a slot of a pot stands, and first lowers its allowance to what is spent and reserved if the slot was idle
-- for long enough. The home learns of it afterwards: until then it counts more than the slot has, never less.
-- An epoch newer than the slot's voids what it was granted: the pot is being filled anew.
-- KEYS: the slot's counter. ARGV: clock, epoch, idle (microseconds).
-- Replies: {status, now, epoch, number, allowance, settled, held}, for a counter that has to be filled {'seed', now, basis}, {'none', now} for none.

local key, now = KEYS[1], clock(ARGV[1])
local field = redis.call('HMGET', key, 'e', 'n', 'g', 'u', 'p', 'z', 't', 'v')
local epoch, number, allowance = amount(field[1]), amount(field[2]), amount(field[3])
local settled, held = amount(field[4]), amount(field[5])
if not field[6] then
  if redis.call('EXISTS', key) == 0 then
    return { 'none', now }
  end
  return { 'seed', now, seed_basis(field[4], field[8]) }
end
local used = settled + held
if tonumber(ARGV[2]) > epoch then
  epoch, number, allowance = tonumber(ARGV[2]), 1, used
  redis.call('HSET', key, 'e', epoch, 'n', number, 'g', allowance, 'l', '')
elseif allowance > used and now - amount(field[7]) >= tonumber(ARGV[3]) then
  number, allowance = number + 1, used
  redis.call('HSET', key, 'n', number, 'g', allowance)
end
return { 'ok', now, epoch, number, allowance, settled, held }
