package auth

import (
	"crypto/rand"
	"fmt"
	"math/big"
)

// Lengths of the random part of ids: 20 characters of base 62 are 119 bits.
const randomIDLen = 20

// NewKeyID returns the id of a new key, such as "key_4fGhT0…".
func NewKeyID() string { return "key_" + randomText(randomIDLen) }

// NewBudgetID returns the id of a new budget.
func NewBudgetID() string { return "budget_" + randomText(randomIDLen) }

// NewQuotaRequestID returns the id of a new quota request.
func NewQuotaRequestID() string { return "request_" + randomText(randomIDLen) }

// NewQuotaReviewID returns the id of a new approved review.
func NewQuotaReviewID() string { return "review_" + randomText(randomIDLen) }

// NewAlertRouteID returns the id of a new alert route.
func NewAlertRouteID() string { return "route_" + randomText(randomIDLen) }

// NewModelID returns the id of a new model.
func NewModelID() string { return "model_" + randomText(randomIDLen) }

// NewAdminKeyID returns the id of a new admin key.
func NewAdminKeyID() string { return "adminkey_" + randomText(randomIDLen) }

// NewTeamID returns the id of a team whose owner chose none: a random UUID, as LiteLLM gives.
func NewTeamID() string { return newUUID() }

// NewUserID returns the id of a user whom nobody gave one.
func NewUserID() string { return newUUID() }

func newUUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, by its documentation
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// randomText returns n random characters of base 62, each as likely as the others.
func randomText(n int) string {
	text := make([]byte, n)
	for i := range text {
		digit, err := rand.Int(rand.Reader, big.NewInt(int64(len(base62))))
		if err != nil { // the system has no randomness: nothing safe can be made
			panic(err)
		}
		text[i] = base62[digit.Int64()]
	}
	return string(text)
}
