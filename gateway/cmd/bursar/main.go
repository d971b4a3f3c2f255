// Command bursar is the gateway and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "dev"

// commandLine is the whole command line.
type commandLine struct {
	Serve   serveCommand     `cmd:"" help:"Run the gateway."`
	Review  reviewCommand    `cmd:"" help:"Say in Markdown what a Terraform plan does to quotas."`
	Export  exportCommand    `cmd:"" help:"Write what is on a gateway as Terraform configuration that imports it."`
	Audit   auditCommand     `cmd:"" help:"Check the audit log."`
	OpenAPI openAPICommand   `cmd:"" name:"openapi" help:"Print the description of the HTTP API in OpenAPI 3.1."`
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// exitError ends the program with a code of its own.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := kong.Parse(&commandLine{},
		kong.Name("bursar"),
		kong.Description("An LLM gateway with a treasurer's discipline."),
		kong.Vars{"version": "bursar " + version},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.UsageOnError(),
	)
	err := command.Run()
	var exit exitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		os.Exit(int(exit))
	default:
		fmt.Fprintln(os.Stderr, "bursar: "+err.Error())
		os.Exit(1)
	}
}
