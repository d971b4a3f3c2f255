package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A soft limit that cuts a rate tells so beside the threshold itself: from what, to what, until when.
func TestAlerts_tellOfAThrottle(t *testing.T) {
	t.Parallel()
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.SoftLimitRPMFactor = new(0.5)
	g := start(t, s)
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","webhook":{"url":%q}}`, hook.URL()))
	g.admin("POST", "/team/new", `{"team_id":"red","team_alias":"Red","rpm_limit":1000,"max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`)
	spendToTheCap(t, []*gateway{g}, g.newKey(`{"team_id":"red"}`))
	told := awaitHeard(t, hook, api.EventTeamThrottled, 1)[0]
	changes, _ := json.Marshal(told.Changes)
	if string(changes) != `[{"field":"rpm_limit","from":1000,"to":500}]` || told.TeamID != "red" || told.Until == nil || told.PeriodEnd == nil || !told.Until.Equal(*told.PeriodEnd) {
		t.Errorf("%s: %+v", changes, told)
	}
	if !strings.HasPrefix(told.Message, "requests of Red are limited: rpm_limit from 1000 to 500, until ") {
		t.Error(told.Message)
	}
	awaitHeard(t, hook, api.EventBudgetSoftLimit, 1)
	checkSchemas(t, hook)
}

// A key that lives for weeks is told of a week before its end, once; one that was never to live long is not.
func TestAlerts_tellOfKeysThatExpire(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	g := startAt(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})), func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","webhook":{"url":%q}}`, hook.URL()))
	g.admin("POST", "/team/new", `{"team_id":"red"}`)
	long := g.admin("POST", "/key/generate", `{"team_id":"red","key_alias":"ci","duration":"20d"}`)
	ahead.Store(int64(12 * 24 * time.Hour))
	g.admin("POST", "/key/generate", `{"team_id":"red","key_alias":"trial","duration":"6d"}`)
	g.AlertOnce(t.Context())
	if told := heard(t, hook)[api.EventKeyExpiring]; len(told) != 0 {
		t.Errorf("eight days before the end: %+v", told)
	}
	for _, day := range []int{14, 15} {
		ahead.Store(int64(time.Duration(day) * 24 * time.Hour))
		g.AlertOnce(t.Context())
	}
	told := awaitHeard(t, hook, api.EventKeyExpiring, 1)
	if len(told) != 1 || told[0].KeyID != long["key_id"] || told[0].TeamID != "red" || told[0].Until == nil || !strings.HasPrefix(told[0].Message, "key ci (") {
		t.Errorf("%+v", told)
	}
	checkSchemas(t, hook)
}
