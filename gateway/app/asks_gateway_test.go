package app_test

import (
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// What only the gateway itself is asked is answered, with no provider in it.
func TestAsksOfTheGateway_areAnswered(t *testing.T) {
	t.Parallel()
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	secret := g.newKey(`{"rpm_limit":5}`)
	for _, path := range []string{"/v1/usage/limits", "/v1/models", "/v1/models/gpt-4.1-mini"} {
		if status, _, body := g.do("GET", path, secret, ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
