//go:build release

package deploytest

import "syscall"

// confined runs a program in a root of its own, as the image's user.
func confined(root string) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
}
