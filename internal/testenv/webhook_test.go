package testenv_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const webhookSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func signed(t *testing.T, id, body string, at time.Time) http.Header {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := webhook.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set("webhook-id", id)
	header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	header.Set("webhook-signature", signature)
	return header
}

func TestWebhook_verifiesSignatures(t *testing.T) {
	w := testenv.StartWebhook(t, testenv.WebhookOptions{Secret: webhookSecret})
	for _, delivery := range []struct {
		body   string
		header http.Header
		right  bool
	}{
		{`{"a":1}`, signed(t, "evt_1", `{"a":1}`, time.Now()), true},
		{`{"a":2}`, signed(t, "evt_2", `{"a":1}`, time.Now()), false},
		{`{"a":1}`, signed(t, "evt_3", `{"a":1}`, time.Now().Add(-time.Hour)), false},
		{`{"a":1}`, http.Header{}, false},
	} {
		if _, _, err := post(t, w.URL(), delivery.body, delivery.header); err != nil {
			t.Fatal(err)
		}
		all := w.Deliveries()
		if got := all[len(all)-1]; (got.SignatureErr == nil) != delivery.right || got.ID != delivery.header.Get("webhook-id") {
			t.Errorf("delivery %q: %v", got.ID, got.SignatureErr)
		}
	}
}

func TestWebhook_withoutSecret(t *testing.T) {
	w := testenv.StartWebhook(t, testenv.WebhookOptions{})
	if _, _, err := post(t, w.URL(), "{}", nil); err != nil {
		t.Fatal(err)
	}
	if got := w.Deliveries()[0].SignatureErr; !errors.Is(got, testenv.ErrUnsigned) {
		t.Errorf("signature error %v", got)
	}
	if _, err := testenv.NewWebhook(testenv.WebhookOptions{Secret: "short"}); err == nil {
		t.Error("a short secret was taken")
	}
}

func TestWebhook_answersInSequence(t *testing.T) {
	w := testenv.StartWebhook(t, testenv.WebhookOptions{})
	w.Answer(testenv.Reply{Status: 429, Header: http.Header{"Retry-After": {"3"}}})
	w.AnswerStatus(500, 302)
	for _, want := range []int{429, 500, 302, 200} {
		response, _, err := post(t, w.URL(), "{}", nil)
		if err != nil || response.StatusCode != want {
			t.Fatalf("answer %+v, %v; want %d", response, err, want)
		}
		if want == 429 && response.Header.Get("Retry-After") != "3" {
			t.Error("no Retry-After")
		}
	}
	w.AnswerAlways(testenv.Reply{Status: 410})
	if response, _, err := post(t, w.URL(), "{}", nil); err != nil || response.StatusCode != 410 {
		t.Errorf("answer %+v, %v; want 410", response, err)
	}
	if got := w.Deliveries(); len(got) != 5 || got[1].Status != 500 {
		t.Errorf("deliveries %+v", got)
	}
}

func TestWebhook_hangs(t *testing.T) {
	w := testenv.StartWebhook(t, testenv.WebhookOptions{})
	w.Answer(testenv.Reply{Status: 204, Hang: true}, testenv.Reply{Hang: true})
	done := make(chan int, 1)
	go func() {
		response, err := http.Post(w.URL(), "application/json", strings.NewReader("{}"))
		if err != nil {
			done <- 0
			return
		}
		response.Body.Close()
		done <- response.StatusCode
	}()
	if got, err := w.Wait(t.Context(), 1); err != nil || got[0].Status != 0 {
		t.Fatalf("deliveries %+v, %v", got, err)
	}
	w.Release()
	if status := <-done; status != 204 {
		t.Errorf("status %d, want 204", status)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL(), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		response.Body.Close()
		t.Error("a hanging delivery was answered")
	}
	if _, err := w.Wait(ctx, 3); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait for what never comes: %v", err)
	}
}
