package main

import (
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"time"
)

// serveReverseProxy is the yardstick: the standard library's proxy as somebody sets it up who cares for speed, with
// connections enough and buffers that are used again, and nothing else.
func serveReverseProxy(addr, upstream string) error {
	to, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		MaxIdleConns: 2048, MaxIdleConnsPerHost: 2048, DisableCompression: true,
		// A whole answer: a request that the upstream answers before its end was noticed closes the connection, and what was
		// not read by then is lost. That happens on busy machines.
		ReadBufferSize: 16 << 10,
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:  transport,
		BufferPool: buffers{&sync.Pool{New: func() any { return make([]byte, 32<<10) }}},
	}
	server := &http.Server{Addr: addr, Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	go endWithParent()
	return server.ListenAndServe()
}

// buffers are used again: without them the proxy allocates 32 KB for every call, which flatters whoever is compared with it.
type buffers struct{ pool *sync.Pool }

func (b buffers) Get() []byte { return b.pool.Get().([]byte) } //nolint:forcetypeassert // nothing else is put there

func (b buffers) Put(buffer []byte) { b.pool.Put(buffer) } //nolint:staticcheck // a header of a slice for every call is little

// endWithParent ends the process when the one that started it has gone.
func endWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
