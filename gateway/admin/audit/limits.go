package audit

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// quotaHistory is the answer of GET /quota/history.
type quotaHistory struct {
	History []api.QuotaHistoryEntry `json:"history"`
	// NextCursor asks for what comes after, as the parameter cursor; empty when there is nothing.
	NextCursor string `json:"next_cursor"`
}

// historyRead is how many changes one answer looks at: most of them concern limits.
const historyRead = 200

// historyWanted selects changes of a team's limits.
type historyWanted struct {
	TeamID string `query:"team_id" required:"true"`
	Period route.Period
	Place  route.Place[int64]
}

// quotaHistory is GET /quota/history: what became of a team's limits, newest first, with who changed them and why.
func (s *Log) quotaHistory(c *route.Call, in historyWanted) (answer quotaHistory, err error) {
	filter := api.AuditFilter{TeamID: in.TeamID, From: in.Period.From, To: in.Period.To, BeforeSeq: in.Place.At, Limit: historyRead}
	found, err := s.Record.AuditPage(c.Context(), filter)
	if err != nil {
		return answer, err
	}
	answer = quotaHistory{History: []api.QuotaHistoryEntry{}}
	for _, audit := range found {
		if fields := limitChanges(audit.Before, audit.After); len(fields) > 0 {
			answer.History = append(answer.History, api.QuotaHistoryEntry{
				Seq: audit.Seq, At: audit.At, Action: audit.Action, ObjectID: audit.ObjectID, Actor: audit.Actor, Reason: audit.Reason,
				PullRequest: api.PullRequestOf(audit.Reason), Changes: fields,
			})
		}
	}
	if len(found) == historyRead {
		answer.NextCursor, err = route.EncodeCursor(found[len(found)-1].Seq)
	}
	return answer, err
}

// limiting are the fields that say who may use what, in the order of their names.
var limiting = slices.Sorted(slices.Values(append(slices.Clone(api.LimitFields), "alert_thresholds", "blocked", "expires")))

// limitChanges are the limits that differ between two states of an object, in the order of their names.
func limitChanges(before, after json.RawMessage) []api.QuotaFieldChange {
	var was, is map[string]json.RawMessage
	_ = json.Unmarshal(before, &was) // null, before a create, has no fields
	_ = json.Unmarshal(after, &is)
	var changes []api.QuotaFieldChange
	for _, name := range limiting {
		before, after := orNull(name, was[name]), orNull(name, is[name])
		if !bytes.Equal(before, after) {
			changes = append(changes, api.QuotaFieldChange{Field: name, Old: before, New: after})
		}
	}
	return changes
}

// orNull makes one of what says that there is no limit. A cap that is not hard is not a missing one.
func orNull(name string, raw json.RawMessage) json.RawMessage {
	if slices.Contains([]string{"", "[]", "{}"}, string(raw)) || string(raw) == "false" && name != "hard_cap" {
		return json.RawMessage("null")
	}
	return raw
}
