package usage

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// spendLog is one ledger row under LiteLLM's names, and those of its fields that have none there.
type spendLog struct {
	// RequestID is the row's id, which callers get as x-litellm-call-id.
	RequestID string `json:"request_id"`
	CallType  string `json:"call_type"`
	// APIKey is the id of the key, which LiteLLM calls token.
	APIKey           string         `json:"api_key"`
	Spend            money.Nano     `json:"spend"`
	TotalTokens      int64          `json:"total_tokens"`
	PromptTokens     int64          `json:"prompt_tokens"`
	CompletionTokens int64          `json:"completion_tokens"`
	CachedTokens     int64          `json:"cached_tokens"`
	StartTime        time.Time      `json:"startTime"`
	EndTime          time.Time      `json:"endTime"`
	Model            string         `json:"model"`
	ModelGroup       string         `json:"model_group"`
	Provider         string         `json:"custom_llm_provider"`
	APIBase          string         `json:"api_base"`
	User             string         `json:"user"`
	TeamID           string         `json:"team_id"`
	EndUser          string         `json:"end_user"`
	RequestTags      api.StringList `json:"request_tags"`
	Metadata         api.Metadata   `json:"metadata"`
	CacheHit         string         `json:"cache_hit"`
	Status           string         `json:"status"`
	// Kind is settle, estimate, correction, adjust or void.
	Kind string `json:"kind"`
	// ClientRequestID is the X-Request-Id of the request.
	ClientRequestID string `json:"client_request_id"`
	// PriceVersion names the price that was applied.
	PriceVersion string `json:"price_version"`
	// Seq numbers the rows in the order they were written, with gaps.
	Seq int64 `json:"seq"`
	// Calls is how many requests the row stands for when it is more than one: those that never reached a provider are summed.
	Calls int64 `json:"calls,omitempty"`
}

func spendLogOf(entry api.LedgerEntry) spendLog {
	provider, base, _ := strings.Cut(entry.Upstream, "/")
	status := "success"
	if entry.Kind == api.LedgerVoid {
		status = "failure"
	}
	return spendLog{
		RequestID: entry.ID, APIKey: entry.KeyID, Spend: entry.Cost,
		TotalTokens: entry.TotalTokens(), PromptTokens: entry.PromptTokens, CompletionTokens: entry.CompletionTokens,
		CachedTokens: entry.CachedTokens, StartTime: entry.AdmittedAt, EndTime: entry.SettledAt,
		Model: entry.Model, ModelGroup: entry.Model, Provider: provider, APIBase: base,
		User: entry.UserID, TeamID: entry.TeamID, EndUser: entry.EndUser, RequestTags: entry.Tags, CacheHit: "False",
		Status: status, Kind: entry.Kind, ClientRequestID: entry.RequestID, PriceVersion: entry.PriceVersion, Seq: entry.Seq, Calls: entry.Calls,
	}
}

var spendLogColumns = []string{
	"request_id", "seq", "kind", "status", "startTime", "endTime", "team_id", "api_key", "user", "end_user", "model",
	"custom_llm_provider", "api_base", "prompt_tokens", "cached_tokens", "completion_tokens", "total_tokens", "spend",
	"price_version", "client_request_id", "request_tags",
}

func spendLogCells(l spendLog) []string {
	tags, _ := json.Marshal(l.RequestTags) // a list of strings can be written
	return []string{
		l.RequestID, route.Decimal(l.Seq), l.Kind, l.Status, l.StartTime.Format(time.RFC3339Nano), l.EndTime.Format(time.RFC3339Nano),
		route.Cell(l.TeamID), route.Cell(l.APIKey), route.Cell(l.User), route.Cell(l.EndUser), route.Cell(l.Model),
		route.Cell(l.Provider), route.Cell(l.APIBase), route.Decimal(l.PromptTokens), route.Decimal(l.CachedTokens), route.Decimal(l.CompletionTokens),
		route.Decimal(l.TotalTokens), l.Spend.String(), route.Cell(l.PriceVersion), route.Cell(l.ClientRequestID), string(tags),
	}
}

