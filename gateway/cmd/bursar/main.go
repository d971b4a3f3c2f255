// Command bursar is the gateway and the tools around it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // budgets have time zones, and small images have none installed

	_ "golang.org/x/crypto/x509roots/fallback" // nor have they certificate authorities; used where the system has none

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "dev"

// Exit codes. A review's own are in its help.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line makes no sense
)

// commandLine is the whole command line.
type commandLine struct {
	Serve           serveCommand           `cmd:"" help:"Run the gateway."`
	Init            initCommand            `cmd:"" help:"Write a first gateway.yaml."`
	CheckConfig     checkConfigCommand     `cmd:"" help:"Say whether gateway.yaml and the environment can be served, and what is wrong with them."`
	Doctor          doctorCommand          `cmd:"" help:"Look whether all that a gateway needs is there and as it should be."`
	Health          healthCommand          `cmd:"" help:"Ask a gateway how it is, for health checks of containers."`
	Review          reviewCommand          `cmd:"" help:"Say in Markdown what a Terraform plan does to quotas."`
	ReviewServer    reviewServerCommand    `cmd:"" help:"Review plans for HCP Terraform or Terraform Enterprise, as a run task."`
	Approve         approvePlanCommand     `cmd:"" help:"Have what a Terraform plan changes kept as approved, so that it and nothing else is applied."`
	Drift           driftCommand           `cmd:"" help:"Say what on a gateway was changed outside of Terraform, by whom, and the lines that adopt it."`
	Advise          adviseCommand          `cmd:"" help:"Compare what teams may use with what they use, and propose other limits."`
	History         historyCommand         `cmd:"" help:"Show how a team's limits changed: when, by whom, from what to what, and why."`
	Export          exportCommand          `cmd:"" help:"Write what is on a gateway as Terraform configuration that imports it."`
	Import          importCommand          `cmd:"" help:"Move in from another gateway."`
	Request         requestCommand         `cmd:"" help:"Ask for more of a limit, and answer who asks."`
	Backup          backupCommand          `cmd:"" help:"Copy an embedded record, while a gateway serves it or not."`
	Retention       retentionCommand       `cmd:"" help:"Say what gateways would delete now because it is older than retention."`
	RotateSecretKey rotateSecretKeyCommand `cmd:"" help:"Move the record to another secret key, while gateways serve it."`
	Audit           auditCommand           `cmd:"" help:"Check the audit log."`
	OpenAPI         openAPICommand         `cmd:"" name:"openapi" help:"Print the description of the HTTP API in OpenAPI 3.1."`
	Version         versionCommand         `cmd:"" help:"Print the version."`
	Help            helpCommand            `cmd:"" help:"Explain a command."`
	VersionFlag     kong.VersionFlag       `name:"version" help:"Print the version and exit."`
}

// exitError ends the program with a code of its own.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// explained is the panic that ends a run whose question has been answered while the command line was read.
type explained struct{ code int }

// run is the program without its process: it returns the exit code.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case explained:
			code = ended.code
		default:
			panic(ended)
		}
	}()
	parser, err := kong.New(&commandLine{},
		kong.Name("bursar"),
		kong.Description("An LLM gateway with a treasurer's discipline.\n\nExit codes: 0 done, 1 failed, 2 the command line makes no sense."),
		kong.Vars{"version": "bursar " + version, "providers": providerNames()},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(stdout, (*io.Writer)(nil)),
		kong.Writers(stdout, stderr),
		kong.Resolvers(kong.ResolverFunc(secretFiles)),
		kong.Exit(func(code int) { panic(explained{code}) }),
	)
	if err != nil {
		fmt.Fprintln(stderr, "bursar: "+err.Error())
		return exitFailed
	}
	command, err := parser.Parse(arguments)
	if err != nil {
		return misused(err, stderr)
	}
	err = command.Run()
	var exit exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return int(exit)
	default:
		fmt.Fprintln(stderr, "bursar: "+err.Error())
		return exitFailed
	}
}

// misused explains a command line that makes no sense.
func misused(err error, stderr io.Writer) int {
	fmt.Fprintln(stderr, "bursar: "+err.Error())
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) {
		return exitUsage
	}
	wrong.Context.Stdout = stderr
	_ = wrong.Context.PrintUsage(true)
	if selected := wrong.Context.Selected(); selected != nil && selected.Name == "review" {
		return exitFailed // 2 is for a change that needs approval
	}
	return exitUsage
}
