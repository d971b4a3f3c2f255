-- What all scripts share: the clock, windows and budgets; reservations.lua goes on.
-- memory.go and its neighbours are the specification of this file; redis_keys.go lists the keys.
--
-- A script looks everything up once, counts in variables, and writes what has changed at its end with save_changes:
-- so a group of requests costs little more than one.
--
-- Times are microseconds since 1970, seconds are whole, money is nano-USD. Numbers are doubles and exact
-- to 2^53, but '..' prints them with 14 digits only: concatenate seconds and counts, never times or money.

local WINDOW = 61 -- 60 seconds and the one under way: the oldest is counted in full
local KEPT = 86400000 -- milliseconds that an idle window or gateway is remembered
local MARKED = 400 * KEPT -- milliseconds that it is remembered on which periods a budget is charged
local SECOND = 1000000

-- Tests give the time; in production it is the store's.
local function clock(given)
  if given ~= '' then
    return tonumber(given)
  end
  local time = redis.call('TIME')
  return time[1] * SECOND + time[2]
end

local escrow -- on a Redis Cluster, see escrow_slot.lua

-- Reads a number that stands in Redis; nothing is 0. Adding reads the text once, tonumber reads it twice.
local function amount(text)
  return text and text + 0 or 0
end

-- Writes a number for a command. Redis would take three times as long, and '..' cuts what is long.
local function whole(number)
  return string.format('%d', number)
end

-- Strings that were looked up, by key; false is none.
local notes = {}

local function look_up(keys)
  local found = redis.call('MGET', unpack(keys))
  for i = 1, #keys do
    notes[keys[i]] = found[i]
  end
end

local function note(key)
  if notes[key] == nil then
    look_up({ key })
  end
  return notes[key]
end

-- Every gateway numbers its changes of a slot. A number that it saw applied and that is not there any
-- more means that Redis has lost data, by a failover for example.
local function number_of(base, gateway)
  return base .. ':wm:' .. gateway
end

local function last_applied(base, gateway)
  return amount(note(number_of(base, gateway)))
end

local function note_applied(base, gateway, number, last)
  if number > last then
    redis.call('SET', number_of(base, gateway), whole(number), 'PX', KEPT)
  end
end

-- What the script answers, as one flat list: a table of its own for each figure would cost more than the figure.
local out, said = {}, 0
local function say(value)
  said = said + 1
  out[said] = value
end

local function say_denials(denials)
  for _, denial in ipairs(denials) do
    for i = 1, #denial do
      say(denial[i])
    end
  end
end

-- Says whether any of some limits is only watched, see watch.go.
local function any_watched(limits)
  for _, limit in ipairs(limits) do
    if limit.watched then
      return true
    end
  end
  return false
end

-- Windows -------------------------------------------------------------------------------------------

local windows = {} -- that were looked at, by scope

