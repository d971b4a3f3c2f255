package route

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Input is the object that a POST carries. Handlers take out what names the object first and
// say with Expect what the rest may be.
type Input struct {
	Fields httpx.Object
	// Strict refuses unknown fields instead of naming them in a header.
	Strict bool
	// Unknown are the fields that nobody understood.
	Unknown []string
	// Surplus are unknown fields of objects that were taken out already.
	Surplus []string
	// update: the request changes what is there. emptied are fields that it sends as "": they would clear what is there without a word.
	update  bool
	emptied []string
	// digest is the SHA-256 of the body.
	digest [sha256.Size]byte
}

func readInput(r *http.Request, strict bool) (*Input, error) {
	if r.ContentLength == 0 && (r.PathValue("key") != "" || r.URL.Path == "/key/health") {
		return &Input{Fields: httpx.Object{}, Strict: strict}, nil // the path says it all
	}
	body, err := httpx.ReadBody(r)
	if err != nil {
		return nil, err
	}
	fields, err := httpx.ParseObject(body)
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

// Entry is a part of the body that is an update for itself.
func (in *Input) Entry(fields httpx.Object) *Input {
	entry := &Input{Fields: fields, Strict: in.Strict, update: true}
	entry.read()
	return entry
}

// read takes the fields for what LiteLLM's clients mean by them.
func (in *Input) read() {
	for name, value := range in.Fields {
		if in.update && string(value) == `""` && slices.Contains(emptyIsNull, name) {
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

var (
	// emptyIsNull are fields for which LiteLLM's clients send "" when they mean nothing.
	emptyIsNull = []string{
		"team_id", "user_id", "key_alias", "key", "duration", "budget_id", "budget_duration", "max_budget", "soft_budget",
		"user_email", "user_alias", "user_role", "max_budget_in_team", "team_member_budget", "team_member_budget_duration",
	}
	// wholeNumbers are fields for which they send 100.0 or "100" when they mean 100.
	wholeNumbers = []string{
		"rpm_limit", "tpm_limit", "max_parallel_requests", "team_member_rpm_limit", "team_member_tpm_limit", "min_output_tokens",
	}
	null = json.RawMessage("null")
)

// Lenient reads what LiteLLM's clients write as what they mean.
func Lenient(name string, value json.RawMessage) json.RawMessage {
	text := string(value)
	if text == `""` && slices.Contains(emptyIsNull, name) {
		return null
	}
	if !slices.Contains(wholeNumbers, name) || len(text) > 32 {
		return value
	}
	number, ok := new(big.Float).SetString(strings.Trim(text, `"`))
	if !ok || !number.IsInt() {
		return value
	}
	whole, accuracy := number.Int64()
	if accuracy != big.Exact {
		return value
	}
	return json.RawMessage(strconv.FormatInt(whole, 10))
}

// RefuseEmpty refuses an update that sends "" for one of the fields.
func (in *Input) RefuseEmpty(names ...string) error {
	for _, name := range names {
		if slices.Contains(in.emptied, name) {
			return api.FieldErrorf(name, "is empty; send null to clear it, or leave it out to keep it")
		}
	}
	return nil
}

// Text takes a string out of the input; it is "" when left out or null.
func (in *Input) Text(name string) (string, error) {
	value := in.Take(name)
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return "", api.FieldErrorf(name, "must be a string")
	}
	return text, nil
}

// Flag takes true or false out of the input; it is false when left out or null.
func (in *Input) Flag(name string) (bool, error) {
	var flag bool
	if err := json.Unmarshal(in.Take(name), &flag); err != nil {
		return false, api.FieldErrorf(name, "must be true or false")
	}
	return flag, nil
}

// Required takes a string out of the input that must be there.
func (in *Input) Required(name string) (string, error) {
	text, err := in.Text(name)
	if err == nil && text == "" {
		err = api.FieldErrorf(name, "is required")
	}
	return text, err
}

// Texts takes a list of strings out of the input, each once; nil when left out or null.
func (in *Input) Texts(name string) ([]string, error) {
	value := in.Take(name)
	var list []string
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, api.FieldErrorf(name, "must be a list of strings")
	}
	if slices.Contains(list, "") {
		return nil, api.FieldErrorf(name, "holds an empty string")
	}
	return unique(list), nil
}

func unique(list []string) []string {
	var once []string
	for _, text := range list {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

// Take takes a field out of the input; it is null when left out.
func (in *Input) Take(name string) json.RawMessage {
	value, found := in.Fields[name]
	delete(in.Fields, name)
	if !found {
		return null
	}
	return value
}

// Has says whether a field is there, null or not.
func (in *Input) Has(name string) bool {
	_, found := in.Fields[name]
	return found
}

// Nulls are the fields that are null in the named objects among the fields, such as "webhook.secret".
func (in *Input) Nulls(objects ...string) []string {
	var names []string
	for _, object := range objects {
		var inner map[string]json.RawMessage
		if json.Unmarshal(in.Fields[object], &inner) != nil {
			continue
		}
		for name, value := range inner {
			if string(value) == "null" {
				names = append(names, object+"."+name)
			}
		}
	}
	return names
}

// Patch writes the fields into target; Expect has told of those it does not have.
func (in *Input) Patch(target any) error {
	_, err := api.Patch(target, in.Fields)
	return err
}
