// Package audit answers who changed what, and what became of a team's limits.
//
// It promises that answers of any length are written as they are read. It must never change anything.
package audit

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Log are the changes that the record holds.
type Log struct{ Record stores.Books }

// Routes are the operations on the log.
func Routes(s *Log) []route.Route {
	return []route.Route{
		route.New("GET /audit", auth.Read, s.audits, route.Spec{
			Tag: "audit", Summary: "List who changed what, newest first.", Answer: api.AuditPage{}, Media: route.CSVAndLines,
		}),
		route.New("GET /quota/history", auth.Read, s.quotaHistory, route.Spec{
			Tag: "quota", Summary: "Read what became of a team's limits, newest first: who changed them from what to what, and why.",
			Description: "Changes of the team, of its keys and members, and of budgets that name it, as far as they say who may use what. A page looks at 200 changes of any kind.",
		}),
		route.New("GET /audit/verify", auth.Read, s.verifyAudit, route.Spec{
			Tag: "audit", Summary: "Say whether every change is as it was written, in its place, and the last one there.",
			Description: "Keep `rows` and `head` elsewhere and send them along the next time: that shows a log whose end was cut off cleanly.",
		}),
		route.New("GET /audit/{id}", auth.Read, s.audit, route.Spec{
			Tag: "audit", Summary: "Read one change, by its number.", Errors: route.Codes(api.NotFound, api.Invalid),
		}),
	}
}
