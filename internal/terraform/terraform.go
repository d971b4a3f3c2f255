// Package terraform finds the program that applies configurations on this machine:
// Terraform or OpenTofu from PATH, else a Terraform that it downloads once.
//
// It promises a program new enough for write-only attributes. It must never know what
// is done with the program.
package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"
)

// Minimum is the oldest version that knows write-only attributes, of Terraform and OpenTofu alike.
const Minimum = "1.11.0"

// Find returns the absolute path of a program from PATH that is new enough,
// else of one in cacheDir, which it downloads and verifies when it is not there yet.
func Find(ctx context.Context, cacheDir string) (string, error) {
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil && usable(ctx, path) == nil {
			return filepath.Abs(path)
		}
	}
	cached := filepath.Join(cacheDir, product.Terraform.BinaryName())
	if usable(ctx, cached) == nil {
		return cached, nil
	}
	return download(ctx, cacheDir)
}

// CacheDir returns the user's folder for the downloaded program.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder to keep Terraform in: %w", err)
	}
	return filepath.Join(dir, "bursar", "terraform"), nil
}

// usable returns nil if path is a Terraform or OpenTofu that is new enough.
func usable(ctx context.Context, path string) error {
	command := exec.CommandContext(ctx, path, "version", "-json")
	// Settings that the user's shell points at may be gone, which OpenTofu says before its version.
	command.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "TF_") })
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("ask %s for its version: %w", path, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return fmt.Errorf("read the version of %s: %w", path, err)
	}
	found, err := version.NewVersion(answer.Version)
	if err != nil {
		return fmt.Errorf("read the version of %s: %w", path, err)
	}
	if found.LessThan(version.Must(version.NewVersion(Minimum))) {
		return fmt.Errorf("%s is %s, older than %s", path, found, Minimum)
	}
	return nil
}

// download puts the newest Terraform into dir; hc-install verifies its signature and checksum.
func download(ctx context.Context, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder for Terraform: %w", err)
	}
	newest := &releases.LatestVersion{
		Product:     product.Terraform,
		InstallDir:  dir,
		Constraints: version.MustConstraints(version.NewConstraint(">= " + Minimum)),
	}
	path, err := install.NewInstaller().Install(ctx, []src.Installable{newest})
	if err != nil {
		return "", fmt.Errorf("no Terraform or OpenTofu from %s on is on PATH, and downloading Terraform failed: %w", Minimum, err)
	}
	return path, nil
}
