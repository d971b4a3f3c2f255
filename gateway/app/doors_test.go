package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// certificate writes a certificate for this machine and its key, and returns who trusts it.
func certificate(t *testing.T) (config.TLS, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := config.TLS{Cert: filepath.Join(t.TempDir(), "cert.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	pool := x509.NewCertPool()
	for file, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: made}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		pool.AppendCertsFromPEM(pem.EncodeToMemory(block))
	}
	return files, pool
}

// Over TLS, with a door of its own for the admin API: each door opens to its own routes and to no other, calls are
// whole, and both end when the gateway stops.
func TestGateway_twoDoorsWithTLS(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	files, trusted := certificate(t)
	c.TLS, c.ListenAdmin = files, "127.0.0.1:0"
	g := start(t, c)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(base, method, path, key, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	models, administration := g.URL(), g.AdminURL()
	if models == administration || !strings.HasPrefix(models, "https://") || !strings.HasPrefix(administration, "https://") {
		t.Fatalf("%s and %s", models, administration)
	}
	_, made := ask(administration, "POST", "/key/generate", adminKey, `{"key":"sk-a-callers-own-secret-of-this-test"}`)
	const key = "sk-a-callers-own-secret-of-this-test"
	if !strings.Contains(made, key) {
		t.Fatalf("no key: %s", made)
	}
	for _, test := range []struct {
		base, method, path, key string
		status                  int
	}{
		{models, "POST", "/v1/chat/completions", key, 200},
		{models, "GET", "/v1/models", key, 200},
		{models, "GET", "/health/readiness", "", 200},
		{models, "GET", "/team/list", adminKey, 404},
		{models, "POST", "/key/generate", adminKey, 404},
		{models, "GET", "/metrics", adminKey, 404},
		{models, "GET", "/openapi.json", "", 404},
		{administration, "GET", "/team/list", adminKey, 200},
		{administration, "GET", "/metrics", adminKey, 200},
		{administration, "GET", "/openapi.json", "", 200},
		{administration, "GET", "/health/liveliness", "", 200},
		{administration, "GET", "/key/info", key, 200},
		{administration, "POST", "/v1/chat/completions", key, 404},
	} {
		if status, body := ask(test.base, test.method, test.path, test.key, hello); status != test.status {
			t.Errorf("%s %s%s: %d, want %d: %.300s", test.method, test.base, test.path, status, test.status, body)
		}
	}
	if status, text := ask(models, "POST", "/v1/chat/completions", key, strings.Replace(hello, "{", `{"stream":true,`, 1)); status != 200 || !strings.Contains(text, "[DONE]") {
		t.Errorf("a stream: %d %s", status, text)
	}
	client.CloseIdleConnections()
	g.stop()
	for _, base := range []string{models, administration} {
		if conn, err := net.Dial("tcp", strings.TrimPrefix(base, "https://")); err == nil {
			conn.Close()
			t.Errorf("%s is still open", base)
		}
	}
}
