package api

import "time"

// LimitMinute is what was used, or refused, in one minute by the clock. A row has one of three meanings:
//
//   - Limit "" is what calls with one key were served of one model: Calls and Tokens.
//   - Limit with Refused is how many calls with one key for one model a limit refused, or another reason did. KeyID and
//     Model are "" in the rows that came when a minute had very many.
//   - Limit with Peak is the most that was used of a limit in any 60 seconds that ended in the minute, and Cap its number
//     then. KeyID and Model are there for limits of keys, members, users and models only.
type LimitMinute struct {
	At     time.Time `json:"at"`
	TeamID string    `json:"team_id"`
	KeyID  string    `json:"key_id"`
	Model  string    `json:"model"`
	// Limit is the limit, such as team.requests, key.tokens or budget.pot.budget, or the word for another reason, such
	// as model_not_allowed.
	Limit   string `json:"limit"`
	Calls   int64  `json:"calls"`
	Tokens  int64  `json:"tokens"`
	Refused int64  `json:"refused"`
	// Peak is in requests, tokens or calls at a time, what calls under way had reserved included.
	Peak int64 `json:"peak"`
	Cap  int64 `json:"cap"`
}

// What refusals can be grouped by, [GroupTeam], [GroupKey] and [GroupModel] apart.
const (
	GroupLimit  = "limit"
	GroupMinute = "minute"
	GroupHour   = "hour"
)

// RefusalGroups lists what [RefusalQuery.GroupBy] may hold.
var RefusalGroups = []string{GroupLimit, GroupTeam, GroupKey, GroupModel, GroupMinute, GroupHour, GroupDay}

// RefusalQuery asks how many calls were refused. An empty field does not restrict.
type RefusalQuery struct {
	// GroupBy holds some of [RefusalGroups]; empty is one sum. The finest of minute, hour and day counts.
	GroupBy []string
	TeamIDs []string
	KeyID   string
	Model   string
	Limit   string
	// From and To are times: from the minute of From on, before that of To.
	From, To time.Time
	// Most is how many sums to answer at most; zero is all of them.
	Most int
}

// RefusalSum is how many calls were refused. Only the fields that were grouped by are there.
type RefusalSum struct {
	TeamID *string `json:"team_id,omitempty"`
	KeyID  *string `json:"key_id,omitempty"`
	Model  *string `json:"model,omitempty"`
	// Limit is the limit that refused, such as team.requests, or the word for another reason.
	Limit *string `json:"limit,omitempty"`
	// At is the beginning of the minute, hour or UTC day.
	At      *time.Time `json:"at,omitempty"`
	Refused int64      `json:"refused"`
	// FirstAt and LastAt are the first and the last minute with a refusal.
	FirstAt time.Time `json:"first_at"`
	LastAt  time.Time `json:"last_at"`
}

// LimitPeak is the most that was used of one limit in any 60 seconds.
type LimitPeak struct {
	TeamID string `json:"team_id"`
	// KeyID and Model say whose limit it is, "" for that of the whole team.
	KeyID string `json:"key_id"`
	Model string `json:"model"`
	Limit string `json:"limit"`
	Peak  int64  `json:"peak"`
	// P99 is what 99 of 100 minutes with any use stayed at or below, and Minutes how many of these there are.
	P99     int64 `json:"p99"`
	Minutes int64 `json:"minutes"`
	// Cap is the limit's number at that time.
	Cap int64 `json:"cap"`
	// At is the minute it happened in.
	At time.Time `json:"at"`
}

// LimitMinuteFilter selects [LimitMinute] rows. A nil field does not restrict.
type LimitMinuteFilter struct {
	TeamIDs []string
	KeyID   string
	// From and To are times: from the minute of From on, before that of To.
	From, To time.Time
}
