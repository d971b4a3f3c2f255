package openapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func compare(a, b string) int { return cmp.Compare(a, b) }

func lowerMethod(method string) string { return strings.ToLower(method) }

// operation writes one operation.
func (d *describer) operation(o Operation) (object, error) {
	described := object{{"operationId", operationID(o)}, {"tags", []string{o.Tag}}, {"summary", o.Summary}}
	described = described.describedAs(o.Description)
	if o.Public {
		described = append(described, member{"security", []any{}})
	}
	if parameters := parameters(o); len(parameters) > 0 {
		described = append(described, member{"parameters", parameters})
	}
	if o.Body != nil {
		schema, err := d.request(o.Body)
		if err != nil {
			return nil, err
		}
		described = append(described, member{"requestBody", object{
			{"required", !o.BodyOptional}, {"content", object{{jsonMedia, object{{"schema", schema}}}}},
		}})
	}
	responses, err := d.responses(o)
	return append(described, member{"responses", responses}), err
}

const jsonMedia = "application/json"

// operationID is the path in one word, after the method unless that is the obvious one.
func operationID(o Operation) string {
	words := strings.FieldsFunc(o.Path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, word := range words {
		words[i] = title(word)
	}
	return strings.ToLower(o.Method) + strings.Join(words, "")
}

// parameters are those of the path, of the query, and the headers that the operation obeys.
func parameters(o Operation) []any {
	var list []any
	for segment := range strings.SplitSeq(o.Path, "/") {
		if name, isParameter := strings.CutPrefix(segment, "{"); isParameter {
			list = append(list, object{
				{"name", strings.TrimRight(name, ".}")}, {"in", "path"}, {"required", true}, {"schema", object{{"type", "string"}}},
			})
		}
	}
	for _, parameter := range o.Query {
		list = append(list, parameter.described())
	}
	for _, header := range headersOf(o) {
		list = append(list, object{{"$ref", "#/components/parameters/" + header}})
	}
	return list
}

func (p Parameter) described() object {
	described := object{{"name", p.Name}, {"in", "query"}}.describedAs(p.Text)
	if p.Required {
		described = append(described, member{"required", true})
	}
	return append(described, member{"schema", p.schema()})
}

func (p Parameter) schema() object {
	var schema object
	switch p.Kind {
	case "date":
		schema = object{{"type", "string"}, {"examples", []string{"2026-11-01"}}}
	case "":
		schema = object{{"type", "string"}}
	default:
		schema = object{{"type", p.Kind}}
	}
	if len(p.Words) > 0 {
		schema = append(schema, member{"enum", p.Words})
	}
	if p.Default != nil {
		schema = append(schema, member{"default", p.Default})
	}
	return schema
}

func headersOf(o Operation) []string {
	var names []string
	if o.Body != nil && o.Changes {
		names = append(names, "strict")
	}
	if o.Changes {
		names = append(names, api.HeaderChangeReason, api.HeaderActor, api.HeaderManagedBy, api.HeaderApprovedReview)
	}
	if o.Revised {
		names = append(names, api.HeaderIfMatch)
	}
	if o.Repeatable {
		names = append(names, api.HeaderIdempotencyKey)
	}
	return names
}

// responses are the answer and the refusals, by status.
func (d *describer) responses(o Operation) (object, error) {
	ok := object{{"description", "OK"}}
	var content object
	if o.Answer != nil {
		schema, err := d.answer(o.Answer)
		if err != nil {
			return nil, err
		}
		content = object{{jsonMedia, object{{"schema", schema}}}}
	}
	for _, media := range o.Media {
		content = append(content, member{media, object{{"schema", object{{"type", "string"}}}}})
	}
	if content != nil {
		ok = append(ok, member{"content", content})
	}
	if o.Changes {
		ok = append(ok, member{"headers", object{{api.HeaderUnknownFields, object{
			{"description", "The fields of the request that are not known and were left out of account."},
			{"schema", object{{"type", "string"}}},
		}}}})
	}
	responses := object{{strconv.Itoa(http.StatusOK), ok}}
	if o.Unwell != nil {
		schema, err := d.answer(o.Unwell)
		return append(responses, member{strconv.Itoa(http.StatusServiceUnavailable), object{
			{"description", "Not now."}, {"content", object{{jsonMedia, object{{"schema", schema}}}}},
		}}), err
	}
	refusal, err := d.answer(cmp.Or[any](o.Refusal, api.ErrorBody{}))
	if err != nil {
		return nil, err
	}
	for _, status := range statuses(o) {
		responses = append(responses, member{strconv.Itoa(status.code), object{
			{"description", strings.Join(status.words, " ")},
			{"content", object{{jsonMedia, object{{"schema", refusal}}}}},
			{"x-error-types", status.types},
		}})
	}
	return responses, nil
}

// status is an HTTP status and the codes that are answered with it.
type status struct {
	code  int
	types []api.Code
	words []string
}

// statuses groups the codes of an operation by status, ascending.
func statuses(o Operation) []status {
	byStatus := map[int]*status{}
	for _, code := range CodesOf(o) {
		number := cmp.Or(o.Statuses[code], api.Errorf(code, "").HTTPStatus())
		if byStatus[number] == nil {
			byStatus[number] = &status{code: number}
		}
		s := byStatus[number]
		s.types, s.words = append(s.types, code), append(s.words, "`"+string(code)+"`: "+meanings[code])
	}
	list := make([]status, 0, len(byStatus))
	for _, s := range byStatus {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b status) int { return a.code - b.code })
	return list
}

