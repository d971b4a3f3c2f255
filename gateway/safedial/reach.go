package safedial

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Reach is how far connections to providers may go. The zero value is for public addresses.
type Reach struct {
	// Operator: the address is from the configuration file. It may be anywhere but where clouds keep their secrets.
	Operator bool
	// Networks may be connected to as well.
	Networks []netip.Prefix
}

// judgeTimeout bounds the look-up of a name that is about to be stored.
const judgeTimeout = 2 * time.Second

// Check says whether the address may be connected to: nil or a [*DeniedError]. Link-local and metadata addresses
// never may.
func (r Reach) Check(addr netip.Addr) error {
	if !addr.IsValid() {
		return denyTarget("it has no address")
	}
	plain := addr.Unmap().WithZone("")
	for _, denied := range deniedRanges {
		if denied.never() && denied.prefix.Contains(plain) {
			return &DeniedError{addr, denied.reason}
		}
	}
	if r.Operator {
		return nil
	}
	for _, network := range r.Networks {
		if network.Contains(plain) {
			return nil
		}
	}
	return Check(addr, false)
}

// never says whether nobody's provider is there: link-local addresses and the metadata services of clouds.
func (d deniedRange) never() bool {
	return d.reason == linkLocal || d.reason == metadataService
}

// Judge says whether an address that somebody wants to be stored may be connected to, as far as that is known before
// a call. What its name stands for is judged again on every connection; a name that nobody knows passes.
func (r Reach) Judge(ctx context.Context, address string) error {
	parsed, err := url.Parse(address)
	if err != nil {
		return denyTarget("it is not an address")
	}
	host := strings.TrimSuffix(parsed.Hostname(), ".")
	if literal, err := netip.ParseAddr(host); err == nil {
		return r.Check(literal)
	}
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil
	}
	for _, found := range addresses {
		if err := r.Check(found); err != nil {
			return err
		}
	}
	return nil
}

// Control judges each address after the look-up and right before it is connected to, for [net.Dialer].
func (r Reach) Control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return denyTarget("its network is %s", network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return denyTarget("it has no literal address")
	}
	return r.Check(target.Addr())
}
