package review_test

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/bursarhq/terraform-provider-bursar/internal/browsertest"
)

// pictured are the reviews that the guide shows, as a host would show them.
var pictured = []struct{ name, golden, host, by string }{
	{"review-github", "change_usage.md", "github", "github-actions"},
	{"review-gitlab", "change_usage.md", "gitlab", "bursar"},
	{"review-corners", "corners.md", "github", "github-actions"},
}

const (
	// pictureWidth is about what the column of comments has on a large screen.
	pictureWidth = 960
	// mostBytes is how large a picture may be.
	mostBytes = 64_000
)

// TestPictures draws reviews in GitHub's dialect of Markdown, for the guide, in the folder of BURSAR_PICTURES, for example
// docs/pictures. Nothing in a review becomes markup that is not its own, and no table is wider than the comment.
func TestPictures(t *testing.T) {
	drawn, err := template.ParseFiles("testdata/pictures.html.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("BURSAR_PICTURES")
	if dir == "" {
		dir = t.TempDir()
	}
	browser := browsertest.Start(t)
	for _, shown := range pictured {
		markdown, err := os.ReadFile(filepath.Join("testdata", shown.golden))
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if err := drawn.ExecuteTemplate(&content, "comment", map[string]any{"Host": shown.host, "By": shown.by, "Body": rendered(t, markdown)}); err != nil {
			t.Fatal(err)
		}
		picture := shoot(t, browser, shown.name, content.Bytes())
		if len(picture) < 2_000 || len(picture) > mostBytes {
			t.Errorf("the picture %s has %d bytes", shown.name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, shown.name+".webp"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// rendered is what GitHub's dialect makes of a review. HTML is let through, as hosts do it with the few elements they allow.
func rendered(t *testing.T, markdown []byte) template.HTML {
	t.Helper()
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert(markdown, &out); err != nil {
		t.Fatal(err)
	}
	return template.HTML(out.String()) //nolint:gosec // of golden files
}

const (
	// tooWide names what is wider than its comment.
	tooWide = `[...document.querySelectorAll('.body *')].filter(e => e.getBoundingClientRect().right > document.querySelector('.body').getBoundingClientRect().right)
		.map(e => e.tagName + ' ' + e.textContent.slice(0, 40)).join('\n')`
	// foreign names elements that no review writes, which are names that became markup.
	foreign = `[...document.querySelectorAll('.body *')].map(e => e.tagName).filter(n => !['H2', 'H3', 'P', 'STRONG', 'EM', 'CODE', 'UL', 'LI', 'BR', 'TABLE',
		'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'DETAILS', 'SUMMARY', 'SUB'].includes(n)).join(' ')`
)

// shoot is what a browser shows of a page, as high as it is.
func shoot(t *testing.T, browser context.Context, name string, content []byte) (picture []byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(content)
	}))
	defer server.Close()
	if err := chromedp.Do(browser, chromedp.EmulateViewport(pictureWidth, 100), chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	for what, script := range map[string]string{"is wider than the comment": tooWide, "is markup that no review writes": foreign} {
		found, err := chromedp.Run(browser, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(found) != "" {
			t.Errorf("%s: %s: %s", name, what, found)
		}
	}
	height, err := chromedp.Run(browser, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		t.Fatal(err)
	}
	quality := int64(35)
	err = chromedp.Do(browser, chromedp.EmulateViewport(pictureWidth, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		answer, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		picture = answer.Data
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
