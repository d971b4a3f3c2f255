package litellm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// DefaultOrigin is what balances and days are brought under unless told otherwise.
const DefaultOrigin = "litellm"

// originPattern is more narrow than what the gateway takes: the name stands in commands.
var originPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckOrigin says what is wrong with the name under which a proxy is brought.
func CheckOrigin(name string) error {
	if !originPattern.MatchString(name) {
		return fmt.Errorf("%q is no plain name: it must begin with a letter or digit and hold at most 64 letters, digits and . _ -, such as litellm-eu", name)
	}
	return nil
}

// HistoryDays is how many days an import brings unless told otherwise: forecasts look back four weeks, advice two months.
const HistoryDays = 62

// dayUse is what a key used of a model on a day.
type dayUse struct {
	TeamID     *string `json:"team_id"`
	UserID     *string `json:"user_id"`
	Date       string  `json:"date"`
	Key        string  `json:"api_key"`
	Model      *string `json:"model"`
	ModelGroup *string `json:"model_group"`
	Prompt     count   `json:"prompt_tokens"`
	Completion count   `json:"completion_tokens"`
	CacheRead  count   `json:"cache_read_input_tokens"`
	Spend      amount  `json:"spend"`
	Requests   count   `json:"api_requests"`
	Served     count   `json:"successful_requests"`
}

// allDays are the days of keys: of teams where a key has any on that day, else of users. LiteLLM writes a call of a
// team's key to both tables.
func allDays(teams, users []dayUse) []dayUse {
	type keyDay struct{ key, date string }
	ofTeam := map[keyDay]bool{}
	for _, use := range teams {
		ofTeam[keyDay{use.Key, use.Date}] = true
	}
	days := slices.Clone(teams)
	for _, use := range users {
		if !ofTeam[keyDay{use.Key, use.Date}] {
			days = append(days, use)
		}
	}
	return days
}

// wantedDay is what a day has cost at LiteLLM. Keys are named by their digests until it is known what they are called here.
type wantedDay struct {
	day  string
	sums []api.BroughtSum
}

// history turns what days cost into sums by the ids of here.
func (t *translation) history() {
	owners := map[string]key{}
	for _, key := range t.estate.Keys {
		owners[key.Token] = key
	}
	left := map[string]bool{}
	for _, key := range t.estate.Keys {
		left[key.Token] = t.leftOut(key)
	}
	days := map[string]map[api.BroughtSum]*api.BroughtSum{}
	negative, nobody := 0, 0
	for _, use := range t.estate.Days {
		if _, err := time.Parse(time.DateOnly, use.Date); err != nil || left[use.Key] {
			continue
		}
		of, ok := t.historyOf(use, owners)
		if !ok {
			nobody++
			continue
		}
		spend := use.Spend.usd()
		if spend < 0 {
			negative, spend = negative+1, 0
		}
		day := days[use.Date]
		if day == nil {
			day = map[api.BroughtSum]*api.BroughtSum{}
			days[use.Date] = day
		}
		sum := day[of]
		if sum == nil {
			sum = &api.BroughtSum{TeamID: of.TeamID, KeyID: of.KeyID, UserID: of.UserID, Model: of.Model}
			day[of] = sum
		}
		sum.Spend += spend
		sum.Requests += counted(use.Served, use.Requests)
		sum.PromptTokens += counted(use.Prompt)
		sum.CompletionTokens += counted(use.Completion)
		sum.CachedTokens += counted(use.CacheRead)
	}
	for _, date := range slices.Sorted(maps.Keys(days)) {
		wanted := wantedDay{day: date}
		for _, sum := range days[date] {
			wanted.sums = append(wanted.sums, *sum)
		}
		t.out.days = append(t.out.days, wanted)
	}
	if negative > 0 {
		t.found.add(Minor, fmt.Sprintf("%d sums of days", negative), "are less than nothing, and are brought as nothing")
	}
	if nobody > 0 {
		t.found.add(Minor, fmt.Sprintf("%d sums of days", nobody), "are of teams whose ids the gateway does not take, and are left out")
	}
}

// historyOf is whose a sum is here; its key is still the digest.
func (t *translation) historyOf(use dayUse, owners map[string]key) (of api.BroughtSum, ok bool) {
	owner := owners[use.Key]
	if id := cmp.Or(deref(use.TeamID), deref(owner.TeamID)); id != "" {
		if of.TeamID, ok = t.id("team", id); !ok {
			return of, false
		}
	}
	if id := cmp.Or(deref(owner.UserID), deref(use.UserID)); id != "" {
		of.UserID, ok = t.id("user", id)
		if !ok {
			of.UserID = ""
		}
	}
	of.KeyID, of.Model = use.Key, cmp.Or(deref(use.ModelGroup), deref(use.Model))
	return of, true
}

