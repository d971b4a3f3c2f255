// Package email writes alert messages to people, through the gateway's mail server or a route's own.
//
// It promises that a password crosses no unprotected connection, that a message is both plain and HTML text, and that
// the messages about one team and period stand together in a mailbox. SMTP has no way to drop repetitions, so
// that a gateway that dies between sending and noting it sends a message twice, with one Message-ID. It must never
// know when to try again. go-mail speaks the protocol: net/smtp is frozen.
package email

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Server is a mail server and how to sign in there.
type Server struct {
	Host string
	// Port is 587, or 465 with TLS from the first byte, if 0.
	Port int
	// TLS is one of the ways of [api.EmailTarget.SMTPTLS].
	TLS      string
	Username string
	Password string
	// From is the sender's address.
	From string
}

// Dial opens a connection to a mail server.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Options are what a [Target] is made of.
type Options struct {
	// Gateway is the server for routes without one of their own; nil for none. It is reached through GatewayDial, as the
	// operator chose it, others through Dial.
	Gateway     *Server
	GatewayDial Dial
	Dial        Dial
	// AllowPlain lets routes have servers without protection.
	AllowPlain bool
	// RootCAs vouch for servers; nil is the system's.
	RootCAs *x509.CertPool
}

const timeout = 12 * time.Second

var _ alert.Target = (*Target)(nil)

// Target writes to the people of a route.
type Target struct{ options Options }

// New returns a target.
func New(options Options) *Target { return &Target{options} }

// Send writes the message to all of the route's people. When the server refuses some of them for good, the others
// get it, and the outcome names the refused.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	if route.Email == nil {
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no email"}
	}
	server, dial := t.server(*route.Email)
	if server == nil {
		return alert.Outcome{Result: alert.Failed, Status: "neither the route nor the gateway (alerts.smtp) has a mail server"}
	}
	outcome := alert.Outcome{Result: alert.Failed, Receiver: server.Host}
	if route.Email.SMTPHost != "" && server.TLS == api.SMTPPlain && !t.options.AllowPlain {
		outcome.Status = "target is not allowed: mail of routes goes over protected connections only"
		return outcome
	}
	client, err := t.client(*server, dial)
	if err != nil {
		outcome.Status = "mail server cannot be used: " + err.Error()
		return outcome
	}
	written, err := write(*server, route, message, route.Email.To)
	if err != nil {
		return alert.Outcome{Result: alert.Gone, Status: "message cannot be written: " + err.Error(), Receiver: server.Host}
	}
	err = client.DialAndSendWithContext(ctx, written)
	if err == nil {
		outcome.Result, outcome.Status, outcome.Answer = alert.Sent, "250 accepted", short(written.ServerResponse())
		return outcome
	}
	if refusedSome(err) && len(route.Email.To) > 1 {
		return t.each(ctx, client, *server, route, message)
	}
	return failed(outcome, err)
}

// server is the route's own server, or the gateway's with the sender that the route wants.
func (t *Target) server(target api.EmailTarget) (*Server, Dial) {
	if target.SMTPHost != "" {
		server := Server{Host: target.SMTPHost, Port: target.SMTPPort, TLS: target.SMTPTLS, Username: target.SMTPUsername, From: target.From}
		if target.SMTPPassword != nil {
			server.Password = *target.SMTPPassword
		}
		return &server, t.options.Dial
	}
	if t.options.Gateway == nil {
		return nil, nil
	}
	server := *t.options.Gateway
	if target.From != "" {
		server.From = target.From
	}
	return &server, t.options.GatewayDial
}

func (t *Target) client(server Server, dial Dial) (*gomail.Client, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: server.Host, RootCAs: t.options.RootCAs}
	port := server.Port
	options := []gomail.Option{gomail.WithTimeout(timeout), gomail.WithTLSConfig(settings), gomail.WithoutNoop()}
	switch server.TLS {
	case api.SMTPTLS:
		port = portOr(port, 465)
		options = append(options, gomail.WithSSL(), gomail.WithDialContextFunc(overTLS(dial, settings)))
	case api.SMTPPlain:
		port = portOr(port, 587)
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithDialContextFunc(gomail.DialContextFunc(dial)))
	default:
		port = portOr(port, 587)
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithDialContextFunc(gomail.DialContextFunc(dial)))
	}
	if server.Username != "" {
		options = append(options, gomail.WithSMTPAuth(signIn(server.TLS)), gomail.WithUsername(server.Username), gomail.WithPassword(server.Password))
	}
	return gomail.NewClient(server.Host, append(options, gomail.WithPort(port))...)
}

