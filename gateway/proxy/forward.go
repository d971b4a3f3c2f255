package proxy

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// turn spreads calls over the deployments of a model.
var turn atomic.Uint64

// forward sends the call to a deployment and returns a successful answer. A deployment that
// fails before its first byte is followed by the next; the client is charged once.
func (p *Proxy) forward(ctx context.Context, c *call) (*http.Response, error) {
	deployments := c.served.Deployments
	first := int(turn.Add(1) % uint64(len(deployments)))
	var failure error
	for i := range deployments {
		c.deployment = deployments[(first+i)%len(deployments)]
		response, err := p.send(ctx, c)
		if err == nil {
			return response, nil
		}
		failure = err
		if !upstream.Retryable(err) {
			break
		}
	}
	return nil, failure
}

func (p *Proxy) send(ctx context.Context, c *call) (*http.Response, error) {
	sent := time.Now()
	response, err := p.Upstream.Send(ctx, c.deployment.Deployment, c.upstreamCall())
	c.upstreamFor += time.Since(sent)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, upstream.Refused(response)
	}
	return response, nil
}

// upstreamCall is the call as a provider is asked.
func (c *call) upstreamCall() upstream.Call {
	return upstream.Call{
		Wire: c.endpoint.wire, Method: cmp.Or(c.method, c.endpoint.method), Path: cmp.Or(c.path, c.endpoint.path), Body: c.body,
		OutputCap: c.outputCap(), Stream: c.stream, Header: c.header,
	}
}