// counted is the first count that is known, or zero; less than nothing is nothing. That none were served is known as well.
func counted(counts ...count) int64 {
	for _, count := range counts {
		if count.int64 != nil {
			return max(*count.int64, 0)
		}
	}
	return 0
}

// broughtKeys names keys by their ids here; sums of keys that are not here belong to their team alone.
func (p *Plan) broughtKeys(day wantedDay) api.BroughtDay {
	sums := map[api.BroughtSum]*api.BroughtSum{}
	for _, sum := range day.sums {
		id := p.past[sum.KeyID]
		if known, there := p.ids.Load(sum.KeyID); there {
			id = known.(string) //nolint:forcetypeassert // nothing else is stored
		}
		of := api.BroughtSum{TeamID: sum.TeamID, KeyID: id, UserID: sum.UserID, Model: sum.Model}
		into := sums[of]
		if into == nil {
			into = new(of)
			sums[of] = into
		}
		into.Requests += sum.Requests
		into.PromptTokens += sum.PromptTokens
		into.CachedTokens += sum.CachedTokens
		into.CompletionTokens += sum.CompletionTokens
		into.Spend += sum.Spend
	}
	brought := api.BroughtDay{Origin: p.options.Origin, Day: day.day, Sums: make([]api.BroughtSum, 0, len(sums))}
	for _, sum := range sums {
		brought.Sums = append(brought.Sums, *sum)
	}
	slices.SortFunc(brought.Sums, api.BroughtSum.Compare)
	return brought
}

// days plans what days have cost.
func (p *Plan) days(ctx context.Context, want wanted) error {
	list, err := p.gateway.BroughtDays(ctx, p.options.Origin)
	if err != nil {
		return err
	}
	if err := p.findPast(ctx, want.days); err != nil {
		return err
	}
	unmade := map[string]bool{}
	for _, key := range want.keys {
		_, made := p.ids.Load(key.digest)
		unmade[key.digest] = !made
	}
	there := byID(list, func(d api.BroughtTotal) string { return d.Day })
	for _, w := range want.days {
		s := step{kind: kindDays, id: w.day, verb: verbCreate, spend: spendOf(w.sums)}
		s.make = func(ctx context.Context) (api.Record, error) {
			err := p.gateway.BringUsage(ctx, p.broughtKeys(w))
			return api.Record{CreatedBy: ActorOf(p.options.Origin)}, err
		}
		if have := there[w.day]; have != nil {
			s.counted = have.Spend
			s.verb, s.changed = verbSame, differingDay(p.broughtKeys(w).Total(), *have)
			if len(s.changed) == 0 && slices.ContainsFunc(w.sums, func(sum api.BroughtSum) bool { return unmade[sum.KeyID] }) {
				s.changed = []string{singleSums} // a key that is there by then
			}
			if len(s.changed) > 0 {
				s.verb = verbUpdate
			}
		}
		p.steps = append(p.steps, s)
	}
	return nil
}

// singleSums is what is said to differ of a day that costs the same in all.
const singleSums = "single sums"

// differingDay are the totals that are not the same; where all are, the sums may differ in whose they are.
func differingDay(want, have api.BroughtTotal) []string {
	names := differing(want, have)
	if slices.Equal(names, []string{"digest"}) {
		return []string{singleSums}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "digest" })
}

// digestPattern tells digests from what else LiteLLM calls a key.
var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// findPast finds the keys of days that LiteLLM does not have any more and the gateway does: what they have used stays theirs.
// Keys that this import deletes are not among them.
func (p *Plan) findPast(ctx context.Context, days []wantedDay) error {
	gone := map[string]bool{}
	for _, day := range days {
		for _, sum := range day.sums {
			if _, there := p.ids.Load(sum.KeyID); !there && digestPattern.MatchString(sum.KeyID) {
				gone[sum.KeyID] = true
			}
		}
	}
	keys, err := p.gateway.KeysByDigest(ctx, slices.Sorted(maps.Keys(gone)))
	if err != nil {
		return err
	}
	p.past = map[string]string{}
	for digest, key := range keys {
		if !p.options.Prune || !p.prunable(key) {
			p.past[digest] = key.KeyID
		}
	}
	return nil
}

func spendOf(sums []api.BroughtSum) (spend money.Nano) {
	for _, sum := range sums {
		spend += sum.Spend
	}
	return spend
}

// forgetDays takes back what days have brought from one proxy.
func forgetDays(ctx context.Context, gateway *client.Client, origin string) (int, error) {
	days, err := gateway.BroughtDays(ctx, origin)
	if err != nil {
		return 0, err
	}
	for i, day := range days {
		if err := gateway.BringUsage(ctx, api.BroughtDay{Origin: origin, Day: day.Day, Sums: []api.BroughtSum{}}); err != nil {
			return i, err
		}
	}
	return len(days), nil
}
