package replay

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/ledger"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// past is a gateway without HTTP whose clock the test moves: a real record, book and engine.
type past struct {
	t       testing.TB
	now     time.Time
	store   *store.Store
	book    *policy.Book
	engine  *quota.Memory
	ledger  *ledger.Writer
	refused []refusedCall
}

// refusedCall is what no ledger has: a call that was refused, and by what.
type refusedCall struct {
	api.RecordedCall
	by verdict
}

var model = &modelname.Names{Name: "m"}

func newPast(t testing.TB) *past {
	t.Helper()
	p := &past{t: t, now: time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC)}
	sealer, err := seal.Parse("00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	p.store, err = store.Open(context.Background(), storetest.SQLite(t, t.TempDir()), store.Options{
		Sealer: sealer, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return p.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.ledger = ledger.New(ledger.Options{Store: p.store, Describe: func(quota.Crossing) []api.AlertEvent { return nil }, Logger: slog.New(slog.DiscardHandler)})
	p.engine = quota.NewMemory(p.ledger, quota.MemoryOptions{Now: func() time.Time { return p.now }, ReapEvery: -1})
	p.book = policy.NewBook(p.store, p.engine, policy.Defaults{Timezone: time.UTC, ResetDay: 1})
	t.Cleanup(func() {
		_ = p.engine.Close()
		_ = p.ledger.Close(context.Background())
		_ = p.store.Close()
	})
	return p
}

func (p *past) team(id string, fields func(*api.Team)) {
	p.t.Helper()
	team := api.NewTeam(id)
	fields(&team)
	if _, err := p.store.CreateTeam(p.t.Context(), api.Change{}, team); err != nil {
		p.t.Fatal(err)
	}
}

