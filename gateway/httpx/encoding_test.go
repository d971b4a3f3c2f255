package httpx_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = io.WriteString(writer, text)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func zstandard(t testing.TB, text string) string {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return string(encoder.EncodeAll([]byte(text), nil))
}

// The handler of serve reads at most 1000 bytes, compressed or not.
func TestReadBody_compressed(t *testing.T) {
	const text = `{"team_id":"a"}`
	full, above := strings.Repeat("x", 1000), strings.Repeat("x", 1001)
	incompressible := gzipped(t, func() string {
		var out strings.Builder
		for i := range 4000 {
			out.WriteByte(byte(i * i * 7919 >> 5))
		}
		return out.String()
	}())
	for name, test := range map[string]struct {
		encoding, body string
		status         int
		want           string
	}{
		"plain":                    {"", text, 200, text},
		"identity":                 {"identity", text, 200, text},
		"gzip":                     {"gzip", gzipped(t, text), 200, text},
		"gzip, older name":         {"X-GZIP", gzipped(t, text), 200, text},
		"gzip in two pieces":       {"gzip", gzipped(t, `{"team_id":`) + gzipped(t, `"a"}`), 200, text},
		"zstd":                     {"zstd", zstandard(t, text), 200, text},
		"zstd, in capitals":        {" ZSTD ", zstandard(t, text), 200, text},
		"gzip up to the limit":     {"gzip", gzipped(t, full), 200, full},
		"gzip above the limit":     {"gzip", gzipped(t, above), 413, "larger than the limit of 1000 bytes"},
		"zstd up to the limit":     {"zstd", zstandard(t, full), 200, full},
		"zstd above the limit":     {"zstd", zstandard(t, above), 413, "larger than the limit of 1000 bytes"},
		"a gzip bomb":              {"gzip", gzipped(t, strings.Repeat("x", 500_000)), 413, "larger than the limit of 1000 bytes"},
		"a zstd bomb":              {"zstd", zstandard(t, strings.Repeat("x", 50<<20)), 413, "larger than the limit"},
		"compressed above it":      {"gzip", incompressible, 413, "larger than the limit of 1000 bytes"},
		"gzip that is none":        {"gzip", text, 400, "not whole gzip"},
		"gzip that is cut":         {"gzip", gzipped(t, text)[:20], 400, "not whole gzip"},
		"gzip with more behind it": {"gzip", gzipped(t, text) + "more", 400, "not whole gzip"},
		"zstd that is none":        {"zstd", text, 400, "not whole zstd"},
		"zstd that is cut":         {"zstd", zstandard(t, text)[:12], 400, "not whole zstd"},
		"brotli":                   {"br", text, 415, `Content-Encoding \"br\" is not read here; send the body in gzip or zstd`},
		"deflate":                  {"deflate", text, 415, "gzip or zstd"},
		"both":                     {"gzip, zstd", text, 415, "gzip or zstd"},
		"an endless name":          {strings.Repeat("x", 500), text, 415, "gzip or zstd"},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest("POST", "/thing/new", strings.NewReader(test.body))
			if test.encoding != "" {
				request.Header.Set("Content-Encoding", test.encoding)
			}
			response, _ := serve(t, func(w http.ResponseWriter, r *http.Request) error {
				body, err := httpx.ReadBody(r)
				if err != nil {
					return err
				}
				_, err = w.Write(body)
				return err
			}, request)
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.status || !strings.Contains(string(body), test.want) {
				t.Errorf("%d %.300s, want %d with %q", response.StatusCode, body, test.status, test.want)
			}
			if accepted := response.Header.Get("Accept-Encoding"); (accepted == "gzip, zstd") != (test.status == http.StatusUnsupportedMediaType) {
				t.Errorf("Accept-Encoding: %q", accepted)
			}
		})
	}
}

// Nothing is read, expanded or refused for who is not let in.
func TestReadBody_encodingIsJudgedWhenTheBodyIsRead(t *testing.T) {
	request := httptest.NewRequest("POST", "/thing/new", strings.NewReader("x"))
	request.Header.Set("Content-Encoding", "br")
	response, _ := serve(t, func(http.ResponseWriter, *http.Request) error {
		return api.Errorf(api.Unauthenticated, "who is it?")
	}, request)
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d", response.StatusCode)
	}
}

func FuzzReadBody_compressed(f *testing.F) {
	for _, encoding := range []string{"gzip", "zstd"} {
		f.Add(encoding, []byte(gzipped(f, "hello")))
		f.Add(encoding, []byte(zstandard(f, "hello")))
	}
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		request := httptest.NewRequest("POST", "/thing/new", bytes.NewReader(body))
		request.Header.Set("Content-Encoding", encoding)
		serve(t, func(_ http.ResponseWriter, r *http.Request) error {
			read, err := httpx.ReadBody(r)
			if len(read) > 1000 {
				t.Errorf("%d bytes were read", len(read))
			}
			return err
		}, request)
	})
}
