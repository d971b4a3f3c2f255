package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var (
	//go:embed templates/*.html
	templateFiles embed.FS
	//go:embed assets/*
	assetFiles embed.FS
)

// page is what every template is given.
type page struct {
	Title string
	// Here is the path without the root, which the navigation marks.
	Here    string
	Caller  auth.Caller
	In      bool
	CSRF    string
	Now     time.Time
	Version string
	Nav     []navEntry
	// Live asks the script to load the page's content again from time to time.
	Live bool
	// Soon has the browser load the page again in a moment: something that it shows is still being made.
	Soon bool
	// Onward is the page that the browser is led to from here.
	Onward string
	Body   any
}

type navEntry struct {
	Path, Label string
}

// parsePages reads the templates: each page is the layout with its own content.
func parsePages() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html"))
	pages := map[string]*template.Template{}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, entry := range names {
		name := strings.TrimSuffix(entry.Name(), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		pages[name] = template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, "templates/"+entry.Name()))
	}
	return pages
}

// blank is a page for who is not signed in.
func (s *Server) blank(r *http.Request, title string, body any) page {
	return page{Title: title, Here: strings.TrimPrefix(r.URL.Path, Root), Now: s.Now().UTC(), Version: s.Version, Body: body}
}

// show answers a page for who is signed in.
func (s *Server) show(w http.ResponseWriter, r *http.Request, in *session, name, title string, live bool, body any) error {
	p := s.signedIn(r, in, title, body)
	p.Live = live
	if unfinished, ok := body.(interface{ soon() bool }); ok {
		p.Soon = unfinished.soon()
	}
	return s.render(w, http.StatusOK, name, p)
}

func (s *Server) signedIn(r *http.Request, in *session, title string, body any) page {
	p := s.blank(r, title, body)
	if p.Here == "team" && !in.caller.Role.Everywhere() {
		p.Here += "?id=" + url.QueryEscape(r.URL.Query().Get("id"))
	}
	p.In, p.Caller, p.CSRF, p.Nav = true, in.caller, s.formToken(in.ID), navOf(in.caller)
	return p
}

// adminNav are the pages of who is over all teams.
var adminNav = []navEntry{
	{"", "Now"},
	{"teams", "Teams"},
	{"keys", "Keys"},
	{"users", "Users"},
	{"budgets", "Budgets"},
	{"models", "Models"},
	{"usage", "Usage"},
	{"requests", "Requests"},
	{"reviews", "Reviews"},
	{"alerts", "Alerts"},
	{"audit", "Audit"},
	{"settings", "Settings"},
}

// navOf are the pages that a caller may open.
func navOf(caller auth.Caller) (nav []navEntry) {
	if caller.Role.Everywhere() {
		return adminNav
	}
	for _, team := range caller.Teams {
		nav = append(nav, navEntry{"team?id=" + url.QueryEscape(team), team})
	}
	if len(caller.Teams) > 0 {
		nav = append(nav, navEntry{"requests", "Ask for more"})
	}
	if caller.KeyID != "" {
		nav = append(nav, navEntry{"key", "This key"})
	}
	return nav
}

// render makes the whole page before it answers, so that an error is never half a page.
func (s *Server) render(w http.ResponseWriter, status int, name string, p page) error {
	var page bytes.Buffer
	if err := s.pages()[name].ExecuteTemplate(&page, "layout", p); err != nil {
		return fmt.Errorf("make the page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // a client that hung up is the server's to notice
	return nil
}

// write is render where nothing is left to do about an error but to log it.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	if err := s.render(w, status, name, p); err != nil {
		s.Logger.ErrorContext(r.Context(), "a page of the console cannot be made", slog.Any("error", err))
		http.Error(w, "The page cannot be made; the gateway's log says why.", http.StatusInternalServerError)
	}
}

// problem is the page of an error.
type problem struct {
	Status    int
	Heading   string
	Message   string
	RequestID string
}

// fail answers an error as a page that a person can read. Causes are logged and never shown.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, in *session, err error) {
	known, ok := errors.AsType[*api.Error](err)
	if !ok {
		known = api.Errorf(api.Internal, "Something went wrong here. The gateway's log has the details.")
	}
	if !ok || known.Cause != nil {
		s.Logger.LogAttrs(r.Context(), slog.LevelError, "console request failed", slog.String("request_id", httpx.RequestID(r.Context())),
			slog.String("error", err.Error()), slog.Any("cause", known.Cause))
	}
	maps.Copy(w.Header(), known.Header)
	body := problem{Status: known.HTTPStatus(), Heading: headings[known.HTTPStatus()], Message: sentence(known.Message), RequestID: httpx.RequestID(r.Context())}
	if body.Heading == "" {
		body.Heading = "This did not work"
	}
	p := s.blank(r, body.Heading, body)
	if in != nil {
		p = s.signedIn(r, in, body.Heading, body)
	}
	s.write(w, r, body.Status, "problem", p)
}

var headings = map[int]string{
	http.StatusNotFound: "Not found", http.StatusForbidden: "Not allowed", http.StatusInternalServerError: "Something went wrong",
	http.StatusServiceUnavailable: "A store is away", http.StatusTooManyRequests: "Too many tries", http.StatusPreconditionFailed: "Somebody was faster",
	http.StatusConflict: "This cannot be changed here", http.StatusBadRequest: "Something in the form is not right",
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func urlQuery(text string) string { return url.QueryEscape(text) }

// serveAsset answers the style sheet, the script or the icon.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := assetFiles.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}[path.Ext(name)]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", assetTags[name])
	if r.Header.Get("If-None-Match") == assetTags[name] {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(data)
}
