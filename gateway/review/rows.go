package review

import (
	"maps"
	"slices"
	"strings"
)

// row is one line of the table; all fields are Markdown.
type row struct {
	resource, team, limit, old, new, change, used string
}

const nothing = "–"

// difference is one attribute before and after. For a limit by model, model names it.
type difference struct {
	attribute attribute
	model     string
	old, new  value
}

func (d difference) label() string {
	if d.model == "" {
		return code(d.attribute.path)
	}
	return code(d.attribute.path) + " " + code(d.model)
}

// rowsOf lists what happens to a resource; none if no quota is touched.
func rowsOf(o object, usage usages) []row {
	base := row{resource: code(o.address), team: o.team(), limit: nothing, old: nothing, new: nothing}
	var rows []row
	switch o.action {
	case deleted:
		base.old, base.change, base.used = o.gist(o.before), o.kind.deleted, usage.spent(o)
		return []row{base}
	case forgotten:
		base.old, base.new = o.gist(o.before), o.gist(o.before)
		base.change = "stays as it is: Terraform no longer manages it"
		return []row{base}
	case replaced:
		whole := base
		whole.change, whole.used = o.kind.replaced, usage.spent(o)
		rows = append(rows, whole)
	}
	for _, d := range o.differences() {
		line := base
		line.limit, line.new, line.change = d.label(), d.attribute.show(d.new), o.change(d)
		if o.action != created {
			line.old, line.used = d.attribute.show(d.old), usage.cell(o, d)
		}
		rows = append(rows, line)
	}
	if o.action == created && len(rows) == 0 {
		base.new, base.change = o.kind.bare, "new "+o.kind.noun
		rows = append(rows, base)
	}
	return rows
}

// differences lists the attributes that a plan changes, or that a new resource sets.
func (o object) differences() []difference {
	var found []difference
	for _, attribute := range o.kind.attributes {
		d := difference{attribute: attribute, old: o.before.at(attribute.path), new: o.after.at(attribute.path)}
		for _, d := range d.perModel() {
			if d.changed(o.action) {
				found = append(found, d)
			}
		}
	}
	return found
}

func (d difference) changed(action action) bool {
	if action == created {
		told := d.attribute.inTeam || d.computed() || d.ordinary()
		return !d.new.empty() && !told
	}
	return !d.old.same(d.new)
}

// computed is a value that the gateway will choose for a new resource. A limit is never that:
// one that is not known comes from another resource.
func (d difference) computed() bool { return d.new.unknown && !d.attribute.limit }

// ordinary is what a resource is without anybody saying so.
func (d difference) ordinary() bool {
	on, isBool := d.new.raw.(bool)
	return isBool && on == d.attribute.ordinary
}

// perModel splits a map of limits into one difference per model.
func (d difference) perModel() []difference {
	plain := d.old.sensitive || d.new.sensitive || d.old.unknown || d.new.unknown
	if !d.attribute.perModel || plain {
		return []difference{d}
	}
	models := map[string]bool{}
	before, _ := d.old.raw.(map[string]any)
	after, _ := d.new.raw.(map[string]any)
	for model := range before {
		models[model] = true
	}
	for model := range after {
		models[model] = true
	}
	var split []difference
	for _, model := range slices.Sorted(maps.Keys(models)) {
		split = append(split, difference{
			attribute: d.attribute, model: model, old: value{raw: before[model]}, new: value{raw: after[model]},
		})
	}
	return split
}

// team names whom a change is about.
func (o object) team() string {
	now := o.after
	if o.action == deleted || o.action == forgotten {
		now = o.before
	}
	switch o.kind.resource {
	case "bursar_team", "bursar_key":
		return attribute{format: plain, none: "no team"}.show(now.at("team_id"))
	case "bursar_budget":
		return now.scope()
	default:
		return attribute{format: names, none: "every team"}.show(now.at("team_ids"))
	}
}

// scope names whose spending a budget counts.
func (s side) scope() string {
	pot := func(path string) bool { v := s.at(path); return v.raw != nil || v.unknown }
	everything, _ := s.at("everything").raw.(bool)
	switch {
	case pot("team_ids"):
		return attribute{format: names, none: "no team"}.show(s.at("team_ids"))
	case everything || pot("key_ids") || pot("models"):
		return "every team"
	default:
		return "who names it"
	}
}

// gist is a resource's main limits in a few words, for those that go away.
func (o object) gist(s side) string {
	var parts []string
	for _, attribute := range o.kind.attributes {
		if v := s.at(attribute.path); attribute.limit && !attribute.perModel && !v.empty() {
			parts = append(parts, attribute.show(v))
		}
	}
	if len(parts) == 0 {
		return nothing
	}
	return strings.Join(parts, ", ")
}
