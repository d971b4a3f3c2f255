package api

import (
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// Names that lists of allowed models hold in place of models, as LiteLLM's clients write them.
const (
	AllProxyModels  = "all-proxy-models"
	AllTeamModels   = "all-team-models"
	NoDefaultModels = "no-default-models"
)

// ReservedModel says whether a name in a list of allowed models means no model.
func ReservedModel(name string) bool {
	return name == AllProxyModels || name == AllTeamModels || name == NoDefaultModels
}

// ValidateNames says whether a model can be called what it says; the error names the field.
func (m ModelFields) ValidateNames() error {
	v := newValidation()
	v.modelNames(m)
	return v.err()
}

func (v *validation) modelNames(m ModelFields) {
	switch {
	case strings.TrimSpace(m.Name) == "":
		v.fail("name", "is required: the name that clients ask for")
	case len(m.Name) > maxIDLen:
		v.fail("name", "is %d characters long, at most %d are allowed", len(m.Name), maxIDLen)
	}
	v.pattern("name", m.Name)
	v.filled("upstream_model", m.Name, m.UpstreamModel)
	v.filled("base_model", m.Name, m.BaseModel)
	v.plainNames("aliases", m.Aliases)
	v.plainNames("access_groups", m.AccessGroups)
	if len(m.Aliases) > 0 && modelname.IsPattern(m.Name) {
		v.fail("aliases", "are for one model, and name is the wildcard %q; make a model of the real name and give it the aliases", m.Name)
	}
	if slices.Contains(m.Aliases, m.Name) {
		v.fail("aliases", "holds %q, which is the name itself", m.Name)
	}
}

// pattern refuses a name or pattern that nothing could be meant by.
func (v *validation) pattern(field, name string) {
	if err := modelname.Check(name); err != nil {
		v.fail(field, "%s", err)
	}
}

// filled checks what the star of a name is put into.
func (v *validation) filled(field, name string, other *string) {
	v.alias(field, other)
	if other == nil || strings.TrimSpace(*other) == "" {
		return
	}
	v.pattern(field, *other)
	if modelname.IsPattern(*other) && !modelname.IsPattern(name) {
		v.fail(field, "%q ends with a *, and nothing would stand for it: name %q has none", *other, name)
	}
}

// plainNames are names of models that are no patterns.
func (v *validation) plainNames(field string, list []string) {
	v.names(field, list)
	for _, name := range list {
		if strings.Contains(name, "*") || strings.HasPrefix(name, "/") || ReservedModel(name) {
			v.fail(field, "holds %q; it must be a plain name, without a *, a / in front or a meaning of its own", name)
		}
	}
}

// modelList are names, patterns and access groups.
func (v *validation) modelList(field string, list []string) {
	v.names(field, list)
	for _, name := range list {
		v.pattern(field, name)
	}
}

// CheckAgainst refuses a model one of whose names means something else already. Deployments of one name
// share their aliases and access groups.
func (m Model) CheckAgainst(others []Model) error {
	for _, other := range others {
		if other.ModelID == m.ModelID || other.Name == m.Name {
			continue
		}
		for _, alias := range m.Aliases {
			if alias == other.Name || slices.Contains(other.Aliases, alias) || slices.Contains(other.AccessGroups, alias) {
				return FieldErrorf("aliases", "holds %q, which is a name, alias or access group of the model %q", alias, other.Name)
			}
		}
		for _, group := range m.AccessGroups {
			if group == other.Name || slices.Contains(other.Aliases, group) {
				return FieldErrorf("access_groups", "holds %q, which is a name or alias of the model %q", group, other.Name)
			}
		}
		if slices.Contains(other.Aliases, m.Name) || slices.Contains(other.AccessGroups, m.Name) {
			return FieldErrorf("name", "%q is an alias or access group of the model %q", m.Name, other.Name)
		}
	}
	return nil
}

// MeantBy says whether an entry of a list, limit or pot can stand for the model by one of its names.
func (m ModelFields) MeantBy(entry string) bool {
	meets := func(name string) bool { return modelname.Meets(entry, name) }
	return meets(m.Name) || slices.ContainsFunc(m.Aliases, meets) || slices.Contains(m.AccessGroups, entry)
}
