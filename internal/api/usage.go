package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Usage is what one key used of one model on one day.
type Usage struct {
	// Day is the UTC day the requests were admitted on, as 2006-01-02.
	Day    string `json:"day"`
	TeamID string `json:"team_id"`
	KeyID  string `json:"key_id"`
	UserID string `json:"user_id"`
	Model  string `json:"model"`
	// Requests counts those that were served; corrections, adjustments and voids are none.
	Requests         int64      `json:"requests"`
	PromptTokens     int64      `json:"prompt_tokens"`
	CachedTokens     int64      `json:"cached_tokens"`
	CompletionTokens int64      `json:"completion_tokens"`
	Cost             money.Nano `json:"cost_usd"`
}

// UsageFilter selects usage, oldest day first. An empty field does not restrict.
type UsageFilter struct {
	TeamID string
	KeyID  string
	UserID string
	Model  string
	// From and To bound the day by its UTC midnight: from From on, before To.
	From time.Time
	To   time.Time
	// Limit is the most rows to answer, zero is all of them; Offset is how many to pass over first.
	Limit  int
	Offset int
}
