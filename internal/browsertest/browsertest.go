// Package browsertest starts a real Chromium for tests of pages and for the pictures of the guides.
//
// It promises a browser that ends with its test. It must never know of what pages show.
package browsertest

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// lives is the longest that a browser serves a test.
const lives = 2 * time.Minute

// Start starts a browser and returns the context that chromedp's actions take. It ends with the test, which fails where
// there is no Chromium.
func Start(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(find(t)))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, end := chromedp.NewContext(allocated)
	ctx, cancel := context.WithTimeout(ctx, lives)
	t.Cleanup(func() { cancel(); end(); stop() })
	return ctx
}

func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is needed to look at pages; install it (apt-get install chromium)")
	return ""
}
