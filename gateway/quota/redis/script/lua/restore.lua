-- Tells Redis again what it has lost: a gateway sends what it holds and what it has settled lately. What Redis
-- still knows is left alone. Counters that missed a settlement lose their seed mark and are filled again
-- from the ledger, where the gateway has put the rows before.
-- KEYS: slot. ARGV: clock, gateway, sequence number, lifetime, how long an end is remembered, then of each
-- reservation its id, the reservation as JSON, its row as JSON or '' while it is live.
-- Replies: how many were lost.

local base, now = KEYS[1], clock(ARGV[1])
local lifetime, remembered = tonumber(ARGV[4]), tonumber(ARGV[5])

local function charge_again(w, second, tokens, running)
  w.changed = true
  if second > w.second - WINDOW then
    w.requests = w.requests + 1
    w.tokens = w.tokens + tokens
    w.reserved = w.reserved + running * tokens
    w.charged = math.max(w.charged, second)
    if second == w.second then
      w.bucket_requests = w.bucket_requests + 1
      w.bucket_tokens = w.bucket_tokens + tokens
      w.bucket_reserved = w.bucket_reserved + running * tokens
    else
      add_earlier(w, 'r' .. second, 1)
      add_earlier(w, 'k' .. second, tokens)
      add_earlier(w, 'h' .. second, running * tokens)
    end
  end
end

local function charge_windows(r, tokens, running)
  for i, scope in ipairs(r.scopes) do
    local w = open_window(base, scope, now)
    charge_again(w, math.min(r.seconds[i], w.second), tokens, running)
    w.live = w.live + running
  end
end

local function unseed(r)
  for _, budget in ipairs(r.budgets) do
    unseed_counter(budget.key)
  end
end

local function restore_live(id, r)
  charge_windows(r, r.tokens, 1)
  for _, budget in ipairs(r.budgets) do
    add_held(open_counter(budget.key), r.cost)
  end
  save_reservation(id, pack_reservation(r))
end

local function restore_ended(id, r, known, row)
  if known then
    local alerts = finish(base, id, known, r.used_tokens, r.used_cost, now)
    write_entry(base, 'settle', id, known, now, alerts, 'cost', r.used_cost, 'row', row)
  else
    charge_windows(r, r.used_tokens, 0)
  end
  unseed(r)
  save_ending(base, id, now + remembered)
end

local lost = 0
for i = 6, #ARGV, 3 do
  local id, r, row = ARGV[i], cjson.decode(ARGV[i + 1]), ARGV[i + 2]
  r.terms = use_terms({ scopes = r.scopes, budgets = r.budgets, about = r.about })
  local known = load_reservation(base, id)
  if not load_ending(base, id, now) then
    if row ~= '' then
      restore_ended(id, r, known, row)
      lost = lost + 1
    elseif not known then
      restore_live(id, r)
      lost = lost + 1
    end
  end
end

save_changes(base, now, now + lifetime, remembered)

-- The policy version may be lost as well: everybody loads the limits again.
redis.call('SET', base .. ':cfg', math.max(amount(redis.call('GET', base .. ':cfg')) + 1, now))
note_applied(base, ARGV[2], tonumber(ARGV[3]), last_applied(base, ARGV[2]))
return lost
