-- A pot on a Redis Cluster: its counter here holds what this slot has spent and reserved, and an allowance that the
-- pot's home has granted. Everything is decided here as long as the allowance suffices; then the gateway fetches more.

escrow = {}

-- Reads of every budget whether it is a pot, and then its terms, what is spent and reserved elsewhere as far as
-- the gateway knows, and whether the gateway has fetched already: '', 'fetched', or 'final' when nothing more is to be had.
function escrow.read(budgets, text, number)
  for _, budget in ipairs(budgets) do
    if text() == '1' then
      budget.pot = { terms = text(), settled = number(), held = number(), tried = text() }
    end
  end
end

-- Looks up the allowance, and makes the budget's figures those of the whole pot.
function escrow.open(budget)
  local pot = budget.pot
  local field = redis.call('HMGET', budget.counter, 'e', 'n', 'g', 'l')
  pot.epoch, pot.number, pot.allowance = amount(field[1]), amount(field[2]), amount(field[3])
  pot.joined = pot.epoch > 0 and field[4] == pot.terms
  pot.own_settled, pot.own_held = budget.settled, budget.held
  pot.free = pot.allowance - budget.settled - budget.held
  pot.binding = budget.hard and budget.limit >= 0
  budget.settled, budget.held = budget.settled + pot.settled, budget.held + pot.held
end

-- The pots for which the gateway has to fetch allowance, as the home takes it. A request that may cost nothing is
-- not refused for want of allowance.
function escrow.missing(budgets, need, wish)
  local missing = {}
  for i, budget in ipairs(budgets) do
    local pot = budget.pot
    if pot then
      local least = pot.tried == '' and math.max(need, wish(budget)) or need
      local short = pot.binding and need > 0 and pot.free < need
      local scant = pot.binding and need > 0 and pot.free < least
      if pot.tried ~= 'final' and (not pot.joined or scant) then
        missing[#missing + 1] = { i - 1, budget.period, pot.epoch, pot.number, pot.allowance, pot.own_settled, pot.own_held, need, least }
      end
      pot.short = short or (pot.binding and need > 0 and not pot.joined)
    end
  end
  return missing
end
