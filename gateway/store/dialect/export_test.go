package dialect

import (
	"slices"
	"strings"
)

// FormsForTest are sample values for a query in each of its forms: with none and with all of its optional lines, in
// each order, and led by each index that SQLite may be told of.
func (q Query) FormsForTest() (forms []Values) {
	var optional, orders, indexes []string
	for _, line := range q.lines {
		switch {
		case line.condition == "":
		case strings.HasPrefix(line.condition, "by_"), strings.HasSuffix(line.condition, "_first"):
			orders = append(orders, line.condition)
		case strings.HasPrefix(line.condition, "via_"):
			indexes = append(indexes, line.condition)
		default:
			optional = append(optional, line.condition)
		}
	}
	if len(orders) == 0 {
		forms = append(forms, q.form(nil), q.form(optional))
	}
	if q.numbered {
		indexes = nil // PostgreSQL is told of none
	}
	for _, index := range indexes {
		forms = append(forms, q.form(append(slices.Clone(optional), index)))
	}
	for _, order := range orders {
		forms = append(forms, q.form([]string{order}), q.form(append(slices.Clone(optional), order)))
	}
	return forms
}

// form has a value for each placeholder of the lines that the conditions select.
func (q Query) form(conditions []string) Values {
	values := Values{}
	for _, condition := range conditions {
		values[condition] = true
	}
	for _, line := range q.lines {
		if _, given := values[line.condition]; line.condition != "" && !given {
			continue
		}
		for _, part := range line.parts {
			if part.placeholder {
				values[part.text] = q.sample(part.text)
			}
		}
	}
	return values
}

func (q Query) sample(placeholder string) any {
	switch placeholder {
	case "ids", "team_ids", "except_ids", "key_ids", "models", "user_ids":
		return []string{"a", "b"}
	case "rows":
		text := ""
		for _, line := range q.lines {
			text += line.parts[0].text
		}
		columns := strings.Count(text[:strings.Index(text, "VALUES")], ",") + 1
		return [][]any{make([]any, columns), make([]any, columns)}
	default:
		return "a"
	}
}
