package export

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// How many objects become a for_each: of one shape, or of one group that people see in them.
const (
	worthAShape = 4
	worthAGroup = 2
)

// resource is one resource block: of one object, or of several with the same attributes.
type resource struct {
	kind kind
	name string
	// objects has one unless the resource is a for_each.
	objects []object
	each    bool
}

// grouped puts objects with the same attributes together when there are enough of them, in the order of the first of each.
func grouped(objects []object) []resource {
	byShape := map[string][]object{}
	for _, o := range objects {
		byShape[o.shape()] = append(byShape[o.shape()], o)
	}
	for shape, same := range byShape {
		if !toldApart(same) {
			delete(byShape, shape)
		}
	}
	var resources []resource
	for _, o := range objects {
		same := byShape[o.shape()]
		switch {
		case len(same) < o.worth():
			resources = append(resources, resource{kind: o.kind, objects: []object{o}})
		case same[0].id == o.id:
			resources = append(resources, resource{kind: o.kind, objects: same, each: true})
		}
	}
	return resources
}

// toldApart says whether the keys are different in Terraform, which composes characters, such as an "é" of two.
func toldApart(objects []object) bool {
	keys := map[string]bool{}
	for _, o := range objects {
		keys[norm.NFC.String(o.key)] = true
	}
	return len(keys) == len(objects)
}

// secret says that something of it is not written.
func (r resource) secret() bool {
	return slices.ContainsFunc(r.objects, func(o object) bool { return o.secret })
}

func (o object) worth() int {
	if o.group != "" {
		return worthAGroup
	}
	return worthAShape
}

// shape is the same for objects of one group, or else for those that set the same attributes.
func (o object) shape() string {
	if o.group != "" {
		return o.kind.resource + " in " + o.group
	}
	var shape strings.Builder
	shape.WriteString(o.kind.resource)
	for _, a := range o.attributes {
		shape.WriteString(" " + a.name)
	}
	return shape.String()
}

// named gives every resource its name and every object its address. Those of a for_each are referred to
// through a local value: Terraform would put the whole resource together again for each reference to it.
func named(resources []resource) addresses {
	taken, known := map[string]bool{}, addresses{}
	for i := range resources {
		r := &resources[i]
		wanted := identifier(r.kind.one, r.objects[0].name)
		if r.each {
			wanted = r.kind.group
			if group := r.objects[0].group; group != "" {
				wanted += "_" + identifier(r.kind.one, group)
			}
		}
		r.name = unused(taken, r.kind.resource+".", wanted)
		for _, o := range r.objects {
			address := r.kind.resource + "." + r.name + "." + r.kind.named
			if r.each {
				address = "local." + r.namesLocal() + "[" + quoted(o.key) + "]"
			}
			known[reference{r.kind.resource, o.id}] = address
		}
	}
	return known
}

// identifier is a text as a name of Terraform: what it has of letters and digits, after one, the noun, where that is no name.
func identifier(one, text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '_'
		}
	}, text)
	name = strings.Trim(name, "_")
	switch {
	case name == "":
		return one
	case name[0] >= '0' && name[0] <= '9':
		return one + "_" + name
	default:
		return name
	}
}

func unused(taken map[string]bool, space, wanted string) string {
	name := wanted
	for i := 2; taken[space+name]; i++ {
		name = fmt.Sprintf("%s_%d", wanted, i)
	}
	taken[space+name] = true
	return name
}

// namesLocal is the local value with what others name the objects of a for_each by, such as team_ids or team_ids_2.
func (r resource) namesLocal() string {
	return r.kind.names + strings.TrimPrefix(r.name, r.kind.group)
}

func (r resource) write(text *strings.Builder, known addresses) {
	if r.each {
		r.writeEach(text, known)
		return
	}
	o := r.objects[0]
	fmt.Fprintf(text, "resource %q %q {\n", r.kind.resource, r.name)
	if r.kind.chosen {
		fmt.Fprintf(text, "%s = %s\n", r.kind.id, quoted(o.id))
	}
	for _, a := range o.attributes {
		fmt.Fprintf(text, "%s = %s\n", a.name, a.value(known))
	}
	text.WriteString("}\n\n")
}

