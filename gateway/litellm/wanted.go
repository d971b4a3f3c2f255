package litellm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// opening is what was spent in the running period, which ends when LiteLLM would reset it.
type opening struct {
	spend money.Nano
	ends  *time.Time
}

// wanted is what the gateway is to have.
type wanted struct {
	models  []wantedModel
	budgets []wantedBudget // those without a scope
	teams   []wantedTeam
	users   []wantedUser
	members []wantedMember
	keys    []wantedKey
	pots    []wantedBudget
	days    []wantedDay
}

type wantedModel struct {
	id     string
	fields api.ModelFields
}

type wantedBudget struct {
	id     string
	fields api.BudgetFields
	// keys are the digests of those that a pot counts, nil for another scope.
	keys []string
	opening
}

type wantedTeam struct {
	id     string
	fields api.TeamFields
	opening
}

type wantedUser struct {
	id     string
	fields api.UserFields
	opening
}

type wantedMember struct {
	team, user string
	fields     api.MemberFields
	opening
}

type wantedKey struct {
	digest, mask string
	fields       api.KeyFields
	// unsaid is the project that the key belongs to and LiteLLM does not tell of: what is here may come of what it said before.
	unsaid string
	opening
}

// name is how reports call a key.
func (k wantedKey) name() string {
	if k.fields.KeyAlias != nil {
		return *k.fields.KeyAlias
	}
	return k.digest[:8] + "…"
}

// translation turns an estate into what is wanted, and notes what is not carried over.
type translation struct {
	Options

	estate   Estate
	found    Findings
	out      wanted
	budgets  map[string]budget
	teams    map[string]wantedTeam
	projects map[string]*projectKeys
	// parents are the organizations of teams, both as LiteLLM calls them.
	parents map[string]string
	// taken are aliases of keys and addresses of users that stand in an object already.
	taken map[string]bool
	// renamed are the ids that were given another one.
	renamed map[string]string
}

func translate(estate Estate, options Options) (wanted, Findings) {
	t := &translation{Options: options, estate: estate, budgets: map[string]budget{}, teams: map[string]wantedTeam{}, projects: map[string]*projectKeys{}, parents: map[string]string{}, taken: map[string]bool{}, renamed: map[string]string{}}
	for _, budget := range estate.Budgets {
		t.budgets[budget.BudgetID] = budget
	}
	for _, project := range estate.Projects {
		t.projects[project.ProjectID] = &projectKeys{project: project}
	}
	for _, team := range estate.Teams {
		t.parents[team.TeamID] = deref(team.OrganizationID)
	}
	t.models()
	t.allTeams()
	t.allUsers()
	t.allMembers()
	t.allKeys()
	t.organizations()
	t.allProjects()
	t.plainBudgets()
	t.history()
	t.others()
	return t.out, t.found
}

