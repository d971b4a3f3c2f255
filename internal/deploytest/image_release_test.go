//go:build release

package deploytest

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// mostImage is what the image may take in a registry and of a node's network, in bytes; mostUnpacked is what it may take of its disk.
const (
	mostImage    = 60_000_000
	mostUnpacked = 100_000_000
)

// stage is the last stage of a Dockerfile, as far as ours says anything.
type stage struct {
	config v1.Config
	// build is the command of the go build, made is what else the first stage puts into the image.
	build string
	users map[string]string
}

// readDockerfile reads the words of our Dockerfile. There is no engine here that could.
func readDockerfile(t *testing.T) (s stage) {
	t.Helper()
	text := strings.ReplaceAll(readExample(t, "docker/Dockerfile"), "\\\n", " ")
	build, last, found := strings.Cut(text, "\nFROM scratch\n")
	if !found {
		t.Fatal("the image is not made from scratch")
	}
	s.build = regexp.MustCompile(`go build .*`).FindString(build)
	s.users = map[string]string{}
	for _, entry := range regexp.MustCompile(`echo '([^']*)' >/image(\S+)`).FindAllStringSubmatch(build, -1) {
		s.users[entry[2]] = entry[1] + "\n"
	}
	s.config.ExposedPorts, s.config.Volumes = map[string]struct{}{}, map[string]struct{}{}
	for line := range strings.Lines(last) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "", "#", "COPY":
		case "USER":
			s.config.User = rest
		case "ENV":
			s.config.Env = append(s.config.Env, strings.Fields(rest)...)
		case "EXPOSE":
			s.config.ExposedPorts[rest+"/tcp"] = struct{}{}
		case "VOLUME":
			s.config.Volumes[rest] = struct{}{}
		case "ENTRYPOINT":
			s.config.Entrypoint = list(t, rest)
		case "CMD":
			s.config.Cmd = list(t, rest)
		case "HEALTHCHECK":
			_, command, _ := strings.Cut(rest, " CMD ")
			s.config.Healthcheck = &v1.HealthConfig{Test: append([]string{"CMD"}, list(t, command)...)}
		default:
			t.Fatalf("the Dockerfile says %s, which this test does not know", word)
		}
	}
	return s
}

func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}

// buildProgram builds the gateway as the Dockerfile does.
func buildProgram(t *testing.T, command, to string) {
	t.Helper()
	for old, new := range map[string]string{"/image/usr/bin/bursar": to, "$VERSION": "1.2.3"} {
		command = strings.ReplaceAll(command, old, new)
	}
	build := exec.CommandContext(t.Context(), "sh", "-c", command)
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
}