// CodesOf returns every code that the operation may refuse with: its own and those that follow from what it obeys.
func CodesOf(o Operation) []api.Code {
	codes := []api.Code{api.Internal, api.StoreUnavailable}
	if !o.Public {
		codes = append(codes, api.Unauthenticated, api.Forbidden, api.RateLimited)
	}
	if o.Body != nil {
		codes = append(codes, api.Invalid, api.TooLarge, api.UnsupportedEncoding)
	}
	if len(o.Query) > 0 {
		codes = append(codes, api.Invalid)
	}
	if o.Revised {
		codes = append(codes, api.Invalid, api.Stale, api.NotFound, api.Conflict)
	}
	if o.Repeatable {
		codes = append(codes, api.Invalid, api.Conflict)
	}
	codes = append(codes, o.Errors...)
	slices.Sort(codes)
	return slices.Compact(codes)
}

var meanings = map[api.Code]string{
	api.Invalid:          "the request is not understood; `param` names the field at fault.",
	api.Unauthenticated:  "no key, or one that nobody was given.",
	api.Forbidden:        "the key's role may not do this.",
	api.NotFound:         "the object is not there.",
	api.AlreadyExists:    "the id or alias is in use.",
	api.Conflict:         "the object is declared in a file, is in use, or the Idempotency-Key was used for another request.",
	api.Stale:            "the object was changed since the revision in If-Match; the message says by whom and when.",
	api.TooLarge:         "the request body is larger than the limit.",
	api.BudgetExceeded:   "a budget is exhausted, or has less left than the call may cost; the message names it. The status can be set.",
	api.RateLimited:      "a rate limit is reached, calls under way hold what is left of a budget, or too many requests from the address failed to authenticate; Retry-After says when there is room again.",
	api.ModelDenied:      "the key may not use the model.",
	api.KeyModelDenied:   "the key may not use the model.",
	api.TeamModelDenied:  "the key's team may not use the model.",
	api.ExpiredKey:       "the key has expired.",
	api.StoreUnavailable: "a store cannot be reached; try again.",
	api.Upstream:         "the provider failed.",
	api.MemberExists:     "the user is in the team already.",
	api.MemberDenied:     "the team does not permit its members this, or not for that key.",
	api.MethodNotAllowed: "the route takes another method.",
	api.Internal:         "the gateway failed; its log has the details under the request id.",

	api.UnsupportedEncoding: "the body is compressed, and not with gzip or zstd.",
	api.UpgradeRequired:     "the route is asked over HTTP, not over a WebSocket.",
}

func securitySchemes() object {
	return object{
		{"bearer", object{{"type", "http"}, {"scheme", "bearer"}}},
		{"x-api-key", object{{"type", "apiKey"}, {"in", "header"}, {"name", "x-api-key"}}},
		{"API-Key", object{{"type", "apiKey"}, {"in", "header"}, {"name", "API-Key"}}},
	}
}

func headerParameters() object {
	header := func(name, text string) member {
		return member{name, object{
			{"name", name}, {"in", "header"}, {"description", text}, {"schema", object{{"type", "string"}}},
		}}
	}
	return object{
		{"strict", object{
			{"name", "strict"},
			{"in", "query"},
			{"schema", object{{"type", "boolean"}}},
			{"description", "Refuses fields that are not known instead of naming them in " + api.HeaderUnknownFields + "."},
		}},
		header(api.HeaderChangeReason, "Why the change is made; kept in the audit log."),
		header(api.HeaderActor, "The person or program on whose behalf the key is used; kept in the audit log."),
		header(api.HeaderManagedBy, "The configuration that keeps the object, as JSON with program, workspace, repository and address; answered as managed_by. \"nobody\" takes it back."),
		header(api.HeaderApprovedReview, "The approved review that the change is part of; what it does not have is refused with 409, and nothing is changed."),
		header(api.HeaderIfMatch, "The revision that the change was planned against; a later one refuses it with 412."),
		header(api.HeaderIdempotencyKey, "Makes the request repeatable: for a day, the same key gets the same answer."),
	}
}