// ledgerWanted selects ledger rows.
type ledgerWanted struct {
	Period route.Period
	// Of this team only.
	TeamID string `query:"team_id"`
	ofKey
	// Of this user's keys only.
	UserID string `query:"user_id"`
	// Of requests whose `user` is this.
	EndUser string `query:"end_user"`
	// Of this model only, by the name that clients ask for.
	Model string `query:"model"`
	// The same as user_id.
	User string `query:"user"`
	// This request only: x-litellm-call-id, or the X-Request-Id of the call.
	RequestID string `query:"request_id"`
	Kind      string `query:"kind" enum:"settle,estimate,correction,adjust,void"`
	// In USD, included.
	MinSpend *money.Nano `query:"min_spend" kind:"number"`
	// In USD, included.
	MaxSpend *money.Nano `query:"max_spend" kind:"number"`
}

// logsWanted are ledger rows in one go, or days.
type logsWanted struct {
	Sums  summary
	Form  route.Form
	Place route.Place[api.LedgerCursor]
	ledgerWanted
}

// summary says whether days are wanted in place of rows.
type summary struct{ wanted bool }

// ReadQuery reads summarize, which LiteLLM's clients mean unless they say otherwise.
func (s *summary) ReadQuery(c *route.Call) error {
	format, err := c.Format()
	if err == nil {
		s.wanted, err = c.Flag("summarize", format == route.FormatJSON)
	}
	return err
}

// Parameters implements [openapi.Asking].
func (*summary) Parameters() []openapi.Parameter {
	return []openapi.Parameter{{Name: "summarize", Words: []string{"true", "false"}}}
}

// logPageWanted is a page of ledger rows.
type logPageWanted struct {
	route.Pages
	Place route.Place[api.LedgerCursor]
	ledgerWanted
}

// spendLogs is GET /spend/logs: every ledger row that is asked for, newest first, written row by row in JSON,
// CSV or JSON Lines; or, with both dates and summarize (LiteLLM's default), what was spent on each day.
func (s *Books) spendLogs(c *route.Call, in logsWanted) (any, error) {
	filter, err := s.ledgerFilter(c, in.ledgerWanted, in.Place)
	if err != nil {
		return nil, err
	}
	if in.Sums.wanted && !filter.From.IsZero() && !filter.To.IsZero() && filter.RequestID == "" {
		return s.spendDays(c, in.Period, filter)
	}
	return route.Rows[spendLog]{
		Format: in.Form.Format, Columns: spendLogColumns, Cells: spendLogCells,
		Each: func(ctx context.Context, emit func(spendLog) error) error {
			return s.eachLedgerRow(ctx, filter, func(entry api.LedgerEntry) error { return emit(spendLogOf(entry)) })
		},
	}, nil
}

// ledgerBatch is how many rows are in memory at a time.
const ledgerBatch = 500

// eachLedgerRow reads rows a batch at a time, so that a slow reader holds nothing in the database.
func (s *Books) eachLedgerRow(ctx context.Context, filter api.LedgerFilter, emit func(api.LedgerEntry) error) error {
	filter.Limit = ledgerBatch
	for {
		page, err := s.Record.LedgerPage(ctx, filter)
		if err != nil {
			return err
		}
		for _, entry := range page {
			if err := emit(entry); err != nil {
				return err
			}
		}
		if len(page) < ledgerBatch {
			return nil
		}
		filter.After = page[len(page)-1].Cursor()
	}
}

// ledgerFilter is which rows are wanted, from a place on.
func (s *Books) ledgerFilter(c *route.Call, in ledgerWanted, place route.Place[api.LedgerCursor]) (filter api.LedgerFilter, err error) {
	filter = api.LedgerFilter{
		From: in.Period.From, To: in.Period.To, TeamID: in.TeamID, UserID: cmp.Or(in.UserID, in.User), EndUser: in.EndUser,
		Model: in.Model, RequestID: in.RequestID, Kind: in.Kind, MinCost: in.MinSpend, MaxCost: in.MaxSpend,
	}
	if place.Given {
		filter.After = &place.At
	}
	filter.KeyID, err = s.keyID(c, in.ofKey)
	return filter, err
}

