package route

import (
	"maps"
	"math"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// MaxPageSize is what is answered at most at once. LiteLLM's 100 is too few for large estates.
const MaxPageSize = 1000

// MaxPageNumber is the last page that can be asked for.
const MaxPageNumber = math.MaxInt32

// Page is the part of a list that a caller wants.
type Page struct {
	Number int
	Size   int
	Order  api.Page
}

// Page reads which part of a list is wanted. LiteLLM calls the size page_size for teams and size
// for keys; columns are the names of sort_by and what they are to the record.
func (c *Call) Page(sizeName string, columns map[string]string) (Page, error) {
	number, err := c.Number("page", 1, MaxPageNumber)
	if err != nil {
		return Page{}, err
	}
	size, err := c.Number(sizeName, 10, MaxPageSize)
	if err != nil {
		return Page{}, err
	}
	sortBy, err := c.Choice("sort_by", slices.Sorted(maps.Keys(columns))...)
	if err != nil {
		return Page{}, err
	}
	direction, err := c.Choice("sort_order", "asc", "desc")
	if err != nil {
		return Page{}, err
	}
	// Unasked, what was made last comes first; a column that is asked for ascends.
	desc := direction == "desc" || (direction == "" && sortBy == "")
	order := api.Page{Limit: size, Offset: (number - 1) * size, SortBy: columns[sortBy], Desc: desc, After: c.Query.Get("cursor")}
	if order.After != "" && number != 1 {
		return Page{}, api.FieldErrorf("cursor", "cannot be sent together with page: both say where to begin")
	}
	return Page{Number: number, Size: size, Order: order}, nil
}

// PageOf reads page and size of a list that has one order only.
func (c *Call) PageOf(sizeName string, size int) (Page, error) {
	number, err := c.Number("page", 1, MaxPageNumber)
	if err != nil {
		return Page{}, err
	}
	size, err = c.Number(sizeName, size, MaxPageSize)
	return PageAt(number, size), err
}

// Next is the cursor behind the last row of a page, nil when the page is not full and so the last one.
func (p Page) Next(rows int, last func() (id string, alias *string, record api.Record)) *string {
	if rows < p.Size {
		return nil
	}
	cursor := p.Order.CursorOf(last())
	return &cursor
}

// Pages returns how many pages there are; the last may not be full.
func (p Page) Pages(total int) int { return (total + p.Size - 1) / p.Size }