func (p *past) key(id, team string, fields func(*api.Key)) {
	p.t.Helper()
	key := api.NewKey(id)
	key.TeamID = &team
	fields(&key)
	if _, err := p.store.CreateKey(p.t.Context(), api.Change{}, key, []byte(id)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *past) spending() policy.Spending {
	return policy.Spending{Book: p.book, Counters: p.engine, Now: func() time.Time { return p.now }}
}

// call asks the engine as the proxy does, and returns the row that a settlement is to be made of.
func (p *past) call(id, key string, request quota.Request) (row api.LedgerRow, admitted bool) {
	p.t.Helper()
	subject, err := p.book.Judge(p.t.Context(), policy.WithSecret([]byte(key), ""), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.ID, request.Slot, request.PolicyVersion = id, subject.Slot, subject.Version
	request.Windows, request.Budgets = subject.Windows(model), subject.Budgets(model, p.now)
	row = api.LedgerRow{ID: id, Kind: api.LedgerSettle, TeamID: *subject.Key.TeamID, KeyID: key, Model: model.Name, AdmittedAt: p.now}
	decision, err := p.engine.Reserve(p.t.Context(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	output := decision.OutputTokens
	if !decision.Admitted {
		output = request.OutputTokens
	}
	spare := max(output-request.MinOutputTokens, 0)
	row.ReservedTokens, row.ReservedCost = request.InputTokens+output, request.Cost(output)
	row.SparableTokens, row.SparableCost = spare, money.Nano(spare)*request.OutputTokenCost
	if !decision.Admitted {
		p.refused = append(p.refused, refusedCall{api.RecordedCall{LedgerRow: row}, longest(decision.Denials)})
	}
	return row, decision.Admitted
}

func (p *past) settle(row api.LedgerRow, tokens int64, cost money.Nano) {
	p.t.Helper()
	row.PromptTokens = tokens
	settlement := quota.Settlement{ID: row.ID, Slot: row.Slot(), Tokens: tokens - row.UncountedTokens, Cost: cost, Row: row}
	if _, err := p.engine.Settle(p.t.Context(), settlement); err != nil {
		p.t.Fatal(err)
	}
}

// live makes random calls of several keys, which limits of every kind refuse some of.
func (p *past) live(random *rand.Rand, calls int, keys ...string) {
	p.t.Helper()
	var under []api.LedgerRow
	for i := range calls {
		p.now = p.now.Add(time.Duration(random.Int64N(1_500_000)) * time.Microsecond)
		if len(under) > 0 && random.IntN(3) > 0 {
			row := under[0]
			under = under[1:]
			used := random.Int64N(row.ReservedTokens + 1)
			row.UncountedTokens = random.Int64N(used + 1)
			p.settle(row, used, money.Nano(random.Int64N(int64(row.ReservedCost)+1)))
			p.now = p.now.Add(time.Duration(1+random.Int64N(900)) * time.Microsecond)
		}
		request := quota.Request{InputTokens: 1 + random.Int64N(300), MinOutputTokens: random.Int64N(200), OutputTokenCost: 1000, InputCost: money.Nano(random.Int64N(200_000))}
		request.OutputTokens = request.MinOutputTokens + random.Int64N(2)*random.Int64N(800)
		if row, admitted := p.call(fmt.Sprintf("call-%05d", i), keys[random.IntN(len(keys))], request); admitted {
			under = append(under, row)
		}
	}
	for _, row := range under {
		p.now = p.now.Add(time.Millisecond)
		p.settle(row, 1, 1)
	}
	p.now = p.now.Add(time.Second)
}

// withRefused is the record as it would be if it had the refused calls as well.
type withRefused struct {
	*store.Store
	refused []refusedCall
}

func (w withRefused) EachRecordedCall(ctx context.Context, from, to time.Time, each func(*api.RecordedCall) error) error {
	waiting := w.refused
	err := w.Store.EachRecordedCall(ctx, from, to, func(call *api.RecordedCall) error {
		for len(waiting) > 0 && waiting[0].AdmittedAt.Before(call.AdmittedAt) {
			if err := each(&waiting[0].RecordedCall); err != nil {
				return err
			}
			waiting = waiting[1:]
		}
		return each(call)
	})
	for ; err == nil && len(waiting) > 0; waiting = waiting[1:] {
		err = each(&waiting[0].RecordedCall)
	}
	return err
}

// Under unchanged limits every decision comes out as it was: what was admitted, and what was refused by which limit.
func TestReplay_reproducesEveryDecision(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			p := newPast(t)
			p.team("t1", func(team *api.Team) {
				team.RPMLimit, team.TPMLimit, team.MaxParallelRequests = new(int64(60)), new(int64(9_000)), new(int64(6))
				team.MaxBudget, team.BudgetDuration = new(money.Nano(70_000_000)), new("1h")
			})
			p.team("t2", func(team *api.Team) { team.TPMLimit, team.ModelRPMLimit = new(int64(4_000)), map[string]int64{"m": 16} })
			p.key("k1", "t1", func(key *api.Key) { key.TPMLimit = new(int64(5_000)) })
			p.key("k2", "t1", func(key *api.Key) { key.MaxBudget, key.BudgetDuration = new(money.Nano(20_000_000)), new("30m") })
			p.team("t3", func(team *api.Team) { team.TPMLimit = new(int64(2_000)) })
			p.key("k4", "t3", func(*api.Key) {})
			p.key("k3", "t2", func(key *api.Key) { key.MaxParallelRequests = new(int64(4)) })
			if _, err := p.store.CreateBudget(t.Context(), api.Change{}, pot("both", 100_000_000, "2h")); err != nil {
				t.Fatal(err)
			}
			p.live(rand.New(rand.NewPCG(seed, 7)), 1_200, "k1", "k2", "k3", "k4")

			replayer := &Replayer{Record: withRefused{p.store, p.refused}, Spending: p.spending(), Names: func(string) *modelname.Names { return model }}
			run := replayer.run(api.Proposal{}, p.now.Add(-24*time.Hour), nil)
			defer run.timeline.close()
			refused, admitted, kinds := p.refused, 0, map[string]int{}
			err := replayer.Record.EachRecordedCall(t.Context(), p.now.Add(-24*time.Hour), p.now, func(call *api.RecordedCall) error {
				got, err := run.decide(t.Context(), call)
				want := verdict{}
				if len(refused) > 0 && refused[0].ID == call.ID {
					want, refused = refused[0].by, refused[1:]
					kinds[want.kind]++
				} else {
					admitted++
				}
				if got != want {
					t.Fatalf("call %s at %s comes out as %+v and was %+v", call.ID, call.AdmittedAt, got, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{quota.KindRequests, quota.KindTokens, quota.KindParallel, quota.KindBudget} {
				if kinds[kind] == 0 {
					t.Errorf("nothing was refused by %s: %v refused, %d admitted", kind, kinds, admitted)
				}
			}
			if len(refused) > 0 || admitted < 200 {
				t.Errorf("%d refused calls were not met, %d were admitted", len(refused), admitted)
			}
		})
	}
}

func pot(id string, limit money.Nano, every string) api.Budget {
	budget := api.NewBudget(id)
	budget.MaxBudget, budget.BudgetDuration = &limit, &every
	budget.TeamIDs = []string{"t1", "t2"}
	return budget
}

// A lower cap refuses from the call on that no longer fits, and says what those calls had cost.
func TestReplay_saysWhatProposedLimitsWouldHaveRefused(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.team("t1", func(team *api.Team) { team.MaxBudget, team.BudgetDuration = new(100*money.USD), new("1mo") })
	p.key("k1", "t1", func(key *api.Key) { key.KeyAlias = new("batch") })
	var at []time.Time
	for day := range 4 {
		for i := range 5 {
			p.now = time.Date(2026, 11, 18+day, 12, i, 0, 0, time.UTC)
			row, admitted := p.call(fmt.Sprintf("c-%d-%d", day, i), "k1", quota.Request{InputTokens: 10, InputCost: money.USD})
			if !admitted {
				t.Fatal("refused")
			}
			at = append(at, p.now)
			p.now = p.now.Add(time.Second)
			p.settle(row, 10, money.USD/2)
		}
	}
	old := api.LedgerRow{ID: "old", Kind: api.LedgerSettle, TeamID: "t1", KeyID: "k1", Model: "m", PromptTokens: 3, Cost: money.USD, AdmittedAt: p.now, SettledAt: p.now}
	if err := p.store.AppendLedger(t.Context(), []api.LedgerRow{old}, nil); err != nil {
		t.Fatal(err)
	}
	replayer := &Replayer{Record: p.store, Spending: p.spending(), Names: func(string) *modelname.Names { return model }}
	team, err := p.store.Team(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	minute := api.LimitMinute{At: at[9].Truncate(time.Minute), TeamID: "t1", KeyID: "k1", Model: "m", Limit: "team.requests", Refused: 3}
	if err := p.store.AddLimitMinutes(t.Context(), "g", 1, []api.LimitMinute{minute}); err != nil {
		t.Fatal(err)
	}
	team.MaxBudget = new(5 * money.USD)
	to := p.now.Add(time.Minute)
	told, err := replayer.Replay(t.Context(), api.Proposal{Teams: map[string]*api.Team{"t1": &team}}, at[5].Add(-time.Minute), to)
	if err != nil {
		t.Fatal(err)
	}
	// The first day spent 2.50 before the replay begins. A call reserves 1 and settles at 0.50: five more fit, until 5.
	// The fifth finds 4.50 spent, and 1 more is too much: four are admitted.
	if told.Calls != 16 || told.Before.Refused != 0 || told.After.Refused != 12 || told.After.RefusedCost != 11*money.USD/2+money.USD {
		t.Errorf("%+v", told)
	}
	if told.Estimated != 1 || told.Exact || told.RefusedThen != 3 || len(told.Notes) != 2 {
		t.Errorf("one row does not say what was reserved: %+v", told)
	}
	want := api.ReplayLimit{Scope: "team:t1", Kind: quota.KindBudget, Refused: 12, Cost: told.After.RefusedCost, First: at[9]}
	if !slices.Equal(told.After.Limits, []api.ReplayLimit{want}) {
		t.Errorf("got  %+v\nwant %+v", told.After.Limits, want)
	}
	if len(told.Callers) != 1 || told.Callers[0].KeyAlias != "batch" || told.Callers[0].RefusedAfter != 12 || !told.Callers[0].FirstAfter.Equal(at[9]) {
		t.Errorf("%+v", told.Callers)
	}

	team.MaxBudget, team.Blocked = new(100*money.USD), true
	told, err = replayer.Replay(t.Context(), api.Proposal{Teams: map[string]*api.Team{"t1": &team}}, at[5], to)
	if err != nil || told.After.Refused != 16 || told.After.Limits[0].Kind != kindBlocked {
		t.Errorf("%+v, %v", told, err)
	}
	told, err = replayer.Replay(t.Context(), api.Proposal{Keys: map[string]*api.Key{"k1": nil}}, at[5], to)
	if err != nil || told.After.Refused != 16 || told.After.Limits[0].Kind != kindDeleted {
		t.Errorf("%+v, %v", told, err)
	}
	team.Blocked, team.Models = false, []string{"other"}
	told, err = replayer.Replay(t.Context(), api.Proposal{Teams: map[string]*api.Team{"t1": &team}}, at[5], to)
	if err != nil || told.After.Refused != 16 || told.After.Limits[0] != (api.ReplayLimit{Scope: "team:t1", Kind: kindModels, Refused: 16, Cost: told.Cost, First: at[5]}) {
		t.Errorf("%+v, %v", told, err)
	}
}

// What was adjusted by hand is adjusted again at its time.
func TestReplay_mindsAdjustments(t *testing.T) {
	t.Parallel()
	p := newPast(t)
	p.team("t1", func(team *api.Team) { team.MaxBudget = new(3 * money.USD) })
	p.key("k1", "t1", func(*api.Key) {})
	for i := range 6 {
		p.now = p.now.Add(time.Minute)
		row, admitted := p.call(fmt.Sprint("c", i), "k1", quota.Request{InputTokens: 1, InputCost: money.USD})
		if !admitted {
			t.Fatalf("call %d was refused", i)
		}
		p.now = p.now.Add(time.Second)
		p.settle(row, 1, money.USD)
		if i == 2 {
			p.now = p.now.Add(time.Second)
			reset := api.SpendReset{Object: "team", ObjectID: "t1", Selection: api.LedgerSelection{TeamIDs: []string{"t1"}, Scope: "team:t1"}, At: p.now}
			if _, err := p.store.ResetSpend(t.Context(), api.Change{}, reset); err != nil {
				t.Fatal(err)
			}
			subject, err := p.book.Judge(t.Context(), policy.WithSecret([]byte("k1"), ""), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.engine.Refill(t.Context(), subject.Budgets(model, p.now)); err != nil {
				t.Fatal(err)
			}
		}
	}
	replayer := &Replayer{Record: p.store, Spending: p.spending(), Names: func(string) *modelname.Names { return model }}
	told, err := replayer.Replay(t.Context(), api.Proposal{}, p.now.Add(-time.Hour), p.now.Add(time.Second))
	if err != nil || told.Calls != 6 || told.Before.Refused+told.After.Refused != 0 || !told.Exact {
		t.Errorf("%+v, %v", told, err)
	}
}

// A million rows are decided twice. It is run by make bench.
func BenchmarkReplay_million(b *testing.B) {
	const rows = 1_000_000
	p := newPast(b)
	for team := range 20 {
		p.team(fmt.Sprint("t", team), func(t *api.Team) {
			t.RPMLimit, t.TPMLimit, t.MaxBudget, t.BudgetDuration = new(int64(300)), new(int64(900_000)), new(500*money.USD), new("1mo")
		})
		for key := range 5 {
			p.key(fmt.Sprintf("k%d-%d", team, key), fmt.Sprint("t", team), func(k *api.Key) { k.RPMLimit = new(int64(200)) })
		}
	}
	began := p.now
	batch := make([]api.LedgerRow, 0, 5_000)
	for i := range rows {
		p.now = p.now.Add(600 * time.Millisecond)
		team := i * 7919 % 20
		batch = append(batch, api.LedgerRow{
			ID: fmt.Sprintf("%026d", i), Kind: api.LedgerSettle, AdmittedAt: p.now, SettledAt: p.now.Add(3 * time.Second), TeamID: fmt.Sprint("t", team),
			KeyID: fmt.Sprintf("k%d-%d", team, i%5), Model: "m", PromptTokens: 700, CompletionTokens: 80, Cost: 400_000, ReservedTokens: 5_000, ReservedCost: 2_000_000,
		})
		if len(batch) == cap(batch) {
			if err := p.store.AppendLedger(b.Context(), batch, nil); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	replayer := &Replayer{Record: p.store, Spending: p.spending(), Names: func(string) *modelname.Names { return model }}
	lower := api.NewTeam("t3")
	lower.RPMLimit, lower.MaxBudget, lower.BudgetDuration = new(int64(2)), new(100*money.USD), new("1mo")
	for name, proposal := range map[string]api.Proposal{"as_it_is": {}, "a_team_lowered": {Teams: map[string]*api.Team{"t3": &lower}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				told, err := replayer.Replay(b.Context(), proposal, began, p.now.Add(time.Second))
				if err != nil || told.Calls != rows {
					b.Fatalf("%d calls, %v", told.Calls, err)
				}
			}
		})
	}
}
