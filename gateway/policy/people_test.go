package policy_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// withAnn makes ann a member of marketing, with a key there.
func withAnn(r *record) {
	key := api.NewKey("key_ann")
	key.TeamID, key.UserID = new("marketing"), new("ann")
	r.keys["ann"] = key
	member := api.NewMembership("marketing", "ann")
	member.MaxBudgetInTeam, member.RPMLimit = new(3*money.USD), new(int64(2))
	r.members = map[string]api.Membership{"marketing#ann": member}
	user := api.NewUser("ann")
	user.MaxBudget, user.TPMLimit, user.Teams = new(9*money.USD), new(int64(700)), api.StringList{"marketing"}
	r.users = map[string]api.User{"ann": user}
}

func budgetNamed(t *testing.T, subject *policy.Subject, scope quota.Scope) quota.Budget {
	t.Helper()
	for _, budget := range subject.Budgets(named("small"), time.Now()) {
		if budget.Scope == scope {
			return budget
		}
	}
	t.Fatalf("no budget %s", scope)
	return quota.Budget{}
}

func windowNamed(t *testing.T, subject *policy.Subject, scope quota.Scope) quota.Window {
	t.Helper()
	for _, window := range subject.Windows(named("small")) {
		if window.Scope == scope {
			return window
		}
	}
	t.Fatalf("no window %s", scope)
	return quota.Window{}
}

func TestJudge_bindsTheMemberAndTheUser(t *testing.T) {
	r, book, _ := setUp()
	withAnn(r)
	subject := lookup(t, book, "ann")
	member := budgetNamed(t, subject, "member:marketing#ann")
	if member.Limit != 3*money.USD || !member.Hard || member.Slot != "marketing" || member.About.UserID != "ann" {
		t.Errorf("member's budget = %+v", member)
	}
	if window := windowNamed(t, subject, "member:marketing#ann"); window.RPM != 2 || window.TPM != quota.Unlimited {
		t.Errorf("member's window = %+v", window)
	}
	if user := budgetNamed(t, subject, "user:ann"); user.Limit != 9*money.USD || user.Slot != "" {
		t.Errorf("user's budget = %+v", user)
	}
	if window := windowNamed(t, subject, "user:ann"); window.TPM != 700 {
		t.Errorf("user's window = %+v", window)
	}
}

func TestJudge_takesTheTeamsTermsForItsMembers(t *testing.T) {
	r, book, _ := setUp()
	withAnn(r)
	team := r.teams["marketing"]
	team.TeamMemberBudget, team.TeamMemberBudgetDuration, team.TeamMemberTPMLimit = new(money.USD), new("1d"), new(int64(50))
	r.teams["marketing"] = team
	member := r.members["marketing#ann"]
	member.MaxBudgetInTeam = nil
	r.members["marketing#ann"] = member
	subject := lookup(t, book, "ann")
	budget := budgetNamed(t, subject, "member:marketing#ann")
	if budget.Limit != money.USD || budget.Periods[0].End.IsZero() {
		t.Errorf("budget = %+v", budget)
	}
	if window := windowNamed(t, subject, "member:marketing#ann"); window.RPM != 2 || window.TPM != 50 {
		t.Errorf("window = %+v", window)
	}
}

func TestJudge_whoIsVouchedForIsBoundAsTheTeamAndTheUser(t *testing.T) {
	r, book, _ := setUp()
	withAnn(r)
	subject, err := book.Judge(t.Context(), policy.WorkingFor("marketing", "ann"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if subject.Slot != "marketing" || subject.Key.KeyID != "" || len(subject.Budgets(named("small"), time.Now())) != 3 {
		t.Errorf("subject = %+v with %+v", subject.Key, subject.Budgets(named("small"), time.Now()))
	}
	if again, err := book.Judge(t.Context(), policy.WorkingFor("marketing", "ann"), nil); err != nil || again != subject {
		t.Error("the subject is not remembered")
	}
	book.Forget("marketing")
	if again, _ := book.Judge(t.Context(), policy.WorkingFor("marketing", "ann"), nil); again == subject {
		t.Error("the subject outlives a change")
	}
	if _, err := book.Judge(t.Context(), policy.WorkingFor("nowhere", ""), nil); api.CodeOf(err) != api.Forbidden {
		t.Errorf("a team that is not there: %v", err)
	}
}

func TestUserChanged_isInForceWhereverTheUserCalls(t *testing.T) {
	r, here, there := setUp()
	withAnn(r)
	alone := api.NewKey("key_alone")
	alone.UserID = new("ann")
	r.keys["alone"] = alone
	for _, secret := range []string{"ann", "alone"} {
		subject := lookup(t, there, secret)
		if err := (policy.Changes{Book: here}).UserChanged(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if fresh, err := there.FreshForTest(t.Context(), subject); fresh || err != nil {
			t.Errorf("%s is judged by the old limits: %v", secret, err)
		}
	}
}
