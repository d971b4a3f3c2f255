package email_test

import (
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/email"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const password = "canary-password"

var people = api.StringList{"Ann Example <ann@example.com>", "ben@example.com"}

func target(roots *x509.CertPool, gateway *email.Server) *email.Target {
	dial := safedial.NewDialer(safedial.Options{AllowPrivate: true}).DialContext
	return email.New(email.Options{Gateway: gateway, GatewayDial: new(net.Dialer).DialContext, Dial: dial, RootCAs: roots})
}

// through is a route with a mail server of its own.
func through(m *testenv.MailServer, tls string) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{Email: &api.EmailTarget{
		To: people, From: "bursar@example.com", SMTPHost: m.Host(), SMTPPort: m.Port(), SMTPTLS: tls, SMTPUsername: "bursar", SMTPPassword: new(password),
	}})
}

func start(t *testing.T, tls string, unknown ...string) *testenv.MailServer {
	t.Helper()
	return testenv.StartMailServer(t, testenv.MailServerOptions{TLS: tls, Username: "bursar", Password: password, Unknown: unknown})
}

func TestSend_everyMessageIsTaken(t *testing.T) {
	for _, tls := range []string{api.SMTPStartTLS, api.SMTPTLS} {
		m := start(t, tls)
		for name, message := range alerttest.Messages() {
			outcome := target(m.RootCAs(), nil).Send(t.Context(), through(m, tls), message)
			if outcome.Result != alert.Sent {
				t.Errorf("%s over %s: outcome %+v", name, tls, outcome)
				continue
			}
			mails := m.Mails()
			last := mails[len(mails)-1]
			if !slices.Equal(last.To, []string{"ann@example.com", "ben@example.com"}) || last.From != "bursar@example.com" {
				t.Errorf("%s: from %s to %v", name, last.From, last.To)
			}
			if name != "long" {
				alerttest.Golden(t, name+".txt", "Subject: "+last.Subject+"\n\n"+last.Text)
				alerttest.Golden(t, name+".html", last.HTML)
			}
		}
	}
}

// A mailbox can tell a repetition by the Message-ID, and shows the messages about one team and period together.
func TestSend_repetitionsAndThreads(t *testing.T) {
	m := start(t, api.SMTPTLS)
	to, messages := target(m.RootCAs(), nil), alerttest.Messages()
	for _, name := range []string{"soft_limit", "soft_limit", "hard_limit", "odd", "test"} {
		to.Send(t.Context(), through(m, api.SMTPTLS), messages[name])
	}
	var ids, threads []string
	for _, mail := range m.Mails() {
		ids, threads = append(ids, mail.Header.Get("Message-Id")), append(threads, mail.Header.Get("References"))
	}
	if ids[0] != ids[1] || ids[1] == ids[2] {
		t.Errorf("message ids %v", ids)
	}
	if threads[0] == "" || threads[0] != threads[2] || threads[2] == threads[3] || threads[4] != "" {
		t.Errorf("references %v", threads)
	}
}

func TestSend_throughTheGatewaysServer(t *testing.T) {
	m := start(t, api.SMTPStartTLS)
	server := email.Server{Host: m.Host(), Port: m.Port(), Username: "bursar", Password: password, From: "Treasury <treasury@example.com>"}
	plain := alerttest.Route(api.AlertTargets{Email: &api.EmailTarget{To: people}})
	own := alerttest.Route(api.AlertTargets{Email: &api.EmailTarget{To: people, From: "own@example.com"}})
	for _, route := range []api.AlertRoute{plain, own} {
		if outcome := target(m.RootCAs(), &server).Send(t.Context(), route, alerttest.Messages()["test"]); outcome.Result != alert.Sent {
			t.Errorf("outcome %+v", outcome)
		}
	}
	if mails := m.Mails(); mails[0].Header.Get("From") != `"Treasury" <treasury@example.com>` || mails[1].From != "own@example.com" {
		t.Errorf("from %q and %q", mails[0].Header.Get("From"), mails[1].From)
	}
	if outcome := target(nil, nil).Send(t.Context(), plain, alerttest.Messages()["test"]); outcome.Result != alert.Failed || !strings.Contains(outcome.Status, "alerts.smtp") {
		t.Errorf("outcome %+v without any server", outcome)
	}
}

