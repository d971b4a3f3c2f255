package store_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Secrets that must be stored in no form that can be read.
const (
	canarySecret = "canary-secret-4f1d0c7a-0123456789"
	canaryPath   = "canary-path-9b2e"
)

func newRoute(id, name string) api.AlertRoute {
	route := api.NewAlertRoute(id)
	route.Name = name
	route.Webhook = &api.WebhookTarget{URL: "https://hooks.example.com/" + canaryPath, Secret: new(canarySecret)}
	return route
}

func TestAlertRoute_twoWaysToRead(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		route := newRoute("route_1", "On call")
		route.Events, route.TeamIDs = api.StringList{api.EventBudgetHardLimit}, api.StringList{}
		route.MinSeverity, route.Thresholds = new("critical"), []float64{0.8}
		created := must(s.CreateAlertRoute(t.Context(), alice, route))(t)
		want := route
		want.Record = created.Record
		want.Webhook = &api.WebhookTarget{
			URL:               "https://hooks.example.com/" + canaryPath,
			SecretFingerprint: created.Webhook.SecretFingerprint,
			URLFingerprint:    created.Webhook.URLFingerprint,
		}
		if diff := cmp.Diff(want, created); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		all := must(s.AllAlertRoutes(t.Context()))(t)
		if len(all) != 1 || !cmp.Equal(all[0], created) || !cmp.Equal(must(s.AlertRoute(t.Context(), "route_1"))(t), created) {
			t.Errorf("reads differ from the create: %v", all)
		}
		target := must(s.AlertRouteTarget(t.Context(), "route_1"))(t)
		if target.Webhook.Secret == nil || *target.Webhook.Secret != canarySecret {
			t.Error("who sends does not get the secret")
		}
		targets := must(s.AlertRouteTargets(t.Context()))(t)
		if len(targets) != 1 || !cmp.Equal(targets[0], target) {
			t.Error("who sends gets something else in the list")
		}
	})
}

func TestUpdateAlertRoute_secretLeftOutStays(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_1", "On call")))(t)
		secret := func() string {
			target := must(s.AlertRouteTarget(t.Context(), "route_1"))(t)
			if target.Webhook.Secret == nil {
				return ""
			}
			return *target.Webhook.Secret
		}
		edit := func(edit func(route *api.AlertRoute)) {
			t.Helper()
			must(s.UpdateAlertRoute(t.Context(), alice, "route_1", 0, func(route *api.AlertRoute) error {
				if route.Webhook.Secret != nil {
					t.Error("an edit sees the secret")
				}
				edit(route)
				return nil
			}))(t)
		}
		edit(func(route *api.AlertRoute) { route.Enabled = false })
		edit(func(route *api.AlertRoute) { route.Webhook = &api.WebhookTarget{URL: "https://other.example.com/"} })
		if secret() != canarySecret {
			t.Errorf("secret became %q", secret())
		}
		other := strings.Repeat("x", 24)
		edit(func(route *api.AlertRoute) { route.Webhook.Secret = &other })
		if secret() != other {
			t.Errorf("secret is %q, want the new one", secret())
		}
		edit(func(route *api.AlertRoute) { route.Webhook.Secret = new("") })
		if secret() != "" {
			t.Errorf("secret is %q, want none", secret())
		}
		route := must(s.AlertRoute(t.Context(), "route_1"))(t)
		if route.Webhook.SecretFingerprint != "" || route.Revision != 5 || route.Enabled {
			t.Errorf("route is %+v", route)
		}
		_, err := s.UpdateAlertRoute(t.Context(), alice, "route_1", 0, func(route *api.AlertRoute) error {
			route.Webhook = nil
			return nil
		})
		wantCode(t, err, api.Invalid)
	})
}

func TestAlertRoute_namesAreUnique(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_1", "a")))(t)
		_, err := s.CreateAlertRoute(t.Context(), alice, newRoute("route_2", "a"))
		wantCode(t, err, api.AlreadyExists)
		_, err = s.CreateAlertRoute(t.Context(), alice, newRoute("route_1", "b"))
		wantCode(t, err, api.AlreadyExists)
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_2", "b")))(t)
		_, err = s.UpdateAlertRoute(t.Context(), alice, "route_2", 0, func(r *api.AlertRoute) error { r.Name = "a"; return nil })
		wantCode(t, err, api.AlreadyExists)
		must(s.DeleteAlertRoutes(t.Context(), alice, []string{"route_1"}, false))(t)
		must(s.UpdateAlertRoute(t.Context(), alice, "route_2", 0, func(r *api.AlertRoute) error { r.Name = "a"; return nil }))(t)
		_, err = s.AlertRoute(t.Context(), "route_1")
		wantCode(t, err, api.NotFound)
	})
}

