package rehearse

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// mostReplayed is how far back a replay may begin.
const mostReplayed = 30 * 24 * time.Hour

// replayQuestion is the body of POST /quota/replay.
type replayQuestion struct {
	// Changes follow each other, as in POST /quota/check. None replays the limits in force.
	Changes []api.QuotaChange `json:"changes"`
	// Over is how far back the replay begins: 14d, 36h, at most 30d; 7d unless given.
	Over string `json:"over"`
}

// replayed is how the routes begin whose changes calls can be decided again by.
var replayed = []string{"/team/", "/key/", "/budget/"}

// errNoReplay says that this gateway was put together without one.
var errNoReplay = errors.New("nothing can be replayed here")

// replay is POST /quota/replay: which calls of the last days proposed limits would have refused.
func (s *Checker) replay(c *route.Call, question replayQuestion) (api.QuotaReplay, error) {
	if s.Replay == nil {
		return api.QuotaReplay{}, errNoReplay
	}
	span, err := api.ParseSpan(cmp.Or(question.Over, "7d"))
	if err != nil || span.Approximate() > mostReplayed {
		return api.QuotaReplay{}, api.FieldErrorf("over", "must be a time of up to 30d, such as 14d or 36h. Received: %q", question.Over)
	}
	proposal := api.Proposal{}
	if len(question.Changes) > 0 {
		if proposal, err = s.proposed(c, question.Changes); err != nil {
			return api.QuotaReplay{}, err
		}
	}
	select {
	case s.Replaying <- struct{}{}:
		defer func() { <-s.Replaying }()
	case <-c.Context().Done():
		return api.QuotaReplay{}, c.Context().Err()
	}
	now := s.Now()
	return s.Replay(c.Context(), proposal, now.Add(-span.Approximate()), now)
}

// proposed is what changes would make of teams, keys and budgets.
func (s *Checker) proposed(c *route.Call, changes []api.QuotaChange) (api.Proposal, error) {
	if err := s.checkChanges(c, changes); err != nil {
		return api.Proposal{}, err
	}
	for i, change := range changes {
		if !slices.ContainsFunc(replayed, func(begin string) bool { return strings.HasPrefix(change.Route, begin) }) || strings.HasPrefix(change.Route, "/team/member_") {
			return api.Proposal{}, api.FieldErrorf("changes", "number %d, %s, cannot be replayed: calls are decided again by the limits of teams, keys and budgets alone", i+1, change.Route)
		}
	}
	verdicts, made, err := s.rehearse(c, changes)
	if err != nil {
		return api.Proposal{}, err
	}
	for i, verdict := range verdicts {
		if !verdict.OK {
			return api.Proposal{}, api.FieldErrorf("changes", "number %d would be refused: %s", i+1, verdict.Error.Message)
		}
	}
	return api.Proposal{Teams: made.teams.after, Keys: made.keys.after, Budgets: made.budgets.after}, nil
}
