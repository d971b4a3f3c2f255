package export

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// estate is everything on a gateway that Terraform can manage.
type estate struct {
	teams   []api.Team
	users   []api.User
	members []api.Membership
	keys    []api.Key
	budgets []api.Budget
	routes  []api.AlertRoute
	models  []api.Model
	admins  []api.AdminKey
	// adminsHidden says that who asks may not see the admin keys.
	adminsHidden bool
	// terms are the ids of budgets without a scope. Others refer to keys and teams, and may not be referred to by them.
	terms map[string]bool
	// served has the first model that is exported under a name, as several may serve it.
	served map[string]string
	// joined are the ids of members.
	joined map[string]bool
	// declared are the ids of what a configuration file of the gateway declares, by resource.
	declared map[string][]string
}

func read(ctx context.Context, gateway Gateway) (*estate, error) {
	e := &estate{terms: map[string]bool{}, served: map[string]string{}, joined: map[string]bool{}, declared: map[string][]string{}}
	for _, read := range []func() error{
		func() (err error) { e.teams, err = gateway.ListTeams(ctx); return err },
		func() (err error) { e.users, err = gateway.ListUsers(ctx); return err },
		func() (err error) { e.members, err = gateway.ListMembers(ctx); return err },
		func() (err error) { e.keys, err = gateway.ListKeys(ctx); return err },
		func() (err error) { e.budgets, err = gateway.ListBudgets(ctx); return err },
		func() (err error) { e.routes, err = gateway.ListAlertRoutes(ctx); return err },
		func() (err error) { e.models, err = gateway.ListModels(ctx); return err },
		func() error { return e.readAdmins(ctx, gateway) },
	} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("read the gateway: %w", err)
		}
	}
	for _, budget := range e.budgets {
		e.terms[budget.BudgetID] = !budget.Pot()
	}
	for _, model := range e.models {
		if _, found := e.served[model.Name]; !found && model.DeclaredIn == "" {
			e.served[model.Name] = model.ModelID
		}
	}
	for _, member := range e.members {
		e.joined[memberID(member.TeamID, member.UserID)] = true
	}
	return e, nil
}

// readAdmins goes without what only an administrator may see.
func (e *estate) readAdmins(ctx context.Context, gateway Gateway) (err error) {
	if e.admins, err = gateway.ListAdminKeys(ctx); api.CodeOf(err) == api.Forbidden {
		e.adminsHidden = true
		return nil
	}
	return err
}

// objects are what is not declared elsewhere.
func (e *estate) objects(options Options) []object {
	var objects []object
	add := func(declaredIn string, o object) {
		if declaredIn != "" {
			e.declared[o.kind.resource] = append(e.declared[o.kind.resource], o.id)
			return
		}
		objects = append(objects, o)
	}
	for _, model := range e.models {
		add(model.DeclaredIn, modelObject(model))
	}
	for _, budget := range e.budgets {
		add(budget.DeclaredIn, e.budgetObject(budget))
	}
	for _, team := range e.teams {
		add(team.DeclaredIn, e.teamObject(team))
	}
	for _, user := range e.users {
		if ownTerms(user) {
			add("", userObject(user))
		}
	}
	for _, member := range e.members {
		add("", memberObject(member))
	}
	for _, key := range e.keys {
		add(key.DeclaredIn, e.keyObject(key))
	}
	for _, route := range e.routes {
		add(route.DeclaredIn, routeObject(route, options))
	}
	for _, key := range e.admins {
		add("", adminKeyObject(key))
	}
	return objects
}

