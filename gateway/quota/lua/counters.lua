-- What all scripts share: the clock, windows, budgets and how a reservation ends.
-- memory.go and its neighbours are the specification of this file; redis_keys.go lists the keys.
--
-- Times are microseconds since 1970, seconds are whole, money is nano-USD. Numbers are doubles and exact
-- to 2^53, but '..' prints them with 14 digits only: concatenate seconds and counts, never times or money.

local WINDOW = 61 -- 60 seconds and the one under way: the oldest is counted in full
local KEPT = 86400000 -- milliseconds that an idle window or gateway is remembered
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

local function amount(text)
  return tonumber(text or '0') or 0
end

-- Every gateway numbers its changes of a slot. A number that it saw applied and that is not there any
-- more means that Redis has lost data, by a failover for example.
local function last_applied(base, gateway)
  return amount(redis.call('GET', base .. ':wm:' .. gateway))
end

local function note_applied(base, gateway, number, last)
  if number > last then
    redis.call('SET', base .. ':wm:' .. gateway, number, 'PX', KEPT)
  end
end

-- Windows -------------------------------------------------------------------------------------------

local function bucket_names(first, last)
  local names = {}
  for second = first, last do
    names[#names + 1] = 'r' .. second
    names[#names + 1] = 'k' .. second
  end
  return names
end

-- Reads a window and moves it to now. Nothing is written: a refusal leaves no trace.
local function open_window(base, scope, now)
  local second = math.floor(now / SECOND)
  local key = base .. ':w:' .. scope
  local field = redis.call('HMGET', key, 't', 'c', 'r', 'k', 'n', 'r' .. second, 'k' .. second)
  local w = {
    key = key, second = second, charged = amount(field[2]),
    requests = amount(field[3]), tokens = amount(field[4]), live = amount(field[5]),
    bucket_requests = amount(field[6]), bucket_tokens = amount(field[7]),
  }
  local last = tonumber(field[1] or second)
  w.moved = not field[1] or second > last
  if second > last then
    local gone = bucket_names(last - WINDOW + 1, math.min(last, second - WINDOW))
    if #gone > 0 then
      local values = redis.call('HMGET', key, unpack(gone))
      for i = 1, #gone, 2 do
        w.requests = w.requests - amount(values[i])
        w.tokens = w.tokens - amount(values[i + 1])
      end
      w.gone = gone
    end
  elseif second < last then -- the clock went back: stay
    w.second = last
    field = redis.call('HMGET', key, 'r' .. last, 'k' .. last)
    w.bucket_requests, w.bucket_tokens = amount(field[1]), amount(field[2])
  end
  return w
end

local function save_window(w)
  redis.call('HSET', w.key, 't', w.second, 'c', w.charged, 'r', w.requests, 'k', w.tokens, 'n', w.live,
    'r' .. w.second, w.bucket_requests, 'k' .. w.second, w.bucket_tokens)
  if w.gone then
    redis.call('HDEL', w.key, unpack(w.gone))
  end
  if w.moved then
    redis.call('PEXPIRE', w.key, KEPT)
  end
end

local function charge_window(w, tokens)
  w.bucket_requests = w.bucket_requests + 1
  w.bucket_tokens = w.bucket_tokens + tokens
  w.requests = w.requests + 1
  w.tokens = w.tokens + tokens
  w.live = w.live + 1
  w.charged = w.second
  save_window(w)
end

-- Books a difference in tokens where they were charged, or nowhere if that second has left the window.
local function adjust_window(w, second, tokens)
  if second <= w.second - WINDOW then
    return
  end
  w.tokens = w.tokens + tokens
  if second == w.second then
    w.bucket_tokens = w.bucket_tokens + tokens
  elseif tokens ~= 0 then
    redis.call('HINCRBY', w.key, 'k' .. second, tokens)
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
    redis.call('HINCRBY', w.key, 'r' .. second, -1)
  end
end

-- After how many microseconds at least excess has left the window.
local function window_wait(w, excess, kind, now)
  local first = w.second - WINDOW + 1
  local values = redis.call('HMGET', w.key, unpack(bucket_names(first, w.second)))
  local offset = kind == 'requests' and 1 or 2
  for second = first, w.second do
    excess = excess - amount(values[(second - first) * 2 + offset])
    if excess <= 0 then
      return (second + WINDOW) * SECOND - now
    end
  end
  return 60 * SECOND
end

local function window_reply(w)
  return { w.requests, w.tokens, w.live, w.charged }
end

-- Budgets -------------------------------------------------------------------------------------------

-- Picks the period that now lies in from start, end, start, end, …; 0 is none.
-- Returns its number and the counter's key; no number when now lies in none.
local function open_period(key, periods, now)
  if #periods == 0 then
    return 0, key .. ':0-0'
  end
  for i = 1, #periods, 2 do
    local from, to = tonumber(periods[i]), tonumber(periods[i + 1])
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

-- Reservations --------------------------------------------------------------------------------------

local function load_reservation(base, id)
  local packed = redis.call('HGET', base .. ':r', id)
  return packed and cmsgpack.unpack(packed)
end

local function save_reservation(base, id, r)
  redis.call('HSET', base .. ':r', id, cmsgpack.pack(r))
end

-- How a reservation ended, if that is remembered: {until, [the estimate's reservation]}.
local function load_ending(base, id, now)
  local packed = redis.call('GET', base .. ':d:' .. id)
  local ending = packed and cmsgpack.unpack(packed)
  if ending and ending[1] > now then
    return ending
  end
end

local function save_ending(base, id, now, remembered, estimate)
  redis.call('SET', base .. ':d:' .. id, cmsgpack.pack({ now + remembered, estimate }), 'PX', math.ceil(remembered / 1000))
end

-- Books a cost on the reservation's budgets and gives back what was reserved.
-- Returns the alerts that are due as text for the stream, and the budgets' new amounts.
local function spend(r, cost, reserved)
  local alerts, states = {}, {}
  for i, budget in ipairs(r.budgets) do
    local settled = redis.call('HINCRBY', budget.key, 'u', cost)
    local held = redis.call('HINCRBY', budget.key, 'p', 0 - reserved)
    states[i] = { budget.period, settled, held }
    for j = 1, #budget.thresholds, 2 do
      local share = budget.thresholds[j]
      if settled >= budget.thresholds[j + 1]
        and redis.call('HSETNX', budget.key, 'm:' .. share .. ':' .. budget.generation, 1) == 1 then
        alerts[#alerts + 1] = string.format('%d %d %s %.0f', i - 1, budget.period, share, settled)
      end
    end
  end
  return table.concat(alerts, ';'), states
end

-- Ends a live reservation: what was used replaces what was reserved. An unsent request counts no more.
local function finish(base, id, r, tokens, cost, now, unsent)
  local windows = {}
  for i = 1, #r.windows, 2 do
    local w = open_window(base, r.windows[i], now)
    w.live = math.max(w.live - 1, 0)
    adjust_window(w, r.windows[i + 1], tokens - r.tokens)
    if unsent then
      take_back(w, r.windows[i + 1])
    end
    save_window(w)
    windows[#windows + 1] = window_reply(w)
  end
  redis.call('HDEL', base .. ':r', id)
  redis.call('ZREM', base .. ':x', id)
  local alerts, budgets = spend(r, cost, r.cost)
  return alerts, windows, budgets
end

-- Writes what the record has to learn, in the same step as the counters change.
local function write_entry(base, kind, id, r, now, alerts, ...)
  redis.call('XADD', base .. ':led', '*', 'kind', kind, 'id', id, 'at', r.at, 'now', now,
    'alerts', alerts, 'context', r.context, ...)
end
