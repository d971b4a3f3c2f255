package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// neverAnswer takes requests to the path and leaves them at that.
func neverAnswer(path string) fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != path {
			next.ServeHTTP(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices who hangs up
		<-r.Context().Done()
	}
}

func teamWithTimeouts(rpm int, operation string) string {
	return fmt.Sprintf("resource \"bursar_team\" \"t\" {\n  team_id   = \"patient\"\n  rpm_limit = %d\n  timeouts  = { %s = \"1s\" }\n}\n", rpm, operation)
}

func TestAccTimeouts_endEachOperation(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{
			PreConfig: func() { g.between(neverAnswer("/team/new")) },
			Config:    g.config(teamWithTimeouts(1, "create")), ExpectError: says(`It was given 1s. If the gateway is only slow or busy, give it more with timeouts = { create = "…" }`),
		},
		resource.TestStep{PreConfig: g.heal, Config: g.config(teamWithTimeouts(1, "update"))},
		resource.TestStep{
			PreConfig: func() { g.between(neverAnswer("/team/update")) },
			Config:    g.config(teamWithTimeouts(2, "update")), ExpectError: says(`timeouts = { update = "…" }`),
		},
		resource.TestStep{PreConfig: g.heal, Config: g.config(teamWithTimeouts(3, "delete"))},
		resource.TestStep{
			PreConfig: func() { g.between(neverAnswer("/team/delete")) },
			Config:    g.config(teamWithTimeouts(3, "delete")), Destroy: true, ExpectError: says(`timeouts = { delete = "…" }`),
		},
		resource.TestStep{
			PreConfig: g.heal,
			Config:    g.config(plainTeam), // what is in the state is destroyed
		},
	)
}

// Every resource has timeouts of its own. To change a team's alone tells the gateway nothing.
func TestAccTimeouts_areOfEveryResource(t *testing.T) {
	for _, newResource := range provider.New("test")().Resources(t.Context()) {
		var name fwresource.MetadataResponse
		var got fwresource.SchemaResponse
		newResource().Metadata(t.Context(), fwresource.MetadataRequest{}, &name)
		newResource().Schema(t.Context(), fwresource.SchemaRequest{}, &got)
		nested, ok := got.Schema.Attributes["timeouts"].(schema.SingleNestedAttribute)
		if !ok || len(nested.Attributes) != 3 {
			t.Errorf("%s has no timeouts for create, update and delete", name.TypeName)
		}
	}
	g := startGateway(t)
	run(t,
		resource.TestStep{
			Config: g.config(strings.Replace(teamWithTimeouts(1, "create"), "1s", "0s", 1)), ExpectError: says("timeouts.create must be more than 0s"),
		},
		resource.TestStep{Config: g.config(teamWithTimeouts(1, "create"))},
		resource.TestStep{
			PreConfig: func() { g.between(refuse("/team/update", http.StatusBadRequest, "")) },
			Config:    g.config(teamWithTimeouts(1, "delete")),
		},
	)
}
