package route

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const maxIdempotencyKey = 255

// Memory keeps answers in the transaction that makes what they tell of.
type Memory interface {
	Idempotent(ctx context.Context, once api.Once, do func(ctx context.Context) (answer []byte, err error)) (answer []byte, replayed bool, err error)
}

// Once runs do, which makes an object and returns the answer. With an Idempotency-Key the answer is kept in
// the transaction that makes the object, and a repetition gets it again instead of making another.
func Once[T any](c *Call, memory Memory, do func(ctx context.Context) (T, error)) (answer T, err error) {
	key := c.Request.Header.Get(api.HeaderIdempotencyKey)
	if key == "" {
		return do(c.Context())
	}
	if len(key) > maxIdempotencyKey || strings.TrimFunc(key, printable) != "" {
		return answer, api.FieldErrorf(api.HeaderIdempotencyKey, "must be at most %d printable characters of ASCII", maxIdempotencyKey)
	}
	repeatable := api.Once{Key: c.memory(key), Fingerprint: c.fingerprint()}
	kept, _, err := memory.Idempotent(c.Context(), repeatable, func(ctx context.Context) ([]byte, error) {
		made, err := do(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(made)
	})
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(kept, &answer); err != nil {
		return answer, fmt.Errorf("read the answer kept for an idempotency key: %w", err)
	}
	return answer, nil
}

// memory is what an answer is kept under: the caller's word for it, in a memory that belongs to the caller's
// credential. Names are not enough, as two credentials may have the same one. That of the configuration's key is
// written as it comes, as it always was; no other one can be, as words have no space.
func (c *Call) memory(key string) string {
	if c.Caller.Credential.Kind == api.CredentialRoot {
		return key
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", c.Caller.Credential.Kind, c.Caller.Credential.ID, key))
	return "of a credential " + hex.EncodeToString(digest[:])
}

func printable(r rune) bool { return r > ' ' && r < 0x7f }
