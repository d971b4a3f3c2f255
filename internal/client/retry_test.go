package client_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

func TestRetry_repeatsWhatMayPass(t *testing.T) {
	gateway := startFake(t,
		failed(http.StatusTooManyRequests, "rate_limit_error", "busy"), answer{status: http.StatusBadGateway},
		failed(http.StatusServiceUnavailable, "store_unavailable_error", "no"), answer{drop: true}, ok(`{"team_id":"a","revision":3}`))
	info, err := gateway.client(t).GetTeam(t.Context(), "a")
	if err != nil || info.Revision != 3 {
		t.Fatalf("got %v, %v", info.Revision, err)
	}
	if len(gateway.requests) != 5 {
		t.Errorf("%d requests", len(gateway.requests))
	}
}

func TestRetry_waitsAsLongAsTheGatewayAsks(t *testing.T) {
	gateway := startFake(t, answer{status: http.StatusTooManyRequests, header: map[string]string{"Retry-After": "1"}}, ok(`{"team_id":"a"}`))
	start := time.Now()
	if _, err := gateway.client(t).GetTeam(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(start); waited < time.Second {
		t.Errorf("waited %s", waited)
	}
}

func TestRetry_doesNotRepeatARefusal(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 412, 501, 505} {
		gateway := startFake(t, failed(status, "x_error", "no"), ok(`{}`))
		if _, err := gateway.client(t).GetTeam(t.Context(), "a"); err == nil {
			t.Errorf("%d: no error", status)
		}
		if len(gateway.requests) != 1 {
			t.Errorf("%d: %d requests", status, len(gateway.requests))
		}
	}
}

var outOfOrder = failed(http.StatusInternalServerError, "internal_server_error", "out of order")

func TestRetry_repeatsWhatBrokeOnce(t *testing.T) {
	team := ok(`{"team_id":"a"}`)
	for name, test := range map[string]struct {
		call   func(*client.Client) error
		answer answer
	}{
		"read":   {func(c *client.Client) error { _, err := c.GetTeam(t.Context(), "a"); return err }, team},
		"create": {func(c *client.Client) error { _, err := c.CreateTeam(t.Context(), "a", api.TeamFields{}); return err }, team},
		"update": {func(c *client.Client) error {
			_, err := c.UpdateTeam(t.Context(), "a", api.TeamFields{}, 7)
			return err
		}, team},
		"delete": {func(c *client.Client) error { return c.DeleteTeam(t.Context(), "a") }, ok(`{}`)},
	} {
		gateway := startFake(t, outOfOrder, answer{status: http.StatusInternalServerError, body: "oops"}, test.answer)
		if err := test.call(gateway.client(t)); err != nil {
			t.Errorf("%s: %s", name, err)
			continue
		}
		for _, header := range []string{api.HeaderIdempotencyKey, api.HeaderIfMatch} {
			if first, last := gateway.requests[0].Header.Get(header), gateway.last().Header.Get(header); first != last {
				t.Errorf("%s: %s was %q and then %q", name, header, first, last)
			}
		}
		if first := gateway.bodies[0]; gateway.bodies[1] != first || gateway.bodies[2] != first {
			t.Errorf("%s: repetitions differ: %q", name, gateway.bodies)
		}
	}
}

func TestRetry_tellsOfWhatStaysBroken(t *testing.T) {
	busy := answer{status: http.StatusServiceUnavailable}
	for name, test := range map[string]struct {
		answers  []answer
		requests int
		want     string
	}{
		"broken":             {[]answer{outOfOrder, outOfOrder, outOfOrder, outOfOrder}, 3, "after 3 attempts: out of order"},
		"busy in between":    {[]answer{outOfOrder, busy, outOfOrder, busy, outOfOrder}, 5, "after 5 attempts: out of order"},
		"busy at the end":    {[]answer{outOfOrder, outOfOrder, busy, busy, busy}, 5, "after 5 attempts: GET /team/info was answered with 503 Service Unavailable"},
		"broken otherwise":   {[]answer{outOfOrder, failed(http.StatusNotImplemented, "x", "never heard of it")}, 2, `read team "a": never heard of it`},
		"gone in the end":    {[]answer{outOfOrder, failed(http.StatusNotFound, "not_found_error", "no team a")}, 2, `read team "a": no team a`},
		"no answer any time": {[]answer{{drop: true}, {drop: true}, {drop: true}, {drop: true}, {drop: true}}, 5, "after 5 attempts: no answer from the gateway"},
	} {
		gateway := startFake(t, test.answers...)
		_, err := gateway.client(t).GetTeam(t.Context(), "a")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
		gateway.mu.Lock()
		if len(gateway.requests) != test.requests {
			t.Errorf("%s: %d requests", name, len(gateway.requests))
		}
		gateway.mu.Unlock()
	}
}

// Whoever wants no repetitions gets none after 500 either.
func TestRetry_canBeTurnedOff(t *testing.T) {
	gateway := startFake(t, outOfOrder, ok(`{"team_id":"a"}`))
	c, err := client.New(client.Options{Endpoint: gateway.URL, AdminKey: adminKey, RetryMax: -1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.GetTeam(t.Context(), "a"); err == nil || err.Error() != `read team "a": out of order` {
		t.Errorf("got %v", err)
	}
	if len(gateway.requests) != 1 {
		t.Errorf("%d requests", len(gateway.requests))
	}
}
