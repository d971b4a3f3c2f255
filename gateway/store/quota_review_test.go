package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A review lets its changes through once, from what they were, within its time; what a change uses up it uses with itself
// or not at all.
func TestQuotaReview_isUsedUpByItsChanges(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		review := api.QuotaReview{
			QuotaReviewID: "review_1", State: api.ReviewApproved, Hash: "x", Total: 2, Approver: alice.Credential,
			QuotaReviewFields: api.QuotaReviewFields{
				PullRequest: "https://github.com/acme/quotas/pull/7", ExpiresAt: clock.Now().Add(time.Hour),
				Changes: []api.ApprovedChange{
					{
						Address: "bursar_team.t1", Noun: "team", Action: "update", Identity: map[string]string{"team_id": "t1"},
						Before: json.RawMessage(`{"rpm_limit":null}`), After: json.RawMessage(`{"rpm_limit":5}`),
					},
					{Address: "bursar_team.t2", Noun: "team", Action: "create", Identity: map[string]string{"team_id": "t2"}, After: json.RawMessage(`{"hard_cap":true}`)},
				},
			},
		}
		must(s.CreateQuotaReview(t.Context(), alice, review))(t)
		under := api.Change{Actor: "terraform", Reason: "round", Review: "review_1"}
		limit := func(rpm int64) error {
			_, err := s.UpdateTeam(t.Context(), under, "t1", 0, func(team *api.Team) error { team.RPMLimit = &rpm; return nil })
			return err
		}
		refused := func(err error, want string) {
			t.Helper()
			if api.CodeOf(err) != api.NotApproved || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		refused(limit(6), "rpm_limit becomes 5 in the approved plan, and comes as 6")
		_, err := s.CreateTeam(t.Context(), under, api.NewTeam("t3"))
		refused(err, `create of team "t3" is not in`)

		taken := errors.New("taken back")
		err = s.Transaction(t.Context(), func(ctx context.Context) error {
			if _, err := s.CreateTeam(ctx, under, api.NewTeam("t2")); err != nil {
				return err
			}
			return taken
		})
		if !errors.Is(err, taken) {
			t.Fatal(err)
		}
		if err := limit(5); err != nil {
			t.Fatal(err)
		}
		if err := limit(5); err != nil {
			t.Errorf("what changes nothing needs no approval: %v", err)
		}
		kept := must(s.QuotaReview(t.Context(), "review_1"))(t)
		if kept.Used != 1 || kept.Changes[0].UsedAt == nil || kept.Changes[1].UsedAt != nil || kept.CreatedBy != "alice" {
			t.Errorf("kept is %+v", kept)
		}
		audits, _, err := s.Audits(t.Context(), api.AuditFilter{ObjectID: "t1", Limit: 2})
		if want := "round; approved review review_1 by alice, https://github.com/acme/quotas/pull/7"; err != nil || audits[1].Reason != want {
			t.Errorf("the audit log says %q, want %q, %v", audits[1].Reason, want, err)
		}

		clock.Advance(time.Hour)
		_, err = s.CreateTeam(t.Context(), under, api.NewTeam("t2"))
		refused(err, "expired at")
		withdrawn := must(s.WithdrawQuotaReview(t.Context(), alice, "review_1"))(t)
		if list := must(s.QuotaReviews(t.Context(), api.QuotaReviewFilter{State: api.ReviewWithdrawn}))(t); len(list) != 1 || list[0].Used != 1 || withdrawn.State != api.ReviewWithdrawn {
			t.Errorf("withdrawn are %+v", list)
		}
		_, err = s.CreateTeam(t.Context(), under, api.NewTeam("t2"))
		refused(err, "was withdrawn by alice")
		_, err = s.CreateTeam(t.Context(), api.Change{Review: "none"}, api.NewTeam("t2"))
		refused(err, `there is no approved review "none"`)
		_, _, err = s.DeleteTeams(t.Context(), api.Change{Review: "none"}, []string{"t1"})
		refused(err, "there is no approved review") // and not that the team is gone
	})
}

// While gateways are exchanged an older one approves reviews without saying whom their changes concern: they hold all the same.
func TestQuotaReview_ofAnOlderGateway(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		review := api.QuotaReview{
			QuotaReviewID: "review_1", State: api.ReviewApproved, Hash: "x", Total: 1, Approver: alice.Credential,
			QuotaReviewFields: api.QuotaReviewFields{ExpiresAt: clock.Now().Add(time.Hour), Changes: []api.ApprovedChange{
				{Address: "bursar_team.t1", Noun: "team", Action: api.ChangeCreate, Identity: map[string]string{"team_id": "t1"}, After: json.RawMessage(`{"hard_cap":true}`)},
			}},
		}
		must(s.CreateQuotaReview(t.Context(), alice, review))(t)
		if _, err := s.WriterForTest().ExecContext(t.Context(), "DELETE FROM quota_review_subject"); err != nil {
			t.Fatal(err)
		}
		under := api.Change{Actor: "terraform", Review: "review_1"}
		if err := second(s.CreateTeam(t.Context(), under, api.NewTeam("t2"))); api.CodeOf(err) != api.NotApproved {
			t.Errorf("a team that was not approved: %v", err)
		}
		must(s.CreateTeam(t.Context(), under, api.NewTeam("t1")))(t)
	})
}

// A person who is made a member is found by the user id or by the address, whichever the approved plan knew, together with
// the user that comes with it; nobody else is.
func TestQuotaReview_findsNewMembers(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		must(s.CreateUser(t.Context(), alice, newUser("cid", "Cid@Example.com")))(t)
		review := api.QuotaReview{
			QuotaReviewID: "review_1", State: api.ReviewApproved, Hash: "x", Total: 2, Approver: alice.Credential,
			QuotaReviewFields: api.QuotaReviewFields{ExpiresAt: clock.Now().Add(time.Hour), Changes: []api.ApprovedChange{
				memberBy("user_id", "bob"), memberBy("user_email", "cid@example.com"),
			}},
		}
		must(s.CreateQuotaReview(t.Context(), alice, review))(t)
		under := api.Change{Actor: "terraform", Review: "review_1"}
		for _, refused := range []error{
			second(s.CreateUser(t.Context(), under, newUser("eve", ""))),
			second(s.CreateUser(t.Context(), under, newUser("eve", "eve@example.com"))),
		} {
			if api.CodeOf(refused) != api.NotApproved {
				t.Errorf("somebody who was not approved: %v", refused)
			}
		}
		must(s.CreateUser(t.Context(), under, newUser("bob", "")))(t)
		must(s.CreateMember(t.Context(), under, api.NewMembership("t1", "bob"), 0))(t)
		must(s.CreateMember(t.Context(), under, api.NewMembership("t1", "cid"), 1))(t)
		if kept := must(s.QuotaReview(t.Context(), "review_1"))(t); kept.Used != 2 {
			t.Errorf("kept is %+v", kept)
		}
	})
}

func memberBy(field, value string) api.ApprovedChange {
	return api.ApprovedChange{
		Address: "bursar_team_member." + field, Noun: "member", Action: api.ChangeCreate,
		Identity: map[string]string{"team_id": "t1", field: value}, After: json.RawMessage(`{"role":"user"}`),
	}
}

func second[T any](_ T, err error) error { return err }
