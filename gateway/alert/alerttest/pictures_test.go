package alerttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"html/template"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/bursarhq/terraform-provider-bursar/internal/browsertest"
)

// pictured are the messages that the alerts guide shows, as their receivers got them.
var pictured = map[string]string{
	"slack": "links.json", "email": "links.html", "pagerduty": "links.json", "webhook": "links.json", "alertmanager": "links.json", "microsoft_teams": "links.json",
}

var folders = map[string]string{"microsoft_teams": "msteams"}

// mostBytes is how large a picture may be.
const mostBytes = 60_000

var (
	slackLink = regexp.MustCompile(`&lt;(https?://[^|]+?)\|([^&]+?)&gt;`)
	slackBold = regexp.MustCompile(`\*([^*\n]+)\*`)
	escaped   = regexp.MustCompile(`\\([\\_*\[\]()#~>-])`)
)

// marks are drawn, as not every machine has a font with them.
var marks = strings.NewReplacer("🔴", mark("#d1242f"), "🟡", mark("#e0a800"), "🟢", mark("#2da44e"), "🔵", mark("#0969da"))

func mark(colour string) string { return `<span style="color:` + colour + `">&#9679;</span>` }

// mrkdwn reads what Slack's marks mean, as far as messages use them.
func mrkdwn(text string) template.HTML {
	text = html.EscapeString(html.UnescapeString(strings.NewReplacer("&lt;", "‹", "&gt;", "›").Replace(text)))
	text = slackLink.ReplaceAllString(text, `<a href="$1">$2</a>`)
	text = marks.Replace(text)
	text = slackBold.ReplaceAllString(text, "<b>$1</b>")
	return template.HTML(strings.ReplaceAll(text, "\n", "<br>")) //nolint:gosec // escaped above, of golden files
}

// card is the text that a card's Markdown stands for.
func card(text string) string { return escaped.ReplaceAllString(text, "$1") }

// TestPictures makes the pictures of the alerts guide from the messages that the targets' tests hold, in the folder of
// BURSAR_PICTURES, for example docs/pictures. They are drawn by the template beside it, and not by who shows the messages.
func TestPictures(t *testing.T) {
	drawn, err := template.New("").Funcs(template.FuncMap{"mrkdwn": mrkdwn, "card": card, "indented": func(message any) (string, error) {
		text := &bytes.Buffer{}
		encoder := json.NewEncoder(text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err := encoder.Encode(message)
		return text.String(), err
	}}).ParseFiles("testdata/pictures.html.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("BURSAR_PICTURES")
	if dir == "" {
		dir = t.TempDir()
	}
	browser := browsertest.Start(t)
	for target, file := range pictured {
		folder := folders[target]
		if folder == "" {
			folder = target
		}
		message, err := os.ReadFile(filepath.Join("..", folder, "testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") {
			message = draw(t, drawn, target, message)
		}
		picture := shoot(t, browser, message)
		if len(picture) < 2_000 || len(picture) > mostBytes {
			t.Errorf("the picture of %s has %d bytes", target, len(picture))
		}
		if err := os.WriteFile(filepath.Join(dir, "alert-"+strings.ReplaceAll(target, "_", "-")+".webp"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func draw(t *testing.T, drawn *template.Template, target string, message []byte) []byte {
	t.Helper()
	var content any
	if err := json.Unmarshal(message, &content); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := drawn.ExecuteTemplate(&out, target, content); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// shoot is what a browser shows of a page, as high as it is.
func shoot(t *testing.T, browser context.Context, content []byte) (picture []byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(content)
	}))
	defer server.Close()
	if err := chromedp.Do(browser, chromedp.EmulateViewport(720, 100), chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	height, err := chromedp.Run(browser, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		t.Fatal(err)
	}
	quality := int64(80)
	err = chromedp.Do(browser, chromedp.EmulateViewport(720, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		answer, err := cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
		picture = answer.Data
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}
