package config

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/internal/nearest"
)

// source is the text that a configuration was read from: where each field stands, and what is wrong with it that
// can be seen without knowing what a field is for.
type source struct {
	// lines are those of fields, by names such as models[0].base_url.
	lines map[string]int
	// variables are those of the environment that give a field instead.
	variables map[string]string
	// unset are fields for which a variable is missing: nothing else is said of them.
	unset    map[string]bool
	problems []problem
}

// problem is one line of an [Error]. Those without a line of the file are not about the file.
type problem struct {
	line int
	text string
}

func newSource() *source {
	return &source{lines: map[string]int{}, variables: map[string]string{}, unset: map[string]bool{}}
}

func (s *source) fail(line int, field, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if field != "" {
		text = field + ": " + text
	}
	s.problems = append(s.problems, problem{line, text})
}

// read walks over the tree: it notes where fields stand, refuses those that nobody reads, and fills variables in.
// t is what the node becomes; nil is anything.
func (s *source) read(node *yaml.Node, field string, t reflect.Type, getenv func(string) string) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[yaml.Node]() {
		t = nil
	}
	switch node.Kind {
	case yaml.DocumentNode:
		for _, child := range node.Content {
			s.read(child, field, t, getenv)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			s.readEntry(node.Content[i], node.Content[i+1], field, t, getenv)
		}
	case yaml.SequenceNode:
		if t != nil && t.Kind() != reflect.Slice {
			return // the decoder says so
		}
		for i, child := range node.Content {
			name := fmt.Sprintf("%s[%d]", field, i)
			s.lines[name] = child.Line
			s.read(child, name, elementOf(t), getenv)
		}
	case yaml.ScalarNode:
		s.expand(node, field, t, getenv)
	case yaml.AliasNode: // what it stands for is read where it stands
	}
}

func (s *source) readEntry(key, value *yaml.Node, in string, t reflect.Type, getenv func(string) string) {
	if key.Tag == "!!merge" {
		s.read(value, in, t, getenv)
		return
	}
	name := strings.TrimPrefix(in+"."+key.Value, ".")
	s.lines[name] = key.Line
	if t == nil || t.Kind() != reflect.Struct {
		s.read(value, name, elementOf(t), getenv)
		return
	}
	fields := fieldsOf(t)
	inner, known := fields[key.Value]
	if !known {
		s.fail(key.Line, name, "is not known%s", meant(key.Value, in, fields))
		return
	}
	s.read(value, name, inner, getenv)
}

// elementOf is what the elements of a list or a map become; nil is anything.
func elementOf(t reflect.Type) reflect.Type {
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

// fieldsOf are the fields of a struct by their names in the file.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if options == "inline" {
			maps.Copy(fields, fieldsOf(field.Type))
			continue
		}
		fields[name] = field.Type
	}
	return fields
}

// meant guesses which field was meant: one beside it that is written alike, else the one of its name elsewhere.
func meant(name, in string, fields map[string]reflect.Type) string {
	names := make([]string, 0, len(fields))
	for field := range fields {
		names = append(names, field)
	}
	if near := nearest.Name(name, names); near != "" {
		return "; did you mean " + strings.TrimPrefix(in+"."+near, ".") + "?"
	}
	if elsewhere := placesOf(name, "", reflect.TypeFor[file]()); len(elsewhere) == 1 {
		return "; did you mean " + elsewhere[0] + "?"
	}
	return ""
}

