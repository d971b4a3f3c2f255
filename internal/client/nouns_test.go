package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestCalls_onTheWire(t *testing.T) {
	text := "canary"
	for name, test := range map[string]struct {
		call   func(context.Context, *client.Client) error
		answer string
		want   string
		holds  []string
	}{
		"delete team": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteTeam(ctx, "a") },
			want: "POST /team/delete", holds: []string{`{"team_ids":["a"]}`},
		},
		"delete team without keys": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteTeamWithoutKeys(ctx, "a") },
			want: "POST /team/delete", holds: []string{`{"team_ids":["a"],"only_without_keys":true}`},
		},
		"block team": {
			call:   func(ctx context.Context, c *client.Client) error { _, err := c.BlockTeam(ctx, "a"); return err },
			answer: `{"team_id":"a"}`,
			want:   "POST /team/block", holds: []string{`{"team_id":"a"}`},
		},
		"unblock team": {
			call:   func(ctx context.Context, c *client.Client) error { _, err := c.UnblockTeam(ctx, "a"); return err },
			answer: `{"team_id":"a"}`,
			want:   "POST /team/unblock", holds: []string{`{"team_id":"a"}`},
		},
		"create key for a while": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateKey(ctx, api.KeyCreate{Duration: &text})
				return err
			},
			want: "POST /key/generate", holds: []string{`"duration":"canary"`, `"key":null`}, answer: `{"key_id":"k"}`,
		},
		"read key": {
			call: func(ctx context.Context, c *client.Client) error { _, err := c.GetKey(ctx, "k"); return err },
			want: "GET /key/info?key=k", answer: `{"key":"k","key_id":"k"}`,
		},
		"update key": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateKey(ctx, "k", api.KeyFields{}, 1)
				return err
			},
			answer: `{"key_id":"k"}`,
			want:   "POST /key/update", holds: []string{`"key":"k"`, `"expires":null`, `"team_id":null`},
		},
		"reset a team": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.ResetSpend(ctx, client.Spender{TeamID: "t"}, 5*money.USD)
				return err
			},
			answer: `{"team_id":"t"}`,
			want:   "POST /budget/reset", holds: []string{`{"team_id":"t","reset_to":5}`},
		},
		"create user": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateUser(ctx, "u", api.NewUser("").UserFields)
				return err
			},
			answer: `{"user_id":"u"}`,
			want:   "POST /user/new", holds: []string{`"user_id":"u"`, `"auto_create_key":false`, `"hard_cap":true`},
		},
		"update user": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateUser(ctx, "u", api.UserFields{}, 1)
				return err
			},
			answer: `{"user_id":"u"}`,
			want:   "POST /user/update", holds: []string{`"user_id":"u"`, `"max_budget":null`},
		},
		"delete user": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteUser(ctx, "u") },
			want: "POST /user/delete", holds: []string{`{"user_ids":["u"]}`},
		},
		"open a pot": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.OpenSpend(ctx, client.Spender{BudgetID: "p"}, "litellm", 5*money.USD)
				return err
			},
			answer: `{"budget_id":"p"}`,
			want:   "POST /budget/opening", holds: []string{`{"budget_id":"p","opening_id":"litellm","spend":5}`},
		},
		"bring a day": {
			call: func(ctx context.Context, c *client.Client) error {
				return c.BringUsage(ctx, api.BroughtDay{Origin: "litellm", Day: "2026-11-01", Sums: []api.BroughtSum{{TeamID: "t", KeyID: "k", UserID: "u", Model: "m", Spend: money.USD}}})
			},
			answer: `{"day":"2026-11-01"}`,
			want:   "POST /usage/bring", holds: []string{`"origin":"litellm"`, `"day":"2026-11-01"`, `"team_id":"t"`, `"spend":1`},
		},
		"test alert route": {
			call: func(ctx context.Context, c *client.Client) error { _, err := c.TestAlertRoute(ctx, "r"); return err },
			want: "POST /alert_route/test", holds: []string{`{"alert_route_id":"r"}`},
		},
		"rotate key": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.RotateKey(ctx, "k", "", "24h")
				return err
			},
			answer: `{"key":"sk-new","key_id":"k"}`,
			want:   "POST /key/rotate", holds: []string{`{"key":"k","grace_period":"24h"}`},
		},
		"delete key": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteKey(ctx, "k") },
			want: "POST /key/delete", holds: []string{`{"keys":["k"]}`},
		},
		"add member": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.AddMember(ctx, "t", "", "ada@example.com", api.MemberFields{Role: "admin"})
				return err
			},
			answer: `{"updated_team_memberships":[{"user_id":"ada"}]}`,
			want:   "POST /team/member_add", holds: []string{`"member":{"role":"admin","user_email":"ada@example.com"}`, `"rpm_limit":null`},
		},
		"update member": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateMember(ctx, "t", "ada", api.MemberFields{Role: "user"}, 1)
				return err
			},
			answer: `{"user_id":"ada"}`,
			want:   "POST /team/member_update", holds: []string{`"user_id":"ada"`, `"role":"user"`, `"budget_duration":null`},
		},
		"remove member": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteMember(ctx, "t", "ada") },
			want: "POST /team/member_delete", holds: []string{`{"team_id":"t","user_id":"ada"}`},
		},
		"create model": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateModel(ctx, "m", api.ModelFields{Name: "gpt", APIKey: &text, Enabled: true})
				return err
			},
			want: "POST /model/new", holds: []string{`"model_id":"m"`, `"name":"gpt"`, `"api_key":"canary"`, `"base_url":null`, `"metadata":{}`},
			answer: `{"model_id":"m"}`,
		},
		"read model": {
			call:   func(ctx context.Context, c *client.Client) error { _, err := c.GetModel(ctx, "m"); return err },
			answer: `{"data":[{"model_id":"m"}]}`, want: "GET /model/info?model_id=m",
		},
		"list models": {
			call:   func(ctx context.Context, c *client.Client) error { _, err := c.ListModels(ctx); return err },
			answer: `{"models":[]}`, want: "GET /model/list",
		},
		"update model, its credential kept": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateModel(ctx, "m", api.ModelFields{Name: "gpt"}, 1)
				return err
			},
			answer: `{"model_id":"m"}`,
			want:   "POST /model/update", holds: []string{`"model_id":"m"`, `"price":null`, `"rpm":null`},
		},
		"delete model": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteModel(ctx, "m") },
			want: "POST /model/delete", holds: []string{`{"id":"m"}`},
		},
		"create budget without id": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateBudget(ctx, "", api.BudgetFields{})
				return err
			},
			want: "POST /budget/new", holds: []string{`"team_ids":null`}, answer: `{"budget_id":"b"}`,
		},
		"update budget": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateBudget(ctx, "b", api.BudgetFields{}, 1)
				return err
			},
			answer: `{"budget_id":"b"}`,
			want:   "POST /budget/update", holds: []string{`"budget_id":"b"`, `"on_soft_limit":null`},
		},
		"delete budget": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteBudget(ctx, "b") },
			want: "POST /budget/delete", holds: []string{`{"id":"b"}`},
		},
		"list budgets": {
			call: func(ctx context.Context, c *client.Client) error { _, err := c.ListBudgets(ctx); return err },
			want: "GET /budget/list", answer: `[]`,
		},
		"create alert route": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.CreateAlertRoute(ctx, "", api.AlertRouteFields{Name: "n", AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: "u"}}})
				return err
			},
			want: "POST /alert_route/new", holds: []string{`"webhook":{"url":"u"}`}, answer: `{"alert_route_id":"r"}`,
		},
		"read alert route": {
			call: func(ctx context.Context, c *client.Client) error { _, err := c.GetAlertRoute(ctx, "r"); return err },
			want: "GET /alert_route/info?alert_route_id=r", answer: `{"alert_route_id":"r"}`,
		},
		"take a secret off": {
			call: func(ctx context.Context, c *client.Client) error {
				_, err := c.UpdateAlertRoute(ctx, "r", api.AlertRouteFields{AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: "u", Secret: new(string)}}}, 2)
				return err
			},
			answer: `{"alert_route_id":"r"}`,
			want:   "POST /alert_route/update", holds: []string{`"webhook":{"url":"u","secret":""}`, `"alert_route_id":"r"`},
		},
		"delete alert route": {
			call: func(ctx context.Context, c *client.Client) error { return c.DeleteAlertRoute(ctx, "r") },
			want: "POST /alert_route/delete", holds: []string{`{"alert_route_ids":["r"],"escalations_end":true}`},
		},
		"list alert routes": {
			call: func(ctx context.Context, c *client.Client) error { _, err := c.ListAlertRoutes(ctx); return err },
			want: "GET /alert_route/list", answer: `{"alert_routes":[]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			reply := `{}`
			if test.answer != "" {
				reply = test.answer
			}
			gateway := startFake(t, ok(reply))
			if err := test.call(t.Context(), gateway.client(t)); err != nil {
				t.Fatal(err)
			}
			r := gateway.requests[0]
			if got := r.Method + " " + r.URL.String(); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			for _, want := range test.holds {
				if !strings.Contains(gateway.bodies[0], want) {
					t.Errorf("body %s, want %s", gateway.bodies[0], want)
				}
			}
			if strings.Contains(gateway.bodies[0], `_id":""`) {
				t.Errorf("an empty id was sent: %s", gateway.bodies[0])
			}
		})
	}
}

