package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestAudit_saysWhoChangedWhatFromWhatToWhat(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		clock.Advance(time.Minute)
		bob := api.Change{Actor: "bob", Reason: "it is <too> much"}
		must(s.UpdateTeam(t.Context(), bob, "t1", 0, func(team *api.Team) error { team.RPMLimit = new(int64(5)); return nil }))(t)
		must(s.CreateKey(t.Context(), alice, newKey("k1", "t1"), []byte("h")))(t)
		must(s.RotateKey(t.Context(), alice, "k1", []byte("h2"), "sk-...2", clock.Now(), nil))(t)
		if _, _, err := s.DeleteTeams(t.Context(), alice, []string{"t1"}); err != nil {
			t.Fatal(err)
		}
		audits, total, err := s.Audits(t.Context(), api.AuditFilter{})
		if err != nil || total != 6 {
			t.Fatalf("%d rows, %v", total, err)
		}
		actions := []string{}
		for _, row := range slices.Backward(audits) {
			actions = append(actions, fmt.Sprintf("%d %s %s", row.Seq, row.Action, row.ObjectID))
		}
		want := "[1 team.create t1 2 team.update t1 3 key.create k1 4 key.rotate k1 5 key.delete k1 6 team.delete t1]"
		if got := fmt.Sprint(actions); got != want {
			t.Errorf("actions are %s, want %s", got, want)
		}
		changed := audits[4]
		if changed.Actor != "bob" || changed.Reason != "it is <too> much" || !changed.At.Equal(clock.Now().Truncate(time.Millisecond)) ||
			!strings.Contains(string(changed.Before), `"rpm_limit":null`) || !strings.Contains(string(changed.After), `"rpm_limit":5`) {
			t.Errorf("update is logged as %+v %s %s", changed, changed.Before, changed.After)
		}
		if first := audits[5]; string(first.Before) != "null" || first.Address != "192.0.2.1" || first.RequestID != "req-1" {
			t.Errorf("create is logged as %+v", first)
		}
		for want, filter := range map[string]api.AuditFilter{
			"1 of 1": {Actor: "bob"},
			"2 of 2": {ObjectID: "t1", Actor: "alice"},
			"6 of 6": {TeamID: "t1"}, // its key's too
			"2 of 6": {BeforeSeq: 3},
			"1 of 6": {Limit: 1, Offset: 5},
			"5 of 5": {From: clock.Now()},
			"0 of 0": {Action: "team.create", From: clock.Now()},
		} {
			rows, total, err := s.Audits(t.Context(), filter)
			if got := fmt.Sprintf("%d of %d", len(rows), total); err != nil || got != want {
				t.Errorf("%+v: %s, want %s, %v", filter, got, want, err)
			}
		}
	})
}

