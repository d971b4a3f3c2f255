package console

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// idleFor ends a session that nobody uses, liveFor every session.
	idleFor = time.Hour
	liveFor = 12 * time.Hour
	// noteEvery is how exactly it is known when a session was used last: writing that down costs.
	noteEvery = time.Minute

	cookieName  = "bursar_console"
	cookiePlace = "console/session"
)

// Sessions keeps who is signed in, for all gateways.
type Sessions interface {
	BeginSession(ctx context.Context, id, credential string) error
	Session(ctx context.Context, id string) (made, seen time.Time, found bool, err error)
	SessionSeen(ctx context.Context, id string) error
	EndSession(ctx context.Context, id string) error
	EndSessions(ctx context.Context, credential string) error
	ForgetSessions(ctx context.Context, since time.Time) error
}

// ticket is what a cookie holds, sealed. A forged one is refused before anything is looked up.
type ticket struct {
	// ID is random; the record knows its digest.
	ID string `json:"id"`
	// Hash is that of the secret which was signed in with: a secret that is no longer good ends the session.
	Hash []byte `json:"hash,omitempty"`
	// Person is somebody whom an identity provider vouched for, as they were when they signed in.
	Person *auth.Caller `json:"person,omitempty"`
}

// session is somebody who is signed in.
type session struct {
	ticket
	caller auth.Caller
}

// digest is the session's id in the record. Who reads the record cannot make a cookie of it.
func (t ticket) digest() string {
	sum := sha256.Sum256([]byte(t.ID))
	return hex.EncodeToString(sum[:])
}

// onlyLooks says that the key which signed in, or its team, is blocked: the pages show how it stands, and no more.
func (in *session) onlyLooks() bool {
	return in.caller.Credential.Kind == api.CredentialKey && in.caller.Role == auth.RoleTeamViewer
}

func errSignedOut() error { return api.Errorf(api.Unauthenticated, "sign in first") }

// session returns who sent the request. Errors: [api.Unauthenticated], [api.ExpiredKey], those of the record.
func (s *Server) session(r *http.Request) (*session, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, errSignedOut()
	}
	var t ticket
	if s.unsealed(cookie.Value, cookiePlace, &t) != nil {
		return nil, errSignedOut()
	}
	made, seen, found, err := s.Sessions.Session(r.Context(), t.digest())
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if !found || now.Sub(seen) > idleFor || now.Sub(made) > liveFor {
		return nil, errSignedOut()
	}
	caller, err := s.callerOf(r.Context(), t)
	if err != nil {
		return nil, err
	}
	if now.Sub(seen) > noteEvery {
		if err := s.Sessions.SessionSeen(r.Context(), t.digest()); err != nil {
			return nil, err
		}
	}
	return &session{ticket: t, caller: caller}, nil
}

// callerOf is who signed in, as far as what they signed in with is still good.
func (s *Server) callerOf(ctx context.Context, t ticket) (auth.Caller, error) {
	if t.Person != nil {
		return *t.Person, nil
	}
	return s.Callers.Reader(ctx, t.Hash)
}

// begin gives the browser a session.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, t ticket) error {
	caller, err := s.callerOf(r.Context(), t)
	if err != nil {
		return err
	}
	if err := s.Sessions.ForgetSessions(r.Context(), s.Now().Add(-liveFor)); err != nil {
		return err
	}
	t.ID = rand.Text()
	if err := s.Sessions.BeginSession(r.Context(), t.digest(), credentialOf(caller)); err != nil {
		return err
	}
	sealed, err := s.sealed(t, cookiePlace)
	if err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, sealed, int(liveFor.Seconds())))
	return nil
}

func credentialOf(caller auth.Caller) string {
	return caller.Credential.Kind + ":" + caller.Credential.ID
}

func cookie(r *http.Request, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: Root, MaxAge: seconds, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: isSecure(r),
	}
}

// signOut ends this session, or all with the same credential.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request, in *session) error {
	end := func() error { return s.Sessions.EndSession(r.Context(), in.digest()) }
	if r.PostFormValue("everywhere") != "" {
		end = func() error { return s.Sessions.EndSessions(r.Context(), credentialOf(in.caller)) }
	}
	if err := end(); err != nil {
		return err
	}
	http.SetCookie(w, cookie(r, "", -1))
	http.Redirect(w, r, Root+"sign-in?signed_out=1", http.StatusSeeOther)
	return nil
}

// formToken is what forms of a session carry.
func (s *Server) formToken(id string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte(id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ownForm says whether a form was made for the session.
func (s *Server) ownForm(r *http.Request, in *session) bool {
	return hmac.Equal([]byte(r.PostFormValue("csrf")), []byte(s.formToken(in.ID)))
}

type callerKey struct{}

// CallerOf returns who the console asks the admin API for. A request that did not come from the console has nobody.
func CallerOf(ctx context.Context) (auth.Caller, bool) {
	caller, ok := ctx.Value(callerKey{}).(auth.Caller)
	return caller, ok
}
