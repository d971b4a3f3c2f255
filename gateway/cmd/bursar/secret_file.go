package main

import (
	"os"

	"github.com/alecthomas/kong"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// secretFiles gives flags that have a variable what stands in the file that NAME_FILE names, as serve does.
func secretFiles(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if os.Getenv(name+"_FILE") == "" {
			continue
		}
		return config.Variable(name, os.Getenv)
	}
	return nil, nil //nolint:nilnil // kong's word for "I know nothing of it"
}
