package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What a configuration has is changed there: an apply would take back what is changed here. Blocking, letting through and
// rotating are done at once all the same.

// managedBody shows the lines that a configuration needs for what was typed.
type managedBody struct {
	ID        string
	Noun      noun
	ManagedBy api.ManagedBy
	HCL       string
}

// ofConfiguration says whether a route changes what an apply would take back.
func (n noun) ofConfiguration(route string) bool {
	return route == n.edit || strings.HasSuffix(route, "/delete")
}

// showLines shows the lines of a change that is to be made in the configuration.
func (s *Server) showLines(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, by api.ManagedBy, body map[string]any) error {
	shown := managedBody{ID: plan.ID, Noun: plan.Noun, ManagedBy: by, HCL: linesOf(plan.Noun, body)}
	return s.render(w, http.StatusOK, "managed", s.signedIn(r, in, "Change "+plan.Name+" in its configuration", shown))
}

// linesOf are the attributes of a change as Terraform reads them. What becomes nothing is left out there.
func linesOf(kind noun, body map[string]any) string {
	var lines strings.Builder
	for _, field := range kind.Fields {
		value, set := body[field.Name]
		if !set {
			continue
		}
		data, err := json.Marshal(value)
		if err != nil || string(data) == "null" {
			fmt.Fprintf(&lines, "# remove %s\n", field.Name)
			continue
		}
		text := string(data)
		if list, ok := value.([]string); ok {
			quoted := make([]string, len(list))
			for i, one := range list {
				quoted[i] = hclText(one)
			}
			text = "[" + strings.Join(quoted, ", ") + "]"
		} else if one, ok := value.(string); ok {
			text = hclText(one)
		}
		fmt.Fprintf(&lines, "%s = %s\n", field.Name, text)
	}
	return lines.String()
}

// hclText quotes a text so that nothing in it is a template.
func hclText(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		return `""` // a text is always JSON
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(data))
}
