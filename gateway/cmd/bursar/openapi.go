package main

import (
	"fmt"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
)

// openAPICommand prints what a gateway serves at /openapi.json.
type openAPICommand struct{}

// Run writes the description to standard output.
func (openAPICommand) Run() error {
	description, err := app.Description(version)
	if err != nil {
		return err
	}
	if _, err := os.Stdout.Write(description); err != nil {
		return fmt.Errorf("print the description: %w", err)
	}
	return nil
}
