package foretell

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Warnings say all that matters in their summaries: Terraform shows one of several with the same summary.

// placing finds the attribute that a warning about terms is shown at.
type placing func(attribute string) path.Path

// ownOrNamed is the attribute itself, or budget_id when the named budget brings what it would say.
func ownOrNamed(own api.TeamFields) placing {
	has := map[string]bool{"max_budget": own.MaxBudget != nil, "rpm_limit": own.RPMLimit != nil, "tpm_limit": own.TPMLimit != nil}
	return func(attribute string) path.Path {
		if has[attribute] {
			return path.Root(attribute)
		}
		return path.Root("budget_id")
	}
}

// warnOfTeam warns of what a change would do to the requests of a team.
func warnOfTeam(diags *diag.Diagnostics, effect api.TeamEffect, at placing) {
	if effect.New == nil {
		return
	}
	old := api.TeamTerms{}
	if effect.Old != nil {
		old = *effect.Old
	}
	name := Name(effect.TeamAlias, effect.TeamID)
	if overspends(effect.New.MaxBudget, effect.New.HardCap, effect.Used.Spend) && !overspends(old.MaxBudget, old.HardCap, effect.Used.Spend) {
		spent := spentBudget{name, effect.New.BudgetDuration, effect.Used.Spend, effect.New.MaxBudget, effect.Used.BudgetResetAt}
		spent.warn(diags, at("max_budget"))
	}
	warnOfPeak(diags, at("rpm_limit"), name, "rpm_limit", effect.New.RPMLimit, old.RPMLimit, effect.PeakLastDay.Requests)
	warnOfPeak(diags, at("tpm_limit"), name, "tpm_limit", effect.New.TPMLimit, old.TPMLimit, effect.PeakLastDay.Tokens)
}

// overspends says whether a cap that refuses is reached. A cap of nothing is meant to refuse.
func overspends(limit *money.Nano, hardCap bool, spend money.Nano) bool {
	return limit != nil && hardCap && spend > 0 && spend >= *limit
}

// spentBudget is a cap with what is spent of it.
type spentBudget struct {
	name     string
	duration *string
	spend    money.Nano
	limit    *money.Nano
	// resetAt is when it starts again from zero, nil when that is not known or never.
	resetAt *time.Time
}

func (b spentBudget) warn(diags *diag.Diagnostics, at path.Path) {
	until := "until the period ends, or until it is raised"
	switch {
	case b.duration == nil:
		until = "until it is raised, as the budget never starts again from zero"
	case b.resetAt != nil:
		until = "until " + b.resetAt.UTC().Format(time.RFC3339) + ", when the budget starts again from zero, or until it is raised"
	}
	diags.AddAttributeWarning(at,
		fmt.Sprintf("%s has spent %s of %s budget; at %s it is refused from apply on", b.name, b.spend.Dollars(), period(b.duration), b.limit),
		fmt.Sprintf("What is spent already has reached the new max_budget. Once this is applied, requests are refused %s.", until))
}

// period is whose budget it is, in words.
func period(duration *string) string {
	if duration == nil {
		return "its"
	}
	named := map[string]string{"1d": "today's", "7d": "this week's", "1mo": "this month's", "1y": "this year's"}
	if words, ok := named[*duration]; ok {
		return words
	}
	return "this period's"
}

// warnOfPeak warns of a limit that is new or lower, and below what was needed.
func warnOfPeak(diags *diag.Diagnostics, at path.Path, name, attribute string, limit, before *int64, peak int64) {
	lowered := limit != nil && (before == nil || *limit < *before)
	if !lowered || peak <= *limit {
		return
	}
	diags.AddAttributeWarning(at,
		fmt.Sprintf("%s %d of %s is below the last day's peak of %d", attribute, *limit, name, peak),
		"In the busiest minute of the last 24 hours that many were admitted. With this limit some of them would have been refused.")
}

// warnOfKey warns of a cap of the key's own.
func warnOfKey(diags *diag.Diagnostics, effect api.KeyEffect, duration *string) {
	if effect.RefusedNow || !overspends(effect.MaxBudget, effect.Refused, effect.Spend) {
		return
	}
	spent := spentBudget{Name(effect.KeyAlias, effect.KeyID), duration, effect.Spend, effect.MaxBudget, nil}
	spent.warn(diags, path.Root("max_budget"))
}

