package console

import (
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// view is one page: it answers, or returns why it cannot and has written nothing.
type view func(s *Server, w http.ResponseWriter, r *http.Request, in *session) error

// route is one page of the console and who may open it.
type route struct {
	pattern string
	// permission is what a caller needs; those of teams are let in for theirs.
	permission auth.Permission
	view       view
}

// routes are all pages for who is signed in. What a page of a team shows is checked by its view.
var routes = []route{
	{"GET " + Root + "{$}", auth.TeamRead, (*Server).now},
	{"GET " + Root + "teams", auth.Read, (*Server).teams},
	{"GET " + Root + "team", auth.TeamRead, (*Server).team},
	{"GET " + Root + "key", auth.TeamRead, (*Server).key},
	{"GET " + Root + "keys", auth.Read, (*Server).keys},
	{"GET " + Root + "users", auth.Read, (*Server).users},
	{"GET " + Root + "budgets", auth.Read, (*Server).budgets},
	{"GET " + Root + "models", auth.Read, (*Server).models},
	{"GET " + Root + "usage", auth.Read, (*Server).usage},
	{"GET " + comparePath, auth.Read, (*Server).comparePage},
	{"POST " + comparePath, auth.Read, (*Server).compare},
	{"GET " + Root + "usage.csv", auth.TeamRead, (*Server).usageFile},
	{"GET " + Root + "alerts", auth.Read, (*Server).alerts},
	{"POST " + Root + "alerts/test", auth.Write, (*Server).testAlert},
	{"POST " + Root + "alerts/replay", auth.Write, (*Server).replayAlert},
	{"POST " + Root + "alerts/ack", auth.Write, (*Server).acknowledge},
	{"GET " + Root + "silences", auth.Read, (*Server).silences},
	{"POST " + Root + "silences/new", auth.Write, (*Server).makeSilence},
	{"POST " + Root + "silences/end", auth.Write, (*Server).endSilence},
	{"GET " + AskPath, auth.TeamRead, (*Server).requests},
	{"POST " + AskPath + "/new", auth.TeamWrite, (*Server).askForMore},
	{"POST " + AskPath + "/answer", auth.TeamWrite, (*Server).answerRequest},
	{"GET " + Root + "reviews", auth.Read, (*Server).reviews},
	{"GET " + Root + "review", auth.Read, (*Server).review},
	{"POST " + Root + "review/withdraw", auth.Approve, (*Server).withdrawReview},
	{"GET " + Root + "try", auth.TeamRead, (*Server).try},
	{"POST " + Root + "try", auth.TeamRead, (*Server).send},
	{"GET " + Root + "audit", auth.Read, (*Server).audit},
	{"GET " + Root + "audit.jsonl", auth.Read, (*Server).auditFile},
	{"GET " + Root + "settings", auth.Read, (*Server).settings},
	{"GET " + Root + "edit", auth.TeamWrite, (*Server).edit},
	{"POST " + Root + "change", auth.TeamWrite, (*Server).change},
	{"POST " + Root + "replay", auth.Read, (*Server).replay},
	{"POST " + Root + "sign-out", auth.TeamRead, (*Server).signOut},
}

func (s *Server) routes() http.Handler {
	mux := httpx.NewMux(s.Logger)
	mux.Handle("GET "+Root+"assets/{name}", http.HandlerFunc(serveAsset))
	mux.Handle("GET "+Root+"sign-in", http.HandlerFunc(s.signInPage))
	mux.Handle("POST "+Root+"sign-in", http.HandlerFunc(s.signIn))
	mux.Handle("GET "+Root+"sign-in/begin", http.HandlerFunc(s.beginSignOn))
	mux.Handle("GET "+backPath, http.HandlerFunc(s.endSignOn))
	mux.Handle("GET "+SilencePath, http.HandlerFunc(s.silencePage))
	mux.Handle("POST "+SilencePath, http.HandlerFunc(s.silence))
	for _, route := range routes {
		mux.Handle(route.pattern, s.page(route))
	}
	mux.Otherwise(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := s.session(r)
		if err != nil {
			in = nil
		}
		s.fail(w, r, in, errNoPage())
	}))
	return mux
}

// page lets in who is signed in and may open the page.
func (s *Server) page(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in, err := s.session(r)
		switch {
		case api.CodeOf(err) == api.Unauthenticated || api.CodeOf(err) == api.ExpiredKey:
			s.askToSignIn(w, r)
			return
		case err != nil:
			s.fail(w, r, nil, err)
			return
		}
		httpx.Of(r.Context()).Actor = in.caller.Name
		if r.Method == http.MethodPost && !s.ownForm(r, in) {
			s.fail(w, r, in, api.Errorf(api.Forbidden, "this form is out of date; go back, load the page again and send it once more"))
			return
		}
		if !in.caller.Role.May(route.permission) {
			s.fail(w, r, in, errNoPage())
			return
		}
		if err := route.view(s, w, r, in); err != nil {
			s.fail(w, r, in, err)
		}
	})
}

// errNoPage is for pages that are not there and for those that are not the caller's, which nobody can tell apart.
func errNoPage() error {
	return api.Errorf(api.NotFound, "There is no such page, or it is not yours to see.")
}
