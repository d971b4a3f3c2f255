package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// A moved block may lead from a resource of a provider for LiteLLM to ours: the object stays what it is on the
// gateway, and only who manages it changes. Their attributes carry the names of the API, so their state is read as
// the API's answers are; what it has and we do not is left behind. The read that follows brings the rest.

var (
	_ resource.ResourceWithMoveState = (*teamResource)(nil)
	_ resource.ResourceWithMoveState = (*keyResource)(nil)
	_ resource.ResourceWithMoveState = (*budgetResource)(nil)
	_ resource.ResourceWithMoveState = (*teamMemberResource)(nil)
	_ resource.ResourceWithMoveState = (*modelResource)(nil)
	_ resource.ResourceWithMoveState = (*userResource)(nil)
)

// moved is what becomes of a state of theirs.
type moved struct {
	// state is the resource's model.
	state any
	// identity are pairs of an attribute and its value; none when the id is not known yet.
	identity []string
}

// leftBehind are attributes of theirs that limit what may be spent or done, and that our resources do not have.
var leftBehind = map[string]string{
	"model_max_budget":         "declare a bursar_budget with key_ids or team_ids, and models, for each model",
	"budget_limits":            "declare a bursar_budget with key_ids or team_ids for each window after the first",
	"budget_fallbacks":         "a spent budget refuses, and calls no other model",
	"aliases":                  "give aliases to the models, in bursar_model",
	"model_aliases":            "give aliases to the models, in bursar_model",
	"tags":                     "label it in metadata; budgets go by key, team, user and model",
	"tpd_limit":                "set max_budget with budget_duration = \"1d\"",
	"rpd_limit":                "set max_budget with budget_duration = \"1d\"",
	"team_member_key_duration": "give each bursar_key its duration",
	"permissions":              "a key calls models, and nothing else",
	"object_permission":        "list what may be called in models",
	"enforced_params":          "no parameter of a call is asked for here",
	"allowed_routes":           "a key calls all routes of models, and no other",
	"allowed_model_region":     "list the region's models in models",
}

// leftBehindOfUsers are those that our other resources have, and a user has not.
var leftBehindOfUsers = map[string]string{
	"models":          "list what may be called in models of the user's keys, or of their teams",
	"model_rpm_limit": "set model_rpm_limit on the user's keys, or on their teams",
	"model_tpm_limit": "set model_tpm_limit on the user's keys, or on their teams",
	"blocked":         "block the user's keys, or take the user out of the teams",
}

// leftBehindOf is what is left behind of a type of theirs.
func leftBehindOf(sourceType string) map[string]string {
	if sourceType != litellmUser {
		return leftBehind
	}
	all := maps.Clone(leftBehind)
	maps.Copy(all, leftBehindOfUsers)
	return all
}

// warnOfLeftBehind names the limits that a state has and nobody will enforce. Their values are not repeated.
func warnOfLeftBehind(diags *diag.Diagnostics, sourceType string, state []byte) {
	var attributes map[string]json.RawMessage
	if json.Unmarshal(state, &attributes) != nil {
		return // translate has refused it
	}
	instead := leftBehindOf(sourceType)
	for _, name := range slices.Sorted(maps.Keys(instead)) {
		if !limitsNothing(attributes[name]) {
			diags.AddWarning(name+" has no counterpart here", fmt.Sprintf(
				"The %s has %s, which is not in force after the move: %s.", sourceType, name, instead[name]))
		}
	}
}

// limitsNothing says whether an attribute is absent or empty, also when it is JSON in a string.
func limitsNothing(value json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(value)), "")
	return slices.Contains([]string{"", "null", "{}", "[]", `""`, `"{}"`, `"[]"`, `"null"`, "false"}, text)
}

