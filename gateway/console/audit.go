package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// auditBody is the line of changes.
type auditBody struct {
	Actor, Action, Object string
	Rows                  []auditRow
	First                 bool
	Next                  string
	// File is the address of all that is so, as a file.
	File string
	// Check is what verifying the chain found; nil when nobody asked.
	Check *api.AuditCheck
}

type auditRow struct {
	api.Audit
	// Fields are those that differ between before and after.
	Fields []auditField
}

type auditField struct{ Name, Before, After string }

// audit lists changes, the newest first, and verifies their chain when asked to.
func (s *Server) audit(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := auditBody{Actor: query.Get("actor"), Action: query.Get("action"), Object: query.Get("object"), First: query.Get("before") == ""}
	filter := auditFilter(query)
	body.File = Root + "audit.jsonl?" + url.Values{"actor": {body.Actor}, "action": {body.Action}, "object": {body.Object}}.Encode()
	filter.BeforeSeq, _ = strconv.ParseInt(query.Get("before"), 10, 64) // 0 begins with the newest
	rows, err := s.Record.AuditPage(r.Context(), filter)
	if err != nil {
		return err
	}
	for _, row := range rows {
		body.Rows = append(body.Rows, auditRow{row, difference(row.Before, row.After)})
	}
	if query.Has("verify") {
		body.Check = &api.AuditCheck{}
		if err := s.askFor(r, in, http.MethodGet, "/audit/verify", nil, body.Check); err != nil {
			return err
		}
	}
	if len(rows) == perPage {
		query.Set("before", strconv.FormatInt(rows[len(rows)-1].Seq, 10))
		body.Next = Root + "audit?" + without(query, "verify").Encode()
	}
	return s.show(w, r, in, "audit", "Audit", false, body)
}

func auditFilter(query url.Values) api.AuditFilter {
	return api.AuditFilter{Actor: query.Get("actor"), Action: query.Get("action"), ObjectID: query.Get("object"), Limit: perPage}
}

// exportedAtOnce is how many changes are read in one go.
const exportedAtOnce = 500

// auditFile is all changes that are so, the newest first, each a line of JSON as GET /audit answers it.
func (s *Server) auditFile(w http.ResponseWriter, r *http.Request, _ *session) error {
	filter := auditFilter(r.URL.Query())
	filter.Limit = exportedAtOnce
	lines := json.NewEncoder(w)
	for first := true; ; first = false {
		rows, err := s.Record.AuditPage(r.Context(), filter)
		if err != nil && !first {
			panic(http.ErrAbortHandler) // the file ends in the middle, and the browser says so
		}
		if err != nil {
			return err
		}
		if first {
			w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="audit.jsonl"`)
		}
		for _, row := range rows {
			if err := lines.Encode(row); err != nil {
				return nil //nolint:nilerr // a client that hung up is the server's to notice
			}
		}
		if len(rows) < exportedAtOnce {
			return nil
		}
		filter.BeforeSeq = rows[len(rows)-1].Seq
	}
}

// difference are the fields of two objects that are not the same, in order.
func difference(before, after json.RawMessage) (fields []auditField) {
	var was, is map[string]json.RawMessage
	_ = json.Unmarshal(before, &was) // null is no object, and has no fields
	_ = json.Unmarshal(after, &is)
	names := map[string]bool{}
	for name := range was {
		names[name] = true
	}
	for name := range is {
		names[name] = true
	}
	for name := range names {
		if name != "revision" && !bytes.Equal(was[name], is[name]) && !(empty(was[name]) && empty(is[name])) {
			fields = append(fields, auditField{name, string(was[name]), string(is[name])})
		}
	}
	slices.SortFunc(fields, func(a, b auditField) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return fields
}

func empty(raw json.RawMessage) bool {
	return slices.Contains([]string{"", "null", "[]", "{}", `""`, "false"}, string(raw))
}
