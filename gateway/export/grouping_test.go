package export_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// groups are teams of two departments, with a key each.
func groups() estate {
	var e estate
	for i, alias := range []string{"sales-emea", "sales-us", "lab-1", "lab-2", "solo"} {
		team := api.NewTeam(fmt.Sprint("t", i))
		team.TeamAlias, team.Metadata = &alias, api.Metadata{"dept": json.RawMessage(fmt.Sprintf("%q", alias[:1]))}
		key := api.NewKey(fmt.Sprint("key_", i))
		key.TeamID = &team.TeamID
		e.teams, e.keys = append(e.teams, team), append(e.keys, key)
	}
	return e
}

func (e estate) grouped(t *testing.T, by export.Grouping) map[string]string {
	t.Helper()
	files, err := export.Configuration(t.Context(), e, export.Options{GroupBy: by})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		texts[file.Name] = file.Text
	}
	return texts
}

func TestGrouping_isWhatPeopleSee(t *testing.T) {
	for by, want := range map[export.Grouping][]string{
		export.ByAliasPrefix: {`"bursar_team" "teams_sales"`, `"bursar_team" "teams_lab"`, `"bursar_team" "t4"`},
		"metadata.dept":      {`"bursar_team" "teams_s"`, `"bursar_team" "teams_l"`},
		export.Apart:         {`"bursar_team" "t0"`, `"bursar_team" "t1"`, `"bursar_team" "t2"`, `"bursar_team" "t3"`, `"bursar_team" "t4"`},
		"metadata.none":      {`"bursar_team" "teams_other"`},
	} {
		files := groups().grouped(t, by)
		for _, resource := range want {
			if !strings.Contains(files["teams.tf"], "resource "+resource) {
				t.Errorf("%s: no %s in\n%s", by, resource, files["teams.tf"])
			}
		}
		if got := strings.Count(files["teams.tf"], "resource "); got != len(want) {
			t.Errorf("%s: %d resources of teams:\n%s", by, got, files["teams.tf"])
		}
		if got := strings.Count(files["keys.tf"], "resource "); got != len(want) {
			t.Errorf("%s: keys do not stand as their teams do:\n%s", by, files["keys.tf"])
		}
	}
}

// One team that gets a limit changes in its own entry, and nobody else's.
func TestGrouping_aChangeOfATeamTouchesThatTeam(t *testing.T) {
	before := groups().grouped(t, export.ByAliasPrefix)
	changed := groups()
	changed.teams[0].RPMLimit = new(int64(30))
	after := changed.grouped(t, export.ByAliasPrefix)
	for name := range before {
		if name != "teams.tf" && before[name] != after[name] {
			t.Errorf("%s changes:\n%s", name, after[name])
		}
	}
	want := "rpm_limit  = try(each.value.rpm_limit, null)"
	if !strings.Contains(after["teams.tf"], want) || strings.Count(after["teams.tf"], "rpm_limit") != 3 { // the entry, and both sides of the line
		t.Errorf("no %s once in\n%s", want, after["teams.tf"])
	}
}

func TestParseGrouping_refusesWhatIsNone(t *testing.T) {
	for _, text := range []string{"alias", "metadata.", "metadata"} {
		if _, err := export.ParseGrouping(text); err == nil || !strings.Contains(err.Error(), "none of alias-prefix, metadata.KEY and none") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
