package console

import (
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// signInForm is the page for who is not signed in.
type signInForm struct {
	SignedOut bool
	// Next is the page that was asked for.
	Next string
	// Problem says why the last try did not do.
	Problem string
	// Provider says that people can sign in with an identity provider.
	Provider bool
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) {
	if _, err := s.session(r); err == nil {
		http.Redirect(w, r, Root, http.StatusSeeOther)
		return
	}
	s.showSignIn(w, r, http.StatusOK, signInForm{SignedOut: r.URL.Query().Has("signed_out"), Next: next(r.URL.Query().Get("next"))})
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, status int, form signInForm) {
	form.Provider = s.Provider != nil
	s.write(w, r, status, "sign_in", s.blank(r, "Sign in", form))
}

// askToSignIn leads back to the page that was asked for.
func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request) {
	target := Root + "sign-in"
	if r.Method == http.MethodGet && r.URL.Path != Root {
		target += "?next=" + urlQuery(r.URL.RequestURI())
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// signIn takes the admin key, an admin API key, or a team's own key.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	form := signInForm{Next: next(r.PostFormValue("next"))}
	secret := auth.Secret(strings.TrimSpace(r.PostFormValue("key")))
	caller, hash, err := s.identify(r, secret)
	if err == nil {
		httpx.Of(r.Context()).Actor = caller.Name
		err = s.begin(w, r, ticket{Hash: hash})
	}
	if err == nil {
		target := Root
		if form.Next != "" {
			target = form.Next
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	switch api.CodeOf(err) {
	case api.Unauthenticated:
		form.Problem = "This key is not known here. Check that it was copied whole, and that it was not deleted or rotated."
	case api.ExpiredKey:
		form.Problem = "This key has expired. Ask for a new one."
	case api.RateLimited:
		form.Problem = "Too many tries with wrong keys came from your address. Wait a minute and try again."
	default:
		s.fail(w, r, nil, err)
		return
	}
	answer := api.Errorf(api.CodeOf(err), "")
	s.showSignIn(w, r, answer.HTTPStatus(), form)
}

// identify finds out who a secret belongs to, unless too many from the same address were nobody's.
func (s *Server) identify(r *http.Request, secret auth.Secret) (auth.Caller, []byte, error) {
	if secret == "" {
		return auth.Caller{}, nil, auth.InvalidKey()
	}
	hash := s.Callers.Hash(secret)
	known := func() bool {
		_, err := s.Callers.Reader(r.Context(), hash)
		return err == nil
	}
	if err := s.Lock.Admit(r, known); err != nil {
		return auth.Caller{}, nil, err
	}
	caller, err := s.Callers.Reader(r.Context(), hash)
	if api.CodeOf(err) == api.Unauthenticated {
		s.Lock.Failed(r)
	}
	return caller, hash, err
}

// next keeps the way back inside of the console.
func next(target string) string {
	if !strings.HasPrefix(target, Root) || strings.ContainsAny(target, "\\\r\n") || strings.HasPrefix(target, Root+"sign-") {
		return ""
	}
	return target
}
