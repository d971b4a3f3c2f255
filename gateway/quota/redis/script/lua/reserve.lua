-- Decides requests one after the other, each as if it had come alone: all its limits are checked at once and, if all
-- of them hold, charged.
-- KEYS: slot. ARGV: see reserveArgs in reserve_group.go.
-- Replies: {'lost'}, {'epoch'}, or {'ok', answers, now}. An answer is its length, status, and for a decision: when it was
-- admitted, output, tokens and cost if it was before, or the output alone; how windows and budgets stand; the denials, or what would
-- have been denied by limits that are only watched.

local base = KEYS[1]
local now = clock(ARGV[1])
local gateway, sequence, applied = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local lifetime = tonumber(ARGV[5])
local gateways, epoch = ARGV[6], ARGV[7]
local most_waiting = tonumber(ARGV[8])
local given, position = cmsgpack.unpack(ARGV[9]), 0
local function take()
  position = position + 1
  return given[position]
end

local function read_list()
  local list = {}
  for i = 1, take() do
    list[i] = take()
  end
  return list
end

local function read_windows()
  local list = {}
  for i = 1, take() do
    list[i] = { scope = take(), rpm = take(), tpm = take(), parallel = take(), watched = now < take() }
  end
  return list
end

local function read_budgets()
  local list = {}
  for i = 1, take() do
    local key, from = take(), take()
    list[i] = {
      key = key, from = from > 0 and from or nil, watched = now < from,
      limit = take(), hard = take(), generation = take(), refusal = take(),
      throttles = take(), throttle_at = take(), throttle_factor = take(),
      periods = read_list(), thresholds = read_list(),
    }
  end
  return list
end

-- The limits that one or several of the requests are under.
local function read_terms()
  local list = {}
  for i = 1, take() do
    local terms = { version = take(), about = take(), windows = read_windows(), budgets = read_budgets() }
    terms.watched = any_watched(terms.windows) or any_watched(terms.budgets)
    if escrow then
      escrow.read(terms.budgets, take)
    end
    list[i] = terms
  end
  return list
end

local function read_requests(all_terms)
  local list = {}
  for i = 1, take() do
    local p = position
    list[i] = {
      id = given[p + 1], terms = all_terms[given[p + 2]],
      input = given[p + 3], output = given[p + 4], usual = given[p + 5],
      rest = given[p + 6], idle = given[p + 7],
      input_cost = given[p + 8], token_cost = given[p + 9], row = given[p + 10],
      final = given[p + 11],
    }
    position = p + 11
  end
  return list
end

