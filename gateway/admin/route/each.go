package route

import (
	"encoding/json"
	"reflect"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Each are changes that stand for themselves: each is the body of a request of its own.
type Each[In any] []Entry[In]

// Entry is one of them.
type Entry[In any] struct{ fields httpx.Object }

// StandsFor implements [openapi.Standing].
func (*Entry[In]) StandsFor() (itself, other reflect.Type) {
	return reflect.TypeFor[Entry[In]](), reflect.TypeFor[In]()
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Each[In]) UnmarshalJSON(data []byte) error {
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(data, &entries); err != nil {
		return api.Errorf(api.Invalid, "must be a list of objects")
	}
	*e = make(Each[In], len(entries))
	for i, fields := range entries {
		(*e)[i].fields = fields
	}
	return nil
}

// Text is a text of the entry, "" when it is not there.
func (e *Entry[In]) Text(name string) (text string) {
	_ = json.Unmarshal(e.fields[name], &text) // what is no text is refused when the change is made
	return text
}

// Make makes the change that the entry asks for. What nobody understands of it is named with its place in front.
func (e *Entry[In]) Make(c *Call, place string, do func(*Call, In) error) error {
	one, in := *c, *new(In)
	one.In = &Input{Fields: e.fields, Strict: c.In.Strict, update: true}
	one.In.read()
	err := one.read(reflect.ValueOf(&in).Elem(), true, func(name string) bool { return isHarmless(name, nil) })
	for _, name := range one.In.Unknown {
		c.In.Unknown = append(c.In.Unknown, place+name)
	}
	if err != nil {
		return err
	}
	return do(&one, in)
}
