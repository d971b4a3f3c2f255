-- Ends reservations with what they really used, one after the other, and writes their ledger entries in the same step.
-- KEYS: slot. ARGV: clock, gateway, its numbers for this change and for the latest it saw applied,
-- how long ends are remembered, and packed of each reservation its id, tokens, cost, how it ended, row. How it ended is 1 for a
-- request that was never sent, and 2 more for one whose row is not written, because the gateway sums such ends up.
-- Replies: {'lost'}, or {'ok', answers, now, the stream's entry that holds the rows of those that settled}. An answer is
-- its length, status, and if that is 'settled': when it was admitted, negative if its row is in an entry of its own, and
-- how its windows and budgets stand.

local base, now = KEYS[1], clock(ARGV[1])
local gateway, sequence, applied = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local remembered = tonumber(ARGV[5])
local given, SIZE = cmsgpack.unpack(ARGV[6]), 5

local last = last_applied(base, gateway)
if last < applied then
  return { 'lost' }
end

local function load_all()
  local ids, missing = {}, {}
  for i = 1, #given, SIZE do
    ids[#ids + 1] = given[i]
  end
  load_reservations(base, ids)
  for _, id in ipairs(ids) do
    if not live[id] then
      missing[#missing + 1] = id
    end
  end
  load_endings(base, missing)
end

local rows = {} -- the row, and when it was admitted, of each

local function settle(id, r, tokens, cost, unsent, summed, row)
  local alerts = finish(base, id, r, tokens, cost, now, unsent)
  save_ending(base, id, now + remembered)
  say('settled')
  if summed then
    if alerts ~= '' then
      write_entry(base, 'cancel', id, r, now, alerts, 'cost', cost) -- alerts only
    end
    say(r.at)
  elseif alerts == '' then
    rows[#rows + 1] = row
    rows[#rows + 1] = whole(r.at)
    say(r.at)
  else
    write_entry(base, 'settle', id, r, now, alerts, 'cost', cost, 'row', row)
    say(0 - r.at)
  end
  say_limits(base, r, now)
end

-- It was taken for crashed and is booked at an estimate: book the difference, once.
local function correct(id, ending, tokens, cost, row)
  local estimate, terms = unpack_reservation(ending[2]), unpack_terms(ending[3])
  known_terms[estimate.terms] = terms
  for i, scope in ipairs(terms.scopes) do
    adjust_window(open_window(base, scope, now), second_of(estimate, i), tokens - estimate.tokens)
  end
  local alerts = spend(terms.budgets, cost - estimate.cost, 0, now)
  save_ending(base, id, ending[1])
  write_entry(base, 'correction', id, estimate, now, alerts, 'cost', cost, 'row', row,
    'estimate_tokens', estimate.tokens, 'estimate_cost', estimate.cost, 'input', estimate.input)
  say('corrected')
end

local settled = false
local function answer(id, tokens, cost, ending, row)
  local r = load_reservation(base, id)
  if r then
    settled = true
    return settle(id, r, tokens, cost, ending % 2 == 1, ending >= 2, row)
  end
  local ending = load_ending(base, id, now)
  if not ending then
    return say('unknown')
  end
  if not ending[2] then
    return say('duplicate')
  end
  correct(id, ending, tokens, cost, row)
end

load_all()
for i = 1, #given, SIZE do
  say(0)
  local start = said
  answer(given[i], given[i + 1], given[i + 2], given[i + 3], given[i + 4])
  out[start] = said - start
end
save_changes(base, now, nil, remembered)
local entry = ''
if #rows > 0 then
  entry = write_rows(base, #rows / 2, 'kind', 'settled', 'now', whole(now), unpack(rows))
end
if settled then
  note_applied(base, gateway, sequence, last)
end
return { 'ok', out, now, entry }
