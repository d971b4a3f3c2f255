package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// healthCommand asks a gateway how it is, for the health checks of containers that have no other program.
type healthCommand struct {
	URL     string `help:"Address of the gateway. Without it, the one that this machine's settings listen on." placeholder:"URL"`
	Config  string `help:"Path of gateway.yaml; only its address is read." type:"path" env:"BURSAR_CONFIG"`
	Live    bool   `help:"Only ask whether the process answers, not whether it should get calls."`
	Timeout length `help:"How long to wait for an answer." default:"5s"`
}

// Help explains the exit codes.
func (healthCommand) Help() string {
	return `Asks /health/readiness, or with --live /health/liveliness, and prints what was answered.

Exit codes: 0 it is well, or degraded and serves; 1 it should get no calls, or does not answer.`
}

// maxHealth bounds what is read of an answer.
const maxHealth = 64 << 10

// Run prints what the gateway says of itself.
func (c healthCommand) Run(ctx context.Context, stdout io.Writer) error {
	address, err := c.address()
	if err != nil {
		return err
	}
	path := "/health/readiness"
	if c.Live {
		path = "/health/liveliness"
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.Timeout))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+path, nil)
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	// It says nothing secret and takes nothing but a word: whose certificate it is does not matter here.
	insecure := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: c.URL == ""}} //nolint:gosec // see above
	answer, err := (&http.Client{Transport: insecure}).Do(request)
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxHealth))
	if err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the gateway answers %d: %s", answer.StatusCode, whyUnwell(body))
	}
	_, err = fmt.Fprintln(stdout, strings.TrimSpace(string(body)))
	return err
}

// whyUnwell is the reason in an answer, or all of it.
func whyUnwell(body []byte) string {
	var said struct{ Status, Reason string }
	if json.Unmarshal(body, &said) == nil && said.Reason != "" {
		return said.Status + ", " + said.Reason
	}
	return strings.TrimSpace(string(body))
}

func (c healthCommand) address() (string, error) {
	if c.URL != "" {
		return c.URL, nil
	}
	settings, err := config.Listening(c.Config, os.Getenv)
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(settings.Listen)
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	// What listens everywhere is asked here.
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.Is6() && ip != netip.IPv6Unspecified() {
			host = "::1"
		}
	}
	scheme := "http://"
	if settings.TLS.IsOn() {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, port), nil
}