// warnOfPot warns of a cap that everything together has reached.
func warnOfPot(diags *diag.Diagnostics, effect api.BudgetEffect) {
	if effect.New == nil || effect.RefusedNow || !overspends(effect.New.MaxBudget, effect.Refused, effect.Spend) {
		return
	}
	spent := spentBudget{effect.BudgetID, effect.New.BudgetDuration, effect.Spend, effect.New.MaxBudget, nil}
	spent.warn(diags, path.Root("max_budget"))
}

// warnOfModels warns of names that no model has, where they are written.
func (j *Judge) warnOfModels(diags *diag.Diagnostics, unserved, models []string) {
	for i, name := range models {
		if !slices.Contains(unserved, name) || j.serves(name) {
			continue
		}
		diags.AddAttributeWarning(path.Root("models").AtListIndex(i), fmt.Sprintf("model %s is not served", name),
			"No enabled model of the gateway has this name, so requests for it fail. Is it spelled as clients ask for it? "+
				"If this configuration adds the model, refer to it as bursar_model.NAME.name, and it is made first.")
	}
}

// warnOfExisting tells early what creating it would be refused with. declaredIn says which file of the gateway's declares it.
func (j *Judge) warnOfExisting(diags *diag.Diagnostics, check api.QuotaCheck, at path.Path, what string, declaredIn func() string) {
	refused := check.Changes[0].Error
	switch {
	case refused == nil:
	case refused.Type == string(api.Conflict):
		if file := declaredIn(); file != "" {
			diags.AddAttributeError(at, "Declared in the gateway's file", fmt.Sprintf(
				"There is a %s already, declared in %s, and only that file can change or delete it. Take it out of the file first, or leave it to the file and read it with a data source.", what, file))
		}
	case refused.Type == string(api.AlreadyExists):
		j.WarnOfExisting(diags, at, what, what)
	}
}

// WarnOfExisting tells of an object that is in the way of a new one. managed is what the judge knows it by when the state has
// it. Making it again is then planned for a replacement, too, and nobody can tell the two apart; of keys, which people replace
// on purpose, nothing is said.
func (j *Judge) WarnOfExisting(diags *diag.Diagnostics, at path.Path, what, managed string) {
	switch {
	case !j.IsManaged(managed):
	case strings.HasPrefix(managed, "key "):
		return
	default:
		diags.AddAttributeWarning(at, what+" is another resource of this configuration already",
			"Unless this plan replaces that one (-replace, or a tainted resource), creating it will be refused: one object can be in one resource only. Take one of them out.")
		return
	}
	diags.AddAttributeWarning(at, what+" is on the gateway already",
		"Creating it will be refused, unless this apply destroys the existing one before. To manage the existing one from here on, import it.")
}

// fitting are the fields of a key that have to fit into its team's.
var fitting = []string{"max_budget", "rpm_limit", "tpm_limit", "max_parallel_requests", "model_rpm_limit", "model_tpm_limit", "models"}

// warnOfUnfit tells early that a key would be refused because it does not fit into its team. The gateway knows the team
// as it is: when the plan changes that as well, nobody can tell yet.
func (j *Judge) warnOfUnfit(diags *diag.Diagnostics, check api.QuotaCheck, key api.KeyFields) {
	refused := check.Changes[0].Error
	if refused == nil || refused.Param == nil || key.TeamID == nil || j.makes(*key.TeamID) {
		return
	}
	field, model, _ := strings.Cut(*refused.Param, ".")
	if !slices.Contains(fitting, field) {
		return
	}
	at := path.Root(field)
	if model != "" {
		at = at.AtMapKey(model)
	}
	diags.AddAttributeWarning(at, fmt.Sprintf("%s will be refused: %s", Name(key.KeyAlias, "key of "+*key.TeamID), refused.Message),
		"A key keeps within its team. Lower it here, or raise it on the team first.")
}

// Name is what people call an object: its alias, or else its id.
func Name(alias *string, id string) string {
	if alias == nil {
		return id
	}
	return cmp.Or(*alias, id)
}