func TestCreateKey_saysOneThingAboutItsEnd(t *testing.T) {
	answer := ok(`{"key":"sk-1","key_id":"k"}`)
	gateway := startFake(t, answer, answer)
	c := gateway.client(t)
	duration, moment := "30d", time.Date(2099, 1, 31, 0, 0, 0, 0, time.UTC)
	created, err := c.CreateKey(t.Context(), api.KeyCreate{Duration: &duration})
	if err != nil || created.Secret != "sk-1" || created.KeyID != "k" {
		t.Fatalf("got %+v, %v", created, err)
	}
	if _, err := c.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{Expires: &moment}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(gateway.bodies[0], "expires") {
		t.Errorf("sent %s", gateway.bodies[0])
	}
	if body := gateway.bodies[1]; strings.Contains(body, `"duration":null`) ||
		!strings.Contains(body, `"expires":"2099-01-31T00:00:00Z"`) {
		t.Errorf("sent %s", body)
	}
}

func TestGetBudget_isNotFoundWhenTheListIsEmpty(t *testing.T) {
	gateway := startFake(t, ok(`[]`), ok(`[{"budget_id":"b","max_budget":12.5}]`))
	c := gateway.client(t)
	if _, err := c.GetBudget(t.Context(), "b"); api.CodeOf(err) != api.NotFound {
		t.Errorf("got %v", err)
	}
	budget, err := c.GetBudget(t.Context(), "b")
	if err != nil || budget.MaxBudget.String() != "12.5" {
		t.Errorf("got %+v, %v", budget, err)
	}
}

