package openapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
	"net/http"
	"path"
	"sync"
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
func Routes(document func() ([]byte, error)) []Route {
	return []Route{
		{"GET /openapi.json", described(document)},
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

// described answers with the document. It is not made before somebody asks: few gateways are asked.
func described(document func() ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := document()
		if err != nil { // tests see to it that this never is
			http.Error(w, "The API cannot be described: "+err.Error(), http.StatusInternalServerError)
			return
		}
		static("application/json", data).ServeHTTP(w, r)
	})
}

// Packed makes a document when it is first asked for, and keeps it compressed: it is large, and seldom asked for again.
func Packed(document func() ([]byte, error)) func() ([]byte, error) {
	kept := sync.OnceValues(func() ([]byte, error) {
		data, err := document()
		if err != nil {
			return nil, err
		}
		var packed bytes.Buffer
		pack := gzip.NewWriter(&packed)
		_, _ = pack.Write(data) // a buffer takes everything
		_ = pack.Close()
		return bytes.Clone(packed.Bytes()), nil
	})
	return func() ([]byte, error) {
		packed, err := kept()
		if err != nil {
			return nil, err
		}
		unpack, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, fmt.Errorf("unpack the document: %w", err)
		}
		return io.ReadAll(unpack)
	}
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
