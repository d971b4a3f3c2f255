package httpx

import (
	"net"

	"golang.org/x/sys/unix"
)

// nowhere is the number of a network interface that no machine has.
const nowhere = 1<<31 - 1

// TurnAway refuses further connections, and still accepts those that have begun. Closing at once would reset what
// waits to be accepted, with requests that their clients believe to be sent. It binds the socket to an interface that
// is not there: nothing new finds it any more.
// On systems other than Linux it does nothing.
func (l Listener) TurnAway() {
	// Where the system does not allow it the listener is closed as it is.
	l.control(func(fd int) { _ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, nowhere) })
}

// Waiting is how many connections wait to be accepted.
func (l Listener) Waiting() (waiting int) {
	l.control(func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO); err == nil {
			waiting = int(info.Unacked) // of a listener, these are the connections
		}
	})
	return waiting
}

func (l Listener) control(do func(fd int)) {
	socket, ok := l.Listener.(*net.TCPListener)
	if !ok {
		return
	}
	if raw, err := socket.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { do(int(fd)) })
	}
}
