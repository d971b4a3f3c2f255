package app

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// served are the models as the admin API sees them.
type served struct {
	*models
	registry *deployment.Registry
}

var _ admin.Models = served{}

// Changed implements [admin.Models].
func (s served) Changed(ctx context.Context) error { return s.registry.Changed(ctx) }

// Names implements [admin.Models].
func (s served) Names(name string) *modelname.Names { return s.registry.Names(name) }

// Facts implements [admin.Models]. A price that makes no sense, which the API would have refused, is not known.
func (s served) Facts(model api.Model) admin.ModelFacts {
	d, err := s.filed.Load().deployment(configured(model))
	if err != nil {
		return admin.ModelFacts{}
	}
	facts := admin.ModelFacts{MaxInputTokens: d.MaxInputTokens, MaxOutputTokens: d.MaxOutputTokens}
	if d.Priced {
		facts.Input, facts.Output = &d.Price.Input, &d.Price.Output
	}
	return facts
}
