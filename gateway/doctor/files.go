package doctor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
)

// files looks at who may read what holds secrets.
func (e *examination) files() {
	if runtime.GOOS == "windows" {
		e.add("files", Unchecked, "who may read the files cannot be told on Windows")
		return
	}
	private := true
	for _, file := range []struct{ path, holds string }{
		{e.settings.File, "the admin key and other secrets may stand in it"},
		{e.settings.DataDir, "it holds the record and its key"},
		{filepath.Join(e.settings.DataDir, seal.KeyFile), "it opens every stored secret"},
	} {
		private = e.private(file.path, file.holds) && private
	}
	if private {
		e.add("files", OK, "nobody but their owner may read the configuration and the data")
	}
}

// private says whether others may not read a file, and what is wrong if they may.
func (e *examination) private(path, holds string) bool {
	if path == "" {
		return true
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil:
		e.add("files", Failed, "look at %s: %v", path, err)
		return false
	case info.Mode().Perm()&0o007 != 0:
		e.add("files", Warning, "%s is open to every user (mode %04o), and %s; run: chmod o-rwx %[1]s", path, info.Mode().Perm(), holds)
		return false
	default:
		return true
	}
}

// listener looks whether the address to serve on is free. That a gateway serves on it already is no fault.
func (e *examination) listener() {
	listener, err := net.Listen("tcp", e.settings.Listen) //nolint:noctx // it only binds
	if err != nil {
		e.add("listen", Warning, "%s cannot be bound now: %v; that is right while a gateway serves there", e.settings.Listen, err)
		return
	}
	_ = listener.Close()
	e.add("listen", OK, "%s is free", e.settings.Listen)
}
