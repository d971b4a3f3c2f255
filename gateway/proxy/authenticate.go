package proxy

import (
	"context"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Types of refusals that LiteLLM's clients know.
const (
	codeKeyModelDenied  = api.KeyModelDenied
	codeTeamModelDenied = api.TeamModelDenied
)

// authenticate finds out who is calling, by a key or the token of an identity provider, and refuses who may call nothing
// at all.
func (p *Proxy) authenticate(r *http.Request, c *call) error {
	if err := p.present(r, c); err != nil {
		return err
	}
	return p.judge(r.Context(), c, p.refuseKey)
}

// authenticateFresh is for calls that reserve nothing: no engine tells them that their policy is old.
func (p *Proxy) authenticateFresh(r *http.Request, c *call) error {
	if err := p.present(r, c); err != nil {
		return err
	}
	return c.judged(p.Book.JudgeFresh(r.Context(), c.who, p.refuseKey))
}

// present takes what the request brings to say who is calling.
func (p *Proxy) present(r *http.Request, c *call) error {
	secret, err := auth.Presented(r.Header)
	if err != nil {
		return err
	}
	if p.IsAdminKey(secret) {
		return api.Errorf(api.Forbidden, "the admin key cannot call models; make a key with POST /key/generate")
	}
	spokenFor := r.Header.Get(p.IdentifierHeader)
	if auth.IsToken(secret) && p.Tokens != nil {
		c.who, err = p.Tokens.read(r.Context(), secret, spokenFor, p.IdentifierHeader)
		return err
	}
	if auth.CheckSecret(secret) != nil {
		return auth.InvalidKey()
	}
	c.who = policy.WithSecret(auth.Digest(secret), spokenFor)
	return nil
}

// judge lets the book judge the caller.
func (p *Proxy) judge(ctx context.Context, c *call, verdict policy.Verdict) error {
	return c.judged(p.Book.Judge(ctx, c.who, verdict))
}

// judged takes what the book says: the subject with its refusal, or why there is none.
func (c *call) judged(subject *policy.Subject, err error) error {
	if subject != nil {
		c.subject = subject
		return err
	}
	switch api.CodeOf(err) {
	case api.NotFound:
		return auth.InvalidKey()
	case api.Forbidden:
		return err
	default:
		return unavailable(err)
	}
}

// refuseKey refuses keys that may not be used at all.
func (p *Proxy) refuseKey(subject *policy.Subject) error {
	key := subject.Key
	switch {
	case key.Blocked:
		return auth.BlockedKey()
	case key.Expires != nil && !p.Now().Before(*key.Expires):
		return auth.ExpiredKey(*key.Expires)
	case subject.Team != nil && subject.Team.Blocked:
		return auth.BlockedTeam(subject.Team.TeamID)
	}
	return nil
}

// checkModel says whether the key and its team may use the model.
func (p *Proxy) checkModel(c *call, subject *policy.Subject) error {
	model := c.Model
	if allowed, deniedBy := subject.MayUse(c.served.Names, model); !allowed && !(c.granted && deniedBy == "team") {
		code, models := codeKeyModelDenied, subject.Key.Models
		if deniedBy == "team" {
			code, models = codeTeamModelDenied, subject.Team.Models
		}
		refusal := api.Errorf(code, "%s not allowed to access model. This %s can only access models=%v. Tried to access %s", deniedBy, deniedBy, []string(models), model)
		refusal.Param = "model"
		if p.LiteLLMErrors {
			refusal.Status = http.StatusUnauthorized
		}
		return refusal
	}
	return nil
}
