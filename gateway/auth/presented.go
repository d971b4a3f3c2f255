package auth

import (
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// keyHeaders carry a key, all but the first nothing else. API-Key is Azure's name, x-api-key Anthropic's.
// They are canonical.
var keyHeaders = []string{"Authorization", "X-Api-Key", "Api-Key", "X-Litellm-Api-Key"}

// maxPresentedLen bounds what is looked at of a presented key, in bytes. Tokens of identity providers are long.
const maxPresentedLen = 8 << 10

// Presented returns the key that a request carries in Authorization: Bearer, x-api-key, API-Key or
// x-litellm-api-key. Several headers may carry it if they agree. Errors are [api.Unauthenticated] and
// do not repeat what was presented.
func Presented(header http.Header) (Secret, error) {
	var found Secret
	for _, name := range keyHeaders {
		for _, value := range header[name] {
			key, err := keyIn(name, value)
			if err != nil {
				return "", err
			}
			if found != "" && key != found {
				return "", unauthenticated("several headers carry different keys. Send one key.")
			}
			found = key
		}
	}
	if found == "" {
		return "", unauthenticated("No api key passed in.")
	}
	return found, nil
}

func keyIn(name, value string) (Secret, error) {
	key := strings.TrimSpace(value)
	if scheme, rest, found := strings.Cut(key, " "); found && strings.EqualFold(scheme, "Bearer") {
		key = strings.TrimSpace(rest)
	} else if name == keyHeaders[0] {
		return "", malformed()
	}
	if key == "" || len(key) > maxPresentedLen || strings.Trim(key, printable) != "" {
		return "", malformed()
	}
	return Secret(key), nil
}

// printable are the characters of ASCII that show, without the space.
const printable = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// InvalidKey returns the refusal of a key that nobody was given. It tells neither the key nor its hash.
func InvalidKey() *api.Error {
	return unauthenticated("Invalid proxy server token passed.")
}

func malformed() *api.Error {
	return unauthenticated("Malformed API Key passed in. Ensure Key has `Bearer ` prefix.")
}

// unauthenticated words refusals as LiteLLM does; its clients look for the first two words.
func unauthenticated(what string) *api.Error {
	return api.Errorf(api.Unauthenticated, "Authentication Error, %s", what)
}
