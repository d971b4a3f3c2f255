package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Two months of one team, on three gateways: October with a dear day that is answered as planned, and November with usage that
// grows past the cap. Spending climbs through every threshold, the forecast comes before the cap, receivers are down for
// a day, a gateway dies between crossing a threshold and telling it, the cap is raised, and periods begin anew. The golden
// files are what each receiver has in the end: what a person would want, in order, once.
func TestAlerts_twoMonths(t *testing.T) {
	t.Parallel()
	p := startMonths(t)
	october := func(day int) time.Time { return time.Date(2026, 10, day, 10, 0, 0, 0, time.UTC) }
	november := func(day int) time.Time { return time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC) }

	p.days(october(1), october(27), 20)
	p.day(october(28), 150)
	p.gateways[1].admin("POST", "/alert/planned", `{"team_id":"marketing","day":"2026-10-28","until":"2026-10-29"}`)
	p.day(october(29), 150)
	p.days(october(30), october(31), 20)

	p.day(november(1), 50)
	p.days(november(2), november(9), 50)
	p.mail.Busy(true) // the mail server, from the day on that half of the budget is spent
	p.day(november(10), 50)
	p.morning(november(11))
	p.mail.Busy(false)
	p.spend(50)
	p.evening()
	p.days(november(12), november(13), 50)
	p.hook.AnswerAlways(testenv.Reply{Status: http.StatusServiceUnavailable}) // for two days, with the forecast and a threshold
	p.day(november(14), 50)
	p.day(november(15), 50)
	p.morning(november(16))
	p.spend(50)
	p.gateways = p.gateways[1:] // one dies: it has crossed and not told
	p.evening()
	p.hook.AnswerAlways(testenv.Reply{})
	p.day(november(17), 50)
	p.days(november(18), november(18), 50)
	p.at(november(19).Add(11*time.Hour + 30*time.Minute)) // at night, when people sleep
	p.spend(50)
	p.evening()
	p.day(november(20), 50)
	p.morning(november(21))
	p.refused()
	p.evening()
	p.morning(november(22))
	p.gateways[1].admin("POST", "/team/update", `{"team_id":"marketing","max_budget":2500}`)
	p.spend(50)
	p.evening()
	p.days(november(23), november(30), 50)
	p.morning(november(30).Add(24 * time.Hour))
	p.evening()
	p.check()
}

// months are gateways and receivers on a clock that the test moves.
type months struct {
	*installation
	clock atomic.Int64
	key   string
	keyID string
	calls int

	slack        *testenv.Slack
	mail         *testenv.MailServer
	pager        *testenv.PagerDuty
	hook         *testenv.Webhook
	alertmanager *testenv.Alertmanager
	teams        *testenv.MicrosoftTeams
	// got is what each receiver has, as a person reads it; seen is how many letters of each have been looked at.
	got  map[string][]string
	seen map[string]int
}

const monthsRouting = "0123456789abcdef0123456789abcdef"