-- Looks up at once whatever stands in a string.
local function look_up_notes(all_terms)
  local keys, known = { number_of(base, gateway), base .. ':cfg', base .. ':led:rows' }, {}
  if epoch ~= '' then
    keys[4], keys[5] = gateways .. ':epoch', gateways .. ':closed'
  end
  for _, terms in ipairs(all_terms) do
    for _, budget in ipairs(terms.budgets) do
      local mark = budget.key .. ':on'
      if not budget.pot and not known[mark] then
        known[mark] = true
        keys[#keys + 1] = mark
      end
    end
  end
  look_up(keys)
end

local function load_all(requests)
  local ids = {}
  for i, q in ipairs(requests) do
    ids[i] = q.id
  end
  load_reservations(base, ids)
  load_endings(base, ids)
end

-- Answers a reservation that is live as it was answered the first time.
local function repeated(r)
  say('duplicate')
  say(r.at)
  say(r.output)
  say(r.tokens)
  say(r.cost)
  say_limits(base, r, now)
end

local closed = false -- hard budgets, because not all gateways have told yet what they know
local current -- the policy version of the slot
local function stale(version)
  current = current or amount(note(base .. ':cfg'))
  if version > current then -- the current one was lost: everybody has to load the limits again
    current = math.max(version + 1, now)
    redis.call('SET', base .. ':cfg', current)
  end
  return version ~= current
end

-- What cannot be judged or written down must not be spent.
local waiting -- rows on their way to the record
local function unspendable(budgets)
  local spends = false
  for _, budget in ipairs(budgets) do
    spends = spends or budget.hard and budget.limit >= 0 and not budget.watched
  end
  if spends and closed then
    return 'recovering'
  end
  waiting = waiting or amount(note(base .. ':led:rows'))
  if waiting >= most_waiting then
    return 'backlog'
  end
end

-- Looks up what a request meets; otherwise says what is missing for that.
local function open_terms(terms)
  local unseeded = {}
  for i, budget in ipairs(terms.budgets) do
    local period, key = open_period(budget.key, budget.periods, now)
    if not period then
      say('noperiod')
      say(now)
      say(i - 1)
      return false
    end
    budget.period = period
    budget.counter = budget.pot and open_counter(key) or open_charged(budget.key, key, now)
    if budget.counter.basis then
      unseeded[#unseeded + 1] = i - 1
      unseeded[#unseeded + 1] = period
      unseeded[#unseeded + 1] = budget.counter.basis
    end
  end
  if #unseeded > 0 then
    say('seed')
    say(now)
    say(unseeded)
    return false
  end
  for _, budget in ipairs(terms.budgets) do
    if budget.pot then
      escrow.open(budget)
    end
  end
  for _, limits in ipairs(terms.windows) do
    limits.window, limits.throttles = open_window(base, limits.scope, now), {}
    for _, budget in ipairs(terms.budgets) do
      if limits.rpm >= 1 and budget.throttles == limits.scope and (limits.watched or not budget.watched) then
        limits.throttles[#limits.throttles + 1] = budget
      end
    end
  end
  terms.opened = true
  return true
end

-- The limits' figures as they stand for the next request.
local function look(terms)
  local budgets, list = terms.budgets, terms.windows
  for i = 1, #budgets do
    local budget = budgets[i]
    budget.settled, budget.held = budget.counter.settled, budget.counter.held
    if budget.pot then
      escrow.look(budget)
    end
  end
  for i = 1, #list do
    local limits = list[i]
    limits.allowed = limits.rpm
    for j = 1, #limits.throttles do
      local budget = limits.throttles[j]
      if budget.settled >= budget.throttle_at then
        limits.allowed = math.min(limits.allowed, math.max(math.floor(limits.rpm * budget.throttle_factor), 1))
      end
    end
  end
end

local function say_figures(terms)
  local budgets, list = terms.budgets, terms.windows
  for i = 1, #list do
    say_window(list[i].window)
  end
  for i = 1, #budgets do
    local budget = budgets[i]
    say_budget(budget.period, budget.settled, budget.held)
  end
end

-- The most output that one request may take from a budget: a quarter of what is left.
local function output_of(q, budget)
  return math.floor(math.floor((budget.limit - budget.settled - budget.held - q.input_cost) / q.token_cost) / 4)
end

-- The least output under one limit: idle is what the limit has room for when nothing is used, left is that without
-- what is settled, and free also without what is reserved.
local function content_with(q, idle, left, free)
  local usual = math.min(q.usual, idle)
  if idle < q.idle then
    return q.idle
  elseif left >= usual then
    return usual
  end
  return math.max(free, idle < q.rest and q.idle or q.rest)
end

-- How much output an amount pays for, -1 when it is owed.
local function affordable(q, sum)
  return sum < 0 and -1 or math.floor(sum / q.token_cost)
end

-- The least output that the enforced limits together, or every limit, leave the request to be content with.
local function least_of(q, every)
  local least, budgets, list = q.usual, q.terms.budgets, q.terms.windows
  if q.idle == least then
    return least
  end
  for i = 1, #list do
    local w, idle = list[i].window, list[i].tpm - q.input
    if list[i].tpm >= 0 and (every or not list[i].watched) then
      least = math.min(least, content_with(q, idle, idle - settled_tokens(w), idle - w.tokens))
    end
  end
  for i = 1, #budgets do
    local budget, idle = budgets[i], budgets[i].limit - q.input_cost
    if budget.hard and budget.limit >= 0 and q.token_cost > 0 and (every or not budget.watched) then
      least = math.min(least, content_with(q, affordable(q, idle), affordable(q, idle - budget.settled),
        affordable(q, idle - budget.settled - budget.held)))
    end
  end
  return least
end

-- The pots that lack allowance, on a Redis Cluster.
local function missing_of(q)
  local function need(budget)
    return q.input_cost + (budget.watched and q.watched_least or q.least) * q.token_cost
  end
  local function wish(budget)
    return q.input_cost + (q.token_cost > 0 and math.min(q.output, output_of(q, budget)) * q.token_cost or 0)
  end
  return escrow.missing(q.terms.budgets, need, wish)
end

-- What a window leaves of the wanted output; a limit that refuses is added to the denials.
local function ask_window(q, i, limits, least, grant, denials)
  local w, need = limits.window, q.input + least
  if limits.allowed >= 0 and w.requests + 1 > limits.allowed then
    local wait = window_wait(w, w.requests + 1 - limits.allowed, 'requests', now)
    denials[#denials + 1] = { 'requests', i - 1, limits.allowed, w.requests, w.requests, 1, 0, 0, wait }
  end
  if limits.tpm >= 0 and w.tokens + need > limits.tpm then
    local large = need > limits.tpm and limits.tpm > 0
    local wait = large and 0 or window_wait(w, w.tokens + need - limits.tpm, 'tokens', now)
    local settled = settled_tokens(w)
    local held = settled + need <= limits.tpm
    denials[#denials + 1] = { 'tokens', i - 1, limits.tpm, w.tokens, settled, need, held and 1 or 0, large and 1 or 0, wait }
  end
  if limits.parallel >= 0 and w.live + 1 > limits.parallel then
    denials[#denials + 1] = { 'max_parallel_requests', i - 1, limits.parallel, w.live, 0, 1, limits.parallel > 0 and 1 or 0, 0, SECOND }
  end
  if limits.tpm >= 0 then
    local room = limits.tpm - w.tokens - q.input
    local free = limits.allowed >= 0 and math.max(limits.allowed - w.requests - 1, 0) or 0
    grant = math.min(grant, math.floor((room - free * (q.input + q.usual)) / 4))
  end
  return grant
end

-- The same of a budget. Budgets that refuse for good, see Denial.ForGood, are added to refused.
local function ask_budget(q, i, budget, least, grant, denials, refused)
  if not (budget.hard and budget.limit >= 0) then
    return grant
  end
  local need_cost = q.input_cost + least * q.token_cost
  local used = budget.settled + budget.held
  local exceeded = need_cost > 0 and used + need_cost > budget.limit
  if budget.pot then
    exceeded = budget.pot.short
  end
  if exceeded then
    local to = amount(budget.periods[budget.period * 2 + 2])
    local wait = to > 0 and to - now or 0
    local held = budget.settled + need_cost <= budget.limit
    denials[#denials + 1] = { 'budget', i - 1, budget.limit, used, budget.settled, need_cost, held and 1 or 0, 0, wait }
    if not held then
      refused[#refused + 1] = i
    end
  end
  if q.token_cost > 0 then
    grant = math.min(grant, output_of(q, budget))
    if budget.pot then
      grant = math.min(grant, math.floor((budget.pot.free - q.input_cost) / q.token_cost))
    end
  end
  return grant
end

local function ask(q)
  local denials, refused, grant = {}, {}, q.output
  local budgets, list = q.terms.budgets, q.terms.windows
  for i = 1, #list do
    if not list[i].watched then
      grant = ask_window(q, i, list[i], q.least, grant, denials)
    end
  end
  for i = 1, #budgets do
    if not budgets[i].watched then
      grant = ask_budget(q, i, budgets[i], q.least, grant, denials, refused)
    end
  end
  return math.max(grant, q.least), denials, refused
end

-- The watched limits that would refuse the request if all its limits were enforced.
local function would_refuse(q)
  local denials, budgets, list = {}, q.terms.budgets, q.terms.windows
  if not q.terms.watched then
    return denials
  end
  for i = 1, #list do
    if list[i].watched then
      ask_window(q, i, list[i], q.watched_least, 0, denials)
    end
  end
  for i = 1, #budgets do
    if budgets[i].watched then
      ask_budget(q, i, budgets[i], q.watched_least, 0, denials, {})
    end
  end
  return denials
end

-- What a reservation has in common with others under the same terms.
local function digest_of(terms)
  if terms.digest then
    return terms.digest
  end
  local scopes, budgets = {}, {}
  for i, limits in ipairs(terms.windows) do
    scopes[i] = limits.scope
  end
  for i, budget in ipairs(terms.budgets) do
    for j = 2, #budget.thresholds, 2 do
      budget.thresholds[j] = tonumber(budget.thresholds[j])
    end
    budgets[i] = {
      key = budget.counter.key, period = budget.period, generation = budget.generation, thresholds = budget.thresholds,
      from = budget.hard and budget.limit >= 0 and budget.from or nil,
    }
  end
  terms.digest = use_terms({ scopes = scopes, budgets = budgets, about = terms.about })
  return terms.digest
end

-- Refused: nothing changes, but people learn once that a budget refuses requests for good, and once that it refused one
-- that is too dear, if the caller will not try again.
local function refuse(q, denials, refused)
  local alerts = {}
  for _, i in ipairs(q.final and refused or {}) do
    local budget = q.terms.budgets[i]
    local share = budget.refusal
    if 2 * budget.settled < budget.limit then -- see Denial.TooDear
      share = '-' .. share
    end
    if tell(budget.counter, share, budget.generation) then
      alerts[#alerts + 1] = alert_text(i - 1, budget.counter.key, share, budget.settled)
    end
  end
  if #alerts > 0 then
    local r = { at = now, row = q.row, terms = digest_of(q.terms) }
    write_entry(base, 'refused', q.id, r, now, table.concat(alerts, ';'), 'cost', q.input_cost + q.least * q.token_cost)
    waiting = waiting + 1
  end
  say('refused')
  say_figures(q.terms)
  say_denials(denials)
end

local function admit(q, grant)
  local would = would_refuse(q)
  local tokens, cost = q.input + grant, q.input_cost + grant * q.token_cost
  local budgets, list = q.terms.budgets, q.terms.windows
  for i = 1, #list do
    charge_window(list[i].window, tokens)
  end
  for i = 1, #budgets do
    local budget = budgets[i]
    add_held(budget.counter, cost)
    budget.held = budget.held + cost
    budget.counter.used = budget.pot
  end
  save_reservation(q.id, cmsgpack.pack(now, grant, tokens, cost, q.input, q.input_cost, 0, 0,
    q.row, digest_of(q.terms), seconds_of(q.terms)))
  say('admitted')
  say(grant)
  say_figures(q.terms)
  say_denials(would)
end

local function decide(q)
  local known = load_reservation(base, q.id)
  if known then
    return repeated(known)
  end
  if load_ending(base, q.id, now) then
    return say('ended')
  end
  if stale(q.terms.version) then
    return say('stale')
  end
  local problem = unspendable(q.terms.budgets)
  if problem then
    return say(problem)
  end
  if not q.terms.opened and not open_terms(q.terms) then
    return
  end
  look(q.terms)
  q.least = least_of(q, false)
  q.watched_least = q.terms.watched and least_of(q, true) or q.least
  local missing = escrow and missing_of(q) or {}
  if #missing > 0 then
    say('fetch')
    say(now)
    return say(missing)
  end
  local grant, denials, refused = ask(q)
  if #denials > 0 then
    return refuse(q, denials, refused)
  end
  admit(q, grant)
end

local all_terms = read_terms()
local requests = read_requests(all_terms)
look_up_notes(all_terms)
if epoch ~= '' then -- the one that this gateway last saw, if Redis has lost nothing since
  if note(gateways .. ':epoch') ~= epoch then
    return { 'epoch' }
  end
  closed = note(gateways .. ':closed')
end
local last = last_applied(base, gateway)
if last < applied then
  return { 'lost' }
end
load_all(requests)
for _, q in ipairs(requests) do
  say(0)
  local start = said
  decide(q)
  out[start] = said - start
end
for _, c in pairs(counters) do
  if c.used then
    redis.call('HSET', c.key, 't', now)
  end
end
save_changes(base, now, now + lifetime)
if #fresh > 0 then
  note_applied(base, gateway, sequence, last)
end
return { 'ok', out, now }
