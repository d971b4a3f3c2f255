package object

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// Sent recognises the secret that Terraform sent last, so that a plan can warn of another one under the same version.
// Who reads the state learns no more from it than whether a guess is right, one salted guess at a time.
type Sent struct {
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

// sentRounds make each guess cost some hundredths of a second.
const sentRounds = 100_000

func sentOf(salt []byte, digest string) (Sent, error) {
	hash, err := pbkdf2.Key(sha256.New, digest, salt, sentRounds, sha256.Size)
	return Sent{Salt: salt, Hash: hash}, err
}

// Is says whether the secret is the one that was sent.
func (s Sent) Is(secret string) bool {
	asked, err := sentOf(s.Salt, SecretDigest(secret))
	return err == nil && subtle.ConstantTimeCompare(asked.Hash, s.Hash) == 1
}

// RememberSent keeps what recognises a secret that was sent, beside its fingerprint; nothing for "".
func RememberSent(ctx context.Context, private PrivateWriter, key, secret string) diag.Diagnostics {
	return rememberDigest(ctx, private, key, SecretDigest(secret))
}

func rememberDigest(ctx context.Context, private PrivateWriter, key, digest string) diag.Diagnostics {
	diags := private.SetKey(ctx, formerKey(key), nil)
	if digest == "" {
		diags.Append(private.SetKey(ctx, sentKey(key), nil)...)
		return diags
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails, as documented
	sent, err := sentOf(salt, digest)
	if err != nil {
		diags.AddError("Private state cannot be written", fmt.Sprintf("A secret that was sent cannot be remembered: %s.", err))
		return diags
	}
	value, err := json.Marshal(sent)
	if err != nil {
		diags.AddError("Private state cannot be written", err.Error())
		return diags
	}
	diags.Append(private.SetKey(ctx, sentKey(key), value)...)
	return diags
}

// SentBefore is what recognises the secret that Terraform sent last, nil when it sent none.
func SentBefore(ctx context.Context, private PrivateReader, key string) (*Sent, diag.Diagnostics) {
	value, diags := private.GetKey(ctx, sentKey(key))
	if len(value) == 0 {
		return nil, diags
	}
	sent := &Sent{}
	if err := json.Unmarshal(value, sent); err != nil {
		diags.AddError("Private state cannot be read", "What is remembered of a secret that was sent cannot be read: "+err.Error())
	}
	return sent, diags
}

// ReplaceDigest puts what only recognises a secret in place of its plain digest, as states had it when that was what
// the gateway answered.
func ReplaceDigest(ctx context.Context, before PrivateReader, after PrivateWriter, key string) diag.Diagnostics {
	digest, diags := keptText(ctx, before, formerKey(key))
	if digest != nil {
		diags.Append(rememberDigest(ctx, after, key, *digest)...)
	}
	return diags
}

func sentKey(key string) string   { return strings.Replace(key, SecretKey, "secret_sent", 1) }
func formerKey(key string) string { return strings.Replace(key, SecretKey, "secret_sha256", 1) }
