-- Checks every limit of a request at once and, if all of them hold, charges them all.
-- KEYS: slot. ARGV: see reserveArgs in redis_reserve.go.
-- Replies: {status, at, output, tokens, cost, windows, budgets, denials}

local base = KEYS[1]
local position = 0
local function text()
  position = position + 1
  return ARGV[position]
end
local function number()
  return tonumber(text())
end

local now = clock(text())
local gateway, sequence, applied = text(), number(), number()
local id, version = text(), number()
local lifetime, remembered = number(), number()
local input, output, least = number(), number(), number()
local input_cost, token_cost = number(), number()
local context = text()
local gateways, epoch = text(), text()
local most_waiting = number()

local function read_windows()
  local windows = {}
  for i = 1, number() do
    windows[i] = { scope = text(), rpm = number(), tpm = number(), parallel = number() }
  end
  return windows
end

local function read_list()
  local list = {}
  for i = 1, number() do
    list[i] = text()
  end
  return list
end

local function read_budgets()
  local budgets = {}
  for i = 1, number() do
    budgets[i] = {
      key = text(), limit = number(), hard = text() == '1', generation = text(), refusal = text(),
      throttles = text(), throttle_at = number(), throttle_factor = number(),
      periods = read_list(), thresholds = read_list(),
    }
  end
  return budgets
end

local windows, budgets = read_windows(), read_budgets()
if escrow then
  escrow.read(budgets, text, number)
end

local function reply(status, r, window_states, budget_states, denials)
  return { status, r.at, r.output, r.tokens, r.cost, window_states, budget_states, denials }
end

