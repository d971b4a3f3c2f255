package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const maxIdempotencyKey = 255

// once runs do, which makes an object and returns the answer. With an Idempotency-Key the answer is kept in
// the transaction that makes the object, and a repetition gets it again instead of making another.
func once[T any](s *Server, c *call, do func(ctx context.Context) (T, error)) (answer T, err error) {
	key := c.request.Header.Get(api.HeaderIdempotencyKey)
	if key == "" {
		return do(c.ctx())
	}
	if len(key) > maxIdempotencyKey || strings.TrimFunc(key, printable) != "" {
		return answer, api.FieldErrorf(api.HeaderIdempotencyKey, "must be at most %d printable characters of ASCII", maxIdempotencyKey)
	}
	repeatable := api.Once{Key: key, Fingerprint: c.fingerprint()}
	kept, _, err := s.record.Idempotent(c.ctx(), repeatable, func(ctx context.Context) ([]byte, error) {
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

func printable(r rune) bool { return r > ' ' && r < 0x7f }
