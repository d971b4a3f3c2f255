package route

import (
	"maps"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Codes are what a route refuses with, besides what every route does.
func Codes(list ...api.Code) []api.Code { return list }

// Parameters that many lists have.
var (
	PageNumber = openapi.Parameter{Name: "page", Kind: "integer", Default: 1, Text: "Which page, from 1."}
	SortOrder  = openapi.Parameter{Name: "sort_order", Words: []string{"asc", "desc"}, Text: "Ascending unless said otherwise."}
)

// CursorAfter goes on behind a page.
var (
	CursorAfter = openapi.Parameter{
		Name: "cursor", Text: "The `next_cursor` of the page before, in the same order and of the same selection. Takes as long for " +
			"the last page as for the first, and neither skips nor repeats what was there all the time.",
	}
)

// PageSize is how many a page has, called as LiteLLM calls it for the noun.
func PageSize(name string) openapi.Parameter {
	return openapi.Parameter{Name: name, Kind: "integer", Default: 10, Text: "How many on a page, at most 1000."}
}

// SortBy is what a list is sorted by: one of the names of the columns.
func SortBy(columns map[string]string) openapi.Parameter {
	return openapi.Parameter{
		Name: "sort_by", Words: slices.Sorted(maps.Keys(columns)), Text: "Without it, what was made last comes first.",
	}
}

// Parameters of lists that are bounded by days and written in more than one form.
var (
	StartDate = openapi.Parameter{Name: "start_date", Kind: "date", Text: "The first UTC day."}
	EndDate   = openapi.Parameter{Name: "end_date", Kind: "date", Text: "The last UTC day, included."}
	FormatAs  = openapi.Parameter{
		Name: "format", Words: []string{FormatJSON, FormatCSV, FormatJSONL},
		Text: "The form of the answer; without it, the header Accept decides. CSV and JSON Lines are written row by row, whatever their length.",
	}
	CursorAt = openapi.Parameter{Name: "cursor", Text: "The `next_cursor` of an answer, to go on after it."}
)

// CSVAndLines are the other media types of lists that are written row by row.
var CSVAndLines = []string{"text/csv", "application/jsonl"}
