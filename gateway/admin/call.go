package admin

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxNote is how much of an actor's name or of a reason is kept, in bytes.
const maxNote = 1024

// call is one request to a route, read and allowed.
type call struct {
	request *http.Request
	caller  auth.Caller
	query   url.Values
	// surplus are the parameters of the address that the route does not have.
	surplus []string
	// in is the body of a POST, an empty object otherwise.
	in     *input
	change api.Change
}

func newCall(r *http.Request, caller auth.Caller) (*call, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, api.Errorf(api.Invalid, "the query of the address is not well formed")
	}
	c := &call{request: r, caller: caller, query: query, in: &input{}, change: changeOf(r, caller)}
	httpx.Of(r.Context()).Actor = c.change.Actor
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		c.in, err = readInput(r, query.Get("strict") == "true")
	}
	return c, err
}

func (c *call) ctx() context.Context { return c.request.Context() }

// expectQuery notes the parameters of the address that the route does not have; in strict mode these are refused.
func (c *call) expectQuery(route Route) error {
	operation, documented := documents[route.Pattern()]
	if !documented {
		return nil
	}
	for _, name := range sortedNames(c.query) {
		known := name == "strict" || slices.ContainsFunc(operation.Query, func(p openapi.Parameter) bool { return p.Name == name })
		if !known {
			c.surplus = append(c.surplus, "?"+name)
		}
	}
	if len(c.surplus) > 0 && c.query.Get("strict") == "true" {
		return &api.Error{
			Code: api.Invalid, Param: c.surplus[0][1:],
			Message: "unknown parameters of the address, refused because of strict=true: " + nameList(c.surplus),
		}
	}
	return nil
}

// warn names the fields and parameters that were left out of account.
func (c *call) warn(header http.Header) {
	if unknown := append(c.surplus, c.in.unknown...); len(unknown) > 0 {
		header.Set(api.HeaderUnknownFields, nameList(unknown))
	}
}

// changeOf says who changes something and why, as far as the request tells.
func changeOf(r *http.Request, caller auth.Caller) api.Change {
	return api.Change{
		Actor: actorOf(caller, claimed(r), true), Credential: caller.Credential, Address: addressOf(r), Reason: note(r.Header.Get(api.HeaderChangeReason)),
		RequestID: httpx.RequestID(r.Context()), UserAgent: note(r.UserAgent()),
	}
}

// claimed is whom a request names as its actor, "" for nobody.
func claimed(r *http.Request) string {
	named := ""
	for _, header := range []string{api.HeaderChangedBy, api.HeaderActor} {
		if name := note(r.Header.Get(header)); name != "" {
			named = name
		}
	}
	return named
}

// actorOf is who the audit log names. Only a shared credential stands for whom its user names, and not for names that
// are somebody's; a caller who is somebody cannot act in another's name. What else they name comes behind.
func actorOf(caller auth.Caller, claimed string, taken bool) string {
	switch {
	case claimed == "" || claimed == caller.Name:
		return caller.Name
	case caller.Shared && !taken:
		return claimed
	default:
		return note(caller.Name + " (" + claimed + ")")
	}
}

// nameActor says who a change is to be signed with, now that it is known to be one.
func (s *Server) nameActor(c *call) error {
	name := claimed(c.request)
	if name == "" || !c.caller.Shared {
		return nil
	}
	taken, err := s.isTaken(c.ctx(), name, c.caller)
	if err != nil {
		return err
	}
	c.change.Actor = actorOf(c.caller, name, taken)
	httpx.Of(c.ctx()).Actor = c.change.Actor
	return nil
}

// isTaken says whether another credential has the name, or could have: those of people are not known beforehand. The log
// writes a claim behind the name of who claims it, so what stands before " (" counts, and may be the caller's own name.
func (s *Server) isTaken(ctx context.Context, name string, caller auth.Caller) (bool, error) {
	name, claim, _ := strings.Cut(name, " (")
	if claim != "" && name == caller.Name {
		return false, nil
	}
	if s.people || api.ReservedActor(name) {
		return true, nil
	}
	keys, err := s.record.AdminKeys(ctx)
	return slices.ContainsFunc(keys, func(key api.AdminKey) bool {
		return strings.EqualFold(name, key.AdminKeyID) || strings.EqualFold(name, orNone(key.AdminKeyAlias))
	}), err
}

// addressOf is the network address that a request came from.
func addressOf(r *http.Request) string {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return address
}

// note makes text from a header fit to be kept and printed: valid, of one line, not too long.
func note(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text[:min(len(text), maxNote)])
	return strings.TrimSpace(strings.ToValidUTF8(text, ""))
}

// ifRevision returns the revision that the request was planned against, 0 for any.
func (c *call) ifRevision() (int64, error) {
	text := strings.TrimSpace(c.request.Header.Get(api.HeaderIfMatch))
	if text == "" || text == "*" {
		return 0, nil
	}
	revision, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(text, "W/"), `"`), 10, 64)
	if err != nil || revision < 1 {
		return 0, api.FieldErrorf(api.HeaderIfMatch, `must be a revision such as "7", or *`)
	}
	return revision, nil
}

// required returns a parameter of the query that must be there.
func (c *call) required(name string) (string, error) {
	value := c.query.Get(name)
	if value == "" {
		return "", api.FieldErrorf(name, "is required, as a parameter of the address: ?%s=…", name)
	}
	return value, nil
}

// number returns a whole number of the query between 1 and most, or the fallback when it is left out.
func (c *call) number(name string, fallback, most int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, api.FieldErrorf(name, "must be a whole number from 1 to %d", most)
	}
	return n, nil
}

// choice returns a parameter of the query that must be one of the words, or "" when it is left out.
func (c *call) choice(name string, words ...string) (string, error) {
	value := c.query.Get(name)
	if value == "" {
		return "", nil
	}
	if slices.Contains(words, value) {
		return value, nil
	}
	return "", api.FieldErrorf(name, "must be one of %s", strings.Join(words, ", "))
}
