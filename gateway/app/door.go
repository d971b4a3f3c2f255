package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// door is one address that the gateway is reached at.
type door struct {
	listener httpx.Listener
	server   *http.Server
}

// openDoors binds the addresses: first the models', then that of the admin API if it has one of its own.
func openDoors(ctx context.Context, settings config.Config, logger *slog.Logger) (doors []*door, err error) {
	var encrypted *tls.Config
	if settings.TLS.IsOn() {
		certificate, err := httpx.LoadCertificate(settings.TLS.Cert, settings.TLS.Key, logger)
		if err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		encrypted = certificate.Config()
	}
	addresses := []string{settings.Listen}
	if settings.ListenAdmin != "" {
		addresses = append(addresses, settings.ListenAdmin)
	}
	for _, address := range addresses {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
		if err != nil {
			closeDoors(doors)
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		doors = append(doors, &door{listener: httpx.Listener{Listener: listener, TLS: encrypted, Unused: idleTimeout}})
	}
	return doors, nil
}

func closeDoors(doors []*door) {
	for _, d := range doors {
		_ = d.listener.Close() // what was not bound, or is closed already, is as it should be
	}
}

// serve hands the door's requests to the handler, once it is opened.
func (d *door) serve(handler http.Handler, logger *slog.Logger) {
	d.server = &http.Server{
		Handler:           handler,
		ConnContext:       httpx.ConnContext,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

func (d *door) url() string {
	scheme := "http"
	if d.listener.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + d.listener.Addr().String()
}

// shutdown takes nothing new at any door and returns when all requests have ended, or ctx has.
func (a *App) shutdown(ctx context.Context) error {
	failures := make([]error, len(a.doors))
	var ending sync.WaitGroup
	for i, d := range a.doors {
		ending.Go(func() { failures[i] = d.shutdown(ctx) })
	}
	ending.Wait()
	return errors.Join(failures...)
}

// shutdown ends the door's server. Draining may have closed the listener a moment before, and the server not have
// noticed yet: that is no failure.
func (d *door) shutdown(ctx context.Context) error {
	err := d.server.Shutdown(ctx)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// closeServers cuts all connections.
func (a *App) closeServers() error {
	var failures []error
	for _, d := range a.doors {
		failures = append(failures, d.server.Close())
	}
	return errors.Join(failures...)
}
