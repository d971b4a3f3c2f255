package console

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// replayed are the kinds of objects whose limits the calls of the last days can be decided by again.
var replayed = []string{"team", "key", "budget"}

// Replayed says whether the calls of the last days are decided again under the change.
func (b rehearsalBody) Replayed() bool {
	return b.Check != nil && slices.Contains(replayed, b.Noun.Name) && len(b.Check.Teams)+len(b.Check.Keys)+len(b.Check.Budgets) > 0
}

// replayBody is what a change would have refused.
type replayBody struct {
	Over   string
	Replay api.QuotaReplay
}

// New is how many more calls are refused under the proposed limits.
func (b replayBody) New() int64 { return b.Replay.After.Refused - b.Replay.Before.Refused }

// Callers are those who lose calls.
func (b replayBody) Callers() []api.ReplayCaller {
	losing := slices.DeleteFunc(slices.Clone(b.Replay.Callers), func(caller api.ReplayCaller) bool { return caller.RefusedAfter <= caller.RefusedBefore })
	return losing[:min(len(losing), mostCallers)]
}

// replay decides the calls of the last days again under a change that was rehearsed. It may take seconds, so the rehearsal does not wait for it: its form asks
// for this page, and with script its answer appears within the rehearsal.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, in *session) error {
	kind, known := form.Nouns[r.PostFormValue("kind")]
	if !known || !mayChange(in.caller, kind.Name) || !slices.Contains(replayed, kind.Name) || !kind.Takes(r.PostFormValue("route")) {
		return errNoPage()
	}
	body, err := s.unpack(in, rehearsedPlan(r, kind))
	if err != nil {
		return err
	}
	told := replayBody{Over: cmp.Or(r.PostFormValue("over"), "7d")}
	question := struct {
		Over    string            `json:"over"`
		Changes []api.QuotaChange `json:"changes"`
	}{told.Over, []api.QuotaChange{{Route: r.PostFormValue("route"), Body: body}}}
	if err := s.askFor(r, in, http.MethodPost, "/quota/replay", question, &told.Replay); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, "replay", s.signedIn(r, in, "What it would have refused", told))
}