func TestAlertRoute_sealedForItsOwnPlace(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_1", "a")))(t)
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_2", "b")))(t)
		_, err := s.WriterForTest().Exec(`UPDATE alert_route SET target = (SELECT target FROM alert_route WHERE id = 'route_1')`)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AlertRouteTarget(t.Context(), "route_2"); err == nil {
			t.Error("a secret that was moved to another route opens")
		}
	})
}

// Every secret of every target is sealed, answered as a fingerprint, kept by an update that leaves it out and taken off by an
// empty one.
func TestAlertRoute_secretsOfEveryTarget(t *testing.T) {
	headers := map[string]string{"Authorization": "canary-of-a-header"}
	for _, targets := range []api.AlertTargets{
		{Webhook: &api.WebhookTarget{URL: "https://a.example", Secret: new(canarySecret), SecondSecret: new(canarySecret + "2"), Headers: headers}},
		{Slack: &api.SlackTarget{URL: new("https://hooks.slack.com/services/canary")}},
		{Slack: &api.SlackTarget{Token: new("canary-token"), Channel: "C1"}},
		{PagerDuty: &api.PagerDutyTarget{RoutingKey: new("canary-routing-key-0123456789abc")}},
		{Email: &api.EmailTarget{To: api.StringList{"a@b.example"}, From: "c@d.example", SMTPHost: "h", SMTPUsername: "u", SMTPPassword: new("canary-password")}},
		{MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: new("https://x.logic.azure.com/canary")}},
		{Alertmanager: &api.AlertmanagerTarget{URL: "https://am.example", Headers: headers}},
	} {
		t.Run(targets.Target().Kind(), func(t *testing.T) {
			both(t, func(t *testing.T, s *store.Store, _ *clock) {
				route := newRoute("route_1", "a")
				route.AlertTargets = targets.Clone()
				answered := must(s.CreateAlertRoute(t.Context(), alice, route))(t)
				for _, secret := range targets.Target().Secrets() {
					wanted, given := secret.Value()
					if !given {
						continue
					}
					fingerprints := map[string]string{}
					for _, of := range answered.Target().Secrets() {
						fingerprints[of.Name] = *of.Fingerprint
						if _, shown := of.Value(); shown {
							t.Errorf("%s is answered", of.Name)
						}
					}
					if print := fingerprints[secret.Name]; len(print) != 64 || print == plainDigest(wanted) {
						t.Errorf("%s has the fingerprint %q", secret.Name, print)
					}
				}
				must(s.UpdateAlertRoute(t.Context(), alice, "route_1", 0, func(r *api.AlertRoute) error { r.Name = "b"; return nil }))(t)
				kept := must(s.AlertRouteTarget(t.Context(), "route_1"))(t)
				if diff := cmp.Diff(targets.WithSecretsOf(api.AlertTargets{}), kept.WithSecretsOf(api.AlertTargets{}), ignoreFingerprints); diff != "" {
					t.Errorf("an update of the name changes the target (-want +got):\n%s", diff)
				}
				elsewhere := func(r *api.AlertRoute) error {
					r.AlertTargets = api.AlertTargets{Webhook: &api.WebhookTarget{URL: "https://b.example", Secret: new("")}}
					return nil
				}
				must(s.UpdateAlertRoute(t.Context(), alice, "route_1", 0, elsewhere))(t)
				if after := must(s.AlertRouteTarget(t.Context(), "route_1"))(t); after.Webhook.Secret != nil || len(after.Webhook.Headers) == 0 != (targets.Webhook == nil) {
					t.Errorf("another target has secrets of the one before: %+v", after.Webhook)
				}
			})
		})
	}
}

func TestSecrets_areNotInTheDatabaseInClear(t *testing.T) {
	address := sqliteAddress(t)
	clock := newClock()
	s := open(t, address, clock)
	must(s.CreateAlertRoute(t.Context(), alice, newRoute("route_1", "a")))(t)
	must(s.UpdateAlertRoute(t.Context(), alice, "route_1", 0, func(r *api.AlertRoute) error { r.Enabled = false; return nil }))(t)
	must(s.DeleteAlertRoutes(t.Context(), alice, []string{"route_1"}, false))(t)
	keepAnswer(t, s, api.Once{Key: "k", Fingerprint: []byte("f")}, canarySecret)

	files, err := filepath.Glob(filepath.Dir(strings.TrimPrefix(address, "sqlite:")) + "/*")
	if err != nil || len(files) < 2 {
		t.Fatalf("files of the database: %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, canary := range []string{canarySecret, canaryPath} {
			if strings.Contains(string(content), canary) {
				t.Errorf("%s holds %s in clear", filepath.Base(file), canary)
			}
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
	audits, _, err := s.Audits(t.Context(), api.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(must(json.Marshal(audits))(t))
	if strings.Contains(text, canarySecret) || strings.Contains(text, canaryPath) || !strings.Contains(text, "hooks.example.com") {
		t.Errorf("audit log shows more or less than the host: %s", text)
	}
}
