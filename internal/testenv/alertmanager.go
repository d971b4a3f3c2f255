package testenv

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Alertmanager takes alerts by the rules of its API v2 and knows which are firing.
type Alertmanager struct {
	*Receiver
	ends map[string]time.Time
}

// StartAlertmanager starts an Alertmanager that ends with the test.
func StartAlertmanager(t testing.TB) *Alertmanager {
	t.Helper()
	a := &Alertmanager{ends: map[string]time.Time{}}
	receiver, err := startReceiver(a.judge)
	if err != nil {
		t.Fatalf("start Alertmanager: %s", err)
	}
	a.Receiver = receiver
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// Firing are the labels of the alerts that have not ended at a time, in order.
func (a *Alertmanager) Firing(at time.Time) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var firing []string
	for labels, ends := range a.ends {
		if ends.After(at) {
			firing = append(firing, labels)
		}
	}
	slices.Sort(firing)
	return firing
}

type postedAlert struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
}

func (a *Alertmanager) judge(r *http.Request, body []byte) verdict {
	if r.URL.Path != "/api/v2/alerts" {
		return refuse(http.StatusNotFound, "", "the path is %s", r.URL.Path)
	}
	var alerts []postedAlert
	if wrong := object(r, body, &alerts); wrong != "" {
		return refuse(http.StatusUnprocessableEntity, wrong, "%s", wrong)
	}
	for _, alert := range alerts {
		if wrong := alert.wrong(); wrong != "" {
			encoded, _ := json.Marshal(wrong)
			return refuse(http.StatusBadRequest, string(encoded), "%s", wrong)
		}
	}
	for _, alert := range alerts {
		a.ends[alert.fingerprint()] = alert.EndsAt
	}
	return verdict{status: http.StatusOK}
}

var promLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (p postedAlert) wrong() string {
	if len(p.Labels) == 0 || p.Labels["alertname"] == "" {
		return "at least one label pair required"
	}
	for _, set := range []map[string]string{p.Labels, p.Annotations} {
		for name := range set {
			if !promLabel.MatchString(name) {
				return "invalid label name " + name
			}
		}
	}
	if p.StartsAt.IsZero() || p.EndsAt.Before(p.StartsAt) {
		return "start time must be before end time"
	}
	return ""
}

func (p postedAlert) fingerprint() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		pairs = append(pairs, fmt.Sprintf("%s=%q", name, p.Labels[name]))
	}
	return strings.Join(pairs, " ")
}
