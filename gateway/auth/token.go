package auth

import "strings"

// IsToken says whether what was presented has the form of a token of an identity provider, a JWT:
// three parts with dots between them, the first of them a JSON object in base64. No key has it.
func IsToken(secret Secret) bool {
	return strings.HasPrefix(string(secret), "eyJ") && strings.Count(string(secret), ".") == 2
}
