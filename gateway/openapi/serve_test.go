package openapi_test

import (
	"errors"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
)

func TestPacked_makesTheDocumentOnceAndOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	made := 0
	document := openapi.Packed(func() ([]byte, error) {
		made++
		return []byte(`{"openapi":"3.1.0"}`), nil
	})
	if made != 0 {
		t.Fatal("the document was made before anybody asked")
	}
	for range 2 {
		if text, err := document(); err != nil || string(text) != `{"openapi":"3.1.0"}` {
			t.Errorf("document() = %q, %v", text, err)
		}
	}
	if made != 1 {
		t.Errorf("the document was made %d times", made)
	}
}

func TestPacked_saysWhyThereIsNone(t *testing.T) {
	t.Parallel()
	broken := errors.New("no type")
	if _, err := openapi.Packed(func() ([]byte, error) { return nil, broken })(); !errors.Is(err, broken) {
		t.Errorf("document() fails with %v", err)
	}
}
