package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newUser(id, email string) api.User {
	user := api.NewUser(id)
	if email != "" {
		user.UserEmail = &email
	}
	return user
}

func TestMembers_areKeptInOrder(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, newTeam("t", "")))(t)
		for place, id := range []string{"zoe", "ann"} {
			must(s.CreateUser(t.Context(), alice, newUser(id, id+"@Example.com")))(t)
			member := api.NewMembership("t", id)
			member.MaxBudgetInTeam = new(money.USD)
			must(s.CreateMember(t.Context(), alice, member, place))(t)
		}
		members := must(s.MembersOfTeams(t.Context(), []string{"t", "none"}))(t)["t"]
		if len(members) != 2 || members[0].UserID != "zoe" || *members[1].UserEmail != "ann@Example.com" || *members[0].MaxBudgetInTeam != money.USD {
			t.Errorf("members = %+v", members)
		}
		_, err := s.CreateMember(t.Context(), alice, api.NewMembership("t", "ann"), 0)
		wantCode(t, err, api.MemberExists)
		_, err = s.CreateMember(t.Context(), alice, api.NewMembership("t", "nobody"), 0)
		wantCode(t, err, api.NotFound)
		_, err = s.UpdateMember(t.Context(), alice, "t", "ann", 7, func(*api.MemberFields) error { return nil })
		wantCode(t, err, api.Stale)
		if teams := must(s.User(t.Context(), "ann"))(t).Teams; len(teams) != 1 || teams[0] != "t" {
			t.Errorf("ann's teams = %v", teams)
		}
		if found := must(s.UserByEmail(t.Context(), "ANN@example.COM"))(t); found.UserID != "ann" {
			t.Errorf("found %s", found.UserID)
		}
	})
}

// However many keys and members a team has, it goes with all of them, and the log tells of each.
func TestDeleteTeams_withManyKeys(t *testing.T) {
	const many = 600
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, team := range []string{"gone", "kept"} {
			must(s.CreateTeam(t.Context(), alice, newTeam(team, "")))(t)
		}
		must(s.CreateUser(t.Context(), alice, newUser("ann", "")))(t)
		must(s.CreateMember(t.Context(), alice, api.NewMembership("gone", "ann"), 0))(t)
		err := s.Transaction(t.Context(), func(ctx context.Context) error {
			for i := range many {
				key := api.NewKey(fmt.Sprintf("key_%d", i))
				key.TeamID = new("gone")
				if i == 0 {
					key.TeamID = new("kept")
				}
				if _, err := s.CreateKey(ctx, alice, key, fmt.Append(nil, "hash", i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		_, keys, err := s.DeleteTeams(t.Context(), alice, []string{"gone"})
		if err != nil || len(keys) != many-1 {
			t.Fatalf("%d keys are gone, %v", len(keys), err)
		}
		must(s.KeyByDigest(t.Context(), []byte("hash0")))(t)
		_, err = s.KeyByDigest(t.Context(), []byte("hash1"))
		wantCode(t, err, api.NotFound)
		_, deleted, err := s.Audits(t.Context(), api.AuditFilter{Action: "key.delete"})
		if err != nil || deleted != many-1 {
			t.Errorf("the log tells of %d keys, %v", deleted, err)
		}
		if _, left, err := s.Audits(t.Context(), api.AuditFilter{Action: "member.delete"}); err != nil || left != 1 {
			t.Errorf("the log tells of %d members, %v", left, err)
		}
	})
}

func TestDeleteUsers_withKeysAndPlaces(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, newTeam("t", "")))(t)
		must(s.CreateUser(t.Context(), alice, newUser("ann", "")))(t)
		must(s.CreateMember(t.Context(), alice, api.NewMembership("t", "ann"), 0))(t)
		key := api.NewKey("key_1")
		key.UserID = new("ann")
		must(s.CreateKey(t.Context(), alice, key, []byte("hash")))(t)
		_, keys, err := s.DeleteUsers(t.Context(), alice, []string{"ann"})
		if err != nil || len(keys) != 1 {
			t.Fatalf("%v, %v", keys, err)
		}
		_, err = s.Member(t.Context(), "t", "ann")
		wantCode(t, err, api.NotFound)
		_, _, err = s.DeleteUsers(t.Context(), alice, []string{"ann"})
		wantCode(t, err, api.NotFound)
	})
}

