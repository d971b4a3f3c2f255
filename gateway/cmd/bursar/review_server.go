package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/runtask"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// reviewServerCommand answers the run tasks of HCP Terraform.
type reviewServerCommand struct {
	Listen         string   `help:"Address to listen on. HCP Terraform speaks HTTPS: let a proxy in front end it, or give --tls-cert and --tls-key." env:"BURSAR_REVIEW_LISTEN" default:"127.0.0.1:4100" placeholder:"HOST:PORT"`
	TLSCert        string   `help:"Certificate chain in PEM, to serve HTTPS." type:"existingfile" placeholder:"FILE"`
	TLSKey         string   `help:"Its key in PEM." type:"existingfile" placeholder:"FILE"`
	HMACKey        string   `help:"The HMAC key that the run task is set up with; BURSAR_RUN_TASK_KEY_FILE names a file that holds it." env:"BURSAR_RUN_TASK_KEY" required:"" placeholder:"KEY"`
	Host           []string `help:"Hosts that plans are fetched from and results told to; for Terraform Enterprise its own." default:"app.terraform.io,archivist.terraform.io" placeholder:"HOST"`
	MostPlanMB     int      `help:"Plans that are larger fail." default:"100" placeholder:"MB"`
	Endpoint       string   `help:"Address of a gateway to ask what has been spent already." env:"BURSAR_ENDPOINT"`
	AdminKey       string   `help:"Admin key of that gateway; a viewer's is enough." env:"BURSAR_ADMIN_KEY"`
	Policy         string   `help:"A quota-policy.yaml that says what fails until somebody agrees." type:"existingfile"`
	MaxIncreasePct float64  `help:"Fail when a limit grows by more than this percentage; 0 does not."`
	Replay         string   `help:"How far back the calls on record are decided again under the plan's limits: 14d, at most 30d. Needs the gateway." placeholder:"14d"`
}

// Help says how it is set up.
func (reviewServerCommand) Help() string {
	return `Set a run task up in HCP Terraform with this server's address and an HMAC key, and attach it to a workspace at the stage post_plan. Each
run is then reviewed as bursar review does, and fails where the policy asks for somebody's approval. With a gateway, a plan passes whose changes
were approved: bursar approve keeps them, and the run is started again.

Requests without a right signature are refused. The run's token goes to the hosts of --host alone, and is never logged. At the end of the
process, what is under review is finished within a minute.`
}

// longestStop is how long the reviews may take that are under way when the server stops.
const longestStop = time.Minute

// unusedConnections is how long connections stay open without a request. Clients keep theirs for up to 90 seconds.
const unusedConnections = 2 * time.Minute

// Run serves until ctx ends.
func (c reviewServerCommand) Run(ctx context.Context, stdout io.Writer) (err error) {
	reviewer, err := c.reviewer()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewJSONHandler(stdout, nil))
	tasks, err := runtask.New(runtask.Options{
		Secret: []byte(strings.TrimSpace(c.HMACKey)), Hosts: c.Host, Review: reviewer, MostPlan: c.MostPlanMB << 20, Logger: logger,
	})
	if err != nil {
		return err
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	routes := http.NewServeMux()
	routes.Handle("/", tasks)
	routes.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{
		Handler: routes, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: unusedConnections,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() { //nolint:contextcheck // what is under way ends after ctx has
		within, cancel := context.WithTimeout(context.Background(), longestStop)
		defer cancel()
		err := server.Shutdown(within)
		tasks.Close(within)
		stopped <- err
	})()
	logger.InfoContext(ctx, "listening", slog.String("address", listener.Addr().String()))
	listener = httpx.Listener{Listener: listener, Unused: unusedConnections}
	if c.TLSCert != "" {
		err = server.ServeTLS(listener, c.TLSCert, c.TLSKey)
	} else {
		err = server.Serve(listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// reviewer reviews a plan as bursar review does.
func (c reviewServerCommand) reviewer() (runtask.Reviewer, error) {
	var rules *policy.Policy
	if c.Policy != "" {
		data, err := os.ReadFile(c.Policy)
		if err != nil {
			return nil, fmt.Errorf("open the policy: %w", err)
		}
		if rules, err = policy.Read(c.Policy, data); err != nil {
			return nil, err
		}
	}
	options := review.Options{MaxIncreasePct: c.MaxIncreasePct, Policy: rules}
	var gateway *client.Client
	if c.Endpoint != "" {
		var err error
		if gateway, err = client.New(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-review-server/" + version}); err != nil {
			return nil, fmt.Errorf("--endpoint: %w", err)
		}
		options.Usage, options.Gateway, options.Foretell = usage{gateway}, usage{gateway}, gateway
		options.Calls, options.Peaks = gateway, gateway
		if c.Replay != "" {
			options.Replay = past{gateway, c.Replay}
		}
	} else if c.Replay != "" {
		return nil, errors.New("--replay needs the gateway: set --endpoint")
	}
	return func(ctx context.Context, plan io.Reader) (runtask.Review, error) {
		text, err := io.ReadAll(plan)
		if err != nil {
			return runtask.Review{}, fmt.Errorf("read the plan: %w", err)
		}
		var markdown bytes.Buffer
		result, err := review.Render(ctx, &markdown, bytes.NewReader(text), options)
		if err == nil {
			err = result.Asking
		}
		if err != nil {
			return runtask.Review{}, err
		}
		found := runtask.Review{Summary: result.Summary(), Markdown: markdown.String(), NeedsApproval: result.NeedsApproval, Reasons: result.Reasons}
		if found.NeedsApproval && gateway != nil {
			return agreed(ctx, gateway, text, found)
		}
		return found, nil
	}, nil
}

// agreed lets a review pass whose very changes somebody has approved.
func agreed(ctx context.Context, gateway *client.Client, plan []byte, found runtask.Review) (runtask.Review, error) {
	changes, err := review.Approvable(bytes.NewReader(plan))
	if err != nil {
		return found, nil //nolint:nilerr // what cannot be approved is not
	}
	hash, err := api.HashChanges(changes)
	if err != nil {
		return found, err
	}
	approved, err := gateway.QuotaReviews(ctx, api.ReviewApproved)
	if err != nil {
		return found, err
	}
	for _, each := range approved {
		if each.Hash == hash && each.Used == 0 && each.Holds(time.Now()) == nil {
			note := "approved by " + each.CreatedBy + " as " + each.QuotaReviewID
			found.NeedsApproval, found.Summary, found.Markdown = false, found.Summary+", "+note, "**These changes were "+note+".**\n\n"+found.Markdown
			return found, nil
		}
	}
	return found, nil
}