func TestListTeams_readsEveryPage(t *testing.T) {
	gateway := startFake(t, ok(`{"teams":[{"team_id":"a"},{"team_id":"b"}],"next_cursor":"after b"}`), ok(`{"teams":[{"team_id":"c"}],"next_cursor":null}`))
	teams, err := gateway.client(t).ListTeams(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, team := range teams {
		ids = append(ids, team.TeamID)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, ids); diff != "" {
		t.Error(diff)
	}
	if got := gateway.requests[1].URL.Query().Get("cursor"); got != "after b" {
		t.Errorf("second page: %s", got)
	}
}

func TestListKeys_isWholeOrAnError(t *testing.T) {
	gateway := startFake(t, ok(`{"keys":[{"key_id":"a"}],"next_cursor":"after a"}`), failed(http.StatusForbidden, "permission_error", "no"))
	if keys, err := gateway.client(t).ListKeys(t.Context()); err == nil || keys != nil || !strings.Contains(err.Error(), "list keys") {
		t.Errorf("got %v, %v", keys, err)
	}
}

func TestCall_thatNobodyAnswers(t *testing.T) {
	gateway := startFake(t)
	gateway.Close()
	_, err := gateway.client(t).GetTeam(t.Context(), "a")
	if !errors.Is(err, client.ErrNoAnswer) || !strings.Contains(err.Error(), gateway.URL) {
		t.Errorf("got %v", err)
	}
}

func TestCall_endsWithItsContext(t *testing.T) {
	gateway := startFake(t, answer{status: http.StatusServiceUnavailable, header: map[string]string{"Retry-After": "60"}})
	ctx, cancel := context.WithCancel(t.Context())
	gateway.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gateway.ServeHTTP(w, r)
		cancel()
	})
	if _, err := gateway.client(t).GetTeam(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFindKeys_readsEveryPage(t *testing.T) {
	gateway := startFake(t, ok(`{"keys":[{"key_id":"a"}],"next_cursor":"after a"}`), ok(`{"keys":[{"key_id":"b"}],"next_cursor":""}`))
	keys, err := gateway.client(t).FindKeys(t.Context(), api.KeyFilter{TeamID: "t", Alias: "x"})
	if err != nil || len(keys) != 2 || keys[1].KeyID != "b" {
		t.Fatalf("found %v, %v", keys, err)
	}
	for i, cursor := range []string{"", "after a"} {
		query := gateway.requests[i].URL.Query()
		if query.Get("cursor") != cursor || query.Get("team_id") != "t" || query.Get("key_alias") != "x" || query.Has("user_id") {
			t.Errorf("request %d asks for %v", i, query)
		}
	}
}
