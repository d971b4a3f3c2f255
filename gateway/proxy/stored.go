package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// readStored reads a request about a response that a provider keeps. Its cost was settled when it was made;
// looking at it again costs nothing and goes to where it is.
func (p *Proxy) readStored(_ http.ResponseWriter, r *http.Request, c *call) error {
	stored, err := p.ownResponse(r.Context(), c, r.PathValue("response"))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	if query.Get("stream") == "true" {
		return api.FieldErrorf("stream", "is not served for stored responses; leave it out")
	}
	c.Model, c.Previous, c.pinned = stored.Model, stored.ID, stored.Deployment
	c.method, c.path = c.endpoint.method, "/responses/"+stored.ID+c.endpoint.path[len(storedPath):]
	if len(query) > 0 {
		c.path += "?" + query.Encode()
	}
	return nil
}

const storedPath = "/responses/{response}"

// forgetDeleted drops a response that was deleted.
func (p *Proxy) forgetDeleted(ctx context.Context, c *call, _ []byte) {
	if err := p.Responses.ForgetResponse(context.WithoutCancel(ctx), c.Previous); err != nil {
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "deleted response was not forgotten",
			slog.String("request_id", c.requestID), slog.String("error", err.Error()))
	}
}

// pin leaves only the deployment that keeps the call's response.
func (c *call) pin() error {
	if c.pinned == "" {
		return nil
	}
	c.served.Deployments = slices.DeleteFunc(slices.Clone(c.served.Deployments), func(d deployment.Deployment) bool {
		return place(d) != c.pinned
	})
	if len(c.served.Deployments) == 0 {
		return api.Errorf(api.NotFound, "the response is kept by a provider that no longer serves the model %q", c.model)
	}
	return nil
}

// purgeEvery is how often responses are dropped that providers keep no longer.
const purgeEvery = time.Hour

func (p *Proxy) purgeResponses(ctx context.Context) {
	if p.Responses == nil {
		return
	}
	purge := func(ctx context.Context) {
		if err := p.Responses.PurgeResponses(ctx); err != nil && ctx.Err() == nil {
			p.Logger.LogAttrs(ctx, slog.LevelWarn, "old responses were not dropped", slog.String("error", err.Error()))
		}
	}
	purge(ctx)
	every.Do(ctx, purgeEvery, purge)
}
