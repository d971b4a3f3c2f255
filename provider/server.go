package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

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
		"bursar_team":        readerOf(ctx, p, newTeamResource(), gatewayUser.readTeam, "team_id"),
		"bursar_team_member": readerOf(ctx, p, newTeamMemberResource(), gatewayUser.readMember, "team_id", "user_id"),
		"bursar_key":         readerOf(ctx, p, newKeyResource(), gatewayUser.readKey, "key_id"),
		"bursar_budget":      readerOf(ctx, p, newBudgetResource(), gatewayUser.readBudget, "budget_id"),
	}
}

func readerOf[M any](ctx context.Context, p *bursarProvider, r resource.Resource,
	read func(gatewayUser, context.Context, M) (M, int64, error), identity ...string,
) wire.Reader {
	var described resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &described)
	return wire.NewReader(ctx, described.Schema, identity, func(ctx context.Context, state M) (M, int64, error) {
		gateway := p.connected.Load()
		return read(gatewayUser{client: gateway.client, judge: gateway.judge}, ctx, state)
	})
}
