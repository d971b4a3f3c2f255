package httpx_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// writeCertificate makes a certificate with a number of its own.
func writeCertificate(t *testing.T, certFile, keyFile string, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: certificate}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// New connections have the certificate that the files hold now; one that cannot be used changes nothing.
func TestCertificate_isReadAgain(t *testing.T) {
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	certificate, err := httpx.LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(httpx.Identify(nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !httpx.Of(r.Context()).Encrypted {
			w.WriteHeader(http.StatusTeapot)
		}
	})))
	server.Listener = httpx.Listener{Listener: server.Listener, TLS: certificate.Config()}
	server.Config.ConnContext = httpx.ConnContext
	server.Start()
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	number := func() int64 {
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}}) //nolint:gosec // its own certificate is what is looked at
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%v %v", answer, err)
		}
		answer.Body.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	await := func(want int64) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(10 * time.Second); number() != want; <-tick.C {
			if time.Now().After(deadline) {
				t.Fatalf("the certificate is still not number %d", want)
			}
		}
	}
	await(1)
	writeCertificate(t, certFile, keyFile, 2)
	await(2)
	if err := os.WriteFile(certFile, []byte("half a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	httpx.ForgetLook(certificate)
	if got := number(); got != 2 {
		t.Errorf("while the file is broken: number %d", got)
	}
	writeCertificate(t, certFile, keyFile, 3)
	await(3)

	if answers := say(t, addr, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 99); len(answers) != 1 || !strings.Contains(answers[0], "to an HTTPS server") {
		t.Errorf("plain HTTP: %q", answers)
	}
}
