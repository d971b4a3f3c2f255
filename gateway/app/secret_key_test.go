package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// An application's key opens the gateway before, during and after the secret key is rotated beside it.
func TestRotateSecretKey_besideAGatewayThatServes(t *testing.T) {
	t.Parallel()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	g := start(t, c)
	used, unused := g.newKey(`{"key_alias":"used"}`), g.newKey(`{"key_alias":"unused"}`)
	calls := func(g *gateway, when, key string) {
		t.Helper()
		if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
			t.Errorf("%s: %d %s", when, status, body)
		}
	}
	calls(g, "before", used)
	rotate := func(options app.RotateOptions) app.Rotation {
		t.Helper()
		options.Change = api.Change{Actor: "test"}
		done, err := app.RotateSecretKey(t.Context(), c, options)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if err := app.MakeSecretKey(c); err != nil {
		t.Fatal(err)
	}
	if _, err := app.RotateSecretKey(t.Context(), c, app.RotateOptions{}); err == nil || !strings.Contains(err.Error(), "start them again") {
		t.Fatalf("rotated under a gateway that has the old key alone: %v", err)
	}
	g.stop()

	g = start(t, c)
	calls(g, "with both keys", used)
	if planned := rotate(app.RotateOptions{DryRun: true}); planned.State.InUse == planned.State.Wanted || len(planned.State.Without) > 0 || planned.State.Earlier[0].Keys != 2 {
		t.Errorf("a dry run says %+v", planned.State)
	}
	if _, err := app.RotateSecretKey(t.Context(), c, app.RotateOptions{Forget: true}); err == nil || !strings.Contains(err.Error(), "--forget comes last") {
		t.Errorf("forgotten in the run that replaces it: %v", err)
	}
	if done := rotate(app.RotateOptions{}); !done.Rotated || len(done.Owners) != 2 {
		t.Errorf("rotated: %+v", done)
	}
	calls(g, "rotated", used)
	during := g.newKey(`{"key_alias":"during"}`)
	calls(g, "made after", during)
	g.stop()

	if err := os.Remove(filepath.Join(c.DataDir, seal.PreviousKeyFile)); err != nil {
		t.Fatal(err)
	}
	g = start(t, c)
	for _, key := range []string{used, during} {
		calls(g, "with the new key alone", key)
	}
	if left := rotate(app.RotateOptions{}); left.Rotated || len(left.Owners) != 1 || left.Owners[0].Alias != "unused" {
		t.Errorf("left: %+v", left.Owners)
	}
	calls(g, "a key that was never used before", unused)
	if left := rotate(app.RotateOptions{}); len(left.Owners) != 0 || len(left.Forgotten) != 1 {
		t.Errorf("left: %+v, forgotten %+v", left.Owners, left.Forgotten)
	}
	if check, err := app.VerifyAudit(t.Context(), c, api.AuditMark{}); err != nil || !check.OK() {
		t.Errorf("the audit log: %+v, %v", check, err)
	}
}
