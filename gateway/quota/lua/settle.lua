-- Ends a reservation with what it really used, and writes the ledger entry in the same step.
-- KEYS: slot. ARGV: clock, gateway, its numbers for this change and for the latest it saw applied,
-- id, tokens, cost, how long the end is remembered, row, 1 for a request that was never sent.
-- Replies: {status, now, windows, budgets}

local base, now = KEYS[1], clock(ARGV[1])
local gateway, sequence, applied = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local id, tokens, cost = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local remembered, row, unsent = tonumber(ARGV[8]), ARGV[9], ARGV[10] == '1'

local last = last_applied(base, gateway)
if last < applied then
  return { 'lost' }
end

local r = load_reservation(base, id)
if r then
  local alerts, windows, budgets = finish(base, id, r, tokens, cost, now, unsent)
  save_ending(base, id, now, remembered)
  write_entry(base, 'settle', id, r, now, alerts, 'cost', cost, 'row', row)
  note_applied(base, gateway, sequence, last)
  return { 'settled', now, windows, budgets }
end

local ending = load_ending(base, id, now)
if not ending then
  return { 'unknown' }
end
local estimate = ending[2]
if not estimate then
  return { 'duplicate' }
end

-- It was taken for crashed and is booked at an estimate: book the difference, once.
for i = 1, #estimate.windows, 2 do
  local w = open_window(base, estimate.windows[i], now)
  adjust_window(w, estimate.windows[i + 1], tokens - estimate.tokens)
  save_window(w)
end
local alerts = spend(estimate, cost - estimate.cost, 0)
save_ending(base, id, now, ending[1] - now)
write_entry(base, 'correction', id, estimate, now, alerts, 'cost', cost, 'row', row,
  'estimate_tokens', estimate.tokens, 'estimate_cost', estimate.cost, 'input', estimate.input)
return { 'corrected' }
