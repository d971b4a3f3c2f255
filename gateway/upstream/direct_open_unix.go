//go:build unix

package upstream

import "syscall"

// stillOpen says whether an idle connection can take a request: the server has neither closed it nor
// said anything that nobody asked for. It looks without waiting.
func stillOpen(raw syscall.RawConn) bool {
	if raw == nil {
		return true
	}
	open := false
	err := raw.Read(func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = err == syscall.EAGAIN
		return true
	})
	return err == nil && open
}