func (e *estate) teamObject(team api.Team) object {
	o := object{kind: teamKind, team: team.TeamID, id: team.TeamID, importID: team.TeamID, key: team.TeamID, name: team.TeamID}
	o.text("team_alias", team.TeamAlias)
	e.modelNames(&o, team.Models)
	o.rateLimits(team.RateLimits)
	o.tempRates(team.TempRates)
	o.whole("min_output_tokens", team.MinOutputTokens)
	o.modelRateLimits(team.ModelRateLimits)
	o.budgetTerms(team.BudgetTerms)
	o.shares("alert_thresholds", team.AlertThresholds)
	o.enforcement(team.Enforcement)
	o.memberDefaults(team.MemberDefaults)
	e.budgetID(&o, team.BudgetID)
	o.metadata(team.Metadata)
	o.flag("blocked", team.Blocked, false)
	return o
}

func (e *estate) keyObject(key api.Key) object {
	o := object{kind: keyKind, id: key.KeyID, importID: key.KeyID, key: key.KeyID, name: key.KeyID}
	if key.KeyAlias != nil {
		o.key, o.name = *key.KeyAlias, *key.KeyAlias
	}
	if key.TeamID != nil {
		o.team = *key.TeamID
	}
	o.text("key_alias", key.KeyAlias)
	if key.TeamID != nil {
		o.add("team_id", refer(teamKind, *key.TeamID, *key.TeamID))
	}
	e.keyUser(&o, key)
	e.modelNames(&o, key.Models)
	o.rateLimits(key.RateLimits)
	o.tempRates(key.TempRates)
	o.modelRateLimits(key.ModelRateLimits)
	o.budgetTerms(key.BudgetTerms)
	o.enforcement(key.Enforcement)
	e.budgetID(&o, key.BudgetID)
	o.metadata(key.Metadata)
	o.flag("blocked", key.Blocked, false)
	o.ids("speak_for_teams", teamKind, key.SpeakForTeams)
	o.moment("expires", key.Expires)
	return o
}

// ownTerms says whether there is more to a user than an id. Who has no more is made by the member's resource, or the key's.
func ownTerms(user api.User) bool {
	user.Metadata = maps.Clone(user.Metadata)
	if len(user.Metadata) == 0 {
		user.Metadata = nil
	}
	return !reflect.DeepEqual(user.UserFields, api.NewUser(user.UserID).UserFields)
}

func userObject(user api.User) object {
	o := object{kind: userKind, id: user.UserID, importID: user.UserID, key: user.UserID, name: user.UserID}
	o.text("user_email", user.UserEmail)
	o.text("user_alias", user.UserAlias)
	o.text("user_role", user.UserRole)
	o.rateLimits(user.RateLimits)
	o.budgetTerms(user.BudgetTerms)
	o.metadata(user.Metadata)
	return o
}

// memberID is the id that a member is imported by.
func memberID(teamID, userID string) string { return teamID + "/" + userID }

// keyUser is the member that the user is in the key's team, if any: who leaves the team loses the key.
func (e *estate) keyUser(o *object, key api.Key) {
	if key.UserID == nil || key.TeamID == nil || !e.joined[memberID(*key.TeamID, *key.UserID)] {
		if key.UserID != nil {
			o.add("user_id", refer(userKind, *key.UserID, *key.UserID))
		}
		return
	}
	o.add("user_id", refer(memberKind, memberID(*key.TeamID, *key.UserID), *key.UserID))
}

// modelNames refer to the models that are exported; others are patterns, or declared elsewhere, or not served.
func (e *estate) modelNames(o *object, names []string) {
	if len(names) == 0 {
		return
	}
	values := make([]expression, len(names))
	for i, name := range names {
		values[i] = refer(modelKind, e.served[name], name)
	}
	o.list("models", values)
}

func memberObject(member api.Membership) object {
	id := memberID(member.TeamID, member.UserID)
	o := object{kind: memberKind, team: member.TeamID, id: id, importID: id, key: id, name: member.TeamID + "_" + member.UserID}
	o.add("team_id", refer(teamKind, member.TeamID, member.TeamID))
	o.add("user_id", refer(userKind, member.UserID, member.UserID))
	if member.Role != api.MemberUser {
		o.text("role", &member.Role)
	}
	o.usd("max_budget_in_team", member.MaxBudgetInTeam)
	o.text("budget_duration", member.BudgetDuration)
	o.whole("rpm_limit", member.RPMLimit)
	o.whole("tpm_limit", member.TPMLimit)
	o.tempBudget(member.TempBudget)
	o.tempRates(member.TempRates)
	return o
}

