package api_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestCursor_isReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	for column, want := range map[string]api.Cursor{
		"":                  {SortBy: api.SortByCreatedAt, Desc: true, MS: at.UnixMilli(), ID: "k"},
		api.SortByID:        {SortBy: api.SortByID, Desc: true, ID: "k"},
		api.SortByAlias:     {SortBy: api.SortByAlias, Desc: true, Text: "alias é", ID: "k"},
		api.SortByUpdatedAt: {SortBy: api.SortByUpdatedAt, Desc: true, MS: at.UnixMilli() + 1, ID: "k"},
	} {
		record := api.Record{CreatedAt: at, UpdatedAt: at.Add(time.Millisecond)}
		text := api.Page{SortBy: column, Desc: true}.CursorOf("k", new("Alias É"), record)
		if got, err := api.ParseCursor(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", column, got, err, want)
		}
	}
}

// FuzzParseCursor: what is read is written the same again, all else is refused.
func FuzzParseCursor(f *testing.F) {
	for _, text := range []string{"", "x", "e30", api.Cursor{SortBy: "id", ID: "k"}.String(), api.Cursor{SortBy: "alias", Text: "a", ID: "k"}.String()} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := api.ParseCursor(text)
		if err != nil {
			if api.CodeOf(err) != api.Invalid {
				t.Errorf("error %v", err)
			}
			return
		}
		if again, err := api.ParseCursor(cursor.String()); err != nil || again != cursor {
			t.Errorf("%+v became %+v, %v", cursor, again, err)
		}
	})
}
