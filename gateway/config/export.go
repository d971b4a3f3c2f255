package config

import (
	"crypto/sha256"
	"fmt"
	"net/url"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Kinds of receivers of ledger rows.
const (
	ExportHTTP = "http"
	ExportFile = "file"
)

// Export is a receiver that ledger rows are sent to, on and on.
type Export struct {
	// Name tells it from others; what has arrived is noted under it.
	Name string
	// Type is [ExportHTTP] or [ExportFile].
	Type string
	// URL and Secret are of HTTP; a nil secret does not sign.
	URL    string
	Secret *string
	// Path, MaxBytes and Keep are of a file; zero is without limit.
	Path     string
	MaxBytes int64
	Keep     int
}

// fileExport is an entry of export in gateway.yaml.
type fileExport struct {
	Name     string `yaml:"name"`
	Type     string `yaml:"type"`
	URL      string `yaml:"url"`
	Secret   string `yaml:"secret"`
	Path     string `yaml:"path"`
	MaxBytes int64  `yaml:"max_bytes"`
	Keep     int    `yaml:"keep"`
}

func (c *checker) exports(f file) {
	names := map[string]bool{}
	for i, entry := range f.Export {
		field := fmt.Sprintf("export[%d]", i)
		export := Export{Name: entry.Name, Type: entry.Type, Path: entry.Path, MaxBytes: entry.MaxBytes, Keep: entry.Keep}
		switch entry.Type {
		case ExportHTTP:
			c.exportHTTP(field, entry, &export)
		case ExportFile:
			c.exportFile(field, entry, &export)
		default:
			c.fail(field+".type", "is %q; it must be http or file", entry.Type)
		}
		if names[export.Name] {
			c.fail(field+".name", "%q stands here twice; what has arrived is noted by name", export.Name)
		}
		names[export.Name] = true
		c.config.Exports = append(c.config.Exports, export)
	}
}

func (c *checker) exportHTTP(field string, entry fileExport, export *Export) {
	parsed, err := url.Parse(entry.URL)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && (parsed.Scheme != "http" || !c.config.AllowPrivateTargets)) {
		c.fail(field+".url", "is not an https address such as https://example.com/ledger")
		return
	}
	if export.Name == "" {
		// Not the address itself: it may hold a token.
		export.Name = fmt.Sprintf("http:%s:%.4x", parsed.Host, sha256.Sum256([]byte(entry.URL)))
	}
	export.URL = entry.URL
	if entry.Secret == "" {
		return
	}
	if _, err := api.WebhookSecretBytes(entry.Secret); err != nil {
		c.fail(field+".secret", "%s", err)
	}
	export.Secret = &entry.Secret
}

func (c *checker) exportFile(field string, entry fileExport, export *Export) {
	if entry.Path == "" {
		c.fail(field+".path", "is required: the file to append to")
	}
	if entry.MaxBytes < 0 {
		c.fail(field+".max_bytes", "is %d; it cannot be negative", entry.MaxBytes)
	}
	if entry.Keep < 0 {
		c.fail(field+".keep", "is %d; it cannot be negative", entry.Keep)
	}
	if export.Name == "" {
		export.Name = "file:" + entry.Path
	}
}
