package app_test

import (
	"database/sql"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestVerifyAudit_besideARunningGateway(t *testing.T) {
	config := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	if _, err := app.VerifyAudit(t.Context(), config, api.AuditMark{}); err == nil || !strings.Contains(err.Error(), "there is no ") {
		t.Fatalf("a record that is not there: %v", err)
	}
	g := start(t, config)
	for _, id := range []string{"a", "b", "c"} {
		g.admin(http.MethodPost, "/team/new", `{"team_id":"`+id+`"}`)
	}
	check, err := app.VerifyAudit(t.Context(), config, api.AuditMark{})
	if err != nil || !check.OK() || check.Rows < 3 {
		t.Fatalf("%+v, %v", check, err)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(config.DatabaseURL, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"DROP TRIGGER audit_no_update", "UPDATE audit SET actor = 'nobody' WHERE seq = 2"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if check, err := app.VerifyAudit(t.Context(), config, api.AuditMark{}); err != nil || check.BadSeq != 2 {
		t.Errorf("%+v, %v", check, err)
	}
}
