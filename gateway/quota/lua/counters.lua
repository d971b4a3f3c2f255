-- What all scripts share: the clock, windows, budgets and how a reservation ends.
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

-- What the script answers, as one flat list: a table of its own for each figure would cost more than the figure.
local out, said = {}, 0
local function say(value)
  said = said + 1
  out[said] = value
end

-- Windows -------------------------------------------------------------------------------------------

local windows = {} -- that were looked at, by scope

local function bucket_names(first, last)
  local names = {}
  for second = first, last do
    names[#names + 1] = 'r' .. second
    names[#names + 1] = 'k' .. second
  end
  return names
end

local function read_window(key, now)
  local second = math.floor(now / SECOND)
  local field = redis.call('HMGET', key, 't', 'c', 'r', 'k', 'n', 'r' .. second, 'k' .. second)
  local w = {
    key = key, second = second, charged = amount(field[2]),
    requests = amount(field[3]), tokens = amount(field[4]), live = amount(field[5]),
    bucket_requests = amount(field[6]), bucket_tokens = amount(field[7]),
    earlier = {}, -- what is to be added to buckets before the one under way, by field
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

-- Shows a window as it stands now. Unless it is changed nothing is written: a refusal leaves no trace.
local function open_window(base, scope, now)
  local w = windows[scope]
  if not w then
    w = read_window(base .. ':w:' .. scope, now)
    windows[scope] = w
  end
  return w
end

local function save_window(w)
  redis.call('HSET', w.key, 't', w.second, 'c', w.charged, 'r', w.requests, 'k', w.tokens, 'n', w.live,
    'r' .. w.second, w.bucket_requests, 'k' .. w.second, w.bucket_tokens)
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
    excess = excess - amount(w.buckets[(second - first) * 2 + offset])
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
  out[n + 1], out[n + 2], out[n + 3], out[n + 4] = w.requests, w.tokens, w.live, w.charged
  said = n + 4
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

local function open_counter(key)
  local c = counters[key]
  if not c then
    local field = redis.call('HMGET', key, 'u', 'p', 'z', 'v')
    c = { key = key, settled = amount(field[1]), held = amount(field[2]), filled = amount(field[3]), told = {} }
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
  local charged = redis.call('GET', budget .. ':on')
  if charged ~= own then
    redis.call('SET', budget .. ':on', own, 'PX', MARKED)
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
  if c.more_settled then
    redis.call('HINCRBY', c.key, 'u', c.more_settled)
  end
  if c.more_held then
    redis.call('HINCRBY', c.key, 'p', c.more_held)
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

-- Reservations --------------------------------------------------------------------------------------

-- What reservations under the same limits have in common is kept once, by its digest: the windows' scopes, the budgets
-- {key, period, generation, thresholds}, and what the record has to know of the budgets. Whoever makes or renews a
-- reservation says that its terms are in use; reap.lua drops those that nobody has used for long.
local known_terms, used_terms = {}, {}

local function pack_terms(terms)
  return cmsgpack.pack({ terms.scopes, terms.budgets, terms.about })
end

local function unpack_terms(packed)
  local list = cmsgpack.unpack(packed)
  return { scopes = list[1], budgets = list[2], about = list[3] }
end

-- Returns the digest.
local function use_terms(terms)
  local packed = pack_terms(terms)
  local digest = redis.sha1hex(packed)
  known_terms[digest], used_terms[digest] = terms, packed
  return digest
end

local function terms_of(base, r)
  local terms = known_terms[r.terms]
  if not terms then
    local packed = redis.call('HGET', base .. ':t', r.terms)
    terms = packed and unpack_terms(packed) or { scopes = {}, budgets = {}, about = '[]' }
    known_terms[r.terms] = terms
  end
  return terms
end

local function save_terms(base, now)
  for digest, packed in pairs(used_terms) do
    redis.call('HSET', base .. ':t', digest, packed)
    redis.call('ZADD', base .. ':tu', now, digest)
  end
end

-- Reservations and endings that were looked up, by id; false is none. fresh are ids and reservations to write,
-- over the ids of those to remove, and closed_ids those of endings to write.
local live, endings = {}, {}
local fresh, over, closed_ids = {}, {}, {}

-- A reservation has at, output, tokens, cost, input, input_cost, checkpoint_tokens, checkpoint_cost, the row as
-- far as it is known, its terms, and the second that its windows were charged on, or one of each.
local function pack_reservation(r)
  return cmsgpack.pack(r.at, r.output, r.tokens, r.cost, r.input, r.input_cost, r.checkpoint_tokens or 0,
    r.checkpoint_cost or 0, r.row, r.terms, r.seconds)
end

local function unpack_reservation(packed)
  local r = {}
  r.at, r.output, r.tokens, r.cost, r.input, r.input_cost, r.checkpoint_tokens, r.checkpoint_cost,
    r.row, r.terms, r.seconds = cmsgpack.unpack(packed)
  return r
end

local function second_of(r, i)
  return type(r.seconds) == 'table' and r.seconds[i] or r.seconds
end

local function load_reservations(base, ids)
  if #ids == 0 then
    return
  end
  local packed = redis.call('HMGET', base .. ':r', unpack(ids))
  for i, id in ipairs(ids) do
    live[id] = packed[i]
  end
end

local function load_reservation(base, id)
  if live[id] == nil then
    load_reservations(base, { id })
  end
  if type(live[id]) == 'string' then
    live[id] = unpack_reservation(live[id])
  end
  return live[id]
end

local function save_reservation(id, packed)
  live[id] = packed
  fresh[#fresh + 1] = id
  fresh[#fresh + 1] = packed
end

-- Endings lie together with those of ids that begin alike: an id begins with when it was made.
local function by_beginning(ids)
  local found, sub = {}, string.sub
  for i = 1, #ids do
    local beginning = sub(ids[i], 1, 8)
    local together = found[beginning]
    if not together then
      together = {}
      found[beginning] = together
    end
    together[#together + 1] = ids[i]
  end
  return found
end

local function load_endings(base, ids)
  for beginning, together in pairs(by_beginning(ids)) do
    local packed = redis.call('HMGET', base .. ':d:' .. beginning, unpack(together))
    for i, id in ipairs(together) do
      endings[id] = packed[i] and { cmsgpack.unpack(packed[i]) }
    end
  end
end

-- How a reservation ended, if that is remembered: {until, [the estimate's reservation and its terms, packed]}.
local function load_ending(base, id, now)
  if endings[id] == nil then
    load_endings(base, { id })
  end
  local ending = endings[id]
  if ending and ending[1] > now then
    return ending
  end
end

local plain = {} -- endings that have nothing but their time

local function save_ending(base, id, until_time, estimate)
  if estimate then
    endings[id] = { until_time, pack_reservation(estimate), pack_terms(terms_of(base, estimate)) }
  else
    plain[until_time] = plain[until_time] or { until_time, packed = cmsgpack.pack(until_time) }
    endings[id] = plain[until_time]
  end
  closed_ids[#closed_ids + 1] = id
end

local function save_endings(base, remembered)
  for beginning, together in pairs(by_beginning(closed_ids)) do
    local key, fields = base .. ':d:' .. beginning, {}
    for i, id in ipairs(together) do
      fields[2 * i - 1], fields[2 * i] = id, endings[id].packed or cmsgpack.pack(unpack(endings[id]))
    end
    redis.call('HSET', key, unpack(fields))
    redis.call('PEXPIRE', key, math.ceil(remembered / 1000))
  end
end

-- A sorted set whose members are all short is kept as a list while it is small, and every change walks through it.
-- A member that is not, and never expires, keeps it from that.
local LONG = string.rep('-', 65)

local function save_reservations(base, expires)
  if #over > 0 then
    redis.call('HDEL', base .. ':r', unpack(over))
    redis.call('ZREM', base .. ':x', unpack(over))
  end
  if #fresh > 0 then
    local scores = { 'inf', LONG }
    for i = 1, #fresh, 2 do
      scores[i + 2], scores[i + 3] = expires, fresh[i]
    end
    redis.call('HSET', base .. ':r', unpack(fresh))
    redis.call('ZADD', base .. ':x', unpack(scores))
  end
end

-- Writes what the script has changed. expires is when the reservations that it made or renewed expire,
-- remembered for how long endings are kept; nil when there are none.
local function save_changes(base, now, expires, remembered)
  for _, w in pairs(windows) do
    if w.changed then
      save_window(w)
    end
  end
  for _, c in pairs(counters) do
    save_counter(c)
  end
  save_terms(base, now)
  save_reservations(base, expires)
  save_endings(base, remembered)
end

-- Books a cost on budgets and gives back what was reserved. Returns the alerts that are due as text for the stream.
local function spend(budgets, cost, reserved)
  local alerts = ''
  for i = 1, #budgets do
    local budget = budgets[i]
    local c = open_counter(budget.key)
    add_settled(c, cost)
    add_held(c, 0 - reserved)
    for j = 1, #budget.thresholds, 2 do
      local share = budget.thresholds[j]
      if c.settled >= budget.thresholds[j + 1] and tell(c, share, budget.generation) then
        alerts = alerts .. (alerts ~= '' and ';' or '') .. alert_text(i - 1, c.key, share, c.settled)
      end
    end
  end
  return alerts
end

-- Ends a live reservation: what was used replaces what was reserved. An unsent request counts no more.
-- Returns the alerts that are due.
local function finish(base, id, r, tokens, cost, now, unsent)
  local terms = terms_of(base, r)
  local scopes = terms.scopes
  for i = 1, #scopes do
    local w, second = open_window(base, scopes[i], now), second_of(r, i)
    w.live = math.max(w.live - 1, 0)
    adjust_window(w, second, tokens - r.tokens)
    if unsent then
      take_back(w, second)
    end
  end
  live[id] = false
  over[#over + 1] = id
  return spend(terms.budgets, cost, r.cost)
end

-- Says how the limits of a reservation stand.
local function say_limits(base, r, now)
  local terms = terms_of(base, r)
  local scopes, budgets = terms.scopes, terms.budgets
  for i = 1, #scopes do
    say_window(open_window(base, scopes[i], now))
  end
  for i = 1, #budgets do
    local c = open_counter(budgets[i].key)
    say_budget(budgets[i].period, c.settled, c.held)
  end
end

-- Writes what the record has to learn, in the same step as the counters change, and counts the rows that wait.
local function write_rows(base, rows, ...)
  redis.call('INCRBY', base .. ':led:rows', rows)
  return redis.call('XADD', base .. ':led', '*', ...)
end

local function write_entry(base, kind, id, r, now, alerts, ...)
  write_rows(base, 1, 'kind', kind, 'id', id, 'at', r.at, 'now', now,
    'alerts', alerts, 'known', r.row, 'about', terms_of(base, r).about, ...)
end
