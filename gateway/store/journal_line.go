package store

import (
	"encoding/json"
	"hash/crc32"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// sumLen is the length of a line's checksum in hexadecimal, and of the space behind it.
const sumLen = 9

// appendLine adds a row as a line: the checksum of its JSON in hexadecimal, a space, the JSON. It writes what
// encoding/json would, in a fifth of the time: every call of a model passes here.
func appendLine(to []byte, row *api.LedgerRow) []byte {
	start := len(to)
	to = append(to, "00000000 "...)
	to = appendRow(to, row)
	sum := crc32.ChecksumIEEE(to[start+sumLen:])
	for i := range sumLen - 1 {
		to[start+i] = "0123456789abcdef"[sum>>(28-4*i)&0xf]
	}
	return append(to, '\n')
}

// appendRow adds the JSON of [api.LedgerRow]; a test compares it with that type's fields.
func appendRow(to []byte, row *api.LedgerRow) []byte {
	to = appendText(append(to, `{"id":`...), row.ID)
	to = appendText(append(to, `,"kind":`...), row.Kind)
	to = appendTime(append(to, `,"admitted_at":`...), row.AdmittedAt)
	to = appendTime(append(to, `,"settled_at":`...), row.SettledAt)
	to = appendText(append(to, `,"request_id":`...), row.RequestID)
	to = appendText(append(to, `,"team_id":`...), row.TeamID)
	to = appendText(append(to, `,"key_id":`...), row.KeyID)
	to = appendText(append(to, `,"user_id":`...), row.UserID)
	to = appendText(append(to, `,"model":`...), row.Model)
	to = appendText(append(to, `,"upstream":`...), row.Upstream)
	to = strconv.AppendInt(append(to, `,"prompt_tokens":`...), row.PromptTokens, 10)
	to = strconv.AppendInt(append(to, `,"cached_tokens":`...), row.CachedTokens, 10)
	to = strconv.AppendInt(append(to, `,"completion_tokens":`...), row.CompletionTokens, 10)
	to = append(append(to, `,"cost_usd":`...), row.Cost.String()...)
	to = appendText(append(to, `,"price_version":`...), row.PriceVersion)
	if row.EndUser != "" {
		to = appendText(append(to, `,"end_user":`...), row.EndUser)
	}
	for i, tag := range row.Tags {
		if i == 0 {
			to = append(to, `,"tags":[`...)
		} else {
			to = append(to, ',')
		}
		to = appendText(to, tag)
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

func appendTime(to []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(to, '"'), time.RFC3339Nano), '"')
}

// appendText adds a JSON string. Texts with anything but plain letters are left to encoding/json.
func appendText(to []byte, text string) []byte {
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