// idPattern is what an id may be here; see [api.Team.Validate].
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+:/|=-]{0,254}$`)

var notInID = regexp.MustCompile(`[^A-Za-z0-9._@+:/|=-]+`)

// id is what an object is called here: as in LiteLLM if it can be, else by a name made of it, if that is wanted.
func (t *translation) id(kind, theirs string) (string, bool) {
	if idPattern.MatchString(theirs) {
		return theirs, true
	}
	sum := sha256.Sum256([]byte(theirs))
	plain := strings.Trim(notInID.ReplaceAllString(theirs, "-"), "-._@+:/|=")
	proposal := strings.TrimPrefix(plain[:min(len(plain), 200)]+"-"+hex.EncodeToString(sum[:3]), "-")
	if _, told := t.renamed[kind+theirs]; !told {
		t.renamed[kind+theirs] = proposal
		if t.Rename {
			t.found.add(Different, fmt.Sprintf("%s %q is %s", kind, theirs, proposal), "has another id here")
		} else {
			t.found.add(Blocking, fmt.Sprintf("%s %q could be %s", kind, theirs, proposal), "has an id that the gateway does not take, and is left out with what belongs to it: --rename takes the proposals")
		}
	}
	return proposal, t.Rename
}

// terms are the budget of a row.
func (t *translation) terms(what string, l limits) (api.BudgetTerms, opening) {
	terms := api.BudgetTerms{MaxBudget: l.MaxBudget.Nano, SoftBudget: l.SoftBudget.Nano, HardCap: true, BudgetDuration: given(l.BudgetDuration)}
	if terms.SoftBudget != nil && terms.MaxBudget != nil && *terms.SoftBudget >= *terms.MaxBudget {
		t.found.add(Minor, what+": soft_budget", "is not below max_budget, and left out")
		terms.SoftBudget = nil
	}
	period := opening{ends: l.BudgetResetAt.Time}
	if terms.BudgetDuration == nil {
		period.ends = nil
		return terms, period
	}
	span, err := api.ParseSpan(*terms.BudgetDuration)
	if err != nil {
		t.found.add(Blocking, fmt.Sprintf("%s: budget_duration %q", what, *terms.BudgetDuration), "is no duration here: the budget never resets until it is given one, such as 30d")
		terms.BudgetDuration, period.ends = nil, nil
		return terms, period
	}
	if span.Monthly() && period.ends != nil {
		if day := period.ends.Day(); day <= 28 {
			terms.ResetDay = &day
		} else {
			t.found.add(Different, what, "has a period that ends after the 28th: it ends on the first of the month here")
		}
	}
	return terms, period
}

// spent is what counts of a row's spend: nothing of a period that is over, or of less than nothing.
func (t *translation) spent(what string, spend amount, period opening) opening {
	period.spend = spend.usd()
	switch {
	case period.spend < 0:
		t.found.add(Different, fmt.Sprintf("%s: %s", what, period.spend.Dollars()), "has spent less than nothing, which is brought as nothing")
		period.spend = 0
	case period.ends != nil && !period.ends.After(t.Now) && period.spend > 0:
		t.found.add(Minor, what, "has a period that is over and that LiteLLM has not reset: nothing is brought")
		period.spend = 0
	case period.spend > api.MaxOpening:
		t.found.add(Blocking, what, "has spent more than can be counted")
		period.spend = 0
	}
	return period
}

// longestAlias is how long a name may be here, in bytes.
const longestAlias = 255

// alias is a name for people, none if it is too long: what it names is worth more than the name.
func (t *translation) alias(what, field string, name *string) *string {
	if given(name) != nil && len(*name) > longestAlias {
		t.found.add(Different, what+": "+field, fmt.Sprintf("is longer than %d bytes, and is left out", longestAlias))
		return nil
	}
	return given(name)
}

// unique is a name that nobody else has, or none.
func (t *translation) unique(what, kind string, name *string) *string {
	if name == nil {
		return nil
	}
	if id := kind + strings.ToLower(*name); !t.taken[id] {
		t.taken[id] = true
		return name
	}
	t.found.add(Different, fmt.Sprintf("%s: %s %q", what, kind, *name), "stands in another object already, and is left out of this one: it is unique here")
	return nil
}

func rates(l limits) api.RateLimits {
	return api.RateLimits{RPMLimit: l.RPMLimit.int64, TPMLimit: l.TPMLimit.int64, MaxParallelRequests: l.MaxParallelRequests.int64}
}

// functional are entries of metadata by which LiteLLM does something that is not done here.
var functional = map[string]string{
	"guardrails": ofGuards, "policies": ofGuards, "prompts": ofNoUse, "logging": ofCallbacks,
	"rpm_limit_type": "limits are never more than what is left of the team's", "tpm_limit_type": "limits are never more than what is left of the team's",
	"tags":                      "calls say themselves what they are for, in metadata.tags; budgets go by team, key, user and model",
	"disable_global_guardrails": ofGuards, "soft_budget_alerting_emails": "who is told is an alert route with email",
}

// metadata takes out of LiteLLM's metadata what has a field of its own here.
func (t *translation) metadata(what string, from object) (api.Metadata, api.ModelRateLimits) {
	var byModel api.ModelRateLimits
	kept := api.Metadata{}
	for name, value := range from {
		switch name {
		case "model_rpm_limit":
			byModel.ModelRPMLimit = numbers(value)
		case "model_tpm_limit":
			byModel.ModelTPMLimit = numbers(value)
		case "team_member_budget_id":
		default:
			if advice, known := functional[name]; known && !saysNothing(value) {
				t.found.add(Different, what+": metadata."+name, advice)
			}
			kept[name] = value
		}
	}
	return kept, byModel
}

func numbers(value json.RawMessage) map[string]int64 {
	var fields object
	_ = json.Unmarshal(value, &fields)
	limits := map[string]int64{}
	for model, raw := range fields {
		if n := number(raw); n != nil {
			limits[model] = *n
		}
	}
	if len(limits) == 0 {
		return nil
	}
	return limits
}

// modelNames are the models of a list, each once.
func modelNames(from list) api.StringList {
	var names api.StringList
	for _, name := range from {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// valid says whether the gateway would take it, and notes what it would not.
func (t *translation) valid(what string, err error) bool {
	if err == nil {
		return true
	}
	t.found.add(Blocking, what+": "+err.Error(), "is refused here and left out; mend it in LiteLLM and import again")
	return false
}
