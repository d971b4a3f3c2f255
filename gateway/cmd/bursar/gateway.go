package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/internal/citoken"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// jobToken opens a gateway with the token that the CI platform gives to the job, instead of a stored key, as the provider's oidc does.
type jobToken struct {
	OIDCAudience string `name:"oidc-audience" help:"Come with the token that GitHub Actions, GitLab or HCP Terraform gives to the job, for this audience, instead of an admin key. A key that is given is used rather." env:"BURSAR_OIDC_AUDIENCE" placeholder:"URL"`
	OIDCTokenEnv string `name:"oidc-token-env" help:"The environment variable that has the token, where the platform has no name of its own for it." env:"BURSAR_OIDC_TOKEN_ENV" placeholder:"NAME"`
}

// errNobody is for a command that has nothing to open a gateway with.
var errNobody = errors.New("give --admin-key or set BURSAR_ADMIN_KEY; a pipeline may come without a stored key by --oidc-audience or BURSAR_OIDC_AUDIENCE")

// open returns a client of the gateway; it does not call it.
func (j jobToken) open(options client.Options) (*client.Client, error) {
	switch {
	case options.AdminKey != "":
	case j.OIDCAudience == "":
		return nil, errNobody
	default:
		options.Token = citoken.New(citoken.Options{Audience: j.OIDCAudience, Variable: j.OIDCTokenEnv, Getenv: os.Getenv}).Token
	}
	gateway, err := client.New(options)
	if err != nil {
		return nil, fmt.Errorf("--endpoint: %w", err)
	}
	return gateway, nil
}
