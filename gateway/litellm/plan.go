package litellm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Verbs of steps.
const (
	verbCreate = "create"
	verbUpdate = "update"
	verbSame   = "same"
	verbKept   = "not ours"
	// verbShared is for what the import of another proxy has made: it keeps its settings, and takes both balances.
	verbShared = "shared"
	verbDelete = "delete"
)

// kinds of objects in the order they are made: what is named is there before who names it.
var kinds = []string{"models", "budgets", "teams", "users", "members", goneKeys, "keys", "pots", kindDays}

// kindDays is what days have cost.
const kindDays = "days"

// goneKeys are keys that an import made and LiteLLM has no more. They go first: their aliases may be another key's.
const goneKeys = "keys gone"

// step brings one object.
type step struct {
	kind, id, verb string
	// changed are the fields that an update changes.
	changed []string
	// spend is what LiteLLM says was spent, counted what the gateway says.
	spend, counted money.Nano
	// ends is when LiteLLM's period ends, endsHere when the gateway's does.
	ends, endsHere *time.Time
	make           func(ctx context.Context) (api.Record, error)
	// spender is whose opening balance it is; nil for what spends nothing itself.
	spender func() client.Spender
}

// Plan is what an import would do.
type Plan struct {
	Findings Findings
	gateway  *client.Client
	options  Options
	steps    []step
	// ids are of keys, by the digests of their secrets; past are of those that only days know, at LiteLLM.
	ids  sync.Map
	past map[string]string
	// listed are all keys of the gateway.
	listed []api.Key
}

// Options say how an estate is brought.
type Options struct {
	// Rename gives objects whose ids the gateway does not take another one.
	Rename bool
	// Except are aliases of keys that are left out with what days have cost by them: those by which a gateway calls LiteLLM.
	Except []string
	// Prune deletes keys that an import of the same origin made and that are not there any more where it comes from.
	Prune bool
	// Origin names the proxy that all comes from, [DefaultOrigin] if "": balances and days of another one stay beside its own.
	Origin string
	Now    time.Time
}

// NewPlan compares an estate with what the gateway has.
func NewPlan(ctx context.Context, gateway *client.Client, estate Estate, options Options) (*Plan, error) {
	options.Origin = cmp.Or(options.Origin, DefaultOrigin)
	if err := CheckOrigin(options.Origin); err != nil {
		return nil, err
	}
	want, found := translate(estate, options)
	p := &Plan{Findings: found, gateway: gateway, options: options}
	for _, read := range []func(context.Context, wanted) error{p.models, p.budgets, p.teams, p.users, p.members, p.keys, p.pots, p.days} {
		if err := read(ctx, want); err != nil {
			return nil, err
		}
	}
	p.goneKeys()
	return p, nil
}

// add takes up a step for what is wanted where something is there, nil for nothing.
func (p *Plan) add(s step, have *api.Record, state api.BudgetState, wantFields, haveFields any) {
	switch {
	case have == nil:
		s.verb = verbCreate
	default:
		s.counted, s.endsHere = state.Spend, state.BudgetResetAt
		s.changed = differing(wantFields, haveFields)
		origin, imported := originOf(have.CreatedBy)
		switch {
		case have.CreatedBy == ActorOf(p.options.Origin) && len(s.changed) > 0:
			s.verb = verbUpdate
		case have.CreatedBy == ActorOf(p.options.Origin):
			s.verb = verbSame
		case imported:
			p.share(&s, origin)
		default:
			s.verb = verbKept
			if len(s.changed) > 0 || s.spend > 0 {
				p.Findings.add(Blocking, fmt.Sprintf("%s %s", s.kind, s.id), "is there already and was not made by the import: it stays as it is, what LiteLLM says of it and has spent is not brought")
			}
		}
	}
	p.steps = append(p.steps, s)
}

// share takes up what another proxy has as well: what is spent there and here counts together, within the limits of who came first.
func (p *Plan) share(s *step, origin string) {
	s.verb = verbShared
	what := fmt.Sprintf("%s %s of %s", s.kind, s.id, origin)
	if len(s.changed) > 0 {
		p.Findings.add(Blocking, what+": "+strings.Join(s.changed, ", "), "is there already from another proxy, whose settings it keeps, and counts what both have spent: give it another id at one of them to have two")
		return
	}
	p.Findings.add(Different, what, "is there already from another proxy with the same settings, and counts what both have spent")
}

// differing are the fields that are not the same, where null and empty are.
func differing(want, have any) []string {
	wanted, there := normal(want), normal(have)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !reflect.DeepEqual(wanted[name], there[name]) {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if _, known := wanted[name]; !known {
			names = append(names, name)
		}
	}
	return names
}

// normal is an object as JSON has it, without what is null or empty.
func normal(value any) map[string]any {
	data, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var fields map[string]any
	_ = json.Unmarshal(data, &fields)
	maps.DeleteFunc(fields, func(_ string, value any) bool {
		switch value := value.(type) {
		case nil:
			return true
		case map[string]any:
			return len(value) == 0
		case []any:
			return len(value) == 0
		}
		return false
	})
	return fields
}

// Changes says whether there is anything to make or change, apart from balances.
func (p *Plan) Changes() bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { return !slices.Contains([]string{verbSame, verbKept, verbShared}, s.verb) })
}

// Write shows the plan: by kind what is there, what would be made, and what is not carried over.
func (p *Plan) Write(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tCREATE\tUPDATE\tDELETE\tSAME\tSHARED\tNOT OURS\tSPENT AT LITELLM\tSPENT HERE")
	for _, kind := range kinds {
		if kind == goneKeys && !slices.ContainsFunc(p.steps, func(s step) bool { return s.kind == kind }) {
			continue
		}
		verbs, spend, counted := map[string]int{}, money.Nano(0), money.Nano(0)
		for _, s := range p.steps {
			if s.kind == kind {
				verbs[s.verb]++
				spend, counted = spend+s.spend, counted+s.counted
			}
		}
		_, _ = fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", kind, verbs[verbCreate], verbs[verbUpdate], verbs[verbDelete], verbs[verbSame], verbs[verbShared], verbs[verbKept], spend.Dollars(), counted.Dollars())
	}
	_ = table.Flush()
	shown := 0
	for _, s := range p.steps {
		if s.verb == verbUpdate && shown < mostNamed {
			shown++
			_, _ = fmt.Fprintf(w, "update %s %s: %s\n", s.kind, s.id, strings.Join(s.changed, ", "))
		}
	}
	if len(p.Findings) > 0 {
		_, _ = fmt.Fprintln(w, "\nNot carried over as it was:")
		p.Findings.Write(w)
	}
}