-- Answers a reservation that is live as it was answered the first time.
local function repeated(r)
  local window_states, budget_states = {}, {}
  for i = 1, #r.windows, 2 do
    window_states[#window_states + 1] = window_reply(open_window(base, r.windows[i], now))
  end
  for i, budget in ipairs(r.budgets) do
    local field = redis.call('HMGET', budget.key, 'u', 'p')
    budget_states[i] = { budget.period, amount(field[1]), amount(field[2]) }
  end
  return { 'duplicate', r.at, r.output, r.tokens, r.cost, window_states, budget_states, {}, now }
end

-- What was counted when this gateway last looked, if Redis has lost nothing since.
local closed = false
if epoch ~= '' then
  local noted = redis.call('MGET', gateways .. ':epoch', gateways .. ':closed')
  if noted[1] ~= epoch then
    return { 'epoch' }
  end
  closed = noted[2]
end
local last = last_applied(base, gateway)
if last < applied then
  return { 'lost' }
end
local known = load_reservation(base, id)
if known then
  return repeated(known)
end
if load_ending(base, id, now) then
  return { 'ended' }
end

local current = amount(redis.call('GET', base .. ':cfg'))
if version ~= current then
  if version > current then -- the current one was lost: everybody has to load the limits again
    redis.call('SET', base .. ':cfg', math.max(version + 1, now))
  end
  return { 'stale' }
end

-- What cannot be judged or written down must not be spent.
local spends = false
for _, budget in ipairs(budgets) do
  spends = spends or budget.hard and budget.limit >= 0
end
if spends and closed then
  return { 'recovering' }
end
if spends and redis.call('XLEN', base .. ':led') >= most_waiting then
  return { 'backlog' }
end

-- What the request meets.
local unseeded = {}
for i, budget in ipairs(budgets) do
  budget.period, budget.counter = open_period(budget.key, budget.periods, now)
  if not budget.period then
    return { 'noperiod', now, i - 1 }
  end
  local field = redis.call('HMGET', budget.counter, 'u', 'p', 'z', 'v')
  budget.settled, budget.held = amount(field[1]), amount(field[2])
  if not field[3] then
    unseeded[#unseeded + 1] = i - 1
    unseeded[#unseeded + 1] = budget.period
    unseeded[#unseeded + 1] = seed_basis(field[1], field[4])
  end
end
if #unseeded > 0 then
  return { 'seed', now, unseeded }
end
for _, budget in ipairs(budgets) do
  if budget.pot then
    escrow.open(budget)
  end
end
for _, limits in ipairs(windows) do
  limits.window = open_window(base, limits.scope, now)
  local rpm = limits.rpm
  for _, budget in ipairs(budgets) do
    if rpm >= 1 and budget.throttles == limits.scope and budget.settled >= budget.throttle_at then
      rpm = math.min(rpm, math.max(math.floor(limits.rpm * budget.throttle_factor), 1))
    end
  end
  limits.rpm = rpm
end

-- The decision: every limit that refuses, and the output that all of them leave.
local denials, refused_budgets = {}, {}
local need, need_cost = input + least, input_cost + least * token_cost
local grant = output

-- The most output that one request may take from a budget: a quarter of what is left.
local function output_of(budget)
  return math.floor(math.floor((budget.limit - budget.settled - budget.held - input_cost) / token_cost) / 4)
end

local function wish(budget)
  return input_cost + (token_cost > 0 and math.min(output, output_of(budget)) * token_cost or 0)
end

local missing = escrow and escrow.missing(budgets, need_cost, wish) or {}
if #missing > 0 then
  return { 'fetch', now, missing }
end

for i, limits in ipairs(windows) do
  local w = limits.window
  if limits.rpm >= 0 and w.requests + 1 > limits.rpm then
    local wait = window_wait(w, w.requests + 1 - limits.rpm, 'requests', now)
    denials[#denials + 1] = { 'requests', i - 1, limits.rpm, w.requests, 0, 0, wait }
  end
  if limits.tpm >= 0 and w.tokens + need > limits.tpm then
    local large = need > limits.tpm and limits.tpm > 0
    local wait = large and 0 or window_wait(w, w.tokens + need - limits.tpm, 'tokens', now)
    denials[#denials + 1] = { 'tokens', i - 1, limits.tpm, w.tokens, 0, large and 1 or 0, wait }
  end
  if limits.parallel >= 0 and w.live + 1 > limits.parallel then
    denials[#denials + 1] = { 'max_parallel_requests', i - 1, limits.parallel, w.live, 0, 0, SECOND }
  end
  if limits.tpm >= 0 then
    local room = limits.tpm - w.tokens - input
    local free = limits.rpm >= 0 and math.max(limits.rpm - w.requests - 1, 0) or 0
    grant = math.min(grant, math.floor((room - free * need) / 4))
  end
end

for i, budget in ipairs(budgets) do
  if budget.hard and budget.limit >= 0 then
    local used = budget.settled + budget.held
    local exceeded = need_cost > 0 and used + need_cost > budget.limit
    if budget.pot then
      exceeded = budget.pot.short
    end
    if exceeded then
      local to = amount(budget.periods[budget.period * 2 + 2])
      local wait = to > 0 and to - now or 0
      denials[#denials + 1] = { 'budget', i - 1, budget.limit, used, budget.settled, 0, wait }
      if budget.settled + need_cost > budget.limit then
        refused_budgets[#refused_budgets + 1] = i
      end
    end
    if token_cost > 0 then
      grant = math.min(grant, output_of(budget))
      if budget.pot then
        grant = math.min(grant, math.floor((budget.pot.free - input_cost) / token_cost))
      end
    end
  end
end
grant = math.max(grant, least)

local r = {
  at = now, output = grant, tokens = input + grant, cost = input_cost + grant * token_cost,
  input = input, input_cost = input_cost, windows = {}, budgets = {}, context = context,
}

local function states()
  local window_states, budget_states = {}, {}
  for i, limits in ipairs(windows) do
    window_states[i] = window_reply(limits.window)
  end
  for i, budget in ipairs(budgets) do
    budget_states[i] = { budget.period, budget.settled, budget.held }
  end
  return window_states, budget_states
end

-- Refused: nothing changes, but people learn once that a hard budget refuses requests. A budget
-- that only others' reservations fill up is not exhausted: they settle for less in a moment.
if #denials > 0 then
  local alerts = {}
  for _, i in ipairs(refused_budgets) do
    local budget = budgets[i]
    if redis.call('HSETNX', budget.counter, 'm:' .. budget.refusal .. ':' .. budget.generation, 1) == 1 then
      alerts[#alerts + 1] = string.format('%d %d %s %.0f', i - 1, budget.period, budget.refusal, budget.settled)
    end
  end
  if #alerts > 0 then
    write_entry(base, 'refused', id, r, now, table.concat(alerts, ';'), 'cost', need_cost)
  end
  local window_states, budget_states = states()
  return reply('refused', r, window_states, budget_states, denials)
end

for i, limits in ipairs(windows) do
  charge_window(limits.window, r.tokens)
  r.windows[i * 2 - 1], r.windows[i * 2] = limits.scope, limits.window.second
end
for i, budget in ipairs(budgets) do
  budget.held = redis.call('HINCRBY', budget.counter, 'p', r.cost)
  if budget.pot then
    redis.call('HSET', budget.counter, 't', now)
    budget.held = budget.held + budget.pot.held
  end
  for j = 2, #budget.thresholds, 2 do
    budget.thresholds[j] = tonumber(budget.thresholds[j])
  end
  r.budgets[i] = {
    key = budget.counter, period = budget.period, generation = budget.generation, thresholds = budget.thresholds,
  }
end
save_reservation(base, id, r)
redis.call('ZADD', base .. ':x', now + lifetime, id)
note_applied(base, gateway, sequence, last)
local window_states, budget_states = states()
return reply('admitted', r, window_states, budget_states, {})