// placesOf are the fields of the file that have a name.
func placesOf(name, in string, t reflect.Type) (places []string) {
	for field, inner := range fieldsOf(t) {
		path := strings.TrimPrefix(in+"."+field, ".")
		for inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Slice {
			path, inner = path+"[]", inner.Elem()
		}
		if field == name {
			places = append(places, path)
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[yaml.Node]() {
			places = append(places, placesOf(name, path, inner)...)
		}
	}
	return places
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand replaces ${NAME} in a text. A name that is not set is a problem and not an empty text: an empty API key
// fails much later and says much less.
func (s *source) expand(node *yaml.Node, field string, t reflect.Type, getenv func(string) string) {
	if !strings.Contains(node.Value, "${") {
		return
	}
	node.Value = variable.ReplaceAllStringFunc(node.Value, func(reference string) string {
		name := reference[2 : len(reference)-1]
		value := getenv(name)
		if value == "" {
			s.fail(node.Line, field, "environment variable %s is not set", name)
			s.unset[field] = true
		}
		return value
	})
	if t != nil && t.Kind() != reflect.String && node.Style == 0 {
		node.Tag = "" // a number, or true, as if it stood there
	}
}

var wrongKind = regexp.MustCompile(`^line (\d+): cannot unmarshal !!(\w+).* into (.+)$`)

// wrongTypes reads the decoder's errors, which quote values: those may be secrets.
func (s *source) wrongTypes(errors []string) {
	for _, text := range errors {
		match := wrongKind.FindStringSubmatch(text)
		if match == nil {
			line, rest, _ := strings.Cut(strings.TrimPrefix(text, "line "), ": ")
			number, _ := strconv.Atoi(line)
			s.fail(number, "", "%s", rest)
			continue
		}
		line, _ := strconv.Atoi(match[1])
		field := s.fieldAt(line)
		if s.unset[field] {
			continue
		}
		s.fail(line, field, "%s stands where %s is expected", inWords(match[2]), inWords(match[3]))
	}
}

// inWords is a type of YAML or of Go as people call it.
func inWords(kind string) string {
	kind = strings.TrimLeft(kind, "*")
	switch {
	case kind == "str" || kind == "string":
		return "a text"
	case strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case strings.HasPrefix(kind, "bool"):
		return "true or false"
	case kind == "seq" || strings.HasPrefix(kind, "[]"):
		return "a list"
	case kind == "map" || strings.HasPrefix(kind, "map[") || strings.HasPrefix(kind, "struct") || strings.HasPrefix(kind, "config."):
		return "an object"
	default:
		return "another kind of value"
	}
}

// fieldAt is the innermost field that begins on a line, "" when several do.
func (s *source) fieldAt(line int) (field string) {
	for name, at := range s.lines {
		switch {
		case at != line:
		case field == "" || strings.HasPrefix(name, field):
			field = name
		case !strings.HasPrefix(field, name):
			return ""
		}
	}
	return field
}

// locate adds what is wrong with fields, with the lines that they stand on.
func (s *source) locate(problems []string) {
	for _, text := range problems {
		field, _, _ := strings.Cut(text, ": ")
		if !s.isUnset(field) {
			s.problems = append(s.problems, problem{s.lineOf(field), text})
		}
	}
}

func (s *source) isUnset(field string) bool {
	for ; field != ""; field = parentOf(field) {
		if s.unset[field] {
			return true
		}
	}
	return false
}

// lineOf is where a field stands, or where what it is missing in does; 0 is not in the file.
func (s *source) lineOf(field string) int {
	for ; field != ""; field = parentOf(field) {
		if line := s.lines[field]; line > 0 {
			return line
		}
	}
	return 0
}

// origins say where each field was set: a line of the file, or a variable.
func (s *source) origins() map[string]string {
	all := map[string]string{}
	for field, line := range s.lines {
		all[field] = fmt.Sprintf("line %d", line)
	}
	maps.Copy(all, s.variables)
	return all
}

func parentOf(field string) string {
	return field[:max(strings.LastIndexAny(field, ".["), 0)]
}

// texts are all problems by their lines; those that have none come first.
func (s *source) texts() []string {
	slices.SortStableFunc(s.problems, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	texts := make([]string, len(s.problems))
	for i, p := range s.problems {
		texts[i] = p.text
		if p.line > 0 {
			texts[i] = fmt.Sprintf("line %d: %s", p.line, p.text)
		}
	}
	return texts
}

// meantOf guesses which fields of an object with the names of the admin API were meant.
func meantOf(unknown []string, target any) string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(target).Elem()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	var hints []string
	for _, name := range unknown {
		if near := nearest.Name(name, names); near != "" {
			hints = append(hints, near)
		}
	}
	if len(hints) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(hints, ", ") + "?"
}
