package testenv

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ErrUnsigned says that a receiver without a secret cannot tell whether a signature is right.
var ErrUnsigned = errors.New("the receiver has no secret to verify signatures with")

// WebhookOptions say what kind of receiver to start. The zero value takes everything with 200.
type WebhookOptions struct {
	// Addr is the address to listen on; empty is a free port of 127.0.0.1.
	Addr string
	// Secret verifies the signatures of deliveries, in the form that alert routes take.
	Secret string
}

// Webhook receives deliveries and remembers them.
type Webhook struct {
	server   *server
	verifier *standardwebhooks.Webhook
	release  chan struct{}

	mu         sync.Mutex
	signal     signal
	replies    []Reply
	standard   Reply
	deliveries []Delivery
}

// Reply is how the receiver answers a delivery.
type Reply struct {
	// Status is 200 if 0.
	Status int
	// Header is added to the answer, such as Retry-After or Location.
	Header http.Header
	// Hang answers only after Release, or never.
	Hang bool
}

// Delivery is one request that the receiver got. Attempts of one message share their ID.
type Delivery struct {
	// ID is the webhook-id header.
	ID     string
	Path   string
	Header http.Header
	Body   []byte
	At     time.Time
	// Status is what was answered, 0 while the delivery hangs or when the sender left.
	Status int
	// SignatureErr is nil when the signature is right and its time within five minutes of now.
	SignatureErr error
}

// NewWebhook starts a receiver. Close it when done.
func NewWebhook(options WebhookOptions) (*Webhook, error) {
	w := &Webhook{release: make(chan struct{})}
	if options.Secret != "" {
		key, err := api.WebhookSecretBytes(options.Secret)
		if err != nil {
			return nil, err
		}
		if w.verifier, err = standardwebhooks.NewWebhookRaw(key); err != nil {
			return nil, err
		}
	}
	server, err := startServer(options.Addr, http.HandlerFunc(w.receive))
	if err != nil {
		return nil, err
	}
	w.server = server
	return w, nil
}

// StartWebhook starts a receiver that ends with the test.
func StartWebhook(t testing.TB, options WebhookOptions) *Webhook {
	t.Helper()
	w, err := NewWebhook(options)
	if err != nil {
		t.Fatalf("start the webhook receiver: %s", err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// URL is where to deliver to, "http://127.0.0.1:PORT/hook". Every other path receives as well.
func (w *Webhook) URL() string { return "http://" + w.server.address() + "/hook" }

// Close stops the receiver and cuts the deliveries under way.
func (w *Webhook) Close() error { return w.server.close() }

// Answer gives the coming deliveries, one each and in this order, these replies.
func (w *Webhook) Answer(replies ...Reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies = append(w.replies, replies...)
}

// AnswerStatus is Answer with plain statuses.
func (w *Webhook) AnswerStatus(statuses ...int) {
	for _, status := range statuses {
		w.Answer(Reply{Status: status})
	}
}

// AnswerAlways changes the reply to deliveries that nothing was queued for.
func (w *Webhook) AnswerAlways(reply Reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.standard = reply
}

// Release answers all deliveries that hang now.
func (w *Webhook) Release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.release)
	w.release = make(chan struct{})
}

// Deliveries returns what has come in so far, oldest first.
func (w *Webhook) Deliveries() []Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Delivery(nil), w.deliveries...)
}

// Wait waits until at least n deliveries have come in and returns all of them.
// When the context ends first, it returns what there is and the context's error.
func (w *Webhook) Wait(ctx context.Context, n int) ([]Delivery, error) {
	err := w.signal.await(ctx, &w.mu, func() bool { return len(w.deliveries) >= n })
	return w.Deliveries(), err
}

func (w *Webhook) receive(response http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(response, r.Body, 1<<20))
	if err != nil {
		http.Error(response, "the body could not be read", http.StatusBadRequest)
		return
	}
	index, reply, release := w.take(Delivery{
		ID: r.Header.Get(standardwebhooks.HeaderWebhookID), Path: r.URL.Path, Header: r.Header,
		Body: body, At: time.Now(), SignatureErr: w.verify(body, r.Header),
	})
	if reply.Hang {
		select {
		case <-release:
		case <-r.Context().Done():
			return
		}
	}
	maps.Copy(response.Header(), reply.Header)
	w.answered(index, reply.Status)
	response.WriteHeader(reply.Status)
}

func (w *Webhook) verify(body []byte, header http.Header) error {
	if w.verifier == nil {
		return ErrUnsigned
	}
	return w.verifier.Verify(body, header)
}

// take remembers the delivery and decides on the reply.
func (w *Webhook) take(delivery Delivery) (index int, reply Reply, release <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	reply = w.standard
	if len(w.replies) > 0 {
		reply, w.replies = w.replies[0], w.replies[1:]
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	if !reply.Hang {
		delivery.Status = reply.Status
	}
	w.deliveries = append(w.deliveries, delivery)
	w.signal.notifyLocked()
	return len(w.deliveries) - 1, reply, w.release
}

func (w *Webhook) answered(index, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries[index].Status = status
	w.signal.notifyLocked()
}
