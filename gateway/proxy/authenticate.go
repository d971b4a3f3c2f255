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

// authenticate finds the key, or the token of an identity provider, that the request carries.
func (p *Proxy) authenticate(r *http.Request, c *call) (auth.Secret, error) {
	secret, err := auth.Presented(r.Header)
	if err != nil {
		return "", err
	}
	if p.IsAdminKey(secret) {
		return "", api.Errorf(api.Forbidden, "the admin key cannot call models; make a key with POST /key/generate")
	}
	c.spokenFor = r.Header.Get(p.IdentifierHeader)
	if auth.IsToken(secret) && p.Tokens != nil {
		if c.vouched, err = p.Tokens.read(r.Context(), secret, c.spokenFor, p.IdentifierHeader); err != nil {
			return "", err
		}
	} else if auth.CheckSecret(secret) != nil {
		return "", auth.InvalidKey()
	}
	return secret, p.identify(r.Context(), c, secret)
}

// identify loads who the secret belongs to and refuses keys that may not be used at all.
func (p *Proxy) identify(ctx context.Context, c *call, secret auth.Secret) error {
	subject, err := p.lookup(ctx, c, secret)
	if err != nil {
		return err
	}
	if refusal := p.refuseKey(subject); refusal != nil {
		fresh, err := p.Book.Fresh(ctx, subject)
		if err != nil {
			return unavailable(err)
		}
		if fresh {
			c.subject = subject
			return refusal
		}
		p.Book.Forget(subject.Slot)
		if subject, err = p.lookup(ctx, c, secret); err != nil {
			return err
		}
		c.subject = subject
		if refusal := p.refuseKey(subject); refusal != nil {
			return refusal
		}
	}
	c.subject = subject
	return nil
}

// identifyFresh is for calls that reserve nothing: no engine tells them that their policy is old.
func (p *Proxy) identifyFresh(r *http.Request, c *call) error {
	secret, err := p.authenticate(r, c)
	if err != nil {
		return err
	}
	fresh, err := p.Book.Fresh(r.Context(), c.subject)
	if err != nil {
		return unavailable(err)
	}
	if fresh {
		return nil
	}
	p.Book.Forget(c.subject.Slot)
	return p.identify(r.Context(), c, secret)
}

func (p *Proxy) lookup(ctx context.Context, c *call, secret auth.Secret) (subject *policy.Subject, err error) {
	if c.vouched != nil {
		subject, err = p.Book.LookupTeam(ctx, c.vouched.team, c.vouched.user)
	} else {
		subject, err = p.Book.Lookup(ctx, p.HashSecret(secret), c.spokenFor)
	}
	switch {
	case api.CodeOf(err) == api.NotFound:
		return nil, auth.InvalidKey()
	case api.CodeOf(err) == api.Forbidden:
		return nil, err
	case err != nil:
		return nil, unavailable(err)
	}
	return subject, nil
}

func (p *Proxy) refuseKey(subject *policy.Subject) *api.Error {
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
func (p *Proxy) checkModel(c *call) error {
	subject, model := c.subject, c.asked
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