// fromLiteLLM moves states of one type of a provider that is called litellm, whoever publishes it: there are several.
func fromLiteLLM(sourceType string, translate func(state []byte) (moved, error)) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		if req.SourceTypeName != sourceType || !strings.HasSuffix(req.SourceProviderAddress, "/litellm") || req.SourceRawState == nil {
			return
		}
		to, err := translate(req.SourceRawState.JSON)
		if err != nil {
			cannotMove(&resp.Diagnostics, req, err)
			return
		}
		warnOfLeftBehind(&resp.Diagnostics, req.SourceTypeName, req.SourceRawState.JSON)
		resp.Diagnostics.Append(resp.TargetState.Set(ctx, to.state)...)
		if len(to.identity) == 0 {
			resp.TargetIdentity = nil
		}
		resp.Diagnostics.Append(object.SetIdentity(ctx, resp.TargetIdentity, to.identity...)...)
		resp.Diagnostics.Append(resp.TargetPrivate.SetKey(ctx, wire.ImportedKey, []byte("true"))...)
	}}}
}

// cannotMove does not repeat the state: it may hold secrets, and decoders quote what they stumble over.
func cannotMove(diags *diag.Diagnostics, req resource.MoveStateRequest, err error) {
	detail := "it is not as the versions of that provider write it that are known here"
	if errors.Is(err, errNoID) {
		detail = err.Error()
	}
	diags.AddError("State cannot be moved", fmt.Sprintf(
		"The state of a %s of %s cannot be taken over: %s. Take it out of the state with a removed block "+
			"(lifecycle { destroy = false }), and import the object by its id instead.",
		req.SourceTypeName, req.SourceProviderAddress, detail))
}

var errNoID = errors.New("it has no id")

func (r *teamResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM("litellm_team", func(state []byte) (moved, error) {
		team := api.NewTeam("")
		var theirs struct {
			ID     string `json:"id"`
			TeamID string `json:"team_id"`
		}
		if err := errors.Join(json.Unmarshal(state, &theirs), json.Unmarshal(state, &team.TeamFields)); err != nil {
			return moved{}, err
		}
		team.TeamID = cmp.Or(theirs.TeamID, theirs.ID)
		if team.TeamID == "" {
			return moved{}, errNoID
		}
		dropEmpty(&team.TeamAlias, &team.BudgetDuration, &team.BudgetID)
		return moved{teamModelFrom(team, teamModel{}), []string{"team_id", team.TeamID}}, nil
	})
}

func (r *budgetResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM("litellm_budget", func(state []byte) (moved, error) {
		budget := api.NewBudget("")
		var theirs struct {
			ID       string `json:"id"`
			BudgetID string `json:"budget_id"`
		}
		if err := errors.Join(json.Unmarshal(state, &theirs), json.Unmarshal(state, &budget.BudgetFields)); err != nil {
			return moved{}, err
		}
		budget.BudgetID = cmp.Or(theirs.BudgetID, theirs.ID)
		if budget.BudgetID == "" {
			return moved{}, errNoID
		}
		dropEmpty(&budget.BudgetDuration)
		return moved{budgetModelFrom(budget, budgetModel{}), []string{"budget_id", budget.BudgetID}}, nil
	})
}

func (r *teamMemberResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM("litellm_team_member", func(state []byte) (moved, error) {
		var theirs struct {
			TeamID string `json:"team_id"`
			UserID string `json:"user_id"`
			Role   string `json:"role"`
		}
		if err := json.Unmarshal(state, &theirs); err != nil {
			return moved{}, err
		}
		if theirs.TeamID == "" || theirs.UserID == "" {
			return moved{}, errNoID
		}
		member := api.NewMembership(theirs.TeamID, theirs.UserID)
		if err := json.Unmarshal(state, &member.MemberFields); err != nil {
			return moved{}, err
		}
		member.Role = api.MemberUser // theirs may name what a user is elsewhere
		if theirs.Role == api.MemberAdmin {
			member.Role = api.MemberAdmin
		}
		dropEmpty(&member.BudgetDuration)
		return moved{teamMemberModelFrom(member, teamMemberModel{}), []string{"team_id", member.TeamID, "user_id", member.UserID}}, nil
	})
}

