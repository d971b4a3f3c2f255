//go:build !linux

package httpx

// TurnAway does nothing here: what waits to be accepted when the listener is closed is reset by the system.
func (l Listener) TurnAway() {}

// Waiting is not known here.
func (l Listener) Waiting() int { return 0 }
