package route

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Call is one request to a route, read and allowed.
type Call struct {
	Request *http.Request
	Caller  auth.Caller
	Query   url.Values
	// In is the body of a POST, an empty object otherwise.
	In     *Input
	Change api.Change
	// surplus are the parameters of the address that the route does not have.
	surplus []string
}

// Read reads a request of a caller who has the route's permission. It refuses what the route does not take, and what
// is about teams that are not the caller's.
func (r Route) Read(request *http.Request, caller auth.Caller) (*Call, error) {
	c, err := newCall(request, caller, r)
	if err != nil {
		return nil, err
	}
	if err := r.checkScope(c); err != nil {
		return nil, err
	}
	return c, c.expectQuery(r)
}

// Replay is a call of the same caller to another route, with a body that was not sent there. It makes nothing that
// a repetition would be answered with.
func (c *Call) Replay(ctx context.Context, path string, body json.RawMessage) (*Call, error) {
	fields, err := httpx.ParseObject(body)
	if err != nil {
		return nil, err
	}
	request := c.Request.Clone(ctx)
	request.Header.Del(api.HeaderIdempotencyKey)
	request.URL.Path = path
	in := newInput(fields, path, c.In.Strict)
	in.digest = c.In.digest
	return &Call{Request: request, Caller: c.Caller, Query: c.Query, In: in, Change: c.Change}, nil
}

func newCall(r *http.Request, caller auth.Caller, route Route) (*Call, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, api.Errorf(api.Invalid, "the query of the address is not well formed")
	}
	change, err := changeOf(r, caller)
	if err != nil {
		return nil, err
	}
	c := &Call{Request: r, Caller: caller, Query: query, In: &Input{}, Change: change}
	httpx.Of(r.Context()).Actor = c.Change.Actor
	if route.HasBody() {
		c.In, err = readInput(r, route, query.Get("strict") == "true")
	}
	return c, err
}

// Context ends with the request, or with a change that has begun.
func (c *Call) Context() context.Context { return c.Request.Context() }

// expectQuery notes the parameters of the address that the route does not have; in strict mode these are refused.
func (c *Call) expectQuery(route Route) error {
	for _, name := range slices.Sorted(maps.Keys(c.Query)) {
		known := name == "strict" || slices.ContainsFunc(route.Query, func(p openapi.Parameter) bool { return p.Name == name })
		if !known {
			c.surplus = append(c.surplus, "?"+name)
		}
	}
	switch {
	case len(c.surplus) == 0:
		return nil
	case c.Query.Get("strict") == "true":
		return &api.Error{
			Code: api.Invalid, Param: c.surplus[0][1:],
			Message: "unknown parameters of the address, refused because of strict=true: " + nameList(c.surplus),
		}
	case route.refuses():
		return &api.Error{
			Code: api.Invalid, Param: c.surplus[0][1:],
			Message: "the route has no parameter " + nameList(c.surplus) + "; nothing was changed. Leave it out, or correct its name",
		}
	default:
		return nil
	}
}

// Warn names the fields and parameters that were left out of account.
func (c *Call) Warn(header http.Header) {
	if unknown := append(c.surplus, c.In.Unknown...); len(unknown) > 0 {
		header.Set(api.HeaderUnknownFields, nameList(unknown))
	}
}

// IfRevision returns the revision that the request was planned against, 0 for any.
func (c *Call) IfRevision() (int64, error) {
	text := strings.TrimSpace(c.Request.Header.Get(api.HeaderIfMatch))
	if text == "" || text == "*" {
		return 0, nil
	}
	revision, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(text, "W/"), `"`), 10, 64)
	if err != nil || revision < 1 {
		return 0, api.FieldErrorf(api.HeaderIfMatch, `must be a revision such as "7", or *`)
	}
	return revision, nil
}

// Required returns a parameter of the query that must be there.
func (c *Call) Required(name string) (string, error) {
	value := c.Query.Get(name)
	if value == "" {
		return "", api.FieldErrorf(name, "is required, as a parameter of the address: ?%s=…", name)
	}
	return value, nil
}

// Number returns a whole number of the query between 1 and most, or the fallback when it is left out.
func (c *Call) Number(name string, fallback, most int) (int, error) {
	text := c.Query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, api.FieldErrorf(name, "must be a whole number from 1 to %d", most)
	}
	return n, nil
}

// Count returns a whole number of the query, 0 when it is left out.
func (c *Call) Count(name string) (int64, error) {
	text := c.Query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, api.FieldErrorf(name, "must be a whole number")
	}
	return n, nil
}

// Choice returns a parameter of the query that must be one of the words, or "" when it is left out.
func (c *Call) Choice(name string, words ...string) (string, error) {
	value := c.Query.Get(name)
	if value == "" {
		return "", nil
	}
	if slices.Contains(words, value) {
		return value, nil
	}
	return "", api.FieldErrorf(name, "must be one of %s", strings.Join(words, ", "))
}

// Amount returns an amount of the query, nil when it is left out.
func (c *Call) Amount(name string) (*money.Nano, error) {
	text := c.Query.Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // no bound is no error
	}
	amount, err := money.Parse(text)
	if err != nil {
		return nil, api.FieldErrorf(name, "must be an amount in USD such as 0.25")
	}
	return &amount, nil
}

// Flag reads a parameter that is true or false, as Python's clients write it too.
func (c *Call) Flag(name string, fallback bool) (bool, error) {
	value, err := c.Choice(name, "true", "false", "True", "False", "1", "0")
	if value == "" || err != nil {
		return fallback, err
	}
	return slices.Contains([]string{"true", "True", "1"}, value), nil
}
