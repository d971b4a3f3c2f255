//go:build release && !linux

package deploytest

import "syscall"

func confined(string) *syscall.SysProcAttr { return nil }
