package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// row is one line of the table; all fields are Markdown.
type row struct {
	resource, team, limit, old, new, change, used string
}

const (
	nothing = "–"
	// isNew stands for what was used of what has not been there.
	isNew = "new"
)

// difference is one attribute before and after. For a limit by model, model names it.
type difference struct {
	attribute attribute
	model     string
	old, new  value
	// before and after are the whole, where a value alone does not tell what it does.
	before, after side
}

// label says in words what a difference is about, with the attribute's name small beside it.
func (d difference) label() string {
	about := d.about()
	if about == "" {
		return d.name()
	}
	return about + " <sub>" + d.name() + "</sub>"
}

// name is the attribute's, with the model that it is about.
func (d difference) name() string {
	if d.model == "" {
		return code(d.attribute.path)
	}
	return code(d.attribute.path) + " " + code(d.model)
}

// rowsOf lists what happens to a resource; none if no quota is touched.
func rowsOf(o object, usage usages, whom string) []row {
	base := row{resource: code(o.address), team: whom, limit: nothing, old: nothing, new: nothing}
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
	if o.action == created {
		rows = slices.DeleteFunc(rows, o.toldByCap)
	}
	if o.action == created && len(rows) == 0 {
		base.new, base.change = o.kind.bare, "new "+o.kind.noun
		rows = append(rows, base)
	}
	if o.action == created && o.spends() {
		rows[0].used = isNew
	}
	return rows
}

// toldByCap says of a line about a new resource that it says no more than what its cap is called, as "monthly cap" does.
func (o object) toldByCap(line row) bool {
	return strings.HasSuffix(line.limit, " <sub>`budget_duration`</sub>") && !o.after.at("max_budget").empty() && capInWords(o.after) != "cap"
}

// differences lists the attributes that a plan changes, or that a new resource sets.
func (o object) differences() []difference {
	var found []difference
	for _, attribute := range append(slices.Clone(o.kind.attributes), o.unknownAttributes()...) {
		d := difference{attribute: attribute, old: o.before.at(attribute.path), new: o.after.at(attribute.path), before: o.before, after: o.after}
		for _, d := range d.parts() {
			if d.changed(o.action) {
				found = append(found, d)
			}
		}
	}
	return found
}

// unknownAttributes are those that a newer provider has brought: nothing that changes is passed over.
func (o object) unknownAttributes() []attribute {
	names := map[string]bool{}
	for _, side := range []side{o.before, o.after} {
		for _, held := range []any{side.values, side.unknown} {
			object, _ := held.(map[string]any)
			for name := range object {
				names[name] = true
			}
		}
	}
	var unknown []attribute
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if known, reason := o.kind.judge(name); known == nil && reason == "" {
			unknown = append(unknown, attribute{path: name, format: plain, none: "none", says: unknownAttribute, loosens: always(unknownAttribute)})
		}
	}
	return unknown
}

const (
	unknownAttribute = "changes, and this version of bursar does not know what that does"
	unknownType      = "is of a type that this version of bursar does not know"
)

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

// parts splits a map of limits into one difference per model, and what holds others into one per figure.
func (d difference) parts() []difference {
	plain := d.old.sensitive || d.new.sensitive || d.old.unknown || d.new.unknown
	switch {
	case plain:
		return []difference{d}
	case d.attribute.perModel:
		return d.perModel()
	case d.attribute.within:
		return d.figures()
	default:
		return []difference{d}
	}
}

func (d difference) perModel() []difference {
	before, _ := d.old.raw.(map[string]any)
	after, _ := d.new.raw.(map[string]any)
	var split []difference
	for _, model := range namesIn(before, after) {
		split = append(split, difference{
			attribute: d.attribute, model: model, after: d.after, old: value{raw: before[model]}, new: value{raw: after[model]},
		})
	}
	return split
}

func (d difference) figures() []difference {
	before, after := map[string]any{}, map[string]any{}
	flatten(before, d.attribute.path, d.old.raw)
	flatten(after, d.attribute.path, d.new.raw)
	var split []difference
	for _, path := range namesIn(before, after) {
		split = append(split, difference{attribute: priceAttribute(path), old: value{raw: before[path]}, new: value{raw: after[path]}})
	}
	return split
}

// flatten notes what is held at any depth by its path, such as price.tiers[0].input_per_million_usd.
func flatten(into map[string]any, path string, held any) {
	switch held := held.(type) {
	case map[string]any:
		for name, each := range held {
			flatten(into, path+"."+name, each)
		}
	case []any:
		for i, each := range held {
			flatten(into, fmt.Sprintf("%s[%d]", path, i), each)
		}
	case nil:
	default:
		into[path] = held
	}
}

func namesIn(held ...map[string]any) []string {
	all := map[string]bool{}
	for _, each := range held {
		for name := range each {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// team names whom a change is about.
func (o object) team() string {
	now := o.after
	if o.action == deleted || o.action == forgotten {
		now = o.before
	}
	switch o.kind.resource {
	case "bursar_model":
		return "every team that may ask for it"
	case "bursar_team", "bursar_key", "bursar_team_member":
		return attribute{format: plain, none: "no team"}.show(now.at("team_id"))
	case "bursar_user":
		return "every team that the user is in"
	case "bursar_budget":
		return now.scope(o.followers)
	default:
		return attribute{format: names, none: "every team"}.show(now.at("team_ids"))
	}
}

// scope names whose spending a budget counts.
func (s side) scope(followers []string) string {
	pot := func(path string) bool { v := s.at(path); return v.raw != nil || v.unknown }
	everything, _ := s.at("everything").raw.(bool)
	switch {
	case pot("team_ids"):
		return attribute{format: names, none: "no team"}.show(s.at("team_ids"))
	case everything || pot("key_ids") || pot("models"):
		return "every team"
	case len(followers) > 0:
		return listed(followers)
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
