package dialect

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

// Values are the values of a query's placeholders, by name without the dollar.
// A []string fills the list of an IN (…), a [][]any the rows of a VALUES.
type Values map[string]any

// Query is one section of a .sql file, for one database. In the files:
//
//	-- name: team_list          starts a section
//	-- lines: team_found        starts lines that sections share
//	-- use team_found           stands for these lines, and
//	-- use ordered_by name      for lines that have $column where the word goes
//	-- ignores created_by       allows a value that no line asks for
//	$team_id                    is a placeholder
//	… -- if team_id             leaves the line out when Values has no team_id
//	… -- postgres only          leaves the line out on the other database
type Query struct {
	name  string
	lines []line
	// numbered placeholders are $1, $2 as PostgreSQL wants them. SQLite gets plain question marks,
	// because it looks up numbered ones by name, which takes longer than all else with a few hundred.
	numbered bool
	// named are the values that lines ask for, on any database.
	named map[string]bool
}

type line struct {
	parts     []part
	condition string
}

// part is literal text or, with placeholder set, the place of a value.
type part struct {
	text        string
	placeholder bool
}

var (
	placeholders = regexp.MustCompile(`\$[a-z][a-z0-9_]*`)
	conditions   = regexp.MustCompile(`^(.*)-- (?:if ([a-z][a-z0-9_]*)|([a-z]+) only)\s*$`)
)

// LoadQueries reads all sections of the files for a kind of database.
func LoadQueries(files fs.FS, kind string) (map[string]Query, error) {
	names, err := fs.Glob(files, "queries/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list queries: %w", err)
	}
	var sections []section
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read queries: %w", err)
		}
		sections = append(sections, sectionsOf(string(text))...)
	}
	shared := map[string][]string{}
	for _, s := range sections {
		if s.shared {
			shared[s.name] = s.lines
		}
	}
	queries := map[string]Query{}
	for _, s := range sections {
		if s.shared {
			continue
		}
		if _, twice := queries[s.name]; twice {
			return nil, fmt.Errorf("query %s is there twice", s.name)
		}
		if queries[s.name], err = s.query(shared, kind); err != nil {
			return nil, err
		}
	}
	return queries, nil
}

// section is a query as its file has it, or lines that queries share.
type section struct {
	name   string
	shared bool
	lines  []string
}

func sectionsOf(text string) (sections []section) {
	for raw := range strings.SplitSeq(text, "\n") {
		raw = strings.TrimSpace(raw)
		if name, found := strings.CutPrefix(raw, "-- name: "); found {
			sections = append(sections, section{name: name})
			continue
		}
		if name, found := strings.CutPrefix(raw, "-- lines: "); found {
			sections = append(sections, section{name: name, shared: true})
			continue
		}
		comment := strings.HasPrefix(raw, "--") && !strings.HasPrefix(raw, useLines) && !strings.HasPrefix(raw, ignoreValues)
		if len(sections) == 0 || comment || raw == "" {
			continue
		}
		last := &sections[len(sections)-1]
		last.lines = append(last.lines, raw)
	}
	return sections
}

const (
	useLines     = "-- use "
	ignoreValues = "-- ignores "
)

// query reads the section's lines, with those that it shares.
func (s section) query(shared map[string][]string, kind string) (Query, error) {
	q := Query{name: s.name, numbered: kind == Postgres, named: map[string]bool{}}
	for _, raw := range s.lines {
		if ignored, found := strings.CutPrefix(raw, ignoreValues); found {
			for name := range strings.SplitSeq(ignored, ", ") {
				q.named[name] = true
			}
			continue
		}
		used, found := strings.CutPrefix(raw, useLines)
		if !found {
			q.add(raw, kind)
			continue
		}
		name, column, _ := strings.Cut(used, " ")
		lines, known := shared[name]
		if !known {
			return Query{}, fmt.Errorf("query %s uses lines %s, which no file has", s.name, name)
		}
		for _, raw := range lines {
			q.add(strings.ReplaceAll(raw, "$column", column), kind)
		}
	}
	return q, nil
}

func (q *Query) add(raw, kind string) {
	parsed, wanted := parseLine(raw, kind)
	q.named[parsed.condition] = true
	for _, part := range parsed.parts {
		if part.placeholder {
			q.named[part.text] = true
		}
	}
	if wanted {
		q.lines = append(q.lines, parsed)
	}
}

// parseLine reads a line; it is not wanted when it is for another kind of database.
func parseLine(raw, kind string) (parsed line, wanted bool) {
	wanted = true
	if match := conditions.FindStringSubmatch(raw); match != nil {
		raw, parsed.condition = match[1], match[2]
		wanted = match[3] == "" || match[3] == kind
	}
	raw = strings.TrimRight(raw, " ") + "\n"
	at := 0
	for _, span := range placeholders.FindAllStringIndex(raw, -1) {
		parsed.parts = append(parsed.parts,
			part{text: raw[at:span[0]]}, part{text: raw[span[0]+1 : span[1]], placeholder: true})
		at = span[1]
	}
	parsed.parts = append(parsed.parts, part{text: raw[at:]})
	return parsed, wanted
}

// Bind fills in the placeholders and returns the text with the values in their order. A value that no line asks for is
// an error: a condition that is misspelt would select everything.
func (q Query) Bind(values Values) (string, []any, error) {
	for name := range values {
		if !q.named[name] {
			return "", nil, fmt.Errorf("query %s asks for no $%s", q.name, name)
		}
	}
	b := binding{values: values, numbered: q.numbered, numbers: map[string]int{}}
	for _, line := range q.lines {
		if _, given := values[line.condition]; line.condition != "" && !given {
			continue
		}
		for _, part := range line.parts {
			if !part.placeholder {
				b.text.WriteString(part.text)
				continue
			}
			if err := b.place(part.text); err != nil {
				return "", nil, fmt.Errorf("query %s: %w", q.name, err)
			}
		}
	}
	return b.text.String(), b.bound, nil
}

type binding struct {
	values   Values
	text     strings.Builder
	bound    []any
	numbered bool
	// numbers are those of the values that may stand in several places.
	numbers map[string]int
}

func (b *binding) place(name string) error {
	value, given := b.values[name]
	if !given {
		return fmt.Errorf("no value for $%s", name)
	}
	switch value := value.(type) {
	case []string:
		b.list(value)
	case [][]any:
		b.rows(value)
	default:
		if number, again := b.numbers[name]; again && b.numbered {
			b.text.WriteString("$" + strconv.Itoa(number))
			break
		}
		b.value(value)
		b.numbers[name] = len(b.bound)
	}
	return nil
}

func (b *binding) value(value any) {
	b.bound = append(b.bound, value)
	if b.numbered {
		b.text.WriteString("$" + strconv.Itoa(len(b.bound)))
		return
	}
	b.text.WriteString("?")
}

// list writes the values with commas, or NULL, which nothing is in, for an empty list.
func (b *binding) list(values []string) {
	if len(values) == 0 {
		b.text.WriteString("NULL")
	}
	for i, value := range values {
		if i > 0 {
			b.text.WriteString(", ")
		}
		b.value(value)
	}
}

// rows writes the values of each row with commas in parentheses.
func (b *binding) rows(rows [][]any) {
	for i, row := range rows {
		if i > 0 {
			b.text.WriteString(", ")
		}
		b.text.WriteString("(")
		for j, value := range row {
			if j > 0 {
				b.text.WriteString(", ")
			}
			b.value(value)
		}
		b.text.WriteString(")")
	}
}