func (e *estate) budgetObject(budget api.Budget) object {
	o := object{kind: budgetKind, id: budget.BudgetID, importID: budget.BudgetID, key: budget.BudgetID, name: budget.BudgetID}
	o.budgetTerms(budget.BudgetTerms)
	o.enforcement(budget.Enforcement)
	o.rateLimits(budget.RateLimits)
	o.shares("alert_thresholds", budget.AlertThresholds)
	o.text("timezone", budget.Timezone)
	if action := budget.OnSoftLimit; action != nil && action.ReduceRPMPct != nil {
		o.literal("on_soft_limit", mapOf(map[string]string{"reduce_rpm_pct": number(*action.ReduceRPMPct)}))
	}
	o.nothing("team_ids", budget.TeamIDs)
	o.ids("team_ids", teamKind, budget.TeamIDs)
	o.nothing("key_ids", budget.KeyIDs)
	o.ids("key_ids", keyKind, budget.KeyIDs)
	o.nothing("models", budget.Models)
	e.modelNames(&o, budget.Models)
	o.flag("everything", budget.Everything, false)
	return o
}

func modelObject(model api.Model) object {
	byDefault := api.NewModel("")
	o := object{kind: modelKind, id: model.ModelID, importID: model.ModelID, key: model.ModelID, name: model.ModelID}
	o.text("name", &model.Name)
	o.texts("aliases", model.Aliases)
	o.texts("access_groups", model.AccessGroups)
	if model.Upstream != byDefault.Upstream {
		o.text("upstream", &model.Upstream)
	}
	o.text("base_url", model.BaseURL)
	o.text("api_version", model.APIVersion)
	o.text("upstream_model", model.UpstreamModel)
	o.text("base_model", model.BaseModel)
	if encoded, err := json.Marshal(model.Price); err == nil && model.Price != nil {
		o.literal("price", fromJSON(encoded))
	}
	o.whole("max_input_tokens", model.MaxInputTokens)
	o.whole("max_output_tokens", model.MaxOutputTokens)
	o.whole("min_output_tokens", model.MinOutputTokens)
	if model.Weight != byDefault.Weight {
		o.whole("weight", &model.Weight)
	}
	o.whole("rpm", model.RPM)
	o.whole("tpm", model.TPM)
	o.flag("tpm_counts_cached", model.TPMCountsCached, true)
	o.flag("enabled", model.Enabled, true)
	o.metadata(model.Metadata)
	if model.HasAPIKey {
		o.secret = true
		o.literal("api_key_wo_version", keptSecret)
	}
	return o
}

func adminKeyObject(key api.AdminKey) object {
	o := object{kind: adminKeyKind, id: key.AdminKeyID, importID: key.AdminKeyID, key: key.AdminKeyID, name: key.AdminKeyID, secret: true}
	if key.AdminKeyAlias != nil {
		o.name = *key.AdminKeyAlias // which several may have, so that it tells none from the others
	}
	o.text("admin_key_alias", key.AdminKeyAlias)
	o.text("role", &key.Role)
	o.ids("team_ids", teamKind, key.TeamIDs)
	o.moment("expires", key.Expires)
	o.literal("key_wo_version", keptSecret)
	return o
}

// keptSecret is the version of a secret that stays as the gateway has it, as long as none is configured.
const keptSecret = "1"

func routeObject(route api.AlertRoute, options Options) object {
	o := object{kind: routeKind, id: route.AlertRouteID, importID: route.AlertRouteID, key: route.AlertRouteID, name: route.Name}
	o.text("name", &route.Name)
	o.texts("events", route.Events)
	o.ids("team_ids", teamKind, route.TeamIDs)
	o.text("min_severity", route.MinSeverity)
	o.shares("thresholds", route.Thresholds)
	o.flag("enabled", route.Enabled, true)
	o.target(route.Target(), options)
	return o
}