func TestSend_oneOfThePeopleIsUnknown(t *testing.T) {
	m := start(t, api.SMTPTLS, "ben@example.com")
	outcome := target(m.RootCAs(), nil).Send(t.Context(), through(m, api.SMTPTLS), alerttest.Messages()["test"])
	if outcome.Result != alert.Sent || !strings.Contains(outcome.Status, "not for ben@example.com") || len(m.Mails()) != 1 {
		t.Errorf("outcome %+v, %d mails", outcome, len(m.Mails()))
	}
	alone := through(m, api.SMTPTLS)
	alone.Email.To = api.StringList{"ben@example.com"}
	if outcome := target(m.RootCAs(), nil).Send(t.Context(), alone, alerttest.Messages()["test"]); outcome.Result != alert.Gone {
		t.Errorf("outcome %+v for nobody", outcome)
	}
}

func TestSend_refused(t *testing.T) {
	protected, plain := start(t, api.SMTPStartTLS), start(t, api.SMTPPlain)
	wrong := through(protected, api.SMTPStartTLS)
	wrong.Email.SMTPPassword = new("another")
	closed := through(protected, api.SMTPStartTLS)
	closed.Email.SMTPPort = 1
	for name, test := range map[string]struct {
		route  api.AlertRoute
		roots  *x509.CertPool
		status string
	}{
		"wrong password":         {wrong, protected.RootCAs(), "535 the mail server refuses"},
		"stranger's certificate": {through(protected, api.SMTPStartTLS), nil, "certificate is not trusted"},
		"no STARTTLS on offer":   {through(plain, api.SMTPStartTLS), nil, "does not offer the protection"},
		"no TLS on offer":        {through(plain, api.SMTPTLS), nil, "does not offer the protection"},
		"nobody listens":         {closed, nil, "connection refused"},
	} {
		outcome := target(test.roots, nil).Send(t.Context(), test.route, alerttest.Messages()["test"])
		if outcome.Result != alert.Failed || !strings.Contains(outcome.Status, test.status) || strings.Contains(outcome.Status+outcome.Answer, password) {
			t.Errorf("%s: outcome %+v, want %q", name, outcome, test.status)
		}
	}
	protected.Busy(true)
	outcome := target(protected.RootCAs(), nil).Send(t.Context(), through(protected, api.SMTPStartTLS), alerttest.Messages()["test"])
	if outcome.Result != alert.Failed || !strings.HasPrefix(outcome.Status, "451 ") {
		t.Errorf("outcome %+v of a busy server", outcome)
	}
	if n := len(plain.Mails()); n != 0 {
		t.Errorf("%d mails went over an unprotected connection", n)
	}
}

// A user of the API leads no mail to where only the gateway can go.
func TestSend_deniedServer(t *testing.T) {
	m := start(t, api.SMTPStartTLS)
	strict := email.New(email.Options{Dial: safedial.NewDialer(safedial.Options{}).DialContext, RootCAs: m.RootCAs()})
	outcome := strict.Send(t.Context(), through(m, api.SMTPStartTLS), alerttest.Messages()["test"])
	if outcome.Result != alert.Failed || !strings.Contains(outcome.Status, "is not allowed") || len(m.Mails()) != 0 {
		t.Errorf("outcome %+v", outcome)
	}
	plain := testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	open := through(plain, api.SMTPPlain)
	open.Email.SMTPUsername, open.Email.SMTPPassword = "", nil
	if outcome := target(nil, nil).Send(t.Context(), open, alerttest.Messages()["test"]); !strings.Contains(outcome.Status, "protected connections only") {
		t.Errorf("outcome %+v over an unprotected connection", outcome)
	}
}
