package redis

// countersOf are the counters of a reservation's budgets.
func (r *Engine) countersOf(held *heldReservation) []string {
	if held == nil || len(held.request.Budgets) == 0 {
		return nil
	}
	counters := make([]string, len(held.request.Budgets))
	for i, budget := range held.request.Budgets {
		counters[i] = r.conn.Keys.Counter(budget.Scope, held.request.Slot, held.decision.Budgets[i].Period)
	}
	return counters
}
