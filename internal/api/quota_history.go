package api

import (
	"encoding/json"
	"regexp"
	"time"
)

// QuotaHistoryEntry is one change of what a team may use: of itself, its keys and members, or of budgets that name it.
type QuotaHistoryEntry struct {
	// Seq is the change's number in the audit log.
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Action   string    `json:"action"`
	ObjectID string    `json:"object_id"`
	Actor    string    `json:"actor"`
	Reason   string    `json:"reason"`
	// PullRequest is the address of the pull or merge request that the reason names, empty when it names none.
	PullRequest string             `json:"pull_request"`
	Changes     []QuotaFieldChange `json:"changes"`
}

// QuotaFieldChange is a limit before and after; null is no limit.
type QuotaFieldChange struct {
	Field string          `json:"field"`
	Old   json.RawMessage `json:"old"`
	New   json.RawMessage `json:"new"`
}

// pullRequest is the address of a pull or merge request, as reasons from pipelines hold it.
var pullRequest = regexp.MustCompile(`https?://[^\s"<>]+/(?:pull|pulls|pull-requests|merge_requests)/[0-9]+`)

// PullRequestOf is the address of the pull or merge request that a reason names, "" when it names none.
func PullRequestOf(reason string) string { return pullRequest.FindString(reason) }