// spendLogPage is the answer of GET /spend/logs/v2.
type spendLogPage struct {
	Data []spendLog `json:"data"`
	// Total is how many rows there are, counted up to 100000, and up to 10000 where several conditions besides the time select them.
	Total      int `json:"total"`
	Page       int `json:"page"`
	PageSize   int `json:"page_size"`
	TotalPages int `json:"total_pages"`
	// NextCursor asks for what comes after, as the parameter cursor; it costs the same however far that is.
	NextCursor string `json:"next_cursor"`
}

// spendLogPage is GET /spend/logs/v2: a page of the ledger's rows, newest first.
func (s *Books) spendLogPage(c *route.Call, in logPageWanted) (answer spendLogPage, err error) {
	filter, err := s.ledgerFilter(c, in.ledgerWanted, in.Place)
	if err != nil {
		return answer, err
	}
	page := in.Page()
	filter.Limit = page.Size
	most := filter.Countable()
	if filter.After == nil {
		if filter.Offset = page.Order.Offset; filter.Offset >= most {
			return answer, api.FieldErrorf("page", "begins after the first %d rows, which are all that can be turned by number; "+
				"go on with cursor, from next_cursor of the page before, or ask for fewer rows by start_date and end_date", most)
		}
	}
	entries, err := s.Record.LedgerPage(c.Context(), filter)
	if err != nil {
		return answer, err
	}
	answer = spendLogPage{Data: make([]spendLog, len(entries)), Page: page.Number, PageSize: page.Size}
	for i, entry := range entries {
		answer.Data[i] = spendLogOf(entry)
	}
	if len(entries) == page.Size {
		if answer.NextCursor, err = route.EncodeCursor(entries[len(entries)-1].Cursor()); err != nil {
			return answer, err
		}
	}
	answer.Total, err = s.Record.LedgerCount(c.Context(), filter, most)
	answer.TotalPages = page.Pages(answer.Total)
	return answer, err
}

// spendDay is what was spent on one day, as LiteLLM's summarized logs have it.
type spendDay struct {
	StartTime string                `json:"startTime"`
	Spend     money.Nano            `json:"spend"`
	Users     map[string]money.Nano `json:"users"`
	Models    map[string]money.Nano `json:"models"`
	// APIKeys are by id.
	APIKeys map[string]money.Nano `json:"api_keys"`
}

// spendDays sums whole UTC days up; days without spending are left out.
func (s *Books) spendDays(c *route.Call, period route.Period, filter api.LedgerFilter) ([]spendDay, error) {
	if err := period.Days(); err != nil {
		return nil, err
	}
	query := api.UsageQuery{
		GroupBy: []string{api.GroupDay, api.GroupKey, api.GroupUser, api.GroupModel}, From: period.From, To: period.To,
		KeyID: filter.KeyID, UserID: filter.UserID, Model: filter.Model, EndUser: filter.EndUser,
	}
	if filter.TeamID != "" {
		query.TeamIDs = []string{filter.TeamID}
	}
	days := []spendDay{}
	err := s.Record.EachUsageSum(c.Context(), query, func(sum api.UsageSum) error {
		if len(days) == 0 || days[len(days)-1].StartTime != sum.PeriodStart {
			days = append(days, spendDay{
				StartTime: sum.PeriodStart, Users: map[string]money.Nano{}, Models: map[string]money.Nano{}, APIKeys: map[string]money.Nano{},
			})
		}
		day := &days[len(days)-1]
		day.Spend += sum.TotalCost
		day.Users[*sum.UserID] += sum.TotalCost
		day.Models[*sum.Model] += sum.TotalCost
		day.APIKeys[*sum.KeyID] += sum.TotalCost
		return nil
	})
	return days, err
}
