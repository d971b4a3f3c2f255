package upstream_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// What the operator reads in the log says how the error came.
func TestRefused_saysHowTheErrorCame(t *testing.T) {
	said := []byte(`{"error":{"message":"no","code":503}}`)
	for want, refused := range map[string]error{
		"upstream began its stream with an error (503)":         upstream.RefusedInStream(http.Header{}, upstream.Event{Data: said}),
		"upstream answered 200 with nothing but an error (503)": upstream.RefusedWhole(http.Header{}, said),
	} {
		if cause := errors.Unwrap(refused); cause == nil || !strings.Contains(cause.Error(), want) {
			t.Errorf("%v, want %s", cause, want)
		}
	}
}
