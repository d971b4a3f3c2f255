package openapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"net/http"
	"path"
)

//go:embed page
var page embed.FS

// Route is something that this package serves to everybody.
type Route struct {
	Pattern string
	Handler http.Handler
}

// Routes are the description at /openapi.json and a page to read it at /docs, which needs nothing but the
// gateway: no script or font of others.
func Routes(document []byte) []Route {
	return []Route{
		{"GET /openapi.json", packed("application/json", document)},
		{"GET /docs", pageFile("index.html", "text/html; charset=utf-8")},
		{"GET /docs/page.js", pageFile("page.js", "text/javascript; charset=utf-8")},
		{"GET /docs/page.css", pageFile("page.css", "text/css; charset=utf-8")},
	}
}

func pageFile(name, media string) http.Handler {
	data, err := page.ReadFile(path.Join("page", name))
	if err != nil {
		panic("the page to read the description has no " + name) // embedded: it is there or the program was never built
	}
	return static(media, data)
}

// packed holds data compressed, because nobody asks for it while calls are served.
func packed(media string, data []byte) http.Handler {
	var kept bytes.Buffer
	pack := gzip.NewWriter(&kept)
	_, _ = pack.Write(data) // a buffer takes everything
	_ = pack.Close()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		unpack, err := gzip.NewReader(bytes.NewReader(kept.Bytes()))
		if err != nil {
			panic("what was packed cannot be unpacked: " + err.Error())
		}
		data, _ := io.ReadAll(unpack)
		static(media, data).ServeHTTP(w, r)
	})
}

// pagePolicy lets the page have its own script, its own style and the description, and nothing else.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func static(media string, data []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header.Set("Content-Type", media)
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-cache")
		// A failed write means that the reader left.
		_, _ = w.Write(data)
	})
}
