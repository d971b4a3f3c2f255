package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// SmallDisk returns a folder on a disk of its own that holds so many bytes, in memory. Where mounting one is not
// allowed, which it is for root and for who has sudo on Linux, the test is skipped and says so.
func SmallDisk(t testing.TB, size int64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := mount(dir, size); err != nil {
		t.Skipf("a disk that is full cannot be tried: mounting a small one is not allowed here: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount the small disk: %v", err)
		}
	})
	return dir
}

func mount(dir string, size int64) error {
	options := fmt.Sprintf("size=%d,uid=%d,gid=%d,mode=700", size, os.Getuid(), os.Getgid())
	return asRoot("mount", "-t", "tmpfs", "-o", options, "bursar-test", dir)
}

func unmount(dir string) error { return asRoot("umount", "--lazy", dir) }

func asRoot(command ...string) error {
	if runtime.GOOS != "linux" {
		return errors.New("this is not Linux")
	}
	if os.Geteuid() != 0 {
		command = append([]string{"sudo", "-n"}, command...)
	}
	if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, output)
	}
	return nil
}

// FillDisk fills a disk to its last byte, and returns a function that makes the room again.
func FillDisk(t testing.TB, dir string) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 0; {
		if _, err := file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Errorf("make room on the small disk: %v", err)
		}
	}
}
