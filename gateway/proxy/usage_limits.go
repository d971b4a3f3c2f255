package proxy

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// showLimits answers every limit that binds the caller, as it stands. Who is blocked is answered too: then one wants to
// know most of all.
func (p *Proxy) showLimits(w http.ResponseWriter, r *http.Request) error {
	c := p.newCall(r, nil)
	blocked := false
	if err := p.authenticateFresh(r, c); err != nil {
		if c.subject == nil || api.CodeOf(err) != api.Unauthenticated {
			return err
		}
		blocked = true
	}
	bindings, err := p.Book.Bindings(r.Context(), c.subject, p.Engine, p.Now())
	if err != nil {
		return unavailable(err)
	}
	answer := api.LimitStates{KeyID: c.subject.Key.KeyID, TeamID: c.subject.Key.TeamID, Blocked: blocked, Limits: []api.LimitState{}}
	for _, binding := range bindings {
		if binding.Limit != quota.Unlimited {
			answer.Limits = append(answer.Limits, binding.State())
		}
	}
	return httpx.WriteJSON(w, http.StatusOK, answer)
}
