package proxy

import (
	"context"
	"log/slog"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ResponseRecord keeps whose the responses are that providers keep.
type ResponseRecord interface {
	RememberResponse(ctx context.Context, response api.StoredResponse) error
	// StoredResponse fails with [api.NotFound].
	StoredResponse(ctx context.Context, id string) (api.StoredResponse, error)
	ForgetResponse(ctx context.Context, id string) error
	// RememberItems notes which response items belong to; StoredItems returns these by the items' ids.
	RememberItems(ctx context.Context, responseID string, items []string) error
	StoredItems(ctx context.Context, ids []string) (map[string]api.StoredResponse, error)
	// PurgeResponses drops what providers keep no longer.
	PurgeResponses(ctx context.Context) error
}

// findPrevious finds the response that the call goes on from: it must be the caller's own, it is at one
// deployment, and it is part of the prompt.
func (p *Proxy) findPrevious(ctx context.Context, c *call) error {
	if c.Previous == "" || c.pinned != "" {
		return nil
	}
	stored, err := p.ownResponse(ctx, c, c.Previous)
	if err != nil {
		return err
	}
	c.pinned, c.carried = stored.Deployment, stored.Tokens
	return nil
}

// ownResponse returns a stored response of the caller's team, or of its key if that has none.
// Others' responses do not exist for it.
func (p *Proxy) ownResponse(ctx context.Context, c *call, id string) (api.StoredResponse, error) {
	unknown := api.Errorf(api.NotFound, "Response with id '%s' not found.", asked.Clip(id))
	if p.Responses == nil {
		return api.StoredResponse{}, unknown
	}
	stored, err := p.Responses.StoredResponse(ctx, id)
	switch {
	case api.CodeOf(err) == api.NotFound:
		return stored, unknown
	case err != nil:
		return stored, unavailable(err)
	}
	if !c.owns(stored) {
		return api.StoredResponse{}, unknown
	}
	return stored, nil
}

// owns says whether a response is of the caller's team, or of its key if that has none.
func (c *call) owns(stored api.StoredResponse) bool {
	team, key := c.owner()
	return stored.TeamID == team && (team != "" || stored.KeyID == key)
}

// findItems finds the items that the call refers to: they must be the caller's own. Others' do not exist for it.
func (p *Proxy) findItems(ctx context.Context, c *call) error {
	if len(c.Holds.References) == 0 || c.endpoint.wire != upstream.Responses {
		return nil
	}
	ids := make([]string, len(c.Holds.References))
	for i, reference := range c.Holds.References {
		ids[i] = reference.ID
	}
	stored := map[string]api.StoredResponse{}
	if p.Responses != nil {
		var err error
		if stored, err = p.Responses.StoredItems(ctx, ids); err != nil {
			return unavailable(err)
		}
	}
	for _, reference := range c.Holds.References {
		of, known := stored[reference.ID]
		if known && !c.owns(of) || !known && reference.Needed {
			return api.Errorf(api.NotFound, "Item with id '%s' not found.", asked.Clip(reference.ID))
		}
		if known && c.pinned == "" {
			c.pinned = of.Deployment
		}
	}
	return nil
}

// owner is whose the call's responses are.
func (c *call) owner() (teamID, keyID string) {
	if team := c.subject.Key.TeamID; team != nil {
		teamID = *team
	}
	return teamID, c.subject.Key.KeyID
}

// rememberResponse notes whose a response is that the provider keeps. The answer is settled by now:
// without the note it is only not found later.
func (p *Proxy) rememberResponse(ctx context.Context, c *call, answer []byte) {
	response := gjson.ParseBytes(answer)
	if nested := response.Get("response"); nested.IsObject() {
		response = nested
	}
	id := response.Get("id").String()
	if c.Unstored || p.Responses == nil || id == "" || len(id) > maxResponseID {
		return
	}
	team, key := c.owner()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err := p.Responses.RememberResponse(ctx, api.StoredResponse{
		ID: id, TeamID: team, KeyID: key, Model: c.Model, Deployment: place(c.deployment),
		Tokens: c.usage.PromptTokens + c.usage.CompletionTokens,
	})
	if err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "response was not remembered",
			slog.String("request_id", c.requestID), slog.String("error", err.Error()))
		return
	}
	p.rememberItems(ctx, c, id, response.Get("output.#.id"))
}

// rememberListed notes the items of a stored response that an answer lists.
func (p *Proxy) rememberListed(ctx context.Context, c *call, answer []byte) {
	p.rememberItems(ctx, c, c.Previous, gjson.GetBytes(answer, "data.#.id"))
}

// rememberItems notes whose items are that the provider keeps.
func (p *Proxy) rememberItems(ctx context.Context, c *call, responseID string, ids gjson.Result) {
	var items []string
	for _, id := range ids.Array() {
		if text := id.String(); text != "" && len(text) <= maxResponseID && len(items) < maxItems {
			items = append(items, text)
		}
	}
	if len(items) == 0 || p.Responses == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := p.Responses.RememberItems(ctx, responseID, items); err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "items of a response were not remembered",
			slog.String("request_id", c.requestID), slog.String("error", err.Error()))
	}
}

const (
	maxResponseID = 256
	// maxItems is how many items of one answer are remembered.
	maxItems = 1000
)

// place names a deployment for the record: where it is and what it is called there.
func place(d deployment.Deployment) string { return d.Host() + "/" + d.UpstreamModel }
