package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/costexport"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// comparePath is the page that lays a provider's bill beside what is recorded; maxExport is the largest file in bytes.
const (
	comparePath = Root + "usage/compare"
	maxExport   = 8 << 20
)

// compareBody is a provider's cost export beside what is recorded.
type compareBody struct {
	Problem string
	// Compared says that a file was read; From and To are its first and last day.
	Compared bool
	From, To string
	Rows     []comparedRow
	// More is how many rows are not shown; the sums have them.
	More         int
	Theirs, Ours money.Nano
	// Others are models that are recorded in this time and stand nowhere in the file.
	Others []splitRow
}

// comparedRow is one model on one day.
type comparedRow struct {
	Day, Model   string
	Theirs, Ours money.Nano
	// Unknown says that no model here is the one in the file.
	Unknown bool
}

// Difference is by how much more is recorded than was charged.
func (r comparedRow) Difference() money.Nano { return r.Ours - r.Theirs }

// Difference is the same of all together.
func (b compareBody) Difference() money.Nano { return b.Ours - b.Theirs }

// mostCompared is how many rows the page shows, those with the largest difference first.
const mostCompared = 200

func (s *Server) comparePage(w http.ResponseWriter, r *http.Request, in *session) error {
	return s.show(w, r, in, "compare", "Compare with a bill", false, compareBody{})
}

// compare reads the file of a form. Nothing of it is kept.
func (s *Server) compare(w http.ResponseWriter, r *http.Request, in *session) error {
	refuse := func(problem string) error {
		return s.render(w, http.StatusBadRequest, "compare", s.signedIn(r, in, "Compare with a bill", compareBody{Problem: sentence(problem)}))
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		return refuse("choose the file that the provider let you download")
	}
	defer file.Close()
	charged, err := costexport.Read(file)
	if err != nil {
		return refuse(err.Error())
	}
	names, err := s.modelNames(r, in)
	if err != nil {
		return err
	}
	body, err := s.compared(r.Context(), charged, names)
	if err != nil {
		return err
	}
	return s.show(w, r, in, "compare", "Compare with a bill", false, body)
}

// modelNames are the names that each model has here and with its provider.
func (s *Server) modelNames(r *http.Request, in *session) (map[string][]string, error) {
	var listed struct {
		Models []api.Model `json:"models"`
	}
	if err := s.askFor(r, in, http.MethodGet, "/model/list", nil, &listed); err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, model := range listed.Models {
		names[model.Name] = append(names[model.Name], valueOr(model.UpstreamModel, ""), valueOr(model.BaseModel, ""))
	}
	return names, nil
}

// compared lays both sides beside each other, by day and model.
func (s *Server) compared(ctx context.Context, charged []costexport.Cost, names map[string][]string) (compareBody, error) {
	body := compareBody{Compared: true, From: charged[0].Day, To: charged[len(charged)-1].Day}
	recorded, models, err := s.recordedDays(ctx, body.From, body.To)
	if err != nil {
		return body, err
	}
	rowOf := rowsByModel(models, names)
	rows := map[[2]string]comparedRow{}
	inFile := map[string]bool{}
	for _, cost := range charged {
		name, known := rowOf[costexport.Plain(cost.Model)]
		if !known {
			name = cost.Model
		}
		inFile[name] = true
		row := rows[[2]string{cost.Day, name}]
		row.Day, row.Model, row.Unknown = cost.Day, name, !known
		row.Theirs += cost.Cost
		rows[[2]string{cost.Day, name}] = row
		body.Theirs += cost.Cost
	}
	for key, cost := range recorded {
		name := rowOf[costexport.Plain(key[1])]
		if !inFile[name] {
			body.addOther(key[1], cost)
			continue
		}
		row := rows[[2]string{key[0], name}]
		row.Day, row.Model = key[0], name
		row.Ours += cost
		rows[[2]string{key[0], name}] = row
		body.Ours += cost
	}
	body.show(rows)
	return body, nil
}

// rowsByModel says which row each name belongs to, as all names of one model are written: models here that one at the
// provider stands for share the row of the first of them.
func rowsByModel(models []string, names map[string][]string) map[string]string {
	rows := map[string]string{}
	for _, model := range models {
		row := model
		known := append([]string{model}, names[model]...)
		for _, name := range known {
			if first, taken := rows[costexport.Plain(name)]; taken && name != "" {
				row = first
			}
		}
		for _, name := range known {
			if name != "" {
				rows[costexport.Plain(name)] = row
			}
		}
	}
	return rows
}

// recordedDays is what each model cost on each day, and the models in the order of their names.
func (s *Server) recordedDays(ctx context.Context, from, to string) (map[[2]string]money.Nano, []string, error) {
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return nil, nil, err
	}
	last, err := time.Parse(time.DateOnly, to)
	if err != nil {
		return nil, nil, err
	}
	query := api.UsageQuery{GroupBy: []string{api.GroupModel}, Period: api.PeriodDay, From: first, To: last.AddDate(0, 0, 1)}
	costs := map[[2]string]money.Nano{}
	var models []string
	err = s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		model := valueOr(sum.Model, "")
		costs[[2]string{sum.PeriodStart, model}] += sum.TotalCost
		models = append(models, model)
		return nil
	})
	slices.Sort(models)
	return costs, slices.Compact(models), err
}

func (b *compareBody) addOther(model string, cost money.Nano) {
	at := slices.IndexFunc(b.Others, func(row splitRow) bool { return row.Name == model })
	if at < 0 {
		b.Others = append(b.Others, splitRow{Name: model})
		at = len(b.Others) - 1
	}
	b.Others[at].Cost += cost
}

// show sorts what was compared: the largest difference first.
func (b *compareBody) show(rows map[[2]string]comparedRow) {
	for _, row := range rows {
		b.Rows = append(b.Rows, row)
	}
	slices.SortFunc(b.Rows, func(x, y comparedRow) int {
		return cmp.Or(cmp.Compare(max(y.Difference(), -y.Difference()), max(x.Difference(), -x.Difference())), cmp.Compare(x.Day, y.Day), cmp.Compare(x.Model, y.Model))
	})
	slices.SortFunc(b.Others, func(x, y splitRow) int { return cmp.Or(cmp.Compare(y.Cost, x.Cost), cmp.Compare(x.Name, y.Name)) })
	b.Others = b.Others[:min(mostSplit, len(b.Others))]
	b.More = max(0, len(b.Rows)-mostCompared)
	b.Rows = b.Rows[:min(mostCompared, len(b.Rows))]
}
