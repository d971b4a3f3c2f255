package litellm

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// dashboardTeam is the team that LiteLLM gives the keys of its own pages, which last hours.
const dashboardTeam = "litellm-dashboard"

// maskPattern is a masked secret; see key_name of POST /key/generate.
var maskPattern = regexp.MustCompile(`^sk-\.\.\.[\w.-]{0,4}$`)

func (t *translation) allKeys() {
	pages, expired := 0, 0
	for _, from := range t.estate.Keys {
		switch {
		case t.leftOut(from):
			t.found.add(Minor, "key "+deref(from.KeyAlias), "is left out, as is wanted")
		case deref(from.TeamID) == dashboardTeam:
			pages++
		case from.Expires.Time != nil && !from.Expires.After(t.Now):
			expired++
		default:
			t.key(from)
		}
	}
	if pages > 0 {
		t.found.add(Minor, fmt.Sprintf("%d keys", pages), "are of people who are signed in to LiteLLM's pages, and are left out")
	}
	if expired > 0 {
		t.found.add(Minor, fmt.Sprintf("%d keys", expired), "have expired, and are left out")
	}
}

// leftOut says whether nothing of a key is wanted.
func (t *translation) leftOut(from key) bool { return slices.Contains(t.Except, deref(from.KeyAlias)) }

func (t *translation) key(from key) {
	if digest, err := hex.DecodeString(from.Token); err != nil || len(digest) != 32 || strings.ToLower(from.Token) != from.Token {
		t.found.add(Blocking, "a key "+deref(from.KeyAlias), "is not kept by its SHA-256: make a new one for who has it")
		return
	}
	wanted := wantedKey{digest: from.Token, mask: "sk-..."}
	wanted.fields = api.NewKey("k").KeyFields
	wanted.fields.KeyAlias = t.unique("key "+from.Token[:8]+"…", "key_alias", t.alias("key "+from.Token[:8]+"…", "key_alias", from.KeyAlias))
	what := "key " + wanted.name()
	if from.KeyName != nil && maskPattern.MatchString(*from.KeyName) {
		wanted.mask = *from.KeyName
	}
	team, ok := t.keyOwners(what, from, &wanted.fields)
	if !ok {
		return
	}
	f := &wanted.fields
	f.Models, f.Blocked, f.Expires = modelNames(from.Models), from.Blocked != nil && *from.Blocked, from.Expires.Time
	var period opening
	f.BudgetTerms, period = t.terms(what, from.limits)
	t.keyBudget(what, from, f)
	f.RateLimits = rates(from.limits)
	f.Metadata, f.ModelRateLimits = t.metadata(what, from.Metadata)
	t.within(what, team, f)
	wanted.unsaid = t.ofProject(what, from, f)
	t.unkept(what, from)
	if !t.valid(what, (api.Key{KeyID: "k", KeyFields: *f}).Validate()) {
		return
	}
	wanted.opening = t.spent(what, from.Spend, period)
	t.out.keys = append(t.out.keys, wanted)
	if project := t.projects[deref(from.ProjectID)]; project != nil {
		project.digests = append(project.digests, wanted.digest)
	}
	t.caps(capped{what: what, prefix: "key:" + from.Token[:16], keys: []string{from.Token}}, from.ModelMaxBudget, from.BudgetLimits)
}

// keyOwners are the team and the user of a key; false for one whose team is gone.
func (t *translation) keyOwners(what string, from key, f *api.KeyFields) (*wantedTeam, bool) {
	if id := given(from.UserID); id != nil {
		user, ok := t.id("user", *id)
		if !ok {
			t.found.add(Blocking, what, "belongs to a user who is left out, and is left out too")
			return nil, false
		}
		f.UserID = &user
	}
	id := given(from.TeamID)
	if id == nil {
		return nil, true
	}
	ours, _ := t.id("team", *id)
	team, there := t.teams[ours]
	if !there {
		t.found.add(Blocking, what+" of team "+*id, "belongs to a team that is not there or left out, and is left out too")
		return nil, false
	}
	f.TeamID = &ours
	return &team, true
}

// keyBudget is a named budget, whose terms hold where the key has none of its own.
func (t *translation) keyBudget(what string, from key, f *api.KeyFields) {
	id := given(from.BudgetID)
	if id == nil {
		return
	}
	named, there := t.budgets[*id]
	t.allowedModels(what, named)
	ours, ok := t.id("budget", *id)
	switch {
	case !there || !ok:
		t.found.add(Blocking, what+": budget_id", "names a budget that is not there or left out: the key has no budget of its name")
	case f.MaxBudget != nil && f.SoftBudget == nil:
		f.SoftBudget = named.SoftBudget.Nano // LiteLLM keeps a key's soft_budget in a budget of its own
		if f.SoftBudget != nil && *f.SoftBudget >= *f.MaxBudget {
			f.SoftBudget = nil
		}
	case f.MaxBudget == nil:
		f.BudgetID, f.BudgetTerms = &ours, api.BudgetTerms{HardCap: true}
	}
}