func TestVerifyAudit_findsWhatWasDone(t *testing.T) {
	const rows = 40
	drop := map[string][]string{
		store.SQLite:   {"DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"},
		store.Postgres: {"ALTER TABLE audit DISABLE TRIGGER USER"},
	}
	type damage struct {
		statements []string
		bad        int64
	}
	damages := map[string]damage{}
	for _, seq := range []int64{1, 17, rows} {
		for _, set := range []string{
			"at_ms = at_ms + 1", "actor = 'mallory'", "address = ''", "reason = reason || ' '", "request_id = 'x'",
			"action = 'team.delete'", "object_id = 'other'", "before = '{}'", "after = NULL", "hash = prev_hash", "user_agent = 'curl/8'", "user_agent = ''",
			"credential_kind = 'key'", "credential_id = 'another'", "credential_id = '', credential_kind = ''",
		} {
			statement := fmt.Sprintf("UPDATE audit SET %s WHERE seq = %d", set, seq)
			damages[statement] = damage{[]string{statement}, seq}
		}
		statement := fmt.Sprintf("DELETE FROM audit WHERE seq = %d", seq)
		damages[statement] = damage{[]string{statement}, seq}
	}
	damages["swapped"] = damage{[]string{
		"UPDATE audit SET seq = 1000 WHERE seq = 7", "UPDATE audit SET seq = 7 WHERE seq = 8", "UPDATE audit SET seq = 8 WHERE seq = 1000",
	}, 7}
	damages["cut and closed up"] = damage{[]string{
		"DELETE FROM audit WHERE seq = 7", "UPDATE audit SET seq = seq - 1 WHERE seq = 8",
		"UPDATE audit SET prev_hash = (SELECT hash FROM audit WHERE seq = 6) WHERE seq = 7",
	}, 7}
	damages["another end"] = damage{[]string{"UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = 3)"}, rows}
	damages["all deleted"] = damage{[]string{"DELETE FROM audit"}, 1}

	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for i := range rows {
			must(s.CreateTeam(t.Context(), alice, api.NewTeam(fmt.Sprint("t", i))))(t)
		}
		if check := must(s.VerifyAudit(t.Context(), api.AuditMark{}))(t); !check.OK() || check.Rows != rows || len(check.Head) != 64 {
			t.Fatalf("before any damage: %+v", check)
		}
		damages["taken from another log"] = damage{[]string{otherLogsRow(t, s.Kind(), 7)}, 7}
		db := s.WriterForTest()
		for name, damage := range damages {
			begun, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range append(drop[s.Kind()], damage.statements...) {
				if _, err := begun.Exec(statement); err != nil {
					t.Fatalf("%s: %s: %s", name, statement, err)
				}
			}
			check, err := s.VerifyAuditForTest(t.Context(), begun, api.AuditMark{})
			if err != nil || check.BadSeq != damage.bad || check.Problem == "" {
				t.Errorf("%s: %+v, %v, want %d to be bad", name, check, err, damage.bad)
			}
			if err := begun.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// otherLogsRow replaces a row with one that was really written under the same secret key, at the same
// place of another log, as a log that was set back to a backup has them.
func otherLogsRow(t *testing.T, kind string, seq int64) string {
	t.Helper()
	s := open(t, sqliteAddress(t), newClock())
	for i := range seq {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam(fmt.Sprint("other", i))))(t)
	}
	rows, _, err := s.Audits(t.Context(), api.AuditFilter{Limit: 1})
	if err != nil || rows[0].Seq != seq {
		t.Fatalf("last row is %v, %v", rows, err)
	}
	bytes := map[string]string{store.SQLite: "x'%s'", store.Postgres: `'\x%s'`}[kind]
	return fmt.Sprintf("UPDATE audit SET object_id = '%s', after = '%s', prev_hash = "+bytes+", hash = "+bytes+" WHERE seq = %d",
		rows[0].ObjectID, rows[0].After, rows[0].PrevHash, rows[0].Hash, seq)
}

