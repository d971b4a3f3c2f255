package app

import (
	"context"
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
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

// Judge implements [admin.Models].
func (s served) Judge(ctx context.Context, address string) error {
	err := safedial.Reach{Networks: s.networks}.Judge(ctx, address)
	var denied *safedial.DeniedError
	if !errors.As(err, &denied) {
		return err
	}
	if (safedial.Reach{Operator: true}).Check(denied.Address) != nil {
		return api.FieldErrorf("base_url", "is not allowed: it leads to %s, which is %s; no model is ever asked there", denied.Address, denied.Reason)
	}
	return api.FieldErrorf("base_url", "leads to %s, which is %s; models of the API are asked there when upstream_networks in the gateway's configuration holds its network, and models of the configuration file always", denied.Address, denied.Reason)
}

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