// within lowers what is above the team's to it: both bind, here as there, but the gateway refuses to promise more.
func (t *translation) within(what string, team *wantedTeam, f *api.KeyFields) {
	if team == nil {
		return
	}
	lowered := false
	lower := func(own, of *int64) *int64 {
		if own == nil || of == nil || *own <= *of {
			return own
		}
		lowered = true
		return of
	}
	f.RPMLimit, f.TPMLimit = lower(f.RPMLimit, team.fields.RPMLimit), lower(f.TPMLimit, team.fields.TPMLimit)
	f.MaxParallelRequests = lower(f.MaxParallelRequests, team.fields.MaxParallelRequests)
	if most := team.fields.MaxBudget; f.MaxBudget != nil && most != nil && *f.MaxBudget > *most && deref(f.BudgetDuration) == deref(team.fields.BudgetDuration) {
		f.MaxBudget, lowered = most, true
	}
	for _, limits := range [][2]map[string]int64{{f.ModelRPMLimit, team.fields.ModelRPMLimit}, {f.ModelTPMLimit, team.fields.ModelTPMLimit}} {
		for model, limit := range limits[0] {
			if of, there := limits[1][model]; there && limit > of {
				limits[0][model], lowered = of, true
			}
		}
	}
	if lowered {
		t.found.add(Minor, what, "has limits above its team's, which bind it anyway; they are the team's here")
	}
}

// unkept are fields of a key that nothing here does.
func (t *translation) unkept(what string, from key) {
	if len(from.Aliases) > 0 {
		t.found.add(Blocking, what+": aliases", ofAliases)
	}
	if len(from.Permissions) > 0 {
		t.found.add(Different, what+": permissions", "a key calls models, and what else somebody may do is their role")
	}
	if len(from.AllowedRoutes) > 0 {
		t.found.add(Blocking, what+": allowed_routes", "a key calls all routes of models and no other; make an admin key with a role for the rest")
	}
	if from.AutoRotate {
		t.found.add(Different, what+": auto_rotate", "is not rotated by itself: bursar_key_rotate, or bursar_key with rotation")
	}
	t.outOfBounds(what, from.bounds)
	if id := deref(from.OrganizationID); id != "" && t.parents[deref(from.TeamID)] != id {
		t.found.add(Blocking, what+": organization "+id, "organizations are pots over their teams, and the key is in none of them: give it such a team, or limits of its own")
	}
}

// outOfBounds are rules about what may be used that stand elsewhere than in a list of models.
func (t *translation) outOfBounds(what string, from bounds) {
	if len(from.AccessGroups) > 0 {
		t.found.add(Blocking, what+": access_group_ids", "its access groups are not brought: list the models that they give in models")
	}
	if from.ObjectPermissionID != "" {
		t.found.add(Different, what+": object_permission_id", "MCP servers, vector stores and agents are not served here, so nothing of what it permits can be called")
	}
	if len(from.Policies) > 0 {
		t.found.add(Different, what+": policies", ofGuards)
	}
	if len(from.BudgetFallbacks) > 0 {
		t.found.add(Different, what+": budget_fallbacks", ofFallbacks)
	}
}

// allowedModels are those that a budget allows to whom it holds for.
func (t *translation) allowedModels(what string, of budget) {
	if len(of.AllowedModels) > 0 {
		t.found.add(Blocking, what+": allowed_models of budget "+of.BudgetID, "a budget does not say here which models may be called: list them in models of the keys")
	}
}

// capped is whose spending a further cap counts: a team's, a key's or a project's.
type capped struct {
	what, prefix, team string
	// keys are digests.
	keys []string
}

// caps are caps of single models and of further periods, each a pot of its own.
func (t *translation) caps(of capped, byModel object, windows json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(byModel)) {
		var terms object
		if json.Unmarshal(byModel[name], &terms) != nil || terms == nil { // a plain amount
			terms = object{"max_budget": byModel[name]}
		}
		duration := terms.text("time_period") + terms.text("budget_duration")
		if isNull(terms["max_budget"]) {
			terms["max_budget"] = terms["budget_limit"]
		}
		t.pot(of, "model:"+notInID.ReplaceAllString(name, "-"), []string{name}, terms["max_budget"], duration)
	}
	var further []object
	_ = json.Unmarshal(unquoted(windows), &further)
	for _, window := range further {
		duration := window.text("budget_duration")
		t.pot(of, "window:"+duration, nil, window["max_budget"], duration)
	}
}

func (t *translation) pot(of capped, name string, models []string, limit json.RawMessage, duration string) {
	what := of.what + ": " + name
	var most amount
	if isNull(limit) || most.UnmarshalJSON(limit) != nil || most.Nano == nil {
		t.found.add(Blocking, what, "is a cap that cannot be read, and is left out; make a pot with POST /budget/new")
		return
	}
	pot := api.NewBudget("litellm:" + of.prefix + ":" + name)
	pot.MaxBudget, pot.Models = most.Nano, models
	if duration != "" {
		pot.BudgetDuration = &duration
	}
	pot.TeamIDs = []string{of.team}
	if of.keys != nil {
		pot.TeamIDs, pot.KeyIDs = nil, of.keys // their ids are known when the keys are made
	}
	if !t.valid(what, pot.Validate()) {
		return
	}
	wanted := wantedBudget{id: pot.BudgetID, fields: pot.BudgetFields, keys: of.keys}
	if wanted.spend = t.lately(of.keys, models, duration); t.estate.ModelSpend == nil || of.keys == nil {
		t.found.add(Different, what, "is a pot whose spending so far is not known: it starts with nothing, POST /budget/opening brings another amount")
	}
	t.out.pots = append(t.out.pots, wanted)
}

// lately is what keys spent on models within a duration, in whole days.
func (t *translation) lately(keys, models []string, duration string) (spend money.Nano) {
	if models == nil {
		return 0
	}
	for _, day := range t.estate.ModelSpend {
		if !slices.Contains(keys, day.Key) || !slices.Contains(models, day.Model) {
			continue
		}
		if span, err := api.ParseSpan(duration); err == nil && day.Day.Before(t.Now.Add(-span.Approximate())) {
			continue
		}
		spend += day.Spend.usd()
	}
	return max(spend, 0)
}