// TestVerifyAudit_findsAnyRow damages rows all over a longer log, in the database one after the other, and
// every single one of them, in every column, as they are read.
func TestVerifyAudit_findsAnyRow(t *testing.T) {
	const rows = 1000
	drop := map[string][]string{
		store.SQLite:   {"DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"},
		store.Postgres: {"ALTER TABLE audit DISABLE TRIGGER USER"},
	}
	ways := []string{
		"UPDATE audit SET actor = actor || 'x' WHERE seq = %[1]d",
		"UPDATE audit SET after = '{}' WHERE seq = %[1]d",
		"UPDATE audit SET at_ms = at_ms + 1 WHERE seq = %[1]d",
		"DELETE FROM audit WHERE seq = %[1]d",
		"UPDATE audit SET seq = -seq WHERE seq = %[1]d",
	}
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		err := s.Transaction(t.Context(), func(ctx context.Context) error {
			for i := range rows {
				if _, err := s.CreateTeam(ctx, alice, api.NewTeam(fmt.Sprint("t", i))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		begun, err := s.WriterForTest().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := begun.Rollback(); err != nil {
				t.Error(err)
			}
		}()
		for _, statement := range drop[s.Kind()] {
			if _, err := begun.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if missed, err := s.DamageEachAuditForTest(t.Context()); err != nil || len(missed) > 0 {
			t.Errorf("damage that is not found: %q, %v", missed, err)
		}
		for seq := int64(1); seq <= rows; seq += 37 { // which has no factor in common with the ways
			damage := fmt.Sprintf(ways[seq%int64(len(ways))], seq)
			for _, statement := range []string{"SAVEPOINT whole", damage} {
				if _, err := begun.Exec(statement); err != nil {
					t.Fatal(statement, err)
				}
			}
			want := seq
			if strings.Contains(damage, "seq = -seq") {
				want = 1 // it stands before all others now
			}
			if check, err := s.VerifyAuditForTest(t.Context(), begun, api.AuditMark{}); err != nil || check.BadSeq != want {
				t.Errorf("%s: %+v, %v", damage, check, err)
			}
			if _, err := begun.Exec("ROLLBACK TO SAVEPOINT whole"); err != nil {
				t.Fatal(err)
			}
		}
		if check, err := s.VerifyAuditForTest(t.Context(), begun, api.AuditMark{}); err != nil || !check.OK() || check.Rows != rows {
			t.Errorf("without any damage: %+v, %v", check, err)
		}
	})
}

func TestVerifyAudit_aKnownHeadShowsThatTheEndWasCutOff(t *testing.T) {
	drop := map[string]string{store.SQLite: "DROP TRIGGER audit_no_delete", store.Postgres: "ALTER TABLE audit DISABLE TRIGGER USER"}
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for i := range 5 {
			must(s.CreateTeam(t.Context(), alice, api.NewTeam(fmt.Sprint("t", i))))(t)
		}
		kept := must(s.VerifyAudit(t.Context(), api.AuditMark{}))(t)
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("later")))(t)
		mark := api.AuditMark{Head: kept.Head, Rows: kept.Rows}
		if check := must(s.VerifyAudit(t.Context(), mark))(t); !check.OK() || check.Rows != 6 {
			t.Errorf("a log that went on: %+v", check)
		}
		if check := must(s.VerifyAudit(t.Context(), api.AuditMark{Head: kept.Head, Rows: 4}))(t); check.OK() {
			t.Error("a mark with another count was taken")
		}
		for _, statement := range []string{
			drop[s.Kind()], "DELETE FROM audit WHERE seq > 3",
			"UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)",
		} {
			if _, err := s.WriterForTest().Exec(statement); err != nil {
				t.Fatal(statement, err)
			}
		}
		if check := must(s.VerifyAudit(t.Context(), api.AuditMark{}))(t); !check.OK() {
			t.Fatalf("a clean cut shows without a mark, so this test proves nothing: %+v", check)
		}
		for _, mark := range []api.AuditMark{mark, {Head: kept.Head}, {Rows: kept.Rows}} {
			if check := must(s.VerifyAudit(t.Context(), mark))(t); check.BadSeq != 4 || !strings.Contains(check.Problem, "cut off") {
				t.Errorf("%+v: %+v", mark, check)
			}
		}
	})
}

func TestAuditAndLedger_refuseRewriting(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		appendRows(t, s, newRow("1", clock.Now(), 1))
		// Reading lets the row arrive in its table.
		spend(t, s, api.LedgerSelection{})
		for _, statement := range []string{
			"UPDATE audit SET actor = 'mallory'", "DELETE FROM audit", "UPDATE ledger SET cost_nano = 0", "DELETE FROM ledger",
		} {
			if _, err := s.WriterForTest().Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

func TestAudit_oneChainHoweverManyWrite(t *testing.T) {
	for kind, address := range map[string]func(t *testing.T) string{
		store.SQLite: sqliteAddress, store.Postgres: func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			clock, place := newClock(), address(t)
			gateways := []*store.Store{openShared(t, place, clock), openShared(t, place, clock)}
			var all sync.WaitGroup
			const writers, each = 12, 5
			for w := range writers {
				all.Go(func() {
					for i := range each {
						team := api.NewTeam(fmt.Sprintf("t%d-%d", w, i))
						if _, err := gateways[w%2].CreateTeam(context.Background(), alice, team); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if check := must(gateways[0].VerifyAudit(t.Context(), api.AuditMark{}))(t); !check.OK() || check.Rows != writers*each {
				t.Errorf("%+v, want %d rows", check, writers*each)
			}
		})
	}
}