// MoveState takes the id and the name of a model: the read that follows brings what it is made of, whose attributes have
// other names here.
func (r *modelResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM("litellm_model", func(state []byte) (moved, error) {
		var theirs struct {
			ID     string  `json:"id"`
			Name   string  `json:"model_name"`
			APIKey *string `json:"model_api_key"`
		}
		if err := json.Unmarshal(state, &theirs); err != nil {
			return moved{}, err
		}
		if theirs.ID == "" {
			return moved{}, errNoID
		}
		model := api.NewModel(theirs.ID)
		model.Name = theirs.Name
		model.HasAPIKey = theirs.APIKey != nil && *theirs.APIKey != "" // it is the gateway's then, as after an import
		return moved{modelModelFrom(model, modelModel{}), []string{"model_id", model.ModelID}}, nil
	})
}

const litellmUser = "litellm_user"

// MoveState takes who the user is and what limits the user. The read that follows brings the role, which has had two names,
// and the metadata, which has been JSON in a string as well.
func (r *userResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM(litellmUser, func(state []byte) (moved, error) {
		user := api.NewUser("")
		var theirs struct {
			ID     string  `json:"id"`
			UserID string  `json:"user_id"`
			Email  *string `json:"user_email"`
			Alias  *string `json:"user_alias"`
		}
		if err := errors.Join(json.Unmarshal(state, &theirs), json.Unmarshal(state, &user.RateLimits), json.Unmarshal(state, &user.BudgetTerms)); err != nil {
			return moved{}, err
		}
		user.UserID, user.UserEmail, user.UserAlias = cmp.Or(theirs.UserID, theirs.ID), theirs.Email, theirs.Alias
		if user.UserID == "" {
			return moved{}, errNoID
		}
		dropEmpty(&user.UserEmail, &user.UserAlias, &user.BudgetDuration)
		return moved{userModelFrom(user, userModel{}), []string{"user_id", user.UserID}}, nil
	})
}

// secretPrefix is what secrets begin with.
const secretPrefix = "sk-"

// theirKey is what they have of a key that is not in the API's answers.
type theirKey struct {
	ID       string  `json:"id"`
	TokenID  string  `json:"token_id"`
	Secret   *string `json:"key"`
	Duration *string `json:"duration"`
	Version  *string `json:"key_wo_version"`
}

func (r *keyResource) MoveState(context.Context) []resource.StateMover {
	return fromLiteLLM("litellm_key", func(state []byte) (moved, error) {
		key := api.NewKey("")
		var theirs theirKey
		if err := errors.Join(json.Unmarshal(state, &theirs), json.Unmarshal(state, &key.KeyFields)); err != nil {
			return moved{}, err
		}
		if theirs.Secret == nil && strings.HasPrefix(theirs.ID, secretPrefix) {
			theirs.Secret = &theirs.ID
		}
		key.KeyID = theirs.keyID()
		if key.KeyID == "" {
			return moved{}, errNoID
		}
		dropEmpty(&key.KeyAlias, &key.TeamID, &key.UserID, &key.BudgetDuration, &key.BudgetID, &theirs.Secret, &theirs.Duration)
		model := keyModelFrom(key, keyModel{
			lifeModel:      lifeModel{Duration: types.StringPointerValue(theirs.Duration)},
			keySecretModel: keySecretModel{Key: types.StringPointerValue(theirs.Secret), KeyWOVersion: theirs.version()},
		})
		model.KeyName, model.CreatedAt = types.StringNull(), types.StringNull()
		return moved{state: model}, nil
	})
}

// keyID is the key's id, or the digest of its secret: the gateway finds a key by either, and answers with the id.
// Old versions have the secret itself for an id.
func (k theirKey) keyID() string {
	id := cmp.Or(strings.TrimPrefix(k.ID, "sha256:"), k.TokenID)
	if strings.HasPrefix(id, secretPrefix) {
		return object.SecretDigest(id)
	}
	return id
}

// version is theirs when it is a number, as ours is.
func (k theirKey) version() types.Int64 {
	if k.Version == nil {
		return types.Int64Null()
	}
	version, err := strconv.ParseInt(*k.Version, 10, 64)
	if err != nil {
		return types.Int64Null()
	}
	return types.Int64Value(version)
}

// dropEmpty makes empty texts absent: the plugin SDK of some cannot tell them apart.
func dropEmpty(texts ...**string) {
	for _, text := range texts {
		if *text != nil && **text == "" {
			*text = nil
		}
	}
}
