-- How reservations are kept, how they end, and how a script writes at its end what it has changed.
-- It follows counters.lua in all scripts.

-- What reservations under the same limits have in common is kept once, by its digest: the windows' scopes, the budgets
-- {key, period, generation, thresholds, and from when it is enforced}, and what the record has to know of the budgets. Whoever makes or renews a
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

-- How long a note that terms are in use holds: writing them for every request would be a tenth of what it costs.
local NOTED = 600 * SECOND

local function save_terms(base, now)
  for digest, packed in pairs(used_terms) do
    local noted = amount(redis.call('ZSCORE', base .. ':tu', digest))
    if noted <= now - NOTED or noted > now then
      redis.call('HSET', base .. ':t', digest, packed)
      redis.call('ZADD', base .. ':tu', now, digest)
    end
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

-- The second that all windows are charged on; a clock that went back makes it one of each.
local function seconds_of(terms)
  local list = terms.windows
  local first = list[1] and list[1].window.second
  for i = 2, #list do
    if list[i].window.second ~= first then
      local seconds = {}
      for j = 1, #list do
        seconds[j] = list[j].window.second
      end
      return seconds
    end
  end
  return first or 0
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

local KEPT_LONGER = 1000 -- milliseconds, so that most of those that lie together find it noted

local function save_endings(base, remembered)
  for beginning, together in pairs(by_beginning(closed_ids)) do
    local key, fields = base .. ':d:' .. beginning, {}
    for i, id in ipairs(together) do
      fields[2 * i - 1], fields[2 * i] = id, endings[id].packed or cmsgpack.pack(unpack(endings[id]))
    end
    redis.call('HSET', key, unpack(fields))
    local kept = math.ceil(remembered / 1000)
    if redis.call('PTTL', key) < kept then -- looking is cheaper than noting, which goes to the file too
      redis.call('PEXPIRE', key, kept + KEPT_LONGER)
    end
  end
end

local function save_reservations(base, expires)
  if #over > 0 then
    redis.call('HDEL', base .. ':r', unpack(over))
    redis.call('ZREM', base .. ':x', unpack(over))
  end
  if #fresh > 0 then
    local scores, score = { 'inf', LONG }, whole(expires)
    for i = 1, #fresh, 2 do
      scores[i + 2], scores[i + 3] = score, fresh[i]
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
-- A watched budget that is reached would refuse, and has a mark of its own, see Crossing.Watched.
local function spend(budgets, cost, reserved, now)
  local alerts = ''
  for i = 1, #budgets do
    local budget = budgets[i]
    local c = open_counter(budget.key)
    add_settled(c, cost)
    add_held(c, 0 - reserved)
    for j = 1, #budget.thresholds, 2 do
      local share = budget.thresholds[j]
      if budget.from and now < budget.from and tonumber(share) >= 1 then
        share = 'w' .. share
      end
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
    release_window(w, second, r.tokens)
    if unsent then
      take_back(w, second)
    end
  end
  live[id] = false
  over[#over + 1] = id
  return spend(terms.budgets, cost, r.cost, now)
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
