package policy_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// record is a source that counts how often it is asked for keys.
type record struct {
	armed   map[string]int64
	mu      sync.Mutex
	keys    map[string]api.Key // by secret
	teams   map[string]api.Team
	budgets []api.Budget
	routes  []api.AlertRoute
	members map[string]api.Membership // by team#user
	users   map[string]api.User
	reads   int
	until   time.Time
}

func (r *record) KeyByDigest(_ context.Context, hash []byte) (api.Key, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	key, found := r.keys[string(hash)]
	if !found {
		return api.Key{}, api.Errorf(api.NotFound, "no such key")
	}
	return key, nil
}

func (r *record) SecretValidUntil(context.Context, []byte) (time.Time, error) { return r.until, nil }

func (r *record) Team(_ context.Context, id string) (api.Team, error) {
	team, found := r.teams[id]
	if !found {
		return api.Team{}, api.Errorf(api.NotFound, "no such team")
	}
	return team, nil
}

func (r *record) Budget(_ context.Context, id string) (api.Budget, error) {
	for _, budget := range r.budgets {
		if budget.BudgetID == id {
			return budget, nil
		}
	}
	return api.Budget{}, api.Errorf(api.NotFound, "no such budget")
}

func (r *record) AllBudgets(context.Context) ([]api.Budget, error)         { return r.budgets, nil }
func (r *record) AllAlertRoutes(context.Context) ([]api.AlertRoute, error) { return r.routes, nil }

func (r *record) AllTeamIDs(context.Context) (ids []string, err error) {
	for id := range r.teams {
		ids = append(ids, id)
	}
	return ids, nil
}

func (r *record) Armed(context.Context, []string) (map[string]int64, error) { return r.armed, nil }

func (r *record) KeyIDsWithoutTeam(context.Context) (ids []string, err error) {
	for _, key := range r.keys {
		if key.TeamID == nil {
			ids = append(ids, key.KeyID)
		}
	}
	return ids, nil
}

// versions counts changes as a quota engine shared by several gateways does.
type versions struct {
	mu sync.Mutex
	of map[string]int64
	// err is why nothing can be read.
	err error
}

func (v *versions) PolicyVersion(_ context.Context, slot string) (int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.of[slot], v.err
}

func (v *versions) BumpPolicy(_ context.Context, slot string) (int64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.of[slot]++
	return v.of[slot], nil
}

// setUp makes one team with one key, one key without a team, and a book for each of two gateways.
func setUp() (*record, *policy.Book, *policy.Book) {
	team := api.NewTeam("marketing")
	team.RPMLimit, team.Models = new(int64(30)), api.StringList{"small", "large"}
	team.MaxBudget, team.SoftThresholdPct, team.BudgetDuration = new(100*money.USD), new(0.8), new("1mo")
	inTeam, alone := api.NewKey("key_1"), api.NewKey("key_2")
	inTeam.TeamID, inTeam.Models = new("marketing"), api.StringList{"small"}
	r := &record{keys: map[string]api.Key{"one": inTeam, "two": alone}, teams: map[string]api.Team{"marketing": team}}
	v := &versions{of: map[string]int64{}}
	defaults := policy.Defaults{TPM: new(int64(5000)), Timezone: time.UTC, ResetDay: 1, SoftLimitRPMFactor: new(0.5)}
	return r, policy.NewBook(r, v, defaults), policy.NewBook(r, v, defaults)
}

