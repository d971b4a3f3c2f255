package route

import (
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxNote is how much of an actor's name or of a reason is kept, in bytes.
const maxNote = 1024

// changeOf says who changes something and why, as far as the request tells.
func changeOf(r *http.Request, caller auth.Caller) (api.Change, error) {
	header := r.Header.Get(api.HeaderManagedBy)
	managedBy, err := api.ParseManagedBy(header)
	return api.Change{
		Actor: actorOf(caller, claimed(r), true), Credential: caller.Credential, Rule: caller.Rule, Address: httpx.Of(r.Context()).Address, Reason: Note(r.Header.Get(api.HeaderChangeReason)),
		RequestID: httpx.RequestID(r.Context()), UserAgent: Note(r.UserAgent()), ManagedBy: managedBy, Released: header == api.ReleasedObject,
		Review: Note(r.Header.Get(api.HeaderApprovedReview)),
	}, err
}

// claimed is whom a request names as its actor, "" for nobody.
func claimed(r *http.Request) string {
	named := ""
	for _, header := range []string{api.HeaderChangedBy, api.HeaderActor} {
		if name := api.ActorName(Note(r.Header.Get(header))); name != "" {
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
		return Note(caller.Name + " (" + claimed + ")")
	}
}

// SignAs says who a change is signed with, now that it is known to be one, and whether another credential has the name
// that the request claims.
func (c *Call) SignAs(taken bool) {
	c.Change.Actor = actorOf(c.Caller, c.Claimed(), taken)
	httpx.Of(c.Context()).Actor = c.Change.Actor
}

// Claimed is whom the request names as its actor, "" for nobody.
func (c *Call) Claimed() string { return claimed(c.Request) }

// Note makes text from a header fit to be kept and printed: valid, of one line, not too long.
func Note(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text[:min(len(text), maxNote)])
	return strings.TrimSpace(strings.ToValidUTF8(text, ""))
}
