package route

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Parts of an In that read themselves from the address, and describe themselves.

// Period is what start_date and end_date bound; either may be left out, and is then the zero time.
type Period struct{ From, To time.Time }

// ReadQuery reads the bounds; see [Call.Period].
func (p *Period) ReadQuery(c *Call) (err error) {
	p.From, p.To, err = c.Period()
	return err
}

// Parameters implements [openapi.Asking].
func (*Period) Parameters() []openapi.Parameter { return []openapi.Parameter{StartDate, EndDate} }

// Days refuses a period that cuts a UTC day in two: there is what is known by the day only.
func (p Period) Days() error {
	const day = 24 * time.Hour
	for _, bound := range []struct {
		name string
		at   time.Time
	}{{"start_date", p.From}, {"end_date", p.To}} {
		if !bound.at.Equal(bound.at.Truncate(day)) {
			return api.FieldErrorf(bound.name, "must be a UTC day such as 2026-11-30")
		}
	}
	return nil
}

// Days is a period of whole UTC days.
type Days struct{ Period }

// ReadQuery reads the days.
func (d *Days) ReadQuery(c *Call) error {
	if err := d.Period.ReadQuery(c); err != nil {
		return err
	}
	return d.Period.Days()
}

// BothDays are days both of which have to be there.
type BothDays struct{ Days }

// ReadQuery reads the days.
func (d *BothDays) ReadQuery(c *Call) error {
	if err := d.Days.ReadQuery(c); err != nil {
		return err
	}
	if d.From.IsZero() || d.To.IsZero() {
		return api.FieldErrorf("start_date", "and end_date are required")
	}
	return nil
}

// Parameters implements [openapi.Asking].
func (*BothDays) Parameters() []openapi.Parameter {
	first, last := StartDate, EndDate
	first.Required, last.Required = true, true
	return []openapi.Parameter{first, last}
}

// Form is the form that a list of rows is wanted in.
type Form struct{ Format string }

// ReadQuery reads the form; see [Call.Format].
func (f *Form) ReadQuery(c *Call) (err error) {
	f.Format, err = c.Format()
	return err
}

// Parameters implements [openapi.Asking].
func (*Form) Parameters() []openapi.Parameter { return []openapi.Parameter{FormatAs} }

// Place is where a list goes on, by a cursor that was answered before.
type Place[T any] struct {
	At    T
	Given bool
}

// ReadQuery reads the cursor.
func (p *Place[T]) ReadQuery(c *Call) (err error) {
	p.Given, err = c.Cursor(&p.At)
	return err
}

// Parameters implements [openapi.Asking].
func (*Place[T]) Parameters() []openapi.Parameter { return []openapi.Parameter{CursorAt} }

// Pages select a page of fifty, unless said otherwise, of a list that has one order only.
type Pages struct {
	// Which page, from 1.
	Number int `query:"page" default:"1"`
	// How many on a page, at most 1000.
	Size int `query:"page_size" default:"50" most:"1000"`
}

// Page is the page that is selected.
func (p Pages) Page() Page { return PageAt(p.Number, p.Size) }

// PageAt is a page of a list that has one order only.
func PageAt(number, size int) Page {
	return Page{Number: number, Size: size, Order: api.Page{Limit: size, Offset: (number - 1) * size}}
}