func lookup(t *testing.T, book *policy.Book, secret string) *policy.Subject {
	t.Helper()
	subject, err := book.Judge(t.Context(), policy.WithSecret([]byte(secret), ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func TestJudge_remembers(t *testing.T) {
	r, book, _ := setUp()
	lookup(t, book, "one")
	reads := r.reads
	lookup(t, book, "one")
	if r.reads != reads {
		t.Errorf("the record was asked again")
	}
}

func TestJudge_unknownSecretIsNotFound(t *testing.T) {
	_, book, _ := setUp()
	if _, err := book.Judge(t.Context(), policy.WithSecret([]byte("nobody's"), ""), nil); api.CodeOf(err) != api.NotFound {
		t.Fatalf("got %v", err)
	}
}

// What is remembered of a rotated secret ends with its grace period, not with the next change.
func TestJudge_rotatedSecretEndsInTime(t *testing.T) {
	r, book, _ := setUp()
	r.until = time.Now().Add(-time.Millisecond)
	lookup(t, book, "one")
	delete(r.keys, "one") // as the record answers from then on
	if _, err := book.Judge(t.Context(), policy.WithSecret([]byte("one"), ""), nil); api.CodeOf(err) != api.NotFound {
		t.Fatalf("got %v", err)
	}
}

func TestJudge_keysSpeakForTheirTeams(t *testing.T) {
	for name, test := range map[string]struct {
		speaksFor api.StringList
		team      string
		want      api.Code
	}{
		"own team":      {nil, "marketing", ""},
		"listed":        {api.StringList{"research"}, "research", ""},
		"every team":    {api.StringList{"*"}, "research", ""},
		"not listed":    {api.StringList{"product"}, "research", api.Forbidden},
		"no such team":  {api.StringList{"*"}, "nowhere", api.Forbidden},
		"none is named": {api.StringList{"research"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, book, _ := setUp()
			r.teams["research"] = api.NewTeam("research")
			key := r.keys["one"]
			key.SpeakForTeams = test.speaksFor
			r.keys["one"] = key
			subject, err := book.Judge(t.Context(), policy.WithSecret([]byte("one"), test.team), nil)
			if api.CodeOf(err) != test.want {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			want := test.team
			if want == "" {
				want = "marketing"
			}
			if subject.Slot != want || subject.Team.TeamID != want || *subject.Key.TeamID != want {
				t.Errorf("speaks for %s in slot %s", subject.Team.TeamID, subject.Slot)
			}
		})
	}
}

// A key that spoke for another team and is revoked must be stale there too.
func TestChanges_reachTheTeamsThatAKeySpeaksFor(t *testing.T) {
	r, here, there := setUp()
	r.teams["research"] = api.NewTeam("research")
	for _, speaksFor := range []string{"research", "*"} {
		key := r.keys["one"]
		key.SpeakForTeams = api.StringList{speaksFor}
		r.keys["one"] = key
		there.Forget("research")
		speaking, err := there.Judge(t.Context(), policy.WithSecret([]byte("one"), "research"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := (policy.Changes{Book: here}).KeyChanged(t.Context(), &key, nil); err != nil {
			t.Fatal(err)
		}
		if fresh, _ := there.FreshForTest(t.Context(), speaking); fresh {
			t.Errorf("%s: still taken for fresh", speaksFor)
		}
	}
}

func TestWindows_bindTeamWithDefaultsAndModels(t *testing.T) {
	r, book, _ := setUp()
	team := r.teams["marketing"]
	team.ModelRPMLimit = map[string]int64{"large": 3}
	r.teams["marketing"] = team
	subject := lookup(t, book, "one")
	want := []quota.Window{{Scope: "team:marketing", Name: "team", RPM: 30, TPM: 5000, Parallel: quota.Unlimited}}
	if diff := cmp.Diff(want, subject.Windows(named("small"))); diff != "" {
		t.Error(diff)
	}
	want = append(want, quota.Window{
		Scope: "team:marketing#large", Name: "team model", RPM: 3, TPM: quota.Unlimited, Parallel: quota.Unlimited,
	})
	if diff := cmp.Diff(want, subject.Windows(named("large"))); diff != "" {
		t.Error(diff)
	}
}

func TestBudgets_teamsOwnTerms(t *testing.T) {
	r, book, _ := setUp()
	route := api.NewAlertRoute("r")
	route.Thresholds = []float64{0.8, 0.95, 1}
	r.routes = []api.AlertRoute{route}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	budgets := lookup(t, book, "one").Budgets(named("small"), now)
	if len(budgets) != 2 {
		t.Fatalf("got %d budgets, want the team's and the key's", len(budgets))
	}
	team, key := budgets[0], budgets[1]
	if team.Scope != "team:marketing" || team.Limit != 100*money.USD || !team.Hard {
		t.Errorf("team: %+v", team)
	}
	wantThresholds := []quota.Threshold{{Share: 0.8, At: 80 * money.USD}, {Share: 0.95, At: 95 * money.USD}, {Share: 1, At: 100 * money.USD}}
	if diff := cmp.Diff(wantThresholds, team.Thresholds); diff != "" {
		t.Error(diff)
	}
	if team.Throttle == nil || team.Throttle.At != 80*money.USD || team.Throttle.Factor != 0.5 {
		t.Errorf("throttle: %+v", team.Throttle)
	}
	if !team.Periods[1].Start.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("periods: %v", team.Periods)
	}
	if key.Scope != "key:key_1" || key.Limit != quota.Unlimited {
		t.Errorf("key: %+v", key)
	}
}

func TestBudgets_temporaryIncreaseEnds(t *testing.T) {
	r, book, _ := setUp()
	until := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	team := r.teams["marketing"]
	team.TempBudgetIncrease, team.TempBudgetExpiry = new(50*money.USD), &until
	r.teams["marketing"] = team
	subject := lookup(t, book, "one")
	before, after := subject.Budgets(named("small"), until.Add(-1))[0], subject.Budgets(named("small"), until)[0]
	if before.Limit != 150*money.USD || before.Thresholds[0].At != 120*money.USD || before.Throttle.At != 120*money.USD {
		t.Errorf("before its end: %+v", before)
	}
	if after.Limit != 100*money.USD || after.Thresholds[0].At != 80*money.USD || after.Throttle.At != 80*money.USD {
		t.Errorf("after its end: %+v", after)
	}
	if before.Generation == after.Generation {
		t.Error("the thresholds of the raised cap must be told of anew")
	}
}

func TestBudgets_pots(t *testing.T) {
	r, book, _ := setUp()
	pot := func(id string, change func(*api.Budget)) {
		budget := api.NewBudget(id)
		budget.MaxBudget = new(money.USD)
		change(&budget)
		r.budgets = append(r.budgets, budget)
	}
	pot("terms only", func(*api.Budget) {})
	pot("everything", func(b *api.Budget) { b.Everything = true })
	pot("the team", func(b *api.Budget) { b.TeamIDs = []string{"marketing"} })
	pot("other team", func(b *api.Budget) { b.TeamIDs = []string{"research"} })
	pot("large model", func(b *api.Budget) { b.Models = []string{"large"} })
	pot("key two", func(b *api.Budget) { b.KeyIDs = []string{"key_2"} })
	for _, test := range []struct {
		secret, model string
		want          []quota.Scope
	}{
		{"one", "small", []quota.Scope{"team:marketing", "key:key_1", "budget:everything", "budget:the team"}},
		{"one", "large", []quota.Scope{"team:marketing", "key:key_1", "budget:everything", "budget:the team", "budget:large model"}},
		{"two", "small", []quota.Scope{"key:key_2", "budget:everything", "budget:key two"}},
	} {
		var got []quota.Scope
		for _, budget := range lookup(t, book, test.secret).Budgets(named(test.model), time.Now()) {
			got = append(got, budget.Scope)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s for %s: %s", test.secret, test.model, diff)
		}
	}
}

// counters have every scope that is asked for, and note it.
type counters struct{ asked []quota.Scope }

func (c *counters) Refill(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error) {
	return c.Spent(ctx, budgets)
}

func (c *counters) Spent(_ context.Context, budgets []quota.Budget) ([]quota.BudgetState, error) {
	states := make([]quota.BudgetState, len(budgets))
	for i, budget := range budgets {
		c.asked = append(c.asked, budget.Scope)
		states[i].Settled = money.USD
	}
	return states, nil
}

func TestSpending_plainTermsHaveNoCounter(t *testing.T) {
	_, book, _ := setUp()
	terms, pot := api.NewBudget("terms"), api.NewBudget("pot")
	pot.Everything = true
	counted := &counters{}
	states, err := policy.Spending{Book: book, Counters: counted, Now: time.Now}.Budgets(t.Context(), []api.Budget{terms, pot, terms})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]quota.Scope{"budget:pot"}, counted.asked); diff != "" {
		t.Error(diff)
	}
	if states[0].Spend != 0 || states[1].Spend != money.USD || states[2].Spend != 0 {
		t.Errorf("states: %+v", states)
	}
}

func TestBudgets_moveOnWithTime(t *testing.T) {
	_, book, _ := setUp()
	subject := lookup(t, book, "one")
	edge := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	before, after := subject.Budgets(named("small"), edge.Add(-1))[0], subject.Budgets(named("small"), edge)[0]
	if !before.Periods[1].End.Equal(edge) || !after.Periods[1].Start.Equal(edge) {
		t.Errorf("before: %v\nafter: %v", before.Periods, after.Periods)
	}
}

func TestMayUse(t *testing.T) {
	list := func(names ...string) api.StringList { return names }
	for _, test := range []struct {
		key, team api.StringList
		want      bool
		by        string
	}{
		{nil, nil, true, ""},
		{list("m"), nil, true, ""},
		{nil, list("m"), true, ""},
		{list("x"), list("m"), false, "key"},
		{nil, list("x"), false, "team"},
		{nil, list("no-default-models"), false, "team"},
		{list("all-team-models"), list("m"), true, ""},
		{nil, list("all-proxy-models"), true, ""},
	} {
		r, book, _ := setUp()
		key, team := r.keys["one"], r.teams["marketing"]
		key.Models, team.Models = test.key, test.team
		r.keys["one"], r.teams["marketing"] = key, team
		got, by := lookup(t, book, "one").MayUse(named("m"), "m")
		if got != test.want || by != test.by {
			t.Errorf("key %v, team %v: %v by %q", test.key, test.team, got, by)
		}
	}
}

// A change made through one gateway must make what another one remembers stale.
func TestChanges_reachOtherGateways(t *testing.T) {
	for name, change := range map[string]func(policy.Changes, *record) error{
		"team":   func(c policy.Changes, _ *record) error { return c.TeamChanged(t.Context(), "marketing") },
		"key":    func(c policy.Changes, r *record) error { return c.KeyChanged(t.Context(), new(r.keys["one"]), nil) },
		"budget": func(c policy.Changes, _ *record) error { return c.BudgetChanged(t.Context(), nil, nil) },
		"route":  func(c policy.Changes, _ *record) error { return c.RouteChanged(t.Context(), nil, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			r, here, there := setUp()
			remembered := lookup(t, there, "one")
			if fresh, _ := there.FreshForTest(t.Context(), remembered); !fresh {
				t.Fatal("stale before the change")
			}
			if err := change(policy.Changes{Book: here}, r); err != nil {
				t.Fatal(err)
			}
			if fresh, _ := there.FreshForTest(t.Context(), remembered); fresh {
				t.Fatal("the other gateway takes its memory for fresh")
			}
		})
	}
}

// Pots concern keys without a team too, and subjects that are loaded only after the change.
func TestChanges_potsReachEverybody(t *testing.T) {
	r, here, there := setUp()
	alone := lookup(t, there, "two")
	pot := api.NewBudget("everything")
	pot.Everything = true
	r.budgets = append(r.budgets, pot)
	if err := (policy.Changes{Book: here}).BudgetChanged(t.Context(), nil, &pot); err != nil {
		t.Fatal(err)
	}
	if fresh, _ := there.FreshForTest(t.Context(), alone); fresh {
		t.Error("a key without a team was left out")
	}
	if got := len(lookup(t, there, "one").Budgets(named("small"), time.Now())); got != 3 {
		t.Errorf("a subject loaded after the change has %d budgets, want 3", got)
	}
}

func (r *record) Member(_ context.Context, team, user string) (api.Membership, error) {
	member, found := r.members[team+"#"+user]
	if !found {
		return api.Membership{}, api.Errorf(api.NotFound, "no such member")
	}
	return member, nil
}

func (r *record) User(_ context.Context, id string) (api.User, error) {
	user, found := r.users[id]
	if !found {
		return api.User{}, api.Errorf(api.NotFound, "no such user")
	}
	return user, nil
}

func (r *record) KeysOfUser(_ context.Context, id string) (keys []api.Key, err error) {
	for _, key := range r.keys {
		if key.UserID != nil && *key.UserID == id {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func named(model string) *modelname.Names { return &modelname.Names{Name: model} }

// A budget whose period this gateway cannot read is closed and says so: by a period of its own choice it could be spent
// twice.
func TestJudge_closesWhatItCannotRead(t *testing.T) {
	for name, change := range map[string]func(*record){
		`duration "fortnight"`: func(r *record) {
			team := r.teams["marketing"]
			team.BudgetDuration = new("fortnight")
			r.teams["marketing"] = team
		},
		`time zone "Mars/Olympus"`: func(r *record) {
			pot := api.NewBudget("pot")
			pot.Everything, pot.Timezone = true, new("Mars/Olympus")
			r.budgets = append(r.budgets, pot)
		},
	} {
		r, book, _ := setUp()
		change(r)
		_, err := book.Judge(t.Context(), policy.WithSecret([]byte("one"), ""), nil)
		if api.CodeOf(err) != api.BudgetExceeded || !strings.Contains(err.Error(), "is closed: its "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
