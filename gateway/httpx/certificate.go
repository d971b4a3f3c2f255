package httpx

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how often it is looked, at most, whether a certificate's files have changed.
const lookAgain = time.Second

// Certificate is a certificate and its key in two files. When they change, new connections have what they hold then,
// unless it cannot be used.
type Certificate struct {
	files  [2]string
	logger *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	// seen are the files as they were last read, looked is when.
	seen   [2]os.FileInfo
	looked time.Time
}

// LoadCertificate reads a certificate, followed by those that vouch for it, and its key, both in PEM.
func LoadCertificate(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{files: [2]string{certFile, keyFile}, logger: logger}
	c.seen, c.looked = c.stat(), time.Now()
	loaded, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate in %s and its key in %s: %w", certFile, keyFile, err)
	}
	c.current = &loaded
	return c, nil
}

// Config is how a server speaks TLS with the certificate.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}
}

func (c *Certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookAgain {
		return c.current
	}
	c.looked = time.Now()
	now := c.stat() // before they are read: what changes meanwhile is seen the next time
	if sameFile(now[0], c.seen[0]) && sameFile(now[1], c.seen[1]) {
		return c.current
	}
	c.seen = now
	loaded, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		c.logger.Warn("the certificate has changed and cannot be used; the one before stays", slog.String("error", err.Error()))
		return c.current
	}
	c.current = &loaded
	c.logger.Info("the certificate was read again", slog.Time("not_after", loaded.Leaf.NotAfter))
	return c.current
}

// stat describes the files; nil stands for one that is not there.
func (c *Certificate) stat() (found [2]os.FileInfo) {
	for i, name := range c.files {
		if info, err := os.Stat(name); err == nil {
			found[i] = info
		}
	}
	return found
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
