package admin

import (
	"maps"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Tags are the headings that the operations stand under.
var Tags = []openapi.Tag{
	{Name: "team", Text: "Groups of keys that share limits and a budget."},
	{Name: "key", Text: "What callers authenticate with. A key is named by its secret, its id (which LiteLLM calls token) or its alias."},
	{Name: "user", Text: "People and services that keys are made for, with limits over all of their keys."},
	{Name: "admin key", Text: "Keys of the admin API itself, with roles: admin, viewer, team_admin, team_viewer."},
	{Name: "budget", Text: "Amounts over a period: terms that teams and keys take, or pots that they spend from together."},
	{Name: "model", Text: "What is served, and by whom."},
	{Name: "alert route", Text: "Where events go, and which."},
	{Name: "usage", Text: "What was used and what it cost."},
	{Name: "quota", Text: "What a change would do, before it is made."},
	{Name: "audit", Text: "Who changed what, when, from where and why, in a chain that shows when it was tampered with."},
}

// documentation says about routes, by pattern, what the types do not say.
type documentation map[string]openapi.Operation

var documents = join(
	teamDocs, memberDocs, userDocs, adminKeyDocs, keyDocs, budgetDocs, resetDocs, modelDocs, alertRouteDocs, usageDocs, auditDocs, quotaDocs,
)

func join(parts ...documentation) documentation {
	all := documentation{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// Operations describes every route of the admin API. A test fails on one without a summary.
func Operations() []openapi.Operation {
	operations := make([]openapi.Operation, len(routes))
	for i, route := range routes {
		operation := documents[route.Pattern()]
		operation.Method, operation.Path = route.Method, route.Path
		operation.Changes = route.Changes()
		if route.Permission.OfTeams() {
			operation.Errors = append(slices.Clone(operation.Errors), api.MemberDenied)
		}
		operations[i] = operation
	}
	return operations
}

func codes(list ...api.Code) []api.Code { return list }

// Parameters that many lists have.
var (
	pageNumber = openapi.Parameter{Name: "page", Kind: "integer", Default: 1, Text: "Which page, from 1."}
	sortOrder  = openapi.Parameter{Name: "sort_order", Words: []string{"asc", "desc"}, Text: "Ascending unless said otherwise."}
)

var (
	cursor = openapi.Parameter{
		Name: "cursor", Text: "The `next_cursor` of the page before, in the same order and of the same selection. Takes as long for " +
			"the last page as for the first, and neither skips nor repeats what was there all the time.",
	}
	flagWords = []string{"true", "false", "True", "False"}
)

func pageSize(name string) openapi.Parameter {
	return openapi.Parameter{Name: name, Kind: "integer", Default: 10, Text: "How many on a page, at most 1000."}
}

func sortBy(columns map[string]string) openapi.Parameter {
	return openapi.Parameter{
		Name: "sort_by", Words: sortedNames(columns), Text: "Without it, what was made last comes first.",
	}
}