// signIn leaves the way to the server, but where go-mail does not see that the connection is protected already: it would
// look for a way that needs no protection.
func signIn(protection string) gomail.SMTPAuthType {
	if protection == api.SMTPTLS {
		return gomail.SMTPAuthPlain
	}
	return gomail.SMTPAuthAutoDiscover
}

// overTLS makes the connection what go-mail expects of a dialer of its own for TLS from the first byte.
func overTLS(dial Dial, settings *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		protected := tls.Client(plain, settings)
		if err := protected.HandshakeContext(ctx); err != nil {
			plain.Close()
			return nil, err
		}
		return protected, nil
	}
}

func portOr(port, fallback int) int {
	if port == 0 {
		return fallback
	}
	return port
}

// each sends a copy to each of the people.
func (t *Target) each(ctx context.Context, client *gomail.Client, server Server, route api.AlertRoute, message alert.Message) alert.Outcome {
	outcome := alert.Outcome{Result: alert.Failed, Receiver: server.Host}
	var refused []string
	var last error
	for _, person := range route.Email.To {
		written, err := write(server, route, message, []string{person})
		if err == nil {
			err = client.DialAndSendWithContext(ctx, written)
		}
		if err != nil {
			refused, last = append(refused, person), err
		}
	}
	if len(refused) == len(route.Email.To) {
		return failed(outcome, last)
	}
	outcome.Result, outcome.Status = alert.Sent, "250 accepted, but not for "+strings.Join(refused, ", ")
	return outcome
}

// refusedSome says whether the server took the sender and will never take one of the people.
func refusedSome(err error) bool {
	refusal, ok := errors.AsType[*gomail.SendError](err)
	return ok && refusal.Reason == gomail.ErrSMTPRcptTo && !refusal.IsTemp()
}

// failed says why there is no mail. Only codes of the server are repeated: its words may name what is secret.
func failed(outcome alert.Outcome, err error) alert.Outcome {
	refusal, ok := errors.AsType[*gomail.SendError](err)
	switch {
	case ok && refusal.ErrorCode() != 0:
		outcome.Status = fmt.Sprintf("%d refused by the mail server (%s)", refusal.ErrorCode(), refusal.Reason)
		outcome.Answer = short(err.Error())
		if !refusal.IsTemp() {
			outcome.Result = forGood(refusal.Reason)
		}
	case strings.Contains(err.Error(), "535"):
		outcome.Status = "535 the mail server refuses the user name or the password"
	default:
		outcome.Status = post.Describe(err, "the mail server ended the conversation, or does not offer the protection or the sign-in that is asked for")
		outcome.Answer = short(err.Error())
	}
	return outcome
}

// forGood is what a lasting refusal means for the mail: nobody has the address, or its text is not taken as it is.
func forGood(reason gomail.SendErrReason) alert.Result {
	switch reason {
	case gomail.ErrSMTPRcptTo:
		return alert.Gone
	case gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return alert.Refused
	default:
		return alert.Failed
	}
}

func short(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:200])
	}
	return text
}

// write puts a message together.
func write(server Server, route api.AlertRoute, message alert.Message, to []string) (*gomail.Msg, error) {
	event, words := message.Event(), alert.InWords(route, message)
	written := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	sender, err := mail.ParseAddress(server.From)
	if err != nil {
		return nil, fmt.Errorf("sender's address: %w", err)
	}
	if sender.Name == "" {
		sender.Name = "Bursar"
	}
	written.FromMailAddress(sender)
	if err := written.To(to...); err != nil {
		return nil, fmt.Errorf("receivers' addresses: %w", err)
	}
	written.Subject(words.Mark + " " + words.Title)
	written.SetDateWithValue(event.CreatedAt)
	written.SetMessageIDWithValue(messageID(event.ID + " " + route.AlertRouteID))
	if message.Subject != "" {
		written.SetGenHeader(gomail.HeaderReferences, "<"+messageID(message.Subject+" "+route.AlertRouteID)+">")
	}
	written.SetGenHeader("Auto-Submitted", "auto-generated")
	written.SetGenHeader("X-Bursar-Event", event.ID)
	html, err := inHTML(words)
	if err != nil {
		return nil, err
	}
	written.SetBodyString(gomail.TypeTextPlain, inText(words))
	written.AddAlternativeString(gomail.TypeTextHTML, html)
	return written, nil
}

// messageID is the same for all attempts.
func messageID(of string) string {
	digest := sha256.Sum256([]byte(of))
	return hex.EncodeToString(digest[:16]) + "@bursar"
}
