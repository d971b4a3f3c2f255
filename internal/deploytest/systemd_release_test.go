//go:build release

package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// mostExposed is what systemd-analyze may find of ten; a service without any of its settings has 9.6.
const mostExposed = 2.0

func TestSystemd_unitIsRightAndHardened(t *testing.T) {
	dir := t.TempDir()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bursar.service")
	text := strings.Replace(readExample(t, "systemd/bursar.service"), "/usr/bin/bursar", own, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := check(t, "systemd-analyze", "verify", file); strings.TrimSpace(said) != "" {
		t.Error(said)
	}
	found := regexp.MustCompile(`exposure level for bursar.service: ([0-9.]+)`).FindStringSubmatch(check(t, "systemd-analyze", "security", "--offline=yes", file))
	if exposed, err := strconv.ParseFloat(found[1], 64); err != nil || exposed > mostExposed {
		t.Errorf("exposure level %s", found[1])
	}
}

// The Debian package is installed in a copy of this machine's root that nothing else sees, and what it has put there is used:
// the user, the modes, the admin key, and the program, which starts as that user.
func TestPackages_installed(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("installing a package needs root on Linux")
	}
	dir := t.TempDir()
	buildProgram(t, "go build -trimpath -ldflags '-s -w -X main.version=1.2.3' -o /image/usr/bin/bursar ./gateway/cmd/bursar", mustAbs(t, "../../bin/bursar"))
	for _, packager := range []string{"deb", "rpm"} {
		build := exec.CommandContext(t.Context(), ".ci/tool", "nfpm", "package", "--config", "examples/systemd/nfpm.yaml", "--packager", packager, "--target", dir)
		build.Dir, build.Env = "../..", append(os.Environ(), "VERSION=1.2.3", "ARCH="+runtime.GOARCH)
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	if packages, _ := filepath.Glob(filepath.Join(dir, "bursar*")); len(packages) != 2 {
		t.Fatalf("packages: %v", packages)
	}
	script := `
set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/all"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/all"
cp "$2"/bursar*.deb "$1/all/bursar.deb"
mount -t proc proc "$1/all/proc"
mount --bind /dev "$1/all/dev"
chroot "$1/all" sh -euc '
  dpkg -i /bursar.deb >/dev/null
  stat -c "%a %U %G %n" /usr/bin/bursar /etc/bursar /etc/bursar/gateway.yaml /etc/bursar/environment /var/lib/bursar
  grep -cE "^BURSAR_ADMIN_KEY=sk-[0-9a-f]{48}$" /etc/bursar/environment
  /usr/bin/bursar version
  cd /var/lib/bursar
  . /etc/bursar/environment; export BURSAR_ADMIN_KEY BURSAR_DATA_DIR=/var/lib/bursar BURSAR_LISTEN=127.0.0.1:0
  setpriv --reuid=bursar --regid=bursar --clear-groups /usr/bin/bursar check-config /etc/bursar/gateway.yaml
  dpkg -i /bursar.deb >/dev/null # an update keeps the key
  before="$BURSAR_ADMIN_KEY"; . /etc/bursar/environment; [ "$before" = "$BURSAR_ADMIN_KEY" ] && echo kept
  dpkg -r bursar >/dev/null
  ls /etc/bursar /usr/bin/bursar 2>&1 || true
'`
	output, err := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c", script, "sh", t.TempDir(), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{
		"755 root root /usr/bin/bursar\n", "750 root bursar /etc/bursar\n", "640 root bursar /etc/bursar/gateway.yaml\n",
		"640 root bursar /etc/bursar/environment\n", "700 bursar bursar /var/lib/bursar\n",
		"bursar 1.2.3\n", "can be served: 0 models", "kept\n", "cannot access '/usr/bin/bursar'",
	} {
		if !strings.Contains(string(output), want) {
			t.Errorf("%q is missing in\n%s", want, output)
		}
	}
}

func mustAbs(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
