package policy_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A temporary increase raises what binds a team, a key and a member, and ends by itself: nobody changes anything then.
func TestBook_temporaryIncreasesEndByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, book, _ := setUp()
		soon, later := time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
		team, key := r.teams["marketing"], r.keys["one"]
		team.TempRates = api.TempRates{TempRPMIncrease: new(int64(10)), TempTPMIncrease: new(int64(500)), TempLimitExpiry: &soon}
		team.TempBudget = api.TempBudget{TempBudgetIncrease: new(50 * money.USD), TempBudgetExpiry: &later}
		key.UserID, key.RPMLimit = new("ada"), new(int64(5))
		key.TempRates = api.TempRates{TempRPMIncrease: new(int64(1)), TempLimitExpiry: &later}
		member := api.NewMembership("marketing", "ada")
		member.MaxBudgetInTeam, member.TPMLimit = new(10*money.USD), new(int64(100))
		member.TempBudget = api.TempBudget{TempBudgetIncrease: new(2 * money.USD), TempBudgetExpiry: &soon}
		member.TempRates = api.TempRates{TempTPMIncrease: new(int64(7)), TempLimitExpiry: &soon}
		r.teams["marketing"], r.keys["one"] = team, key
		r.members = map[string]api.Membership{"marketing#ada": member}

		check := func(when string, rates map[string][2]int64, caps map[string]money.Nano) {
			t.Helper()
			subject := lookup(t, book, "one")
			for _, window := range subject.EveryWindow() {
				if got := [2]int64{window.RPM, window.TPM}; got != rates[window.Name] {
					t.Errorf("%s: RPM and TPM of the %s are %d, want %d", when, window.Name, got, rates[window.Name])
				}
			}
			for _, budget := range subject.Budgets(named("small"), time.Now()) {
				if want, told := caps[budget.Name]; told && budget.Limit != want {
					t.Errorf("%s: the cap of the %s is %s, want %s", when, budget.Name, budget.Limit, want)
				}
			}
		}
		const none = quota.Unlimited
		check("raised", map[string][2]int64{"team": {40, 5500}, "member": {none, 107}, "key": {6, none}},
			map[string]money.Nano{"team": 150 * money.USD, "member": 12 * money.USD})
		reads := r.reads
		lookup(t, book, "one")
		if r.reads != reads {
			t.Error("what is raised is read again for every request")
		}
		time.Sleep(time.Hour)
		check("after an hour", map[string][2]int64{"team": {30, 5000}, "member": {none, 100}, "key": {6, none}},
			map[string]money.Nano{"team": 150 * money.USD, "member": 10 * money.USD})
		time.Sleep(time.Hour)
		check("after two hours", map[string][2]int64{"team": {30, 5000}, "member": {none, 100}, "key": {5, none}},
			map[string]money.Nano{"team": 100 * money.USD, "member": 10 * money.USD})
	})
}

// A team on shared terms is raised alone, and where a team's requests come without a key, the increase ends as well.
func TestBook_temporaryIncreaseOnSharedTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, book, _ := setUp()
		until := time.Now().Add(time.Hour)
		terms := api.NewBudget("standard")
		terms.MaxBudget, terms.RPMLimit = new(20*money.USD), new(int64(9))
		r.budgets = []api.Budget{terms}
		team := api.NewTeam("sales")
		team.BudgetID = new("standard")
		team.TempBudget = api.TempBudget{TempBudgetIncrease: new(money.USD), TempBudgetExpiry: &until}
		team.TempRates = api.TempRates{TempRPMIncrease: new(int64(3)), TempLimitExpiry: &until}
		r.teams["sales"] = team
		if err := team.Validate(); err != nil {
			t.Fatal(err)
		}
		limits := func() (int64, money.Nano) {
			subject, err := book.Judge(t.Context(), policy.WorkingFor("sales", ""), nil)
			if err != nil {
				t.Fatal(err)
			}
			budgets := subject.Budgets(named("small"), time.Now())
			at := slices.IndexFunc(budgets, func(b quota.Budget) bool { return b.Name == "team" })
			return subject.EveryWindow()[0].RPM, budgets[at].Limit
		}
		if rpm, limit := limits(); rpm != 12 || limit != 21*money.USD {
			t.Errorf("raised: RPM %d and cap %s", rpm, limit)
		}
		time.Sleep(time.Hour)
		if rpm, limit := limits(); rpm != 9 || limit != 20*money.USD {
			t.Errorf("afterwards: RPM %d and cap %s", rpm, limit)
		}
	})
}
