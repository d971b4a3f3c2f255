package testenv

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log" //nolint:depguard // go-smtp takes no other
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailServerOptions say what kind of mail server to start.
type MailServerOptions struct {
	// TLS is "starttls", "tls" or "none".
	TLS string
	// Username and Password must be shown, over a protected connection; nobody need sign in without them.
	Username, Password string
	// Unknown are addresses that the server refuses for good.
	Unknown []string
}

// MailServer is a real SMTP server that keeps what it takes.
type MailServer struct {
	options  MailServerOptions
	listener net.Listener
	server   *smtp.Server
	roots    *x509.CertPool

	mu     sync.Mutex
	signal signal
	busy   bool
	mails  []Mail
}

// Mail is a message that the server took.
type Mail struct {
	From   string
	To     []string
	Header mail.Header
	// Subject is in clear.
	Subject string
	// Text and HTML are the two ways the message is written.
	Text, HTML string
}

// NewMailServer starts a server. Close it when done.
func NewMailServer(options MailServerOptions) (*MailServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	m := &MailServer{options: options, listener: listener}
	m.server = smtp.NewServer(smtp.BackendFunc(m.session))
	m.server.Domain, m.server.MaxMessageBytes, m.server.ErrorLog = "localhost", 1<<20, log.New(io.Discard, "", 0)
	m.server.ReadTimeout, m.server.WriteTimeout = 10*time.Second, 10*time.Second
	if options.TLS != "none" {
		certificate, roots, err := ownCertificate()
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		m.roots, m.server.TLSConfig = roots, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	if options.TLS == "tls" {
		listener = tls.NewListener(listener, m.server.TLSConfig)
	}
	go func() { _ = m.server.Serve(listener) }()
	return m, nil
}

// StartMailServer starts a server that ends with the test.
func StartMailServer(t testing.TB, options MailServerOptions) *MailServer {
	t.Helper()
	m, err := NewMailServer(options)
	if err != nil {
		t.Fatalf("start the mail server: %s", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// Host is "localhost", which the certificate is for.
func (m *MailServer) Host() string { return "localhost" }

// Port is the server's port.
func (m *MailServer) Port() int {
	address, ok := m.listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return address.Port
}

// RootCAs vouch for the server.
func (m *MailServer) RootCAs() *x509.CertPool { return m.roots }

// Close stops the server.
func (m *MailServer) Close() error { return m.server.Close() }

// Busy makes the server put off every message, or take them again.
func (m *MailServer) Busy(busy bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.busy = busy
}

// Mails are all that came, oldest first.
func (m *MailServer) Mails() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mails)
}

// Wait waits until at least n messages have come and returns all of them.
func (m *MailServer) Wait(ctx context.Context, n int) ([]Mail, error) {
	err := m.signal.await(ctx, &m.mu, func() bool { return len(m.mails) >= n })
	return m.Mails(), err
}

func (m *MailServer) session(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }

// mailSession is one client's conversation.
type mailSession struct {
	server   *MailServer
	signedIn bool
	mail     Mail
}

// AuthMechanisms are those that the server knows.
func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth signs in.
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != s.server.options.Username || password != s.server.options.Password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

// Mail begins a message.
func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.Username != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.busy {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "try again later"}
	}
	s.mail = Mail{From: from}
	return nil
}

// Rcpt adds a receiver.
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if slices.Contains(s.server.options.Unknown, to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

// Data takes the message.
func (s *mailSession) Data(r io.Reader) error {
	if err := s.mail.read(r); err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	s.server.signal.notifyLocked()
	return nil
}

// Reset forgets the message under way.
func (s *mailSession) Reset() { s.mail = Mail{} }

// Logout ends the conversation.
func (s *mailSession) Logout() error { return nil }

// read insists on what a mailbox wants: a date, a sender, an id, and both ways to read the message.
func (m *Mail) read(r io.Reader) error {
	message, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	m.Header = message.Header
	for _, name := range []string{"Date", "From", "To", "Subject", "Message-Id", "Mime-Version"} {
		if m.Header.Get(name) == "" {
			return errors.New("no header " + name)
		}
	}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return fmt.Errorf("the content is %s: %w", kind, err)
	}
	return m.readParts(multipart.NewReader(message.Body, parameters["boundary"]))
}

func (m *Mail) readParts(parts *multipart.Reader) error {
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var content io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			content = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		plain := strings.ReplaceAll(string(text), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			m.HTML = plain
		} else {
			m.Text = plain
		}
	}
	if m.Text == "" || m.HTML == "" {
		return errors.New("the message is not both plain and HTML text")
	}
	return nil
}

// ownCertificate is for localhost and vouched for by itself.
func ownCertificate() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make a key: %w", err)
	}
	description := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	encoded, err := x509.CreateCertificate(rand.Reader, description, description, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("make a certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(encoded)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("read the certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{encoded}, PrivateKey: key}, roots, nil
}