// image builds the image without an engine: one layer with what the Dockerfile copies.
func image(t *testing.T, s stage, program string) v1.Image {
	t.Helper()
	var layer bytes.Buffer
	files := tar.NewWriter(&layer)
	add := func(header tar.Header, data []byte) {
		header.Size, header.ModTime, header.Format = int64(len(data)), time.Unix(0, 0), tar.FormatPAX
		if err := files.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"etc", "usr", "usr/bin"} {
		add(tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	}
	for _, dir := range []string{"data", "tmp"} {
		add(tar.Header{Name: dir, Typeflag: tar.TypeDir, Mode: 0o755, Uid: 65532, Gid: 65532}, nil)
	}
	add(tar.Header{Name: "usr/bin/bursar", Typeflag: tar.TypeReg, Mode: 0o755}, binary)
	for _, name := range []string{"/etc/passwd", "/etc/group"} {
		add(tar.Header{Name: name[1:], Typeflag: tar.TypeReg, Mode: 0o644}, []byte(s.users[name]))
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	built, err := mutate.AppendLayers(empty.Image, made)
	if err == nil {
		built, err = mutate.Config(built, s.config)
	}
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// pulledSize is how many bytes a node fetches of the image.
func pulledSize(t *testing.T, built v1.Image) (size int64) {
	t.Helper()
	layers, err := built.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		n, err := layer.Size()
		if err != nil {
			t.Fatal(err)
		}
		size += n
	}
	return size
}

// unpack lays the image's files out as a container sees them.
func unpack(t *testing.T, built v1.Image) (root string, size int64) {
	t.Helper()
	root = t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	content := mutate.Extract(built)
	defer content.Close()
	for files := tar.NewReader(content); ; {
		header, err := files.Next()
		if err == io.EOF {
			return root, size
		}
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, filepath.FromSlash(path.Clean("/"+header.Name)))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(to, 0o755)
		} else {
			data, readErr := io.ReadAll(files)
			if readErr != nil {
				t.Fatal(readErr)
			}
			size += int64(len(data))
			err = os.WriteFile(to, data, fs.FileMode(header.Mode))
		}
		if err == nil && os.Getuid() == 0 {
			err = os.Chown(to, header.Uid, header.Gid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The image holds the program, a user and nothing else, is the same when it is built again, and its gateway starts in it,
// as that user, says that it is well, and ends when it is told to.
func TestImage_holdsOneProgramThatStarts(t *testing.T) {
	s := readDockerfile(t)
	program := filepath.Join(t.TempDir(), "bursar")
	buildProgram(t, s.build, program)
	built := image(t, s, program)
	again := filepath.Join(t.TempDir(), "bursar")
	buildProgram(t, s.build, again)
	digest, _ := built.Digest()
	if other, _ := image(t, s, again).Digest(); digest != other || digest.Hex == "" {
		t.Errorf("two builds are %s and %s", digest, other)
	}
	pulled := pulledSize(t, built)
	root, unpacked := unpack(t, built)
	if pulled > mostImage || unpacked > mostUnpacked {
		t.Errorf("it has %d bytes, %d unpacked", pulled, unpacked)
	}
	t.Logf("the image has %.1f MB, %.1f MB unpacked", float64(pulled)/1e6, float64(unpacked)/1e6)
	file, err := built.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if file.Config.User != "65532:65532" || file.Config.Healthcheck == nil || len(file.Config.ExposedPorts) != 1 {
		t.Errorf("%+v", file.Config)
	}
	startImage(t, root, file.Config)
}

// startImage runs the entry point in the unpacked root, which needs root; for others it is run where it lies.
func startImage(t *testing.T, root string, config v1.Config) {
	t.Helper()
	listen := testenv.FreeAddress(t)
	env := append(config.Env, "BURSAR_ADMIN_KEY="+adminKey, "BURSAR_LISTEN="+listen, "BURSAR_ALLOW_PLAIN_HTTP=true", "BURSAR_DRAIN_DELAY=0s")
	inside := func(words []string) *exec.Cmd {
		command := exec.CommandContext(t.Context(), words[0], words[1:]...)
		command.Env, command.Dir, command.Stderr = env, "/", os.Stderr
		if os.Getuid() == 0 && runtime.GOOS == "linux" {
			command.SysProcAttr = confined(root)
		} else {
			command.Path, command.Dir = filepath.Join(root, words[0]), root
			command.Env = append(env, "BURSAR_DATA_DIR="+filepath.Join(root, "data"))
		}
		return command
	}
	gateway := inside(append(config.Entrypoint, config.Cmd...))
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- gateway.Wait() }()
	t.Cleanup(func() { _ = gateway.Process.Kill() })
	await(t, 30*time.Second, func() (bool, string) {
		if len(ended) > 0 {
			t.Fatalf("it has ended: %v", <-ended)
		}
		said, err := inside(config.Healthcheck.Test[1:]).Output()
		return err == nil && strings.Contains(string(said), `"status":"healthy"`), "it is not well: " + string(said)
	})
	if _, err := os.Stat(filepath.Join(root, "data/bursar.db")); err != nil {
		t.Error(err)
	}
	if err := gateway.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-ctx.Done():
		t.Error("it does not end")
	}
}