local function bucket_names(first, last)
  local names = {}
  for second = first, last do
    names[#names + 1] = 'r' .. second
    names[#names + 1] = 'k' .. second
    names[#names + 1] = 'h' .. second
  end
  return names
end

local function read_window(key, now)
  local second = math.floor(now / SECOND)
  local field = redis.call('HMGET', key, 't', 'c', 'r', 'k', 'n', 'r' .. second, 'k' .. second, 'h', 'h' .. second)
  local w = {
    key = key, second = second, charged = amount(field[2]),
    requests = amount(field[3]), tokens = amount(field[4]), live = amount(field[5]),
    bucket_requests = amount(field[6]), bucket_tokens = amount(field[7]),
    reserved = amount(field[8]), bucket_reserved = amount(field[9]), -- by calls under way, a part of the tokens
    earlier = {}, -- what is to be added to buckets before the one under way, by field
  }
  w.was = { w.charged, w.requests, w.tokens, w.live, w.reserved, w.bucket_requests, w.bucket_tokens, w.bucket_reserved }
  local last = tonumber(field[1] or second)
  w.moved = not field[1] or second > last
  if second > last then
    local gone = bucket_names(last - WINDOW + 1, math.min(last, second - WINDOW))
    if #gone > 0 then
      local values = redis.call('HMGET', key, unpack(gone))
      for i = 1, #gone, 3 do
        w.requests = w.requests - amount(values[i])
        w.tokens = w.tokens - amount(values[i + 1])
        w.reserved = w.reserved - amount(values[i + 2])
      end
      w.gone = gone
    end
  elseif second < last then -- the clock went back: stay
    w.second = last
    field = redis.call('HMGET', key, 'r' .. last, 'k' .. last, 'h' .. last)
    w.bucket_requests, w.bucket_tokens, w.bucket_reserved = amount(field[1]), amount(field[2]), amount(field[3])
    w.was[6], w.was[7], w.was[8] = w.bucket_requests, w.bucket_tokens, w.bucket_reserved
  end
  return w
end

-- Shows a window as it stands now. Unless it is changed nothing is written: a refusal leaves no trace.
local function open_window(base, scope, now)
  local w = windows[scope]
  if not w then
    w = read_window(base .. ':w:' .. scope, now)
    windows[scope] = w
  end
  return w
end

-- A hash or sorted set whose members are all short is kept as a list while it is small, and every look at it walks through
-- that. A member that is not keeps it from that.
local LONG = string.rep('-', 65)
local BUSY = 600 -- requests of a window that is looked at so often that this is worth its memory

-- What of a window has a figure of its own, in the order of w.was; the last three are of the second under way.
local FIGURES = { 'c', 'r', 'k', 'n', 'h', 'r', 'k', 'h' }

-- Writes the figures that have changed, since writing them takes longer than all else.
local function save_window(w)
  local fields, was = {}, w.was
  local is = { w.charged, w.requests, w.tokens, w.live, w.reserved, w.bucket_requests, w.bucket_tokens, w.bucket_reserved }
  for i = 1, #FIGURES do
    if is[i] ~= was[i] then
      fields[#fields + 1] = i > 5 and FIGURES[i] .. w.second or FIGURES[i]
      fields[#fields + 1] = whole(is[i])
    end
  end
  if w.moved then
    fields[#fields + 1] = 't'
    fields[#fields + 1] = w.second
    if w.requests >= BUSY then
      fields[#fields + 1] = '-'
      fields[#fields + 1] = LONG
    end
  end
  if #fields > 0 then
    redis.call('HSET', w.key, unpack(fields))
  end
  for field, more in pairs(w.earlier) do
    redis.call('HINCRBY', w.key, field, more)
  end
  if w.gone then
    redis.call('HDEL', w.key, unpack(w.gone))
  end
  if w.moved then
    redis.call('PEXPIRE', w.key, KEPT)
  end
end

local function add_earlier(w, field, more)
  w.earlier[field] = (w.earlier[field] or 0) + more
end

local function charge_window(w, tokens)
  w.changed = true
  w.bucket_requests = w.bucket_requests + 1
  w.bucket_tokens = w.bucket_tokens + tokens
  w.bucket_reserved = w.bucket_reserved + tokens
  w.reserved = w.reserved + tokens
  w.requests = w.requests + 1
  w.tokens = w.tokens + tokens
  w.live = w.live + 1
  w.charged = w.second
end

-- Books a difference in tokens where they were charged, or nowhere if that second has left the window.
local function adjust_window(w, second, tokens)
  w.changed = true
  if second <= w.second - WINDOW then
    return
  end
  w.tokens = w.tokens + tokens
  if second == w.second then
    w.bucket_tokens = w.bucket_tokens + tokens
  elseif tokens ~= 0 then
    add_earlier(w, 'k' .. second, tokens)
  end
end

-- What calls that have ended have used of the tokens.
local function settled_tokens(w)
  return w.tokens - math.max(w.reserved, 0)
end

-- What a call under way had reserved is so no more.
local function release_window(w, second, tokens)
  if second <= w.second - WINDOW then
    return
  end
  w.reserved = w.reserved - tokens
  if second == w.second then
    w.bucket_reserved = w.bucket_reserved - tokens
  else
    add_earlier(w, 'h' .. second, 0 - tokens)
  end
end

-- Takes a request out of the second it was charged on, if that is still in the window.
local function take_back(w, second)
  if second <= w.second - WINDOW then
    return
  end
  w.requests = w.requests - 1
  if second == w.second then
    w.bucket_requests = w.bucket_requests - 1
  else
    add_earlier(w, 'r' .. second, -1)
  end
end

-- After how many microseconds at least excess has left the window. Good until something is booked on an earlier second.
local function window_wait(w, excess, kind, now)
  local first = w.second - WINDOW + 1
  w.buckets = w.buckets or redis.call('HMGET', w.key, unpack(bucket_names(first, w.second - 1)))
  local offset = kind == 'requests' and 1 or 2
  for second = first, w.second - 1 do
    excess = excess - amount(w.buckets[(second - first) * 3 + offset])
    if excess <= 0 then
      return (second + WINDOW) * SECOND - now
    end
  end
  if excess <= (kind == 'requests' and w.bucket_requests or w.bucket_tokens) then
    return (w.second + WINDOW) * SECOND - now
  end
  return 60 * SECOND
end

local function say_window(w)
  local n = said
  out[n + 1], out[n + 2], out[n + 3], out[n + 4], out[n + 5] = w.requests, w.tokens, w.reserved, w.live, w.charged
  said = n + 5
end

-- Budgets -------------------------------------------------------------------------------------------

local counters = {} -- that were looked at, by key

-- Picks the period that now lies in from start, end, start, end, …; 0 is none.
-- Returns its number and the counter's key; no number when now lies in none.
local function open_period(key, periods, now)
  if #periods == 0 then
    return 0, key .. ':0-0'
  end
  for i = 1, #periods, 2 do
    local from, to = amount(periods[i]), amount(periods[i + 1])
    if now >= from and (to == 0 or now < to) then
      return (i - 1) / 2, key .. ':' .. periods[i] .. '-' .. periods[i + 1]
    end
  end
end

-- A counter loses its seed mark when it may lack something, and is filled again from the ledger. The number
-- lets a gateway that summed up the ledger before that find its sum too old.
local function unseed_counter(key)
  redis.call('HDEL', key, 'z')
  redis.call('HINCRBY', key, 'v', 1)
end

-- What a gateway that fills a counter has to find unchanged.
local function seed_basis(settled, number)
  return (settled or '') .. ':' .. (number or '')
end

local function open_counter(key)
  local c = counters[key]
  if not c then
    local field = redis.call('HMGET', key, 'u', 'p', 'z', 'v')
    c = { key = key, settled = amount(field[1]), held = amount(field[2]), filled = amount(field[3]), told = {} }
    c.was_settled, c.was_held = c.settled, c.held
    if not field[3] then
      c.basis = seed_basis(field[1], field[4])
    end
    counters[key] = c
  end
  return c
end

-- Says whether a counter that was filled at a time may lack what was spent since: the budget was charged in other
-- periods then, given as 'start-end', because its terms were others for a while. A period that was over before the
-- counter was filled has just come before it.
local function missed(charged, filled, now)
  local from, to = string.match(charged, '(%d+)-(%d+)')
  from, to = tonumber(from), tonumber(to)
  return from <= now and (to == 0 or to > filled)
end

-- The counter that a budget is charged on. One that may lack something loses its seed mark; key is the budget's.
local function open_charged(budget, key, now)
  local c = open_counter(key)
  local own = string.sub(key, #budget + 2)
  local mark = budget .. ':on'
  local charged = note(mark)
  if charged ~= own then
    redis.call('SET', mark, own, 'PX', MARKED)
    notes[mark] = own
    if charged and not c.basis and missed(charged, c.filled, now) then
      unseed_counter(key)
      counters[key] = nil
      c = open_counter(key)
    end
  end
  return c
end

local function say_budget(period, settled, held)
  local n = said
  out[n + 1], out[n + 2], out[n + 3] = period, settled, held
  said = n + 3
end

local function add_settled(c, cost)
  c.settled, c.more_settled = c.settled + cost, (c.more_settled or 0) + cost
end

local function add_held(c, cost)
  c.held, c.more_held = c.held + cost, (c.more_held or 0) + cost
end

local function save_counter(c)
  local settled, held = c.more_settled, c.more_held
  if settled and held then
    redis.call('HSET', c.key, 'u', whole(c.was_settled + settled), 'p', whole(c.was_held + held))
  elseif settled then
    redis.call('HSET', c.key, 'u', whole(c.was_settled + settled))
  elseif held then
    redis.call('HSET', c.key, 'p', whole(c.was_held + held))
  end
end

-- Marks a threshold as told, once per generation, and says whether it was not told before.
local function tell(c, share, generation)
  local mark = 'm:' .. share .. ':' .. generation
  if c.told[mark] then
    return false
  end
  c.told[mark] = true
  return redis.call('HSETNX', c.key, mark, 1) == 1
end

-- number is the budget's of the reservation. A counter's key ends with its period.
local function alert_text(number, key, share, settled)
  return string.format('%d %s %s %.0f', number, string.match(key, '[^:]*$'), share, settled)
end
