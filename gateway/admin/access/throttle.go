package access

import (
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	defaultFailures = 30
	// forgiveEvery is after how long one failure of an address is forgotten.
	forgiveEvery = 2 * time.Second
	// maxAddresses bounds the memory of the throttle; beyond it, it starts anew.
	maxAddresses = 10_000
)

// throttle counts failures to authenticate by address. It keeps guessing from costing look-ups; who
// has a key that is right gets in at any time.
type throttle struct {
	allowed int
	mu      sync.Mutex
	// clear is when all failures of an address will have been forgotten.
	clear map[netip.Addr]time.Time
}

func newThrottle(allowed int) *throttle {
	if allowed == 0 {
		allowed = defaultFailures
	}
	return &throttle{allowed: allowed, clear: map[netip.Addr]time.Time{}}
}

// wait is how long the address is turned away for, 0 when it is not.
func (t *throttle) wait(address netip.Addr, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear, failed := t.clear[address]
	if !failed {
		return 0
	}
	return max(0, clear.Sub(now)-time.Duration(t.allowed-1)*forgiveEvery)
}

func (t *throttle) failed(address netip.Addr, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.clear) >= maxAddresses {
		t.clear = map[netip.Addr]time.Time{}
	}
	from := t.clear[address]
	if from.Before(now) {
		from = now
	}
	t.clear[address] = from.Add(forgiveEvery)
}

// source is the address that failures are counted for: of IPv6 the network, as its hosts are free to take.
func source(r *http.Request) netip.Addr {
	address, err := netip.ParseAddr(httpx.Of(r.Context()).Address)
	if err != nil {
		return netip.Addr{}
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Addr()
		}
	}
	return address
}

// Door lets callers in, unless too many from the same address were nobody.
type Door struct {
	authenticator Authenticator
	throttle      *throttle
	now           func() time.Time
}

// NewDoor returns a door. failures is how many requests of one address may fail to authenticate in a row before more
// of them are turned away unread; 0 is 30.
func NewDoor(authenticator Authenticator, failures int, now func() time.Time) *Door {
	return &Door{authenticator: authenticator, throttle: newThrottle(failures), now: now}
}

// Authenticate finds out who sends a request.
func (d *Door) Authenticate(r *http.Request) (auth.Caller, error) {
	known := func() bool { return d.authenticator.Known(r.Context(), r.Header) }
	if err := d.Admit(r, known); err != nil {
		return auth.Caller{}, err
	}
	caller, err := d.authenticator.Authenticate(r.Context(), r.Header)
	if api.CodeOf(err) == api.Unauthenticated {
		d.Failed(r)
	}
	return caller, err
}

// Admit refuses a request whose address has failed too often, unless what it carries is known to be right. It and
// [Door.Failed] are for other ways in, so that guesses count together wherever they are made.
func (d *Door) Admit(r *http.Request, known func() bool) error {
	wait := d.throttle.wait(source(r), d.now())
	if wait == 0 || known() {
		return nil
	}
	refused := api.Errorf(api.RateLimited, "too many requests from this address failed to authenticate; try again later")
	seconds := int64(wait/time.Second) + 1
	refused.Header = http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}}
	return refused
}

// Failed notes that a request carried nothing that is right.
func (d *Door) Failed(r *http.Request) { d.throttle.failed(source(r), d.now()) }
