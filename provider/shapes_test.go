package provider_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// shapes makes objects of random shapes: each part is there or not, and is now and then zero, empty or hard to write.
type shapes struct {
	*rand.Rand
	models []string
	// noFor: Terraform cannot read a map whose first name is the word "for", and writes one nevertheless.
	noFor bool
}

func newShapes(seed uint64) shapes {
	return shapes{rand.New(rand.NewPCG(seed, seed)), []string{"gpt-4.1"}, false}
}

// one is one of the values.
func one[T any](s shapes, values ...T) T { return values[s.IntN(len(values))] }

// maybe is one of the values or nothing.
func maybe[T any](s shapes, values ...T) *T {
	if s.IntN(2) == 0 {
		return nil
	}
	return new(one(s, values...))
}

// some are a few of the values in any order, or none.
func some[T any](s shapes, values ...T) []T {
	order := s.Perm(len(values))[:s.IntN(min(len(values), 3)+1)]
	var chosen []T
	for _, i := range order {
		chosen = append(chosen, values[i])
	}
	return chosen
}

// hardTexts are easy and hard to write in a configuration.
var hardTexts = []string{
	"plain", "", " ", "two words", nasty, "${a}", "%{if b}", "$${c}", "%%{d}", "\\", `"`, "line\nline\n", "tab\tcr\r\n", "\u0001\u0007\u001b", "# no comment",
	"<<EOT\nx\nEOT", "ümläut", "日本", "🙂", "e\u0301", "\u200d\ufeff", "true", "null", "12", `{"json":[1,null]}`, "[]", "for", "a.b[0]", "$", "%", "${", "/* */",
}

func (s shapes) text() string { return one(s, hardTexts...) }

// named are hardTexts that nobody else has.
func (s shapes) named(i int) string { return fmt.Sprintf("%s %d", s.text(), i) }

func (s shapes) key() string {
	key := s.text()
	if key == "for" && s.noFor {
		return "For"
	}
	return key
}

func (s shapes) amount() money.Nano {
	return one(s, 0, 1, money.USD/3, money.USD, 100*money.USD, 9_007_198*money.USD+1, 2*money.USD/3)
}

func (s shapes) rates() api.RateLimits {
	limits := []int64{0, 1, 60, 1_000_000, 1 << 52}
	return api.RateLimits{RPMLimit: maybe(s, limits...), TPMLimit: maybe(s, limits...), MaxParallelRequests: maybe(s, limits...)}
}

func (s shapes) modelRates() api.ModelRateLimits {
	limits := func() map[string]int64 {
		limits := map[string]int64{}
		for _, model := range some(s, append([]string{"a b", nasty, "null", "4x", "e\u0301", "日本", "*"}, s.models...)...) {
			limits[model] = one[int64](s, 0, 7, 1<<52)
		}
		return limits
	}
	return api.ModelRateLimits{ModelRPMLimit: limits(), ModelTPMLimit: limits()}
}

func (s shapes) modelNames() []string {
	return some(s, append([]string{"no-default-models", "all-proxy-models", "all-team-models", "*", "openai/*", nasty}, s.models...)...)
}

var spans = []string{"12h", "1d", "7d", "30d", "1mo", "1y", "90s"}

