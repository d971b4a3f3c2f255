package proxy

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/calibration"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

func placeOf(d deployment.Deployment) calibration.Place {
	return calibration.Place{Deployment: d.ID, Model: d.UpstreamModel}
}

// weigh counts the prompt once for every vocabulary that may read it.
func (p *Proxy) weigh(c *call) {
	owner := "key:" + c.subject.Key.KeyID
	if team := c.subject.Key.TeamID; team != nil {
		owner = "team:" + *team
	}
	if c.weighed == nil {
		c.weighed = map[string]tokens.Weight{}
	}
	for _, d := range c.served.Deployments {
		if _, done := c.weighed[d.UpstreamModel]; !done {
			c.weighed[d.UpstreamModel] = p.counts.Weigh(owner, d.UpstreamModel, c.Body)
		}
	}
}

// counted is the most tokens that the prompt has, as far as it can be weighed, at any deployment that may serve the call.
func (p *Proxy) counted(c *call) int64 {
	p.weigh(c)
	var most int64
	for _, d := range c.served.Deployments {
		weight := c.weighed[d.UpstreamModel]
		most = max(most, weight.Bound(p.Calibration.Learned(placeOf(d), weight.Kind)))
	}
	return most
}

// learn notes what the provider has counted of a prompt that was weighed.
func (p *Proxy) learn(c *call) {
	weight, counted := c.weighed[c.deployment.UpstreamModel]
	if !counted || c.carried > 0 || c.Inputs > 1 || c.Work.Rounds > 1 || c.Work.Readings > 1 {
		return
	}
	if ratio, says := weight.Ratio(c.promptReported); says {
		p.Calibration.Report(placeOf(c.deployment), weight.Kind, c.subject.Key.KeyID, ratio)
	}
}
