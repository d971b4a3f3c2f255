// Package content finds what a request holds besides plain text: pictures, sound, files, references to what a
// provider keeps, and tools.
//
// It promises that one walk finds them in the words of every dialect, at any depth and in any position, that what
// it does not know is named and never passed over, and that nothing that a model may read as text is taken for
// media. It must never know of models, prices, limits or HTTP.
package content

// Found is what a request holds.
type Found struct {
	// Pictures is how many there are, by address or within.
	Pictures int64
	// SoundSeconds is the length of the sound whose length is known, in started seconds.
	SoundSeconds int64
	// SoundBytes is the length in base64 of sound whose length is not known, but which has at least 6 kbit/s.
	SoundBytes int64
	// Sounds is how many sounds there are of both kinds.
	Sounds int64
	// Data are the places of strings in the body that stand for media and that no model reads as text, in order.
	Data []Span
	// Unweighed is the first part whose size cannot be known beforehand; nil when there is none.
	Unweighed *Part
	// References are the items that are named and not within.
	References []Reference
	// Toolset: tools are offered.
	Toolset bool
	// Tools are those that are more than a function that the client runs.
	Tools []Tool
}

// Reference names an item that the provider keeps.
type Reference struct {
	ID string
	// Needed: the item is nothing but its name. Others are something without it, too, such as thoughts in plain text.
	Needed bool
}

// Part is one part of a request, for people.
type Part struct {
	// Path is where it stands, such as "messages[0].content[1]".
	Path string
	// Kind is what it calls itself, such as "document".
	Kind string
}

func (p Part) String() string { return p.Path + " (" + p.Kind + ")" }

// Span is a place in a body.
type Span struct{ Start, End int }

// Tool is what is offered to the model besides functions that the client runs.
type Tool struct {
	// Type is in the request's words; of one without a type it is the name of its first member.
	Type string
	Path string
	// MaxUses and MaxContentTokens are 0 when they are not given.
	MaxUses          int64
	MaxContentTokens int64
	// ContextSize is how much of what it finds the model shall read.
	ContextSize string
	// Environment is the type of what it runs in, "" when none is given.
	Environment string
}

// DataLength is the length of all media data in the body.
func (f *Found) DataLength() int64 {
	var sum int64
	for _, span := range f.Data {
		sum += int64(span.End - span.Start)
	}
	return sum
}

// Without is the body with empty texts in place of media data.
func (f *Found) Without(body []byte) []byte {
	if len(f.Data) == 0 {
		return body
	}
	rest := make([]byte, 0, len(body))
	at := 0
	for _, span := range f.Data {
		rest = append(append(rest, body[at:span.Start]...), '"', '"')
		at = span.End
	}
	return append(rest, body[at:]...)
}

// Find walks through a request's body, which may be no JSON: then what it says has no meaning.
func Find(body []byte) Found {
	w := walk{data: body}
	w.space()
	if w.is('{') {
		w.object(place{zone: atTop})
	}
	return w.found
}
