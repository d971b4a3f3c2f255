package testenv

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
	"unicode/utf8"
)

// PagerDuty takes events by the rules of the Events API v2 and keeps the incidents that are open.
type PagerDuty struct {
	*Receiver
	routingKey string
	open       []string
}

// PagerDutyEvents is the path that events are sent to.
const PagerDutyEvents = "/v2/enqueue"

// StartPagerDuty starts a PagerDuty with a service of the routing key; it ends with the test.
func StartPagerDuty(t testing.TB, routingKey string) *PagerDuty {
	t.Helper()
	p := &PagerDuty{routingKey: routingKey}
	receiver, err := startReceiver(p.judge)
	if err != nil {
		t.Fatalf("start PagerDuty: %s", err)
	}
	p.Receiver = receiver
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// Open are the dedup keys of the incidents that are open.
func (p *PagerDuty) Open() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.open)
}

type pagerDutyEvent struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Payload    *struct {
		Summary   string `json:"summary"`
		Source    string `json:"source"`
		Severity  string `json:"severity"`
		Timestamp string `json:"timestamp"`
	} `json:"payload"`
}

func (p *PagerDuty) judge(r *http.Request, body []byte) verdict {
	var event pagerDutyEvent
	if r.URL.Path != PagerDutyEvents {
		return refuse(http.StatusNotFound, "", "the path is %s", r.URL.Path)
	}
	if wrong := cmp.Or(object(r, body, &event), event.wrong(len(body))); wrong != "" {
		return refuse(http.StatusBadRequest, fmt.Sprintf(`{"status":"invalid event","message":"Event object is invalid","errors":[%q]}`, wrong), "%s", wrong)
	}
	if event.RoutingKey != p.routingKey {
		return refuse(http.StatusBadRequest, `{"status":"invalid event","message":"Invalid routing key"}`, "no such routing key")
	}
	p.open = slices.DeleteFunc(p.open, func(key string) bool { return key == event.DedupKey })
	if event.Action == "trigger" {
		p.open = append(p.open, event.DedupKey)
	}
	return verdict{status: http.StatusAccepted, answer: fmt.Sprintf(`{"status":"success","message":"Event processed","dedup_key":%q}`, event.DedupKey)}
}

func (e pagerDutyEvent) wrong(size int) string {
	switch {
	case size > 512_000:
		return "the event is larger than 512 kB"
	case len(e.RoutingKey) != 32:
		return "routing_key has not 32 characters"
	case !slices.Contains([]string{"trigger", "acknowledge", "resolve"}, e.Action):
		return "event_action is " + e.Action
	case utf8.RuneCountInString(e.DedupKey) > 255:
		return "dedup_key is longer than 255 characters"
	case e.Action != "trigger" && e.DedupKey == "":
		return "dedup_key is required"
	case e.Action != "trigger":
		return ""
	case e.Payload == nil || e.Payload.Summary == "" || utf8.RuneCountInString(e.Payload.Summary) > 1024:
		return "summary is missing or longer than 1024 characters"
	case e.Payload.Source == "":
		return "source is required"
	case !slices.Contains([]string{"critical", "error", "warning", "info"}, e.Payload.Severity):
		return "severity is " + e.Payload.Severity
	}
	if _, err := time.Parse(time.RFC3339, e.Payload.Timestamp); e.Payload.Timestamp != "" && err != nil {
		return "timestamp is no ISO 8601"
	}
	return ""
}