// terms have a temporary increase now and then, which Terraform does not manage and must leave alone.
func (s shapes) terms() api.BudgetTerms {
	terms := api.BudgetTerms{MaxBudget: maybe(s, s.amount()), HardCap: s.IntN(3) > 0, BudgetDuration: maybe(s, spans...), ResetDay: maybe(s, 1, 15, 28)}
	if terms.BudgetDuration != nil {
		if span, err := api.ParseSpan(*terms.BudgetDuration); err != nil || !span.Monthly() {
			terms.ResetDay = nil // which only months have
		}
	}
	switch s.IntN(3) {
	case 0:
		terms.SoftThresholdPct = maybe(s, 0.1, 0.8, 1, 0.1+0.2, 1e-9)
	case 1:
		if terms.MaxBudget == nil || *terms.MaxBudget > 0 {
			terms.SoftBudget = maybe[money.Nano](s, 0)
		}
	}
	if terms.MaxBudget != nil && s.IntN(3) == 0 {
		terms.TempBudgetIncrease, terms.TempBudgetExpiry = new(money.USD), new(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return terms
}

// shared are terms of a budget, which nobody may have who has an amount of their own.
func (s shapes) shared(terms *api.BudgetTerms) *string {
	if terms.MaxBudget != nil {
		return nil
	}
	return maybe(s, "terms-0", "terms/1")
}

func (s shapes) metadata() api.Metadata {
	metadata := api.Metadata{}
	for range s.IntN(4) {
		value := one[any](s, nil, true, 1.5, -7, json.RawMessage("1e300"), json.RawMessage("12345678901234567890.123"), s.text(), []any{}, map[string]any{},
			[]any{s.text(), nil, []any{1, "x"}}, map[string]any{s.key(): map[string]any{"deep": []any{s.text()}}, "b": nil})
		encoded, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		metadata[s.key()] = encoded
	}
	return metadata
}

func (s shapes) team() api.TeamFields {
	fields := api.TeamFields{
		TeamAlias: maybe(s, s.text()), Models: s.modelNames(), RateLimits: s.rates(), ModelRateLimits: s.modelRates(), BudgetTerms: s.terms(),
		MemberDefaults: api.MemberDefaults{
			TeamMemberBudget: maybe(s, s.amount()), TeamMemberBudgetDuration: maybe(s, spans...), TeamMemberRPMLimit: maybe[int64](s, 0, 9), TeamMemberTPMLimit: maybe[int64](s, 0, 9),
		},
		Metadata: s.metadata(), Blocked: s.IntN(4) == 0,
	}
	if s.IntN(2) == 0 {
		fields.TeamMemberPermissions = new(api.StringList(some(s, api.MemberRoutes...)))
	}
	fields.BudgetID = s.shared(&fields.BudgetTerms)
	if fields.MaxBudget != nil || fields.BudgetID != nil {
		fields.AlertThresholds = one(s, nil, []float64{}, []float64{0.5, 0.95, 1, 1.2})
	}
	return fields
}

// apiKey is of a team or none, and asks for no model that the team may not.
func (s shapes) apiKey(i int, teams []api.Team) api.KeyFields {
	teamID, models, ids := (*string)(nil), s.modelNames(), []string{"not-there"}
	if team := maybe(s, teams...); team != nil {
		teamID, models = &team.TeamID, some(s, team.Models...)
	}
	for _, team := range teams {
		ids = append(ids, team.TeamID)
	}
	fields := api.KeyFields{
		KeyAlias: maybe(s, s.named(i), fmt.Sprint("app ", i)), TeamID: teamID, UserID: maybe(s, "ada", "eve@example.com", "nobody"),
		Models: models, RateLimits: s.rates(), ModelRateLimits: s.modelRates(), BudgetTerms: s.terms(), Metadata: s.metadata(), Blocked: s.IntN(4) == 0,
		Expires:       maybe(s, time.Date(2020, 1, 31, 12, 0, 0, 123456000, time.UTC), time.Date(2099, 12, 31, 23, 59, 59, 0, time.FixedZone("", 3600))),
		SpeakForTeams: one(s, nil, []string{"*"}, some(s, ids...)),
	}
	fields.BudgetID = s.shared(&fields.BudgetTerms)
	return fields
}

func (s shapes) member() api.MemberFields {
	return api.MemberFields{
		Role: one(s, api.MemberUser, api.MemberAdmin), MaxBudgetInTeam: maybe(s, s.amount()), BudgetDuration: maybe(s, spans...),
		RPMLimit: maybe[int64](s, 0, 3), TPMLimit: maybe[int64](s, 0, 3),
	}
}

// budget is terms, or a pot over any scope.
func (s shapes) budget(teams, keys []string) api.BudgetFields {
	fields := api.BudgetFields{
		BudgetTerms: s.terms(), RateLimits: s.rates(), Timezone: maybe(s, "Europe/Berlin", "UTC"),
		OnSoftLimit: maybe(s, api.OnSoftLimit{}, api.OnSoftLimit{ReduceRPMPct: new(0.5)}),
	}
	if fields.MaxBudget != nil {
		fields.AlertThresholds = one(s, nil, []float64{}, []float64{0.5, 0.95, 1, 1.2})
	}
	switch s.IntN(4) {
	case 0:
		fields.Everything = true
	case 1:
		fields.Models = []string{"*"}
	case 2:
		fields.TeamIDs, fields.KeyIDs, fields.Models = some(s, append(teams, "not-there")...), some(s, append(keys, "not-there")...), s.modelNames()
	}
	return fields
}

func (s shapes) route(i int, teams []string) api.AlertRouteFields {
	target := one(s, s.targets(i)...)
	return api.AlertRouteFields{
		Name: s.named(i), Events: some(s, api.Events...), TeamIDs: some(s, append(teams, "not-there")...), MinSeverity: maybe(s, api.Severities...),
		Thresholds: one(s, nil, []float64{}, []float64{0.5, 0.95, 1}), Enabled: s.IntN(4) > 0, AlertTargets: target,
	}
}

// targets are one of each kind, with whatever may be in it.
func (s shapes) targets(i int) []api.AlertTargets {
	headers := one(s, nil, map[string]string{"Authorization": "canary-of-a-header"})
	webhook := api.WebhookTarget{
		URL: fmt.Sprintf("https://hooks.example.com/canary-path-%d", i), Secret: maybe(s, "canary-webhook-secret-0123"),
		SecondSecret: maybe(s, "canary-webhook-secret-4567"), Headers: headers, Format: one(s, "", "standard", "litellm"),
	}
	email := api.EmailTarget{To: api.StringList{"ann@example.com", "Ben <ben@example.com>"}}
	if s.IntN(2) > 0 {
		email.From, email.SMTPHost, email.SMTPPort, email.SMTPTLS = "bursar@example.com", "mail.example.com", one(s, 0, 465), one(s, "", "tls")
		email.SMTPUsername, email.SMTPPassword = "bursar", maybe(s, "canary-password")
	}
	return []api.AlertTargets{
		{Webhook: &webhook},
		{Webhook: &webhook},
		{Slack: &api.SlackTarget{URL: new("https://hooks.slack.com/services/canary")}},
		{Slack: &api.SlackTarget{Token: new("xoxb-canary-token"), Channel: "C024BE91L", APIURL: one(s, "", "https://slack-gov.com/api/")}},
		{PagerDuty: &api.PagerDutyTarget{RoutingKey: new("canaryroutingkey0123456789abcdef"), Severities: one(s, nil, map[string]string{"warning": "error"})}},
		{Email: &email},
		{MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: new("https://x.logic.azure.com/canary")}},
		{Alertmanager: &api.AlertmanagerTarget{URL: "https://am.example.com", Labels: one(s, nil, map[string]string{"env": s.text()}), Headers: headers}},
	}
}

func (s shapes) model() api.ModelFields {
	fields := api.NewModel("").ModelFields
	fields.Name = one(s, "gpt-4.1", "gpt-4.1", "two words", "日本", "${x}", s.text()+"!")
	fields.APIKey = maybe(s, "sk-canary-of-openai")
	fields.UpstreamModel, fields.BaseModel = maybe(s, s.text()), maybe(s, s.text())
	fields.AccessGroups = some(s, "group", "another group")
	fields.MaxInputTokens = maybe[int64](s, 1, 200_000)
	fields.MaxOutputTokens, fields.RPM, fields.TPM = maybe[int64](s, 1, 4096), maybe[int64](s, 0, 5), maybe[int64](s, 0, 5)
	fields.Weight, fields.Enabled, fields.Metadata = one[int64](s, 0, 1, 1_000_000), s.IntN(4) > 0, s.metadata()
	switch s.IntN(3) {
	case 0:
		fields.Upstream, fields.BaseURL, fields.APIVersion = "azure", new("https://a.openai.azure.com"), new("2024-10-21")
	case 1:
		fields.Upstream, fields.BaseURL, fields.APIVersion = "azure", new("https://a.openai.azure.com/openai/v1"), maybe(s, "")
	}
	tokens := api.TokenPrices{Input: new(s.amount()), Output: new(money.USD / 3)}
	fields.Price = maybe(s, api.ModelPrice{TokenPrices: tokens}, api.ModelPrice{Request: new(money.USD)},
		api.ModelPrice{TokenPrices: tokens, Tiers: []api.PriceTier{{Above: 1000, TokenPrices: tokens}}})
	return fields
}
