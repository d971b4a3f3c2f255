package asked

import (
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// secretPrefixes begin the secrets of vendors that people have at hand beside a gateway's.
var secretPrefixes = []string{
	"sk-", "sk_", "pk-", "rk_", "bearer ", "eyj", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "gsk_", "xai-", "r8_", "nvapi-",
	"pplx-", "aiza", "akia", "asia", "ya29.", "xoxb-", "xoxp-", "tgp_", "fw_", "dop_v1_", "-----begin",
}

const (
	// leastSecret is what is too short for a secret behind a prefix.
	leastSecret = 20
	// leastRandom is how many letters and digits in a row no name of a model has.
	leastRandom = 32
)

// looksSecret says whether what is asked for as a model looks like a secret that went into the wrong field.
func looksSecret(model string) bool {
	if len(model) < leastSecret {
		return false
	}
	lower := strings.ToLower(strings.TrimSpace(model))
	for _, prefix := range secretPrefixes {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return false
}

// looksRandom says whether a name has a long run of letters and digits, as secrets have and only few models.
func looksRandom(model string) bool {
	run, digits := 0, 0
	for _, r := range model {
		switch {
		case r >= '0' && r <= '9':
			digits++
			run++
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			run++
		default:
			run, digits = 0, 0
		}
		if run >= leastRandom && digits > 0 {
			return true
		}
	}
	return false
}

func refuseSecretModel(model string) error {
	if !looksSecret(model) {
		return nil
	}
	return api.FieldErrorf("model", "looks like a secret and not like the name of a model. It was not kept; if others could see it on its way, replace it")
}

// NameForLog is a model's name as it may be logged: a secret in its place is nobody's to read there. known: there is a
// model of that name.
func NameForLog(model string, known bool) string {
	if looksSecret(model) || !known && looksRandom(model) {
		return "[redacted]"
	}
	return model
}
