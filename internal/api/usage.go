package api

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"slices"
	"strconv"
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

// What usage can be grouped by.
const (
	GroupTeam    = "team"
	GroupKey     = "key"
	GroupUser    = "user"
	GroupModel   = "model"
	GroupTag     = "tag"
	GroupEndUser = "end_user"
	GroupDay     = "day"
)

// UsageGroups lists what [UsageQuery.GroupBy] may hold. A day or an hour is the period of the sums.
var UsageGroups = []string{GroupTeam, GroupKey, GroupUser, GroupModel, GroupTag, GroupEndUser, GroupDay, GroupHour}

// Periods that usage is summed up over.
const (
	PeriodHour  = "hour"
	PeriodDay   = "day"
	PeriodMonth = "month"
	PeriodTotal = "total"
)

// UsagePeriods lists what [UsageQuery.Period] may be.
var UsagePeriods = []string{PeriodHour, PeriodDay, PeriodMonth, PeriodTotal}

// MostHourDays is how many days can be asked for by hour at once: hours are summed up from the calls themselves.
const MostHourDays = 7

// UsageQuery asks for sums of usage, ordered by period and then by what they are grouped by.
// An empty field does not restrict.
type UsageQuery struct {
	// GroupBy holds some of [UsageGroups]; there is one sum for each combination that occurs.
	// Tags and end users are counted apart and do not go together, nor with each other's filter.
	GroupBy []string
	// Period is one of [UsagePeriods]; empty is [PeriodMonth].
	Period string

	TeamIDs []string
	// ExceptTeamIDs leaves teams out.
	ExceptTeamIDs []string
	KeyID         string
	UserID        string
	Model         string
	Tag           string
	EndUser       string
	// From and To are UTC days: from From on, before To.
	From time.Time
	To   time.Time

	// After is the cursor of a sum that was answered before; Limit is the most sums to answer, zero is all of them.
	After UsageCursor
	Limit int
}

// ByHour says that the query asks for the sums of hours.
func (q UsageQuery) ByHour() bool {
	return q.Period == PeriodHour || slices.Contains(q.GroupBy, GroupHour)
}

// CheckHours says what is wrong with the days of a query by hour; now is where a query without an end ends.
func (q UsageQuery) CheckHours(now time.Time) error {
	to := q.To
	if to.IsZero() {
		to = now
	}
	switch {
	case q.From.IsZero():
		return FieldErrorf("start_date", "is required with hours: they are summed up from the calls themselves, of %d days at most at once", MostHourDays)
	case to.Sub(q.From) > MostHourDays*24*time.Hour:
		return FieldErrorf("start_date", "and end_date span %d days and hours are told of %d at most at once; ask for fewer, or by day",
			int(math.Ceil(to.Sub(q.From).Hours()/24)), MostHourDays)
	default:
		return nil
	}
}

// UsageCursor is a sum's place in the order of a query: period, team, key, user, model, label. Nil is before all.
type UsageCursor []string

// UsageCursorLen is how many parts a cursor has.
const UsageCursorLen = 6

// UsageSum is what was used in one period. Only the fields that were grouped by are there; with
// team alone it is a row of the team_usage table.
type UsageSum struct {
	TeamID  *string `json:"team_id,omitempty"`
	KeyID   *string `json:"key_id,omitempty"`
	UserID  *string `json:"user_id,omitempty"`
	Model   *string `json:"model,omitempty"`
	Tag     *string `json:"tag,omitempty"`
	EndUser *string `json:"end_user,omitempty"`
	// PeriodStart and PeriodEnd are the first and the last UTC day, as 2006-01-02: those of the month
	// as far as they were asked for, or, when no bound was given, the first and last with usage. An hour's are its begin and
	// its end, as 2006-01-02T15:00:00Z.
	PeriodStart string `json:"period_start"`
	PeriodEnd   string `json:"period_end"`
	// TotalCost is in USD.
	TotalCost        money.Nano `json:"total_cost_usd"`
	TotalTokens      int64      `json:"total_tokens"`
	TotalRequests    int64      `json:"total_requests"`
	PromptTokens     int64      `json:"prompt_tokens"`
	CachedTokens     int64      `json:"cached_tokens"`
	CompletionTokens int64      `json:"completion_tokens"`
	// Cursor is the sum's place in the order.
	Cursor UsageCursor `json:"-"`
}

// UsagePage is the answer of GET /usage.
type UsagePage struct {
	Usage []UsageSum `json:"usage"`
	// NextCursor asks for what comes after, as the parameter cursor; empty when there is nothing.
	NextCursor string `json:"next_cursor"`
}

// Peak is the busiest minute of a team.
type Peak struct {
	Requests int64 `json:"rpm"`
	Tokens   int64 `json:"tpm"`
}

// UsedMinute is what was served in one minute by the clock.
type UsedMinute struct {
	At       time.Time `json:"at"`
	Requests int64     `json:"requests"`
	Tokens   int64     `json:"tokens"`
}

// MaxBroughtSums is how many sums a day may bring.
const MaxBroughtSums = 40_000

