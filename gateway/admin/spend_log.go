package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

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
		Status: status, Kind: entry.Kind, ClientRequestID: entry.RequestID, PriceVersion: entry.PriceVersion, Seq: entry.Seq,
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
		l.RequestID, decimal(l.Seq), l.Kind, l.Status, l.StartTime.Format(time.RFC3339Nano), l.EndTime.Format(time.RFC3339Nano),
		cell(l.TeamID), cell(l.APIKey), cell(l.User), cell(l.EndUser), cell(l.Model),
		cell(l.Provider), cell(l.APIBase), decimal(l.PromptTokens), decimal(l.CachedTokens), decimal(l.CompletionTokens),
		decimal(l.TotalTokens), l.Spend.String(), cell(l.PriceVersion), cell(l.ClientRequestID), string(tags),
	}
}

// spendLogs is GET /spend/logs: every ledger row that is asked for, newest first, written row by row in JSON,
// CSV or JSON Lines; or, with both dates and summarize (LiteLLM's default), what was spent on each day.
func (s *Server) spendLogs(c *call) (any, error) {
	filter, err := s.ledgerFilter(c)
	if err != nil {
		return nil, err
	}
	format, err := c.format()
	if err != nil {
		return nil, err
	}
	summarize, err := c.flag("summarize", format == formatJSON)
	if err != nil {
		return nil, err
	}
	if summarize && !filter.From.IsZero() && !filter.To.IsZero() && filter.RequestID == "" {
		return s.spendDays(c, filter)
	}
	return rows[spendLog]{
		format: format, columns: spendLogColumns, cells: spendLogCells,
		each: func(ctx context.Context, emit func(spendLog) error) error {
			return s.eachLedgerRow(ctx, filter, func(entry api.LedgerEntry) error { return emit(spendLogOf(entry)) })
		},
	}, nil
}

// ledgerBatch is how many rows are in memory at a time.
const ledgerBatch = 500

// eachLedgerRow reads rows a batch at a time, so that a slow reader holds nothing in the database.
func (s *Server) eachLedgerRow(ctx context.Context, filter api.LedgerFilter, emit func(api.LedgerEntry) error) error {
	filter.Limit = ledgerBatch
	for {
		page, err := s.record.LedgerPage(ctx, filter)
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

// ledgerFilter reads which rows are wanted.
func (s *Server) ledgerFilter(c *call) (api.LedgerFilter, error) {
	filter := api.LedgerFilter{
		TeamID: c.query.Get("team_id"), UserID: c.either("user_id", "user"), EndUser: c.query.Get("end_user"),
		Model: c.query.Get("model"), RequestID: c.query.Get("request_id"), Kind: c.query.Get("kind"),
	}
	var err error
	if filter.From, filter.To, err = c.period(); err != nil {
		return filter, err
	}
	if filter.KeyID, err = s.spendingKey(c); err != nil {
		return filter, err
	}
	if filter.MinCost, err = c.amount("min_spend"); err != nil {
		return filter, err
	}
	if filter.MaxCost, err = c.amount("max_spend"); err != nil {
		return filter, err
	}
	var after api.LedgerCursor
	given, err := c.cursor(&after)
	if given {
		filter.After = &after
	}
	return filter, err
}

func (c *call) amount(name string) (*money.Nano, error) {
	text := c.query.Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // no bound is no error
	}
	amount, err := money.Parse(text)
	if err != nil {
		return nil, api.FieldErrorf(name, "must be an amount in USD such as 0.25")
	}
	return &amount, nil
}

// flag reads a parameter that is true or false, as Python's clients write it too.
func (c *call) flag(name string, fallback bool) (bool, error) {
	value, err := c.choice(name, "true", "false", "True", "False", "1", "0")
	if value == "" || err != nil {
		return fallback, err
	}
	return slices.Contains([]string{"true", "True", "1"}, value), nil
}

// spendLogPage is the answer of GET /spend/logs/v2.
type spendLogPage struct {
	Data       []spendLog `json:"data"`
	Total      int        `json:"total"`
	Page       int        `json:"page"`
	PageSize   int        `json:"page_size"`
	TotalPages int        `json:"total_pages"`
	// NextCursor asks for what comes after, as the parameter cursor; it costs the same however far that is.
	NextCursor string `json:"next_cursor"`
}

// spendLogPage is GET /spend/logs/v2: a page of the ledger's rows, newest first.
func (s *Server) spendLogPage(c *call) (any, error) {
	filter, err := s.ledgerFilter(c)
	if err != nil {
		return nil, err
	}
	page, err := c.pageOf("page_size", 50)
	if err != nil {
		return nil, err
	}
	filter.Limit = page.size
	if filter.After == nil {
		filter.Offset = page.order.Offset
	}
	entries, err := s.record.LedgerPage(c.ctx(), filter)
	if err != nil {
		return nil, err
	}
	answer := spendLogPage{Data: make([]spendLog, len(entries)), Page: page.number, PageSize: page.size}
	for i, entry := range entries {
		answer.Data[i] = spendLogOf(entry)
	}
	if len(entries) == page.size {
		if answer.NextCursor, err = encodeCursor(entries[len(entries)-1].Cursor()); err != nil {
			return nil, err
		}
	}
	answer.Total, err = s.record.LedgerCount(c.ctx(), filter)
	answer.TotalPages = page.pages(answer.Total)
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
func (s *Server) spendDays(c *call, filter api.LedgerFilter) ([]spendDay, error) {
	from, to, err := c.days()
	if err != nil {
		return nil, err
	}
	query := api.UsageQuery{
		GroupBy: []string{api.GroupDay, api.GroupKey, api.GroupUser, api.GroupModel}, From: from, To: to,
		KeyID: filter.KeyID, UserID: filter.UserID, Model: filter.Model, EndUser: filter.EndUser,
	}
	if filter.TeamID != "" {
		query.TeamIDs = []string{filter.TeamID}
	}
	days := []spendDay{}
	err = s.record.EachUsageSum(c.ctx(), query, func(sum api.UsageSum) error {
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
