package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// budgetsBody is the list of budgets: pots and terms.
type budgetsBody struct {
	Rows   []budgetRow
	Total  int
	First  bool
	Next   string
	Change bool
	Done   bool
}

type budgetRow struct {
	api.Budget
	Stands capped
}

// budgets is the list of pots, with what is spent of them, and of terms that teams and keys take.
func (s *Server) budgets(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	filter := api.BudgetFilter{Page: api.Page{Limit: perPage, SortBy: api.SortByID, After: query.Get("after")}}
	budgets, total, err := s.Record.Budgets(r.Context(), filter)
	if err != nil {
		return err
	}
	states, err := s.Spending.Budgets(r.Context(), budgets)
	if err != nil {
		return err
	}
	body := budgetsBody{Total: total, First: query.Get("after") == "", Change: mayChange(in.caller, "budget"), Done: query.Has("done")}
	for i, budget := range budgets {
		body.Rows = append(body.Rows, budgetRow{budget, cappedBy("budget", budget.BudgetID, "", budget.HardCap, states[i])})
	}
	if len(budgets) == perPage {
		last := budgets[len(budgets)-1]
		query.Set("after", filter.CursorOf(last.BudgetID, nil, last.Record))
		body.Next = Root + "budgets?" + without(query, "done").Encode()
	}
	return s.show(w, r, in, "budgets", "Budgets and pots", false, body)
}
