package main

import (
	"log/slog"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervisor tells systemd, when it has started the gateway as a service of Type=notify, how far it is. Without systemd
// it does nothing.
type supervisor struct{ logger *slog.Logger }

// ready: calls are served, from the start or after reading the configuration again.
func (s supervisor) ready() { s.tell(daemon.SdNotifyReady) }

// stopping: the gateway was told to end, and goes on to take calls for drain_delay.
func (s supervisor) stopping() { s.tell(daemon.SdNotifyStopping) }

// reloading: the configuration is being read again; systemd wants to know since when.
func (s supervisor) reloading() {
	s.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

func (s supervisor) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.logger.Warn("systemd could not be told how the gateway is", slog.Any("error", err))
	}
}
