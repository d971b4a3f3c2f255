// Command quotabench measures how exact the limits of a gateway are, whoever made it: it sends calls as clients do, and
// counts at a provider of its own what came through.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/adapter"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/report"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitFaults = 3 // a limit was exceeded, or money is missing
)

type commandLine struct {
	URL          []string         `name:"url" required:"" placeholder:"URL" help:"Where the gateway is; several times for replicas, which get calls in turn."`
	Adapter      string           `enum:"bursar,litellm,bifrost,fixed" default:"bursar" help:"How keys are made: ${enum}. Only bursar was run against its gateway."`
	AdminURL     string           `placeholder:"URL" help:"Where its admin API is, when it is not at the first URL."`
	AdminKeyFile string           `type:"existingfile" placeholder:"FILE" help:"File with the key of its admin API."`
	Keys         string           `type:"existingfile" placeholder:"FILE" help:"Keys made beforehand, for --adapter=fixed."`
	Model        string           `default:"quotabench" help:"What the gateway calls the bench's provider by."`
	Listen       string           `default:"127.0.0.1:9909" help:"Where the bench's provider listens. Declare it as a model of the gateway, at 10 and 40 dollars for a million tokens of prompt and answer."`
	KillGateway  string           `placeholder:"COMMAND" help:"Shell command that kills all replicas, such as \"docker kill gateway\"."`
	StartGateway string           `placeholder:"COMMAND" help:"Shell command that starts them again, and returns."`
	KillStore    string           `placeholder:"COMMAND" help:"Shell command that kills the gateway's store."`
	StartStore   string           `placeholder:"COMMAND" help:"Shell command that starts it again, and returns."`
	Only         []string         `placeholder:"SCENARIO" help:"Run these scenarios only: ${scenarios}."`
	Patience     time.Duration    `default:"2m" help:"How long the gateway has to report what was spent."`
	Output       string           `placeholder:"DIRECTORY" help:"Write report.md, report.json and report.svg there, besides printing."`
	Format       string           `enum:"markdown,json,svg" default:"markdown" help:"What to print: ${enum}."`
	Version      kong.VersionFlag `help:"Print the version and exit."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var command commandLine
	kong.Parse(&command,
		kong.Name("quotabench"),
		kong.Description("Measure how exact the limits of a gateway are, from outside. It takes three to four minutes.\n\nExit codes: 0 exact, 1 failed, 3 a limit was exceeded or money is missing."),
		kong.Vars{"version": "quotabench " + version, "scenarios": strings.Join(quotabench.Names(), ", ")},
	)
	os.Exit(exitCode(command.run(ctx, os.Stdout, os.Stderr)))
}

var errFaults = errors.New("a limit was exceeded, or money is missing")

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFaults):
		return exitFaults
	default:
		fmt.Fprintln(os.Stderr, "quotabench: "+err.Error())
		return exitFailed
	}
}

func (c *commandLine) run(ctx context.Context, stdout, stderr io.Writer) error {
	gateway, err := c.gateway()
	if err != nil {
		return err
	}
	counted := &meter.Meter{}
	provider, err := listen(c.Listen, counted)
	if err != nil {
		return err
	}
	defer provider.Close()
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one, by its documentation
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = 512, 2048
	defer transport.CloseIdleConnections()
	bench := &quotabench.Bench{
		Gateway: gateway, Meter: counted, URLs: c.URL, Model: c.Model, Only: c.Only, Patience: c.Patience, Transport: transport,
		Logger: slog.New(slog.NewTextHandler(stderr, nil)),
	}
	if c.KillGateway != "" {
		bench.Crash = quotabench.Commands{KillWith: c.KillGateway, StartWith: c.StartGateway, Ready: c.URL}
	}
	if c.KillStore != "" {
		bench.StoreCrash = quotabench.Commands{KillWith: c.KillStore, StartWith: c.StartStore}
	}
	found, err := bench.Run(ctx)
	if err != nil {
		return err
	}
	if err := c.write(stdout, found); err != nil {
		return err
	}
	if found.Faults() > 0 {
		return errFaults
	}
	return nil
}

func (c *commandLine) gateway() (quotabench.Gateway, error) {
	if (c.KillGateway == "") != (c.StartGateway == "") || (c.KillStore == "") != (c.StartStore == "") {
		return nil, errors.New("what is killed has to be started again: give both commands, or none")
	}
	if c.Adapter == "fixed" {
		if c.Keys == "" {
			return nil, errors.New("--adapter=fixed needs --keys")
		}
		return adapter.ReadFixed(c.Keys)
	}
	options := adapter.Options{URL: c.AdminURL}
	if options.URL == "" {
		options.URL = c.URL[0]
	}
	if c.AdminKeyFile != "" {
		key, err := os.ReadFile(c.AdminKeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the admin key: %w", err)
		}
		options.AdminKey = strings.TrimSpace(string(key))
	}
	return adapter.Kinds[c.Adapter](options), nil
}

// listen serves the provider until it is closed.
func listen(address string, handler http.Handler) (*http.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("serve the bench's provider: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends when it is closed
	return server, nil
}

func (c *commandLine) write(stdout io.Writer, found quotabench.Report) error {
	if c.Output != "" {
		for format, name := range map[string]string{"markdown": "report.md", "json": "report.json", "svg": "report.svg"} {
			if err := writeFile(filepath.Join(c.Output, name), format, found); err != nil {
				return err
			}
		}
	}
	return report.Formats[c.Format](stdout, found)
}

func writeFile(path, format string, found quotabench.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := report.Formats[format](file, found); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
