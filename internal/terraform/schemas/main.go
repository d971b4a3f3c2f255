// Command schemas prints the provider's schemas as a Terraform that knows all kinds of them would with
// "terraform providers schema -json": the one that builds the documentation may be older, and leaves out what it
// does not know.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "print the provider's schemas:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	server, err := providerserver.NewProtocol6WithError(provider.New("dev")())()
	if err != nil {
		return err
	}
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return err
	}
	for _, problem := range append(schemas.Diagnostics, identities.Diagnostics...) {
		return errors.New(problem.Summary + ": " + problem.Detail)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document{
		FormatVersion:   "1.0",
		ProviderSchemas: map[string]providerSchemas{"bursar": all(schemas, identities)},
	})
}