// writeEach has what all objects share in the resource, and what they differ in in a local value.
func (r resource) writeEach(text *strings.Builder, known addresses) {
	shared, own := r.split(known)
	fmt.Fprintf(text, "locals {\n%s = %s\n}\n\n", r.name, r.entries(own, known))
	fmt.Fprintf(text, "resource %q %q {\nfor_each = local.%s\n", r.kind.resource, r.name, r.name)
	if r.kind.chosen {
		fmt.Fprintf(text, "%s = each.key\n", r.kind.id)
	}
	for _, name := range r.attributes() {
		value := shared[name]
		switch {
		case !slices.Contains(own, name):
		case r.lacks(name):
			value = "try(each.value." + name + ", null)"
		default:
			value = "each.value." + name
		}
		fmt.Fprintf(text, "%s = %s\n", name, value)
	}
	text.WriteString("}\n\n")
}

// namesText is the local value that others refer to, empty when nobody does in the configuration.
func (r resource) namesText(configuration string) string {
	if !r.each || !strings.Contains(configuration, "local."+r.namesLocal()+"[") {
		return ""
	}
	return fmt.Sprintf("locals {\n%s = { for name, %s in %s.%s : name => %s.%s }\n}\n\n",
		r.namesLocal(), r.kind.one, r.kind.resource, r.name, r.kind.one, r.kind.named)
}

// split returns the values that all objects share, and the names of the attributes that they differ in.
func (r resource) split(known addresses) (shared map[string]string, own []string) {
	shared = map[string]string{}
	for _, name := range r.attributes() {
		first, _ := r.objects[0].written(name, known)
		differs := slices.ContainsFunc(r.objects, func(o object) bool {
			value, set := o.written(name, known)
			return !set || value != first
		})
		if differs {
			own = append(own, name)
		} else {
			shared[name] = first
		}
	}
	return shared, own
}

// attributes are those that any of the objects sets.
func (r resource) attributes() []string {
	var names []string
	for _, o := range r.objects {
		for _, a := range o.attributes {
			if !slices.Contains(names, a.name) {
				names = append(names, a.name)
			}
		}
	}
	return names
}

// lacks says that some of the objects do not set the attribute.
func (r resource) lacks(name string) bool {
	return slices.ContainsFunc(r.objects, func(o object) bool {
		return !slices.ContainsFunc(o.attributes, func(a attribute) bool { return a.name == name })
	})
}

// written is the value of an attribute; set is false for one that the object leaves out.
func (o object) written(name string, known addresses) (value string, set bool) {
	for _, a := range o.attributes {
		if a.name == name {
			return a.value(known), true
		}
	}
	return "", false
}

// entries is the map or set that the resource goes through.
func (r resource) entries(own []string, known addresses) string {
	keys, values := make([]string, len(r.objects)), make(map[string]string, len(r.objects))
	for i, o := range r.objects {
		fields := map[string]string{}
		for _, a := range o.attributes {
			if slices.Contains(own, a.name) {
				fields[a.name] = a.value(known)
			}
		}
		keys[i], values[o.key] = o.key, entry(fields)
	}
	if len(own) == 0 {
		slices.Sort(keys)
		return keySet(keys)
	}
	return mapOf(values)
}

// mostInSet is up to how many objects a resource goes through a set.
const mostInSet = 100

// keySet is a set of keys. Terraform sorts a set anew for each of its objects, so that a plan takes four times as long
// for twice as many: many are a map, of which each.value is not used.
func keySet(keys []string) string {
	if len(keys) <= mostInSet {
		return "toset(" + quotedList(keys) + ")"
	}
	return "{ for key in " + quotedList(keys) + " : key => key }"
}

// entry is an object on one line when there is little in it.
func entry(fields map[string]string) string {
	text := mapOf(fields)
	if len(fields) == 1 && strings.Count(text, "\n") == 2 {
		return strings.ReplaceAll(text, "\n", " ")
	}
	return text
}

// importText has a block for each resource.
func importText(resources []resource) string {
	var text strings.Builder
	for _, r := range resources {
		if !r.each {
			fmt.Fprintf(&text, "import {\nto = %s.%s\nid = %s\n}\n\n", r.kind.resource, r.name, quoted(r.objects[0].importID))
			continue
		}
		ids := make(map[string]string, len(r.objects))
		for _, o := range r.objects {
			ids[o.key] = quoted(o.importID)
		}
		fmt.Fprintf(&text, "import {\nfor_each = %s\nto = %s.%s[each.key]\nid = each.value\n}\n\n", mapOf(ids), r.kind.resource, r.name)
	}
	return text.String()
}