func startMonths(t *testing.T) *months {
	t.Helper()
	p := &months{got: map[string][]string{}, seen: map[string]int{}}
	p.slack = testenv.StartSlack(t, testenv.SlackOptions{Token: "xoxb-months", Channel: "C1"})
	p.mail = testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	p.pager, p.hook = testenv.StartPagerDuty(t, monthsRouting), testenv.StartWebhook(t, testenv.WebhookOptions{})
	p.alertmanager, p.teams = testenv.StartAlertmanager(t), testenv.StartMicrosoftTeams(t)
	p.at(time.Date(2026, 9, 30, 12, 0, 0, 0, time.UTC))
	p.installation = installWith(t, p.now, 3, func(s *config.Config) {
		s.SMTP = &config.SMTP{Host: p.mail.Host(), Port: p.mail.Port(), TLS: "none", From: "bursar@example.com"}
		s.Watch = config.Watch{Forecast: true, AnomalyAmount: 100 * money.USD, AnomalyPercent: 300}
		nothing, dollar := money.Nano(0), 1_000_000*money.USD // a dollar for each token of the answer
		s.Models[0].Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &nothing, Output: &dollar}}
	})
	p.gateways[0].admin("POST", "/team/new", `{"team_id":"marketing","team_alias":"Marketing","max_budget":1000,"budget_duration":"1mo"}`)
	made := p.gateways[0].admin("POST", "/key/generate", `{"team_id":"marketing","key_alias":"production"}`)
	p.key, p.keyID = made["key"].(string), made["key_id"].(string)
	for name, route := range map[string]string{
		"slack":           fmt.Sprintf(`"thresholds":[0.5,0.8,0.95,1],"group_wait":"30s","slack":{"token":"xoxb-months","channel":"C1","api_url":%q}`, p.slack.APIURL()),
		"email":           `"thresholds":[0.5,0.8,0.95,1],"quiet_hours":"20:00-07:00","email":{"to":["finance@example.com"]}`,
		"pagerduty":       fmt.Sprintf(`"events":["budget.hard_limit"],"min_severity":"critical","pagerduty":{"routing_key":%q,"url":%q}`, monthsRouting, p.pager.URL()+testenv.PagerDutyEvents),
		"webhook":         fmt.Sprintf(`"events":%s,"webhook":{"url":%q}`, everyEvent(t), p.hook.URL()),
		"alertmanager":    fmt.Sprintf(`"events":["budget.soft_limit","budget.hard_limit"],"thresholds":[0.8,1],"alertmanager":{"url":%q}`, p.alertmanager.URL()),
		"microsoft_teams": fmt.Sprintf(`"events":["budget.forecast","spend.anomaly","budget.hard_limit"],"microsoft_teams":{"url":%q}`, p.teams.URL()+testenv.TeamsWorkflow),
	} {
		p.gateways[0].admin("POST", "/alert_route/new", fmt.Sprintf(`{"alert_route_id":%q,"name":%q,%s}`, name, name, route))
	}
	return p
}

func (p *months) now() time.Time { return time.UnixMilli(p.clock.Load()).UTC() }

func (p *months) at(moment time.Time) { p.clock.Store(moment.UnixMilli()) }

// days are days that each cost an amount, of which nobody expects more.
func (p *months) days(first, last time.Time, dollars int) {
	p.t.Helper()
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		p.at(day)
		p.spend(dollars)
		p.look()
	}
}

// day is one that is looked at from midnight on.
func (p *months) day(at time.Time, dollars int) {
	p.t.Helper()
	p.morning(at)
	p.spend(dollars)
	p.evening()
}

// morning is what comes between midnight and an hour of the day.
func (p *months) morning(at time.Time) {
	p.t.Helper()
	for _, hour := range []time.Duration{5 * time.Minute, 7*time.Hour + 30*time.Minute} {
		p.at(at.Truncate(24 * time.Hour).Add(hour))
		p.tell()
	}
	p.at(at)
}

// evening is what comes after that.
func (p *months) evening() {
	p.t.Helper()
	p.look()
	if end := p.now().Truncate(24 * time.Hour).Add(18 * time.Hour); end.After(p.now()) {
		p.at(end)
		p.tell()
	}
}

