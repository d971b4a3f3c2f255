package console

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/signon"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

const (
	attemptCookie = "bursar_sign_on"
	attemptPlace  = "console/sign on"
	attemptFor    = 10 * time.Minute
	backPath      = Root + "sign-in/back"
)

// Provider is an identity provider that people sign in with.
type Provider interface {
	Begin(ctx context.Context, attempt signon.Attempt) (string, error)
	Finish(ctx context.Context, attempt signon.Attempt, state, code string) (map[string]any, error)
}

// startedAttempt is an attempt in the browser's cookie, sealed.
type startedAttempt struct {
	signon.Attempt
	Next  string    `json:"next"`
	Until time.Time `json:"until"`
}

// beginSignOn sends the browser to the identity provider.
func (s *Server) beginSignOn(w http.ResponseWriter, r *http.Request) {
	if s.Provider == nil {
		s.fail(w, r, nil, errNoPage())
		return
	}
	started := startedAttempt{
		Attempt: signon.Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Back: s.ownAddress(r) + backPath},
		Next:    next(r.URL.Query().Get("next")), Until: s.Now().Add(attemptFor),
	}
	address, err := s.Provider.Begin(r.Context(), started.Attempt)
	if err != nil {
		s.fail(w, r, nil, err)
		return
	}
	sealed, err := s.sealed(started, attemptPlace)
	if err != nil {
		s.fail(w, r, nil, err)
		return
	}
	// The browser comes back from another site, so that a strict cookie would not come along.
	http.SetCookie(w, &http.Cookie{
		Name: attemptCookie, Value: sealed, Path: Root + "sign-in", MaxAge: int(attemptFor.Seconds()), HttpOnly: true,
		SameSite: http.SameSiteLaxMode, Secure: isSecure(r),
	})
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// endSignOn signs in who came back from the identity provider.
func (s *Server) endSignOn(w http.ResponseWriter, r *http.Request) {
	if s.Provider == nil {
		s.fail(w, r, nil, errNoPage())
		return
	}
	http.SetCookie(w, &http.Cookie{Name: attemptCookie, Path: Root + "sign-in", MaxAge: -1, HttpOnly: true, Secure: isSecure(r)})
	started := s.attemptOf(r)
	query := r.URL.Query()
	claims, err := s.Provider.Finish(r.Context(), started.Attempt, query.Get("state"), query.Get("code"))
	var caller auth.Caller
	if err == nil {
		caller, err = s.Person(claims)
	}
	if err == nil {
		httpx.Of(r.Context()).Actor = caller.Name
		err = s.begin(w, r, ticket{Person: &caller})
	}
	if err != nil {
		s.fail(w, r, nil, err)
		return
	}
	target := Root
	if started.Next != "" {
		target = started.Next
	}
	// The session's cookie is strict: it only comes along when a page of ours leads on.
	p := s.blank(r, "Signed in", target)
	p.Onward = target
	s.write(w, r, http.StatusOK, "signed_in", p)
}

// attemptOf is what the browser began; an empty one when it did not, or too long ago.
func (s *Server) attemptOf(r *http.Request) (started startedAttempt) {
	cookie, err := r.Cookie(attemptCookie)
	if err != nil || s.unsealed(cookie.Value, attemptPlace, &started) != nil || s.Now().After(started.Until) {
		return startedAttempt{}
	}
	return started
}

// ownAddress is this gateway's as the browser knows it. The identity provider only sends browsers to addresses that it
// was told of.
func (s *Server) ownAddress(r *http.Request) string {
	if isSecure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func isSecure(r *http.Request) bool {
	return httpx.Of(r.Context()).Encrypted || r.Header.Get("X-Forwarded-Proto") == "https"
}

// sealed is a value as a cookie holds it.
func (s *Server) sealed(value any, place string) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	data, err := s.Sealer.Seal(plain, place)
	return base64.RawURLEncoding.EncodeToString(data), err
}

func (s *Server) unsealed(text, place string, target any) error {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	plain, err := s.Sealer.Open(data, place)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, target)
}
