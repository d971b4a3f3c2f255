-- A pot on a Redis Cluster: its counter here holds what this slot has spent and reserved, and an allowance that the
-- pot's home has granted. Everything is decided here as long as the allowance suffices; then the gateway fetches more.

escrow = {}

-- Reads of every budget whether it is a pot, and then its terms, what is spent and reserved elsewhere as far as
-- the gateway knows, and whether the gateway has fetched already: '', 'fetched', or 'final' when nothing more is to be had.
function escrow.read(budgets, take)
  for _, budget in ipairs(budgets) do
    if take() == '1' then
      budget.pot = { terms = take(), settled = take(), held = take(), tried = take() }
    end
  end
end

-- Looks up the allowance of a counter.
function escrow.open(budget)
  local c, pot = budget.counter, budget.pot
  if not c.allowance then
    local field = redis.call('HMGET', c.key, 'e', 'n', 'g', 'l')
    c.epoch, c.number, c.allowance, c.terms = amount(field[1]), amount(field[2]), amount(field[3]), field[4]
  end
  -- When the budget begins to refuse, its terms are others, and what slots have left of allowances is recalled.
  pot.terms = budget.watched and pot.terms .. ' watched' or pot.terms
  pot.joined = c.epoch > 0 and c.terms == pot.terms
  pot.binding = budget.hard and budget.limit >= 0
end

-- Makes the budget's figures those of the whole pot.
function escrow.look(budget)
  local c, pot = budget.counter, budget.pot
  pot.free = c.allowance - c.settled - c.held
  budget.settled, budget.held = c.settled + pot.settled, c.held + pot.held
end

-- The pots for which the gateway has to fetch allowance, as the home takes it. A request that may cost nothing is
-- not refused for want of allowance.
function escrow.missing(budgets, need_of, wish)
  local missing = {}
  for i, budget in ipairs(budgets) do
    local c, pot = budget.counter, budget.pot
    if pot then
      local need = need_of(budget)
      local least = pot.tried == '' and math.max(need, wish(budget)) or need
      local short = pot.binding and need > 0 and pot.free < need
      local scant = pot.binding and need > 0 and pot.free < least
      if pot.tried ~= 'final' and (not pot.joined or scant) then
        missing[#missing + 1] = { i - 1, budget.period, c.epoch, c.number, c.allowance, c.settled, c.held, need, least,
          pot.terms }
      end
      pot.short = short or (pot.binding and need > 0 and not pot.joined)
    end
  end
  return missing
end