// look looks at what was spent and tells of it, at once and after what waits for others about the team.
func (p *months) look() {
	p.t.Helper()
	for _, gateway := range p.gateways {
		if err := gateway.WatchOnce(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
	}
	p.tell()
	p.at(p.now().Add(time.Minute))
	p.tell()
}

// spend makes a call through one of the gateways after the other, and waits until the record has it and what it crossed.
func (p *months) spend(dollars int) {
	p.t.Helper()
	p.calls++
	o := p.call(dollars)
	if !o.served() {
		p.t.Fatalf("%s: %d %s", p.now(), o.status, o.body)
	}
	await(p.t, awaitLong, "the record to have the call", func() bool {
		rows := 0
		if err := p.record.QueryRow("SELECT COUNT(*) FROM ledger").Scan(&rows); err != nil {
			p.t.Fatal(err)
		}
		return rows == p.calls
	})
	p.recorded()
}

// recorded waits until nothing waits for the record: a row may be there before what it crossed.
func (p *months) recorded() {
	p.t.Helper()
	await(p.t, awaitLong, "the record to have what was crossed", func() bool {
		backlog, err := p.gateways[0].Backlog(p.t.Context())
		return err == nil && backlog == quota.Backlog{}
	})
}

func (p *months) call(dollars int) outcome {
	body := fmt.Sprintf(`{"model":"gpt-4.1-mini","max_tokens":%d,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=%d"}]}`, dollars, dollars)
	return try(p.t.Context(), p.gateways[p.calls%len(p.gateways)].URL(), p.key, fmt.Sprintf("call-%d", p.calls), body)
}

// refused makes calls that the cap refuses, on each of the gateways.
func (p *months) refused() {
	p.t.Helper()
	for range 2 * len(p.gateways) {
		if o := p.call(50); o.status != http.StatusForbidden {
			p.t.Fatalf("%s: %d %s", p.now(), o.status, o.body)
		}
	}
	p.recorded()
}

// tell lets all gateways at once deliver what is due, until nothing is.
func (p *months) tell() {
	p.t.Helper()
	for range 20 {
		if p.waiting() == 0 { // then time may still bring something
			p.gateways[0].AlertOnce(p.t.Context())
		}
		if p.waiting() == 0 {
			p.read()
			return
		}
		var all sync.WaitGroup
		for _, gateway := range p.gateways {
			all.Go(func() { gateway.AlertOnce(p.t.Context()) })
		}
		all.Wait()
		p.read()
		p.at(p.now().Add(time.Second)) // some take one message a second
	}
	p.t.Fatalf("%s: there is no end of telling", p.now())
}

// waiting is how much there is to route and to deliver now, but to receivers that are left alone.
func (p *months) waiting() (n int) {
	p.t.Helper()
	err := p.record.QueryRow(`SELECT (SELECT COUNT(*) FROM alert_event WHERE routed_at_ms IS NULL) +
		(SELECT COUNT(*) FROM alert_delivery WHERE state = 'pending' AND next_at_ms <= $1
			AND NOT EXISTS (SELECT 1 FROM alert_destination WHERE id = alert_route_id AND open_until_ms > $1))`, p.clock.Load()).Scan(&n)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// read adds what receivers have taken since, each in its own words.
func (p *months) read() {
	for name, receiver := range map[string]*testenv.Receiver{
		"slack": p.slack.Receiver, "pagerduty": p.pager.Receiver, "alertmanager": p.alertmanager.Receiver, "microsoft_teams": p.teams.Receiver,
	} {
		letters := receiver.Letters()
		for _, letter := range letters[p.seen[name]:] {
			if letter.Refusal != "" {
				p.t.Errorf("%s: %s refuses: %s\n%s", p.now(), name, letter.Refusal, letter.Body)
			}
			p.add(name, asRead[name](letter.Body))
		}
		p.seen[name] = len(letters)
	}
	deliveries := p.hook.Deliveries()
	for _, delivery := range deliveries[p.seen["webhook"]:] {
		if delivery.Status == http.StatusOK {
			p.add("webhook", readWebhook(delivery.Body))
		}
	}
	p.seen["webhook"] = len(deliveries)
	mails := p.mail.Mails()
	for _, mail := range mails[p.seen["email"]:] {
		p.add("email", fmt.Sprintf("To: %s\nSubject: %s\n\n%s", strings.Join(mail.To, ", "), mail.Subject, mail.Text))
	}
	p.seen["email"] = len(mails)
}

func (p *months) add(receiver, text string) {
	p.got[receiver] = append(p.got[receiver], fmt.Sprintf("=== %s\n%s\n", p.now().Format("Monday 2006-01-02 15:04"), strings.ReplaceAll(strings.TrimSpace(text), p.keyID, "key_1")))
}

var asRead = map[string]func(body []byte) string{
	"slack": func(body []byte) string {
		var message struct {
			Thread string `json:"thread_ts"`
		}
		_ = json.Unmarshal(body, &message)
		if message.Thread == "" {
			return testenv.SlackText(body)
		}
		return "(in the thread " + message.Thread + ")\n" + testenv.SlackText(body)
	},
	"pagerduty": func(body []byte) string {
		var event struct {
			Action  string `json:"event_action"`
			Dedup   string `json:"dedup_key"`
			Payload struct{ Summary, Severity string }
		}
		_ = json.Unmarshal(body, &event)
		return fmt.Sprintf("%s %s\n%s: %s", event.Action, event.Dedup, event.Payload.Severity, event.Payload.Summary)
	},
	"alertmanager": func(body []byte) string {
		var alerts []struct {
			Labels, Annotations map[string]string
			StartsAt, EndsAt    time.Time
		}
		_ = json.Unmarshal(body, &alerts)
		var lines []string
		for _, a := range alerts {
			lines = append(lines, fmt.Sprintf("%s %s of %s from %s until %s: %s", a.Labels["severity"], a.Labels["alertname"], a.Labels["team_id"],
				a.StartsAt.Format(time.DateTime), a.EndsAt.Format(time.DateTime), a.Annotations["summary"]))
		}
		return strings.Join(lines, "\n")
	},
	"microsoft_teams": func(body []byte) string {
		var message struct {
			Attachments []struct {
				Content struct {
					Body []struct {
						Text  string
						Facts []struct{ Title, Value string }
					}
				}
			}
		}
		_ = json.Unmarshal(body, &message)
		var lines []string
		for _, element := range message.Attachments[0].Content.Body {
			if element.Text != "" {
				lines = append(lines, strings.ReplaceAll(element.Text, `\`, "")) // as Markdown is shown
			}
			for _, fact := range element.Facts {
				lines = append(lines, fact.Title+": "+fact.Value)
			}
		}
		return strings.Join(lines, "\n")
	},
}

func readWebhook(body []byte) string {
	var event struct {
		Type string
		Data api.AlertEvent
	}
	_ = json.Unmarshal(body, &event)
	return fmt.Sprintf("%s (%s)\n%s", event.Type, event.Data.Severity, event.Data.Message)
}

// check compares what came with what a person would want, and that no event came twice.
func (p *months) check() {
	p.t.Helper()
	checkSchemas(p.t, p.hook)
	for receiver, messages := range p.got {
		alerttest.Golden(p.t, "two_months_"+receiver+".txt", strings.Join(messages, "\n"))
	}
	if len(p.got) != 6 {
		p.t.Errorf("messages came to %d receivers, want 6", len(p.got)) // one that has none has no golden file to miss
	}
	var ids []string
	for _, delivery := range p.hook.Deliveries() {
		if delivery.Status != http.StatusOK {
			continue
		}
		if slices.Contains(ids, delivery.ID) {
			p.t.Errorf("event %s came twice: %s", delivery.ID, delivery.Body)
		}
		ids = append(ids, delivery.ID)
	}
	left := 0
	if err := p.record.QueryRow("SELECT COUNT(*) FROM alert_delivery WHERE state <> 'sent'").Scan(&left); err != nil || left > 0 {
		p.t.Errorf("%d messages have not arrived, %v", left, err)
	}
	if open := p.pager.Open(); len(open) != 0 {
		p.t.Errorf("incidents are open: %v", open)
	}
	if firing := p.alertmanager.Firing(p.now()); len(firing) != 0 {
		p.t.Errorf("alerts are firing: %v", firing)
	}
}
