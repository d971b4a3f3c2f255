package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

var errWebhookSecret = errors.New(`must be "whsec_" followed by 24 to 64 bytes in base64, or a text of 24 to 64 bytes`)

// WebhookSecretBytes returns the signing key that a webhook secret stands for
// (Standard Webhooks, "Signature scheme": 24 to 64 bytes).
func WebhookSecretBytes(secret string) ([]byte, error) {
	key := []byte(secret)
	if encoded, found := strings.CutPrefix(secret, "whsec_"); found {
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errWebhookSecret
		}
		key = decoded
	}
	if len(key) < 24 || len(key) > 64 {
		return nil, errWebhookSecret
	}
	return key, nil
}

// SignWebhook returns the webhook-signature of a body: the "v1" scheme of Standard Webhooks. The timestamp
// is that of the attempt, in seconds since 1970.
func SignWebhook(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