// target leaves out the secrets and the address of a webhook, unless that is asked for.
func (o *object) target(target api.AlertTarget, options Options) {
	if target == nil {
		return
	}
	encoded, err := json.Marshal(target)
	if err != nil {
		return
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(encoded, &fields) // it was an object right now
	written := map[string]string{}
	for name, value := range fields {
		secret, fingerprint := strings.CutSuffix(name, "_fingerprint")
		switch {
		case fingerprint:
			o.secret = true
			written[secret+"_wo_version"] = keptSecret
		case target.Kind() == "webhook" && name == "url" && !options.WebhookURLs:
			o.secret = true
		default:
			written[name] = fromJSON(value)
		}
	}
	o.literal(target.Kind(), mapOf(written))
}

// budgetID refers to a budget of terms only: a pot's own references may lead back here.
func (e *estate) budgetID(o *object, id *string) {
	if id == nil {
		return
	}
	if !e.terms[*id] {
		o.text("budget_id", id)
		return
	}
	o.add("budget_id", refer(budgetKind, *id, *id))
}

func (o *object) rateLimits(limits api.RateLimits) {
	o.whole("rpm_limit", limits.RPMLimit)
	o.whole("tpm_limit", limits.TPMLimit)
	o.whole("max_parallel_requests", limits.MaxParallelRequests)
}

func (o *object) modelRateLimits(limits api.ModelRateLimits) {
	o.limits("model_rpm_limit", limits.ModelRPMLimit)
	o.limits("model_tpm_limit", limits.ModelTPMLimit)
}

func (o *object) budgetTerms(terms api.BudgetTerms) {
	o.usd("max_budget", terms.MaxBudget)
	o.usd("soft_budget", terms.SoftBudget)
	o.share("soft_threshold_pct", terms.SoftThresholdPct)
	o.flag("hard_cap", terms.HardCap, true)
	o.text("budget_duration", terms.BudgetDuration)
	o.tempBudget(terms.TempBudget)
	if terms.ResetDay != nil {
		o.whole("reset_day", new(int64(*terms.ResetDay)))
	}
}

// tempBudget writes an increase that goes on; what has ended is nothing to write down.
func (o *object) tempBudget(given api.TempBudget) {
	if given.InForce(time.Now()) {
		o.usd("temp_budget_increase", given.TempBudgetIncrease)
		o.moment("temp_budget_expiry", given.TempBudgetExpiry)
	}
}

func (o *object) tempRates(given api.TempRates) {
	if given.InForce(time.Now()) {
		o.whole("temp_rpm_increase", given.TempRPMIncrease)
		o.whole("temp_tpm_increase", given.TempTPMIncrease)
		o.moment("temp_limit_expiry", given.TempLimitExpiry)
	}
}

func (o *object) enforcement(given api.Enforcement) {
	o.text("mode", given.Mode)
	o.moment("enforce_from", given.EnforceFrom)
}

func (o *object) moment(name string, at *time.Time) {
	if at != nil {
		o.literal(name, quoted(at.UTC().Format(time.RFC3339Nano)))
	}
}

func (o *object) memberDefaults(defaults api.MemberDefaults) {
	o.usd("team_member_budget", defaults.TeamMemberBudget)
	o.text("team_member_budget_duration", defaults.TeamMemberBudgetDuration)
	o.whole("team_member_rpm_limit", defaults.TeamMemberRPMLimit)
	o.whole("team_member_tpm_limit", defaults.TeamMemberTPMLimit)
	if routes := defaults.TeamMemberPermissions; routes != nil {
		o.literal("team_member_permissions", quotedList(*routes)) // [] permits nothing, which leaving it out does not say
	}
}
