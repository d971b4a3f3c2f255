package app

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/signon"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// signedIn lets the console ask the admin API for who is signed in there; everybody else brings a key.
type signedIn struct{ *access.Callers }

// Authenticate implements [access.Authenticator].
func (s signedIn) Authenticate(ctx context.Context, header http.Header) (auth.Caller, error) {
	if caller, ok := console.CallerOf(ctx); ok {
		return caller, nil
	}
	return s.Callers.Authenticate(ctx, header)
}

// readers are who may sign in to the console with a key.
type readers struct {
	callers *access.Callers
	// root is the digest of the configuration's admin key, which the record does not know.
	root []byte
}

// Hash implements [console.Callers].
func (r readers) Hash(secret auth.Secret) []byte { return auth.Digest(secret) }

// Reader implements [console.Callers].
func (r readers) Reader(ctx context.Context, hash []byte) (auth.Caller, error) {
	if subtle.ConstantTimeCompare(hash, r.root) == 1 {
		return auth.Root(), nil
	}
	return r.callers.Reader(ctx, hash)
}

// openConsole makes what the console needs; nil where it is switched off. Its API is added with the routes.
func (p *parts) openConsole(options Options, callers *access.Callers, sealer store.Sealer) *console.Options {
	if !options.Config.Console {
		return nil
	}
	opened := &console.Options{
		Callers: readers{callers, auth.Digest(auth.Secret(options.Config.AdminKey))},
		Lock:    p.admin.Door, Sessions: p.store, Sealer: sealer, Record: p.store, Spending: p.spending,
		History: p.outlook.History, Logger: options.Logger, Now: options.Now, Version: options.Version,
		Silences: silences{alertLinks(options.Config, sealer, options.Now), p.store},
	}
	if people := options.Config.OIDC; people != nil && people.ClientID != "" {
		opened.Provider = signon.New(signon.Options{
			Issuer: people.Issuer, ClientID: people.ClientID, ClientSecret: people.ClientSecret, Scopes: people.Scopes,
			Client: safedial.NewClient(safedial.Options{AllowPrivate: people.AllowPrivate, AllowHTTP: people.AllowPrivate}),
		})
		opened.Person = func(claims map[string]any) (auth.Caller, error) { return callers.People.Person(claims) }
	}
	return opened
}

// serveConsole adds the console, and leads browsers there from the gateway's address.
func (a *App) serveConsole(mux *httpx.Mux, administration http.Handler) {
	if a.parts.console == nil {
		return
	}
	options := *a.parts.console
	options.API, options.Health = administration, a.consoleHealth
	options.Settings = func() []console.Setting { return settingsShown(a.options.Config) }
	mux.Handle(console.Root, console.New(options))
	mux.Handle("GET /{$}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			administration.ServeHTTP(w, r)
			return
		}
		http.Redirect(w, r, console.Root, http.StatusSeeOther)
	}))
}

// consoleHealth is what the readiness check and the metrics tell, for people.
func (a *App) consoleHealth(ctx context.Context) console.Health {
	found := a.reach(ctx)
	health := console.Health{
		Status: a.ready(found).Status,
		Stores: []console.StoreHealth{
			{Name: "Record", Kind: a.parts.store.Kind(), Reached: found.record && found.rows && found.tables}, {Name: "Counters", Kind: a.parts.counters, Reached: found.counters},
		},
	}
	for _, state := range a.parts.models.States() {
		health.Upstreams = append(health.Upstreams, console.UpstreamHealth(state))
	}
	return health
}
