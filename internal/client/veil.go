package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// secretive is a request body that carries secrets.
type secretive interface {
	// secrets are in clear text; empty ones are none.
	secrets() []string
}

const (
	// veiled stands where a secret was.
	veiled = "(secret)"
	// recognised is how many characters a secret is recognised by, also where the rest of it was cut off.
	recognised = 8
)

// veil hides secrets in errors. The gateway does not repeat them, but what is in front of it may, in whatever words.
type veil []string

// newVeil hides the secrets of the client and what the body carries, in every spelling that an echo may have.
func newVeil(ofClient []string, body any) veil {
	secrets := slices.Clone(ofClient)
	if body, ok := body.(secretive); ok {
		secrets = append(secrets, body.secrets()...)
	}
	var v veil
	for _, secret := range secrets {
		if secret != "" {
			v = append(v, spellings(secret)...)
		}
	}
	return v
}

func spellings(secret string) []string {
	texts := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	if encoded, err := json.Marshal(secret); err == nil {
		inJSON := strings.Trim(string(encoded), `"`)
		texts = append(texts, inJSON, strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(inJSON))
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// over returns err without the secrets. An [api.Error] in it is changed: nobody else has it yet.
func (v veil) over(err error) error {
	if err == nil {
		return nil
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		refused.Message, refused.Param = v.hide(refused.Message), v.hide(refused.Param)
		for _, values := range refused.Header {
			for i, value := range values {
				values[i] = v.hide(value)
			}
		}
	}
	if text := v.hide(err.Error()); text != err.Error() {
		return &veiledError{text, err}
	}
	return err
}

// veiledError is an error that is told in other words.
type veiledError struct {
	text string
	err  error
}

func (e *veiledError) Error() string { return e.text }

func (e *veiledError) Unwrap() error { return e.err }

func (v veil) hide(text string) string {
	for _, secret := range v {
		text = v.hideWhatBegins(text, head(secret))
	}
	return strings.ToValidUTF8(text, "")
}

func (v veil) hideWhatBegins(text, start string) string {
	var shown strings.Builder
	for {
		before, found, ok := cutAt(text, start)
		shown.WriteString(before)
		if !ok {
			return shown.String()
		}
		shown.WriteString(veiled)
		text = found[v.reach(found):]
	}
}

// reach is how far a secret goes from the start of the text.
func (v veil) reach(text string) int {
	longest := slices.MaxFunc(v, func(a, b string) int { return cmp.Compare(shared(text, a), shared(text, b)) })
	return shared(text, longest)
}

func head(secret string) string { return secret[:min(len(secret), recognised)] }

// cutAt cuts a text before the first start in it.
func cutAt(text, start string) (before, found string, ok bool) {
	at := strings.Index(text, start)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at:], true
}

// shared is how many bytes two texts begin with in common.
func shared(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// targetSecrets are those of where an alert route sends to. The address of a webhook opens the channel behind it, for
// which what stands behind the host is enough; so do the addresses that are secret as a whole. The host itself may be
// told, as people have to know which one is not let through.
func targetSecrets(targets api.AlertTargets) []string {
	target := targets.Target()
	if target == nil {
		return nil
	}
	var secrets []string
	if targets.Webhook != nil {
		secrets = addressSecrets(targets.Webhook.URL)
	}
	for _, secret := range target.Secrets() {
		value, _ := secret.Value()
		switch secret.Name {
		case "url":
			secrets = append(secrets, addressSecrets(value)...)
		case "headers":
			var headers map[string]string
			_ = json.Unmarshal([]byte(value), &headers)
			secrets = append(secrets, slices.Collect(maps.Values(headers))...)
		default:
			secrets = append(secrets, value)
		}
	}
	return secrets
}

func addressSecrets(text string) []string {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" {
		return []string{text}
	}
	var secrets []string
	if password, ok := address.User.Password(); ok {
		secrets = append(secrets, password)
	}
	if _, behind, _ := strings.Cut(text, address.Host); len(behind) >= recognised {
		secrets = append(secrets, behind)
	}
	return secrets
}

func given(secret *string) []string {
	if secret == nil {
		return nil
	}
	return []string{*secret}
}