func TestAdminKeys(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, newTeam("t", "")))(t)
		key := api.AdminKey{AdminKeyID: "adminkey_1", KeyName: "sk-...1234", AdminKeyFields: api.AdminKeyFields{Role: api.RoleTeamAdmin, TeamIDs: api.StringList{"t"}}}
		must(s.CreateAdminKey(t.Context(), alice, key, []byte("hash")))(t)
		if found := must(s.AdminKeyByDigest(t.Context(), []byte("hash")))(t); found.Role != api.RoleTeamAdmin || found.TeamIDs[0] != "t" {
			t.Errorf("found %+v", found)
		}
		key.AdminKeyID, key.TeamIDs = "adminkey_2", api.StringList{"none"}
		_, err := s.CreateAdminKey(t.Context(), alice, key, []byte("other"))
		wantCode(t, err, api.Invalid)
		must(s.DeleteAdminKeys(t.Context(), alice, []string{"adminkey_1"}))(t)
		_, err = s.AdminKeyByDigest(t.Context(), []byte("hash"))
		wantCode(t, err, api.NotFound)
	})
}

func TestRotateAdminKey(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		make := func(id, hash string) (api.AdminKey, error) {
			key := api.AdminKey{AdminKeyID: id, KeyName: "sk-...1234", AdminKeyFields: api.AdminKeyFields{Role: api.RoleViewer}}
			return s.CreateAdminKey(t.Context(), alice, key, []byte(hash))
		}
		rotate := func(id, hash string, revision int64, grace time.Duration) (api.AdminKey, error) {
			return s.RotateAdminKey(t.Context(), alice, id, revision, []byte(hash), "sk-...5678", clock.Now().Add(grace))
		}
		opens := func(hash, want string) {
			t.Helper()
			if found, _ := s.AdminKeyByDigest(t.Context(), []byte(hash)); found.AdminKeyID != want {
				t.Errorf("%q opens %q, want %q", hash, found.AdminKeyID, want)
			}
		}
		before := must(make("a", "first"))(t)
		_, err := make("b", "first")
		wantCode(t, err, api.AlreadyExists)

		after := must(rotate("a", "second", before.Revision, time.Hour))(t)
		if after.KeyFingerprint == before.KeyFingerprint || after.KeyName != "sk-...5678" || after.Revision != 2 {
			t.Errorf("rotated to %+v", after)
		}
		opens("first", "a")
		opens("second", "a")
		_, err = make("b", "first")
		wantCode(t, err, api.AlreadyExists) // it opens a still
		_, err = rotate("a", "third", before.Revision, time.Hour)
		wantCode(t, err, api.Stale)
		if again := must(rotate("a", "second", 1, time.Hour))(t); again.Revision != 2 {
			t.Errorf("the same secret again made revision %d", again.Revision)
		}

		// The old secret leaked, and is to stop before its grace period is over.
		must(rotate("a", "second", 2, 0))(t)
		opens("first", "")
		opens("second", "a")
		must(make("b", "first"))(t)
		must(rotate("a", "third", 0, 0))(t)
		opens("second", "")

		edited := must(s.UpdateAdminKey(t.Context(), alice, "a", 4, func(fields *api.AdminKeyFields) error {
			fields.Role = api.RoleApprover
			return nil
		}))(t)
		if edited.Role != api.RoleApprover || edited.KeyName != "sk-...5678" {
			t.Errorf("edited to %+v", edited)
		}
		opens("third", "a")
	})
}
