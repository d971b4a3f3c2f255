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
//	$team_id                    is a placeholder
//	… -- if team_id             leaves the line out when Values has no team_id
//	… -- postgres only          leaves the line out on the other database
type Query struct {
	name  string
	lines []line
	// numbered placeholders are $1, $2 as PostgreSQL wants them. SQLite gets plain question marks,
	// because it looks up numbered ones by name, which takes longer than all else with a few hundred.
	numbered bool
	// Ledger: it reads the ledger's rows or their sums.
	Ledger bool
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
	ledgerTables = regexp.MustCompile(`\b(?:FROM|JOIN)\s+(?:ledger|usage_)`)
	placeholders = regexp.MustCompile(`\$[a-z][a-z0-9_]*`)
	conditions   = regexp.MustCompile(`^(.*)-- (?:if ([a-z][a-z0-9_]*)|([a-z]+) only)\s*$`)
)

// LoadQueries reads all sections of the files for a kind of database.
func LoadQueries(files fs.FS, kind string) (map[string]Query, error) {
	names, err := fs.Glob(files, "queries/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list queries: %w", err)
	}
	queries := map[string]Query{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read queries: %w", err)
		}
		for _, q := range parseQueries(string(text), kind) {
			if _, twice := queries[q.name]; twice {
				return nil, fmt.Errorf("%s: query %s is there twice", name, q.name)
			}
			queries[q.name] = q
		}
	}
	return queries, nil
}

func parseQueries(text, kind string) []Query {
	var queries []Query
	for raw := range strings.SplitSeq(text, "\n") {
		if name, found := strings.CutPrefix(raw, "-- name: "); found {
			queries = append(queries, Query{name: strings.TrimSpace(name), numbered: kind == Postgres})
			continue
		}
		if len(queries) == 0 || strings.HasPrefix(raw, "--") || strings.TrimSpace(raw) == "" {
			continue
		}
		last := &queries[len(queries)-1]
		if parsed, wanted := parseLine(raw, kind); wanted {
			last.Ledger = last.Ledger || ledgerTables.MatchString(raw)
			last.lines = append(last.lines, parsed)
		}
	}
	return queries
}

func parseLine(raw, kind string) (parsed line, wanted bool) {
	if match := conditions.FindStringSubmatch(raw); match != nil {
		raw, parsed.condition = match[1], match[2]
		if match[3] != "" && match[3] != kind {
			return line{}, false
		}
	}
	raw = strings.TrimRight(raw, " ") + "\n"
	at := 0
	for _, span := range placeholders.FindAllStringIndex(raw, -1) {
		parsed.parts = append(parsed.parts,
			part{text: raw[at:span[0]]}, part{text: raw[span[0]+1 : span[1]], placeholder: true})
		at = span[1]
	}
	parsed.parts = append(parsed.parts, part{text: raw[at:]})
	return parsed, true
}

// Bind fills in the placeholders and returns the text with the values in their order.
func (q Query) Bind(values Values) (string, []any, error) {
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