// BroughtSum is what one key used of one model on a day at another gateway. What is not known is "".
type BroughtSum struct {
	TeamID string `json:"team_id"`
	KeyID  string `json:"key_id"`
	UserID string `json:"user_id"`
	Model  string `json:"model"`
	// Requests counts those that were served.
	Requests         int64 `json:"requests"`
	PromptTokens     int64 `json:"prompt_tokens"`
	CachedTokens     int64 `json:"cached_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	// Spend is what they cost, in USD.
	Spend money.Nano `json:"spend"`
}

// BroughtDay is what a UTC day cost at another gateway.
type BroughtDay struct {
	// Origin names the other gateway, such as "litellm".
	Origin string `json:"origin"`
	// Day is written 2006-01-02.
	Day  string       `json:"day"`
	Sums []BroughtSum `json:"sums"`
}

// BroughtTotal says how much a day has brought.
type BroughtTotal struct {
	Day string `json:"day"`
	// Sums is how many there are.
	Sums             int        `json:"sums"`
	Requests         int64      `json:"requests"`
	PromptTokens     int64      `json:"prompt_tokens"`
	CompletionTokens int64      `json:"completion_tokens"`
	Spend            money.Nano `json:"spend"`
	// Digest is the same for the same sums only, whatever their order; "" for none.
	Digest string `json:"digest"`
}

// Total is how much the day brings.
func (d BroughtDay) Total() BroughtTotal {
	tally := NewBroughtTally(d.Day)
	for _, sum := range slices.SortedFunc(slices.Values(d.Sums), BroughtSum.Compare) {
		tally.Add(sum)
	}
	return tally.Total()
}

// Compare orders sums by team, key, user and model.
func (s BroughtSum) Compare(other BroughtSum) int {
	return cmp.Or(cmp.Compare(s.TeamID, other.TeamID), cmp.Compare(s.KeyID, other.KeyID), cmp.Compare(s.UserID, other.UserID), cmp.Compare(s.Model, other.Model))
}

// BroughtTally adds up the sums of a day one by one, ordered as by [BroughtSum.Compare].
type BroughtTally struct {
	total  BroughtTotal
	digest hash.Hash
	line   []byte
}

// NewBroughtTally begins with nothing.
func NewBroughtTally(day string) *BroughtTally {
	return &BroughtTally{total: BroughtTotal{Day: day}, digest: sha256.New()}
}

// Add adds a sum.
func (t *BroughtTally) Add(sum BroughtSum) {
	t.total.Sums++
	t.total.Requests += sum.Requests
	t.total.PromptTokens += sum.PromptTokens
	t.total.CompletionTokens += sum.CompletionTokens
	t.total.Spend += sum.Spend
	line := t.line[:0]
	for _, name := range []string{sum.TeamID, sum.KeyID, sum.UserID, sum.Model} {
		line = strconv.AppendQuote(line, name)
	}
	for _, count := range []int64{sum.Requests, sum.PromptTokens, sum.CachedTokens, sum.CompletionTokens, int64(sum.Spend)} {
		line = append(strconv.AppendInt(line, count, 10), ' ')
	}
	t.line = append(line, '\n')
	_, _ = t.digest.Write(t.line) // a hash takes everything
}

// Total is what was added.
func (t *BroughtTally) Total() BroughtTotal {
	total := t.total
	if total.Sums > 0 {
		total.Digest = hex.EncodeToString(t.digest.Sum(nil))
	}
	return total
}

// Validate says whether the day can be brought now; the error names the field.
func (d BroughtDay) Validate(now time.Time) error {
	v := newValidation()
	v.id("origin", d.Origin)
	day, err := time.Parse(time.DateOnly, d.Day)
	switch {
	case err != nil:
		v.fail("day", "must be a day such as 2026-11-30. Received: %q", d.Day)
	case day.After(now):
		v.fail("day", "is %s, which has not begun", d.Day)
	}
	if len(d.Sums) > MaxBroughtSums {
		v.fail("sums", "are %d; a day has at most %d", len(d.Sums), MaxBroughtSums)
		return v.err()
	}
	seen := make(map[BroughtSum]bool, len(d.Sums))
	var total BroughtSum
	for i, sum := range d.Sums {
		d.checkSum(v, fmt.Sprintf("sums[%d]", i), sum, &total)
		of := BroughtSum{TeamID: sum.TeamID, KeyID: sum.KeyID, UserID: sum.UserID, Model: sum.Model}
		if seen[of] {
			v.fail(fmt.Sprintf("sums[%d]", i), "is of the same team, key, user and model as another one; add them up")
		}
		seen[of] = true
	}
	return v.err()
}

// mostBrought bounds each count of a day, all its sums together: even eleven years of such days, prompts and completions added
// up, fit in 64 bits.
const mostBrought = 1 << 50

// checkSum checks a sum and adds it to the day's total.
func (BroughtDay) checkSum(v *validation, field string, sum BroughtSum, total *BroughtSum) {
	for _, id := range []string{sum.TeamID, sum.KeyID, sum.UserID} {
		if id != "" {
			v.id(field, id)
		}
	}
	if len(sum.Model) > maxIDLen {
		v.fail(field+".model", "is %d characters long, at most %d are allowed", len(sum.Model), maxIDLen)
	}
	for _, count := range []struct {
		name  string
		value int64
		total *int64
	}{
		{"requests", sum.Requests, &total.Requests},
		{"prompt_tokens", sum.PromptTokens, &total.PromptTokens},
		{"cached_tokens", sum.CachedTokens, &total.CachedTokens},
		{"completion_tokens", sum.CompletionTokens, &total.CompletionTokens},
	} {
		if count.value < 0 || count.value > mostBrought-*count.total {
			v.fail(field+"."+count.name, "is %d; it must not be negative, and those of a day come to at most %d", count.value, int64(mostBrought))
			continue
		}
		*count.total += count.value
	}
	if sum.Spend < 0 || sum.Spend > MaxOpening || total.Spend > MaxOpening-sum.Spend {
		v.fail(field+".spend", "must not be negative, and a day costs at most %s", MaxOpening)
		return
	}
	total.Spend += sum.Spend
}
