package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/provider/object"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// Server returns a function that makes the provider as Terraform talks to it, in protocol 6. version is shown to the
// gateway.
func Server(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		p := &bursarProvider{version: version}
		ctx := context.Background()
		var resources []resource.Resource
		for _, newResource := range p.Resources(ctx) {
			resources = append(resources, newResource())
		}
		return wire.NewServer(providerserver.NewProtocol6(p)(), wire.Options{
			Resources: resources,
			Readers:   p.readers(ctx),
			Connected: func() bool { return p.connected.Load() != nil },
		})
	}
}

// readers are those of the resources that estates have many of, by type.
func (p *bursarProvider) readers(ctx context.Context) map[string]wire.Reader {
	return map[string]wire.Reader{
		"bursar_team":        readerOf(ctx, p, &newTeam().Resource),
		"bursar_team_member": readerOf(ctx, p, &newTeamMember().Resource),
		"bursar_user":        readerOf(ctx, p, &newUser().Resource),
		"bursar_key":         readerOf(ctx, p, &newKey().Resource),
		"bursar_budget":      readerOf(ctx, p, &newBudget().Resource),
	}
}

func readerOf[M, F any, O object.Kept](ctx context.Context, p *bursarProvider, r *object.Resource[M, F, O]) wire.Reader {
	return wire.NewReader(ctx, r.Described(), r.Noun.Attributes(), func(ctx context.Context, state M) (M, int64, error) {
		return r.Refresh(ctx, *p.connected.Load(), state)
	})
}
