// Package pricefeed keeps a price list that is fetched over HTTPS.
//
// It promises that what it has is always a list that could be verified and believed: the newest, or the last good
// one, also after a restart. It must never know of models that are served, teams or limits.
package pricefeed

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

const (
	// MaxBytes bounds a price list.
	MaxBytes = 16 << 20
	// retryAfter is how long a list that could not be fetched is left alone, if it is not fetched more often anyway.
	retryAfter = 5 * time.Minute
	// mostTold bounds how many prices that were refused are told of one by one.
	mostTold = 20
)

// Options are what a [Feed] is made of.
type Options struct {
	URL     string
	Refresh time.Duration
	// SHA256 is the list's digest in hexadecimal; "" is any. PublicKey signs it, in URL with .sig behind it; nil is nobody.
	SHA256    string
	PublicKey ed25519.PublicKey
	// Path is the file in which the last good list is kept; "" is nowhere.
	Path string
	// Under is what the first list is compared with.
	Under  *pricing.Catalogue
	Client *http.Client
	// Changed puts a new list in force.
	Changed func(context.Context, *pricing.Catalogue) error
	Logger  *slog.Logger
	Now     func() time.Time
}

// Feed is the list.
type Feed struct {
	options Options

	mu     sync.Mutex
	good   *pricing.Catalogue
	status Status
}

// Status is how fetching goes.
type Status struct {
	// Fetched is when the list was last fetched as it is, or found unchanged; zero is never.
	Fetched time.Time
	// Failures counts fetches that brought no list.
	Failures int64
	// Refused is how many prices of the last list were not taken over.
	Refused int
}

// New returns a feed with the last good list, if one is kept.
func New(options Options) *Feed {
	f := &Feed{options: options}
	kept, err := readKept(options)
	switch {
	case err != nil:
		options.Logger.Warn("the price list that was kept cannot be read; it is fetched anew", slog.String("error", err.Error()))
	case kept != nil:
		f.good = pricing.Restore(kept.Version, kept.Models)
		f.status.Fetched = kept.Fetched
	}
	return f
}

// Catalogue is the list; nil while there has been none.
func (f *Feed) Catalogue() *pricing.Catalogue {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.good
}

// Status is how fetching goes.
func (f *Feed) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Run fetches the list as often as it is to be, until the context ends.
func (f *Feed) Run(ctx context.Context) {
	wait := time.Duration(0)
	if age := f.options.Now().Sub(f.Status().Fetched); age >= 0 && age < time.Minute {
		wait = f.options.Refresh // it was fetched at the start
	}
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		wait = f.options.Refresh
		if err := f.Fetch(ctx); err != nil && ctx.Err() == nil {
			wait = min(wait, retryAfter)
		}
	}
}

// Fetch fetches the list once and puts it in force. When it fails everything stays as it was.
func (f *Feed) Fetch(ctx context.Context) error {
	err := f.fetch(ctx)
	if err != nil && ctx.Err() == nil {
		f.mu.Lock()
		f.status.Failures++
		f.mu.Unlock()
		f.options.Logger.Warn("the price list could not be fetched; prices stay as they are",
			slog.String("setting", "prices.url"), slog.String("error", err.Error()))
	}
	return err
}

func (f *Feed) fetch(ctx context.Context) error {
	data, err := f.get(ctx, f.options.URL)
	if err != nil {
		return err
	}
	if err := f.verify(ctx, data); err != nil {
		return err
	}
	next, err := pricing.Parse(data)
	if err != nil {
		return fmt.Errorf("the list: %w", err)
	}
	before := f.Catalogue()
	if len(next.Models()) == 0 {
		return errors.New("the list has no models")
	}
	if before != nil && len(next.Models()) < len(before.Models())/2 {
		return fmt.Errorf("the list has %d models, less than half of the %d that it had; was it cut off?", len(next.Models()), len(before.Models()))
	}
	if before != nil && next.Version() == before.Version() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.status.Fetched = f.options.Now()
		return nil
	}
	believed := f.options.Under
	if before != nil {
		believed = before.Over(believed)
	}
	accepted, refused := believed.Accept(next)
	f.tell(refused)
	if err := f.options.Changed(ctx, accepted); err != nil {
		return fmt.Errorf("put the list in force: %w", err)
	}
	now := f.options.Now()
	f.mu.Lock()
	f.good = accepted
	f.status.Fetched, f.status.Refused = now, len(refused)
	f.mu.Unlock()
	if before == nil || before.Version() != accepted.Version() {
		f.options.Logger.Info("a price list was fetched", slog.String("version", accepted.Version()),
			slog.Int("models", len(accepted.Models())), slog.Int("refused", len(refused)))
	}
	if err := keep(f.options, accepted, now); err != nil {
		f.options.Logger.Warn("the price list could not be kept for the next start", slog.String("error", err.Error()))
	}
	return nil
}

func (f *Feed) tell(refused []pricing.Refusal) {
	for i, r := range refused {
		if i == mostTold {
			f.options.Logger.Warn("more prices of the list were refused", slog.Int("refused", len(refused)-mostTold))
			return
		}
		f.options.Logger.Warn("a price of the list was refused; it stays as it was",
			slog.String("provider", r.Provider), slog.String("model", r.Model), slog.String("reason", r.Reason))
	}
}

// get reads an address; the error does not repeat it, as it may hold a token.
func (f *Feed) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address is none")
	}
	response, err := f.options.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", withoutURL(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch: the server answers %s", response.Status)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	return data, nil
}

// verify checks the list's digest or signature.
func (f *Feed) verify(ctx context.Context, data []byte) error {
	if want := f.options.SHA256; want != "" {
		sum := sha256.Sum256(data)
		if got := hex.EncodeToString(sum[:]); got != want {
			return fmt.Errorf("the list's SHA-256 is %s and not the one of prices.sha256; it is not used", got)
		}
	}
	if f.options.PublicKey == nil {
		return nil
	}
	text, err := f.get(ctx, signatureURL(f.options.URL))
	if err != nil {
		return fmt.Errorf("the signature: %w", err)
	}
	signature := text
	if len(text) != ed25519.SignatureSize {
		if signature, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(text))); err != nil {
			return errors.New("the signature is neither 64 bytes nor base64")
		}
	}
	if !ed25519.Verify(f.options.PublicKey, data, signature) {
		return errors.New("the signature is not one of prices.signature for this list; it is not used")
	}
	return nil
}

// signatureURL is where the signature of an address is: its path with .sig behind it.
func signatureURL(address string) string {
	path, query, found := strings.Cut(address, "?")
	if !found {
		return path + ".sig"
	}
	return path + ".sig?" + query
}
