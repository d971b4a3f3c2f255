// Package route describes one operation of the admin API and reads the requests to it.
//
// It promises that all that is known of a route stands in one place, that a request without the
// route's permission reaches no handler, and that what a request says and nobody understands is
// named or refused. It must never know what an operation is about.
//
// The description of the API is written by our own gateway/openapi, not by huma: a type has two schemas
// here, as a request may leave out what an answer always has, where huma has one; huma's validation would
// refuse what LiteLLM's clients write (an empty text, "100", 100.0) before it is read as what they mean;
// and the data path is described by the same generator without being served by it.
package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Route is one operation of the admin API.
type Route struct {
	Method string
	Path   string
	// Permission is what a caller must have. Without one the gateway does not start.
	Permission auth.Permission
	Spec
	// Serve answers a request that was let in.
	Serve func(*Call) (any, error)
}

// Spec is what there is to say of a route besides its address and who may use it.
type Spec struct {
	// Scope tells which teams a request is about. A route that callers of some teams may use has one, or the
	// gateway does not start.
	Scope Scope
	// Rehearsed says that POST /quota/check can tell what a request would do.
	Rehearsed bool
	// Closed says that whatever the route is asked and does not know is refused, even what LiteLLM's clients send along:
	// it is none of LiteLLM's, or would do something else than was meant.
	Closed bool
	// MostNames is how many field names a body may have where that is more than [httpx.ParseObject] takes.
	MostNames int

	// What follows is for the description of the API; see [openapi.Operation].

	Tag, Summary, Description string
	Query                     []openapi.Parameter
	Body                      any
	BodyOptional              bool
	Answer                    any
	Media                     []string
	Errors                    []api.Code
	// Revised says that the route obeys If-Match, Repeatable that it obeys Idempotency-Key.
	Revised, Repeatable bool
}

// Pattern is the route as [net/http.ServeMux] takes it.
func (r Route) Pattern() string { return r.Method + " " + r.Path }

// Changes says whether a request to the route may change something.
func (r Route) Changes() bool { return r.Method != http.MethodGet && r.Permission.Changes() }

// Fault says why a gateway with this route must not start, "" when it may.
func (r Route) Fault() string {
	switch {
	case !r.Permission.Known():
		return "admin route " + r.Pattern() + " has no permission"
	case r.Permission.OfTeams() && r.Scope == nil:
		return "admin route " + r.Pattern() + " does not say which teams a request is about"
	default:
		return ""
	}
}

// Operation describes the route to readers of the API.
func (r Route) Operation() openapi.Operation {
	operation := openapi.Operation{
		Method: r.Method, Path: r.Path, Tag: r.Tag, Summary: r.Summary, Description: r.Description,
		Query: r.Query, Body: r.Body, BodyOptional: r.BodyOptional, Answer: r.Answer, Media: r.Media,
		Errors: r.Errors, Revised: r.Revised, Repeatable: r.Repeatable, Changes: r.Changes(),
	}
	if r.Permission.OfTeams() {
		operation.Errors = append(slices.Clone(operation.Errors), api.MemberDenied)
	}
	return operation
}

// Raw is a route whose handler takes what it needs out of the request by itself. The pattern is a method and a path.
func Raw(pattern string, permission auth.Permission, serve func(*Call) (any, error), spec Spec) Route {
	method, path, _ := strings.Cut(pattern, " ")
	return Route{Method: method, Path: path, Permission: permission, Spec: spec, Serve: serve}
}
