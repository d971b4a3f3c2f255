// Package auth says who a caller is: it makes, checks, hashes and finds the secrets of keys,
// and knows what each role may do.
//
// It promises that secrets are compared in constant time, that a mistyped one is refused without
// a look-up, and that no secret or hash is ever printed. It must never know where keys are stored
// or what they may spend.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/big"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A secret that the gateway makes is
//
//	sk-brs_<id><underscore><random><checksum>
//
// with 8 random characters that tell keys apart, 43 characters of base 62 for 32 random bytes, and
// 6 of base 62 for the CRC-32 of all that stands before. LiteLLM's clients expect "sk-" in front;
// the underscores let a double click select all of it.
const (
	prefix      = "sk-"
	madePrefix  = prefix + "brs_"
	idLen       = 8
	randomLen   = 43
	checksumLen = 6
	madeLen     = len(madePrefix) + idLen + 1 + randomLen + checksumLen
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Errors of [CheckSecret].
var (
	// ErrChecksum is a secret of the gateway's own form with a wrong checksum: mistyped or made up.
	ErrChecksum = errors.New("is not a key of this form: its checksum is wrong")
	// ErrForm is a text that cannot be a secret.
	ErrForm = api.ErrKeySecret
)

// Secret is a key in clear text. Printing, logging or marshalling it shows "[redacted]";
// only [Secret.Reveal] shows it.
type Secret string

const redacted = "[redacted]"

// Reveal returns the secret in clear text.
func (s Secret) Reveal() string { return string(s) }

// String hides the secret.
func (s Secret) String() string { return redacted }

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = fmt.Fprint(state, redacted) }

// LogValue hides the secret from package slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the secret from package encoding/json.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the secret from other encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// NewSecret makes a secret for a key.
func NewSecret() Secret {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, by its documentation
	body := madePrefix + randomText(idLen) + "_" + encode62(new(big.Int).SetBytes(random), randomLen)
	return Secret(body + checksum(body))
}

// CheckSecret says whether the text can be the secret of a key: one made by [NewSecret], or one of an
// owner's own choice. It needs no look-up. Errors: [ErrChecksum], [ErrForm].
func CheckSecret(secret Secret) error {
	text := string(secret)
	if err := api.CheckKeySecret(text); err != nil {
		return err
	}
	if !strings.HasPrefix(text, madePrefix) {
		return nil
	}
	if len(text) != madeLen || checksum(text[:madeLen-checksumLen]) != text[madeLen-checksumLen:] {
		return ErrChecksum
	}
	return nil
}

// Digest is the SHA-256 of a secret, which names it where the secret itself is not to be passed on; the record keeps less
// of it still. LiteLLM's clients name keys by it too. It opens nothing, as what is presented for a secret is digested itself.
// A fast digest is right here, as secrets are random.
func Digest(secret Secret) []byte {
	digest := sha256.Sum256([]byte(secret))
	return digest[:]
}

// Mask returns what may be shown of a secret: "sk-..." and its last four characters.
func Mask(secret Secret) string {
	text := string(secret)
	return prefix + "..." + text[max(0, len(text)-4):]
}

func checksum(text string) string {
	var digits [checksumLen]byte
	sum := crc32.ChecksumIEEE([]byte(text))
	for i := checksumLen - 1; i >= 0; i-- {
		digits[i], sum = base62[sum%62], sum/62
	}
	return string(digits[:])
}

// encode62 writes n in base 62 with exactly the given number of digits.
func encode62(n *big.Int, digits int) string {
	text := make([]byte, digits)
	rest, digit, base := new(big.Int).Set(n), new(big.Int), big.NewInt(62)
	for i := digits - 1; i >= 0; i-- {
		rest.DivMod(rest, base, digit)
		text[i] = base62[digit.Int64()]
	}
	return string(text)
}
