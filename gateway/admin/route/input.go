package route

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// Input is the object that a POST carries.
type Input struct {
	Fields httpx.Object
	// Strict refuses unknown fields instead of naming them in a header.
	Strict bool
	// Unknown are the fields that nobody understood.
	Unknown []string
	// update: the request changes what is there. emptied are fields that it sends as "": they would clear what is there without a word.
	update  bool
	emptied []string
	// digest is the SHA-256 of the body.
	digest [sha256.Size]byte
}

func readInput(r *http.Request, route Route, strict bool) (*Input, error) {
	if r.ContentLength == 0 && route.BodyOptional {
		return &Input{Fields: httpx.Object{}, Strict: strict}, nil
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return nil, err
	}
	fields, err := httpx.ParseObjectOf(body, route.MostNames)
	if err != nil {
		return nil, err
	}
	in := newInput(fields, r.URL.Path, strict)
	in.digest = sha256.Sum256(body)
	return in, nil
}

// newInput is the body of a request to a path, whether it is sent there or only asked about.
func newInput(fields httpx.Object, path string, strict bool) *Input {
	in := &Input{Fields: fields, Strict: strict, update: strings.HasSuffix(path, "update")}
	in.read()
	return in
}

// read takes the fields for what LiteLLM's clients mean by them.
func (in *Input) read() {
	for name, value := range in.Fields {
		empty := in.update && string(value) == `""`
		if empty && slices.Contains(emptyIsAbsent, name) {
			delete(in.Fields, name)
			continue
		}
		if empty && slices.Contains(emptyIsNull, name) {
			in.emptied = append(in.emptied, name)
		}
		in.Fields[name] = Lenient(name, value)
	}
}

// fingerprint tells this request from others that make something: who sends it, the address and all of the body.
func (c *Call) fingerprint() []byte {
	text := fmt.Appendf(nil, "%q %q %q\n", c.Caller.Credential.ID, c.Request.URL.Path, c.Request.URL.RawQuery)
	digest := sha256.Sum256(append(text, c.In.digest[:]...))
	return digest[:]
}

var null = json.RawMessage("null")

func unique(list []string) []string {
	var once []string
	for _, text := range list {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// Has says whether a field is there, null or not.
func (in *Input) Has(name string) bool {
	_, found := in.Fields[name]
	return found
}
