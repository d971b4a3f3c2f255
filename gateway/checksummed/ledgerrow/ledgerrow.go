// Package ledgerrow writes ledger rows as JSON for files that every call of a model passes.
//
// It promises to write what encoding/json would, in a fifth of the time. It must never know which files.
package ledgerrow

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Append adds the JSON of a row; a test compares it with that type's fields.
func Append(to []byte, row *api.LedgerRow) []byte {
	to = AppendText(append(to, `{"id":`...), row.ID)
	to = AppendText(append(to, `,"kind":`...), row.Kind)
	to = AppendTime(append(to, `,"admitted_at":`...), row.AdmittedAt)
	to = AppendTime(append(to, `,"settled_at":`...), row.SettledAt)
	to = AppendText(append(to, `,"request_id":`...), row.RequestID)
	to = AppendText(append(to, `,"team_id":`...), row.TeamID)
	to = AppendText(append(to, `,"key_id":`...), row.KeyID)
	to = AppendText(append(to, `,"user_id":`...), row.UserID)
	to = AppendText(append(to, `,"model":`...), row.Model)
	to = AppendText(append(to, `,"upstream":`...), row.Upstream)
	to = strconv.AppendInt(append(to, `,"prompt_tokens":`...), row.PromptTokens, 10)
	to = strconv.AppendInt(append(to, `,"cached_tokens":`...), row.CachedTokens, 10)
	to = strconv.AppendInt(append(to, `,"completion_tokens":`...), row.CompletionTokens, 10)
	to = append(append(to, `,"cost_usd":`...), row.Cost.String()...)
	to = AppendText(append(to, `,"price_version":`...), row.PriceVersion)
	if row.EndUser != "" {
		to = AppendText(append(to, `,"end_user":`...), row.EndUser)
	}
	for i, tag := range row.Tags {
		if i == 0 {
			to = append(to, `,"tags":[`...)
		} else {
			to = append(to, ',')
		}
		to = AppendText(to, tag)
	}
	if len(row.Tags) > 0 {
		to = append(to, ']')
	}
	if row.Calls != 0 {
		to = strconv.AppendInt(append(to, `,"calls":`...), row.Calls, 10)
	}
	for _, amount := range []struct {
		name  string
		value int64
	}{
		{`,"reserved_tokens":`, row.ReservedTokens}, {`,"sparable_tokens":`, row.SparableTokens}, {`,"uncounted_tokens":`, row.UncountedTokens},
	} {
		if amount.value != 0 {
			to = strconv.AppendInt(append(to, amount.name...), amount.value, 10)
		}
	}
	if row.ReservedCost != 0 {
		to = append(append(to, `,"reserved_cost_usd":`...), row.ReservedCost.String()...)
	}
	if row.SparableCost != 0 {
		to = append(append(to, `,"sparable_cost_usd":`...), row.SparableCost.String()...)
	}
	return append(to, '}')
}

// AppendTime adds a time as a JSON string, in RFC 3339.
func AppendTime(to []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(to, '"'), time.RFC3339Nano), '"')
}

// AppendText adds a JSON string. Texts with anything but plain letters are left to encoding/json.
func AppendText(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(text) // does not fail for a string
			return append(to, quoted...)
		}
	}
	to = append(to, '"')
	to = append(to, text...)
	return append(to, '"')
}
