package admin

import (
	"math"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxPageSize is what is answered at most at once. LiteLLM's 100 is too few for large estates.
const maxPageSize = 1000

const maxPageNumber = math.MaxInt32

// page is the part of a list that a caller wants.
type page struct {
	number int
	size   int
	order  api.Page
}

// page reads which part of a list is wanted. LiteLLM calls the size page_size for teams and size
// for keys; columns are the names of sort_by and what they are to the record.
func (c *call) page(sizeName string, columns map[string]string) (page, error) {
	number, err := c.number("page", 1, maxPageNumber)
	if err != nil {
		return page{}, err
	}
	size, err := c.number(sizeName, 10, maxPageSize)
	if err != nil {
		return page{}, err
	}
	sortBy, err := c.choice("sort_by", sortedNames(columns)...)
	if err != nil {
		return page{}, err
	}
	direction, err := c.choice("sort_order", "asc", "desc")
	if err != nil {
		return page{}, err
	}
	// Unasked, what was made last comes first; a column that is asked for ascends.
	desc := direction == "desc" || (direction == "" && sortBy == "")
	order := api.Page{Limit: size, Offset: (number - 1) * size, SortBy: columns[sortBy], Desc: desc, After: c.query.Get("cursor")}
	if order.After != "" && number != 1 {
		return page{}, api.FieldErrorf("cursor", "cannot be sent together with page: both say where to begin")
	}
	return page{number: number, size: size, order: order}, nil
}

// pageOf reads page and size of a list that has one order only.
func (c *call) pageOf(sizeName string, size int) (page, error) {
	number, err := c.number("page", 1, maxPageNumber)
	if err != nil {
		return page{}, err
	}
	size, err = c.number(sizeName, size, maxPageSize)
	return page{number: number, size: size, order: api.Page{Limit: size, Offset: (number - 1) * size}}, err
}

// next is the cursor behind the last row of a page, nil when the page is not full and so the last one.
func (p page) next(rows int, last func() (id string, alias *string, record api.Record)) *string {
	if rows < p.size {
		return nil
	}
	cursor := p.order.CursorOf(last())
	return &cursor
}

// pages returns how many pages there are; the last may not be full.
func (p page) pages(total int) int { return (total + p.size - 1) / p.size }
