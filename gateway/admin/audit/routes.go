// Package audit answers who changed what, and what became of a team's limits.
//
// It promises that answers of any length are written as they are read. It must never change anything.
package audit

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Log are the changes that the record holds.
type Log struct{ Record stores.Books }

// Routes are the operations on the log.
func Routes(s *Log) []route.Route {
	return []route.Route{
		route.Raw("GET /audit", auth.Read, s.audits, route.Spec{
			Tag: "audit", Summary: "List who changed what, newest first.", Answer: api.AuditPage{}, Media: route.CSVAndLines,
			Query: []openapi.Parameter{
				{Name: "object_id", Text: "Changes of this object only."},
				{Name: "team_id", Text: "Changes of this team, of its keys, and of budgets and alert routes that name it."},
				{Name: "actor", Text: "By this actor only."},
				{Name: "changed_by", Text: "The same as actor."},
				{Name: "credential_id", Text: "Made with this credential only: the id of an admin key or key, `admin` for the key of the configuration, `issuer#subject` for a person."},
				{Name: "action", Text: "This noun and verb only, such as `team.update`."},
				route.StartDate, route.EndDate, route.FormatAs, route.CursorAt, route.PageNumber,
				{Name: "page_size", Kind: "integer", Default: 50, Text: "How many on a page, at most 1000."},
			},
		}),
		route.Raw("GET /quota/history", auth.Read, s.quotaHistory, route.Spec{
			Tag: "quota", Summary: "Read what became of a team's limits, newest first: who changed them from what to what, and why.", Answer: quotaHistory{},
			Description: "Changes of the team, of its keys and members, and of budgets that name it, as far as they say who may use what. A page looks at 200 changes of any kind.",
			Query:       []openapi.Parameter{{Name: "team_id", Required: true}, route.StartDate, route.EndDate, route.CursorAt},
		}),
		route.Raw("GET /audit/verify", auth.Read, s.verifyAudit, route.Spec{
			Tag: "audit", Summary: "Say whether every change is as it was written, in its place, and the last one there.", Answer: auditVerdict{},
			Description: "Keep `rows` and `head` elsewhere and send them along the next time: that shows a log whose end was cut off cleanly.",
			Query: []openapi.Parameter{
				{Name: "known_head", Text: "`head` of an earlier answer."}, {Name: "known_rows", Kind: "integer", Text: "`rows` of an earlier answer."},
			},
		}),
		route.Raw("GET /audit/{id}", auth.Read, s.audit, route.Spec{
			Tag: "audit", Summary: "Read one change, by its number.", Answer: api.Audit{}, Errors: route.Codes(api.NotFound, api.Invalid),
		}),
	}
}
