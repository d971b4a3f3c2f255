package deployment

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// names say which model a name stands for: the one that is called so, else the one with it for an alias,
// else the one of the longest pattern that matches.
type names struct {
	byName  map[string]int
	byAlias map[string]int
	// patterns are the models with a star, those with the longest names first.
	patterns []pattern
	// off are names, aliases and patterns of deployments that are off. What is served by others is served.
	off map[string]bool

	// real are the models that patterns were found to serve, up to maxReal of them.
	real  *sync.Map
	count *atomic.Int64
}

type pattern struct {
	name string
	// at is the model's place in the list; -1 is one that is off.
	at int
}

// maxReal bounds what callers can fill by making names up.
const maxReal = 10_000

// index makes the names of a snapshot whose list is complete.
func (s *snapshot) index() {
	s.byAlias, s.real, s.count = map[string]int{}, &sync.Map{}, &atomic.Int64{}
	for at, model := range s.list {
		if modelname.IsPattern(model.Name) {
			s.patterns = append(s.patterns, pattern{model.Name, at})
		}
		for _, d := range model.Deployments {
			model.Aliases = append(model.Aliases, d.Aliases...)
			model.Groups = append(model.Groups, d.AccessGroups...)
		}
		model.Aliases, model.Groups = distinct(model.Aliases), distinct(model.Groups)
		for _, alias := range model.Aliases {
			if _, taken := s.byAlias[alias]; !taken {
				s.byAlias[alias] = at
			}
		}
	}
	for name := range s.off {
		if _, served := s.byName[name]; !served && modelname.IsPattern(name) {
			s.patterns = append(s.patterns, pattern{name, -1})
		}
	}
	slices.SortFunc(s.patterns, func(a, b pattern) int { return cmp.Compare(len(b.name), len(a.name)) })
}

// turnOff notes what a deployment that is off is called by.
func (s *snapshot) turnOff(d Deployment) {
	s.off[d.Model] = true
	for _, alias := range d.Aliases {
		s.off[alias] = true
	}
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// find returns the model that a name stands for. A pattern is nobody's to ask for. What is off under a name of
// its own, or under a longer pattern, is not served by a shorter one: whoever turned it off wants it off.
func (s *snapshot) find(name string) (Model, bool) {
	if at, served := s.byName[name]; served && !modelname.IsPattern(name) {
		return s.list[at], true
	}
	if at, served := s.byAlias[name]; served {
		return s.list[at], true
	}
	if len(s.patterns) == 0 || s.off[name] {
		return Model{}, false
	}
	if found, known := s.real.Load(name); known {
		return found.(Model), true //nolint:forcetypeassert // nothing else is kept there
	}
	for _, pattern := range s.patterns {
		rest, matches := modelname.Rest(pattern.name, name)
		if !matches {
			continue
		}
		if pattern.at < 0 {
			return Model{}, false
		}
		if rest == "" && s.list[pattern.at].passesRestOnly() {
			continue
		}
		name = strings.Clone(name) // it outlives the call that it came with
		model := s.list[pattern.at].serving(name, rest)
		if s.count.Load() < maxReal {
			s.count.Add(1)
			s.real.Store(name, model)
		}
		return model, true
	}
	return Model{}, false
}

// serving is the model of a pattern as it serves one name. Everything the deployments count stays theirs together.
func (m Model) serving(name, rest string) Model {
	served := Model{
		Names:       &modelname.Names{Name: name, Groups: m.Groups},
		Deployments: make([]Deployment, len(m.Deployments)), Label: m.Label, group: m.group,
	}
	if slices.Contains(m.Asked(), name) {
		served.Label = name
	}
	for i, d := range m.Deployments {
		served.Deployments[i] = d
		if d.Real == nil {
			continue
		}
		real := d.Real(rest)
		real.ID, real.RPM, real.TPM, real.Weight, real.Model, real.Guarded = d.ID, d.RPM, d.TPM, d.Weight, name, d.Guarded
		real.health = d.health
		served.Deployments[i] = real
	}
	return served
}

// passesRestOnly says whether a deployment is asked for nothing but what the star stands for.
func (m Model) passesRestOnly() bool {
	return slices.ContainsFunc(m.Deployments, func(d Deployment) bool { return d.UpstreamModel == "*" })
}

// Asked are the names that clients can ask for the model by and that are known, without its aliases.
func (m Model) Asked() []string {
	if !modelname.IsPattern(m.Name) {
		return []string{m.Name}
	}
	var known []string
	for _, d := range m.Deployments {
		known = append(known, d.Known...)
	}
	return distinct(known)
}
