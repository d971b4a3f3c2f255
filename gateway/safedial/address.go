// Package safedial connects to addresses that users of the API have chosen, without letting them
// reach what only the gateway can reach.
//
// It promises that the address is judged after the name was resolved and on the very address that is
// connected to, that redirects and proxies cannot lead elsewhere, and that an answer stays small.
// It must never know why a connection is made.
package safedial

import (
	"fmt"
	"net/netip"
)

// DeniedError says why a connection is refused. It holds no path, query or name of the target.
type DeniedError struct {
	// Address is what the target's name stands for; the zero Addr when it was refused before the look-up.
	Address netip.Addr
	Reason  string
}

// Error names the address, if known, and the reason.
func (e *DeniedError) Error() string {
	if !e.Address.IsValid() {
		return "target is not allowed: " + e.Reason
	}
	return fmt.Sprintf("address %s is not allowed: it is %s", e.Address, e.Reason)
}

func denyTarget(format string, args ...any) error {
	return &DeniedError{Reason: fmt.Sprintf(format, args...)}
}

// deniedRange is a block of addresses that are never a public receiver.
type deniedRange struct {
	prefix netip.Prefix
	reason string
	// private ranges may be allowed: a company's own receivers are there.
	private bool
}

// Reasons that hold for everybody, see [Reach].
const (
	linkLocal       = "link-local"
	metadataService = "a cloud metadata service"
)

// deniedRanges follow the IANA special-purpose registries. The first match gives the reason, so the
// single addresses of cloud metadata services stand first: they stay denied when private ranges are allowed.
var deniedRanges = []deniedRange{
	denied("100.100.100.200/32", metadataService),
	denied("168.63.129.16/32", metadataService),
	denied("fd00:ec2::254/128", metadataService),
	denied("fd20:ce::254/128", metadataService),

	private("127.0.0.0/8", "loopback"),
	private("::1/128", "loopback"),
	private("10.0.0.0/8", "private"),
	private("172.16.0.0/12", "private"),
	private("192.168.0.0/16", "private"),
	private("100.64.0.0/10", "shared by carriers (CGNAT)"),
	private("fc00::/7", "private"),

	denied("0.0.0.0/8", "this network"),
	denied("169.254.0.0/16", linkLocal),
	denied("192.0.0.0/24", "reserved for protocols"),
	denied("192.0.2.0/24", "for documentation"),
	denied("192.88.99.0/24", "a 6to4 relay"),
	denied("198.18.0.0/15", "for benchmarks"),
	denied("198.51.100.0/24", "for documentation"),
	denied("203.0.113.0/24", "for documentation"),
	denied("224.0.0.0/4", "multicast"),
	denied("240.0.0.0/4", "reserved"),

	denied("fe80::/10", linkLocal),
	denied("fec0::/10", "site-local"),
	denied("ff00::/8", "multicast"),
	denied("64:ff9b::/96", "an IPv4 address behind NAT64"),
	denied("64:ff9b:1::/48", "an IPv4 address behind NAT64"),
	denied("2001::/32", "an IPv4 address behind Teredo"),
	denied("2001::/23", "reserved for protocols"),
	denied("2001:db8::/32", "for documentation"),
	denied("2002::/16", "an IPv4 address behind 6to4"),
	denied("3fff::/20", "for documentation"),
}

// publicIPv6 is all that is assigned as global unicast; whatever lies outside is none.
var publicIPv6 = netip.MustParsePrefix("2000::/3")

func denied(prefix, reason string) deniedRange {
	return deniedRange{prefix: netip.MustParsePrefix(prefix), reason: reason}
}

func private(prefix, reason string) deniedRange {
	return deniedRange{prefix: netip.MustParsePrefix(prefix), reason: reason, private: true}
}

// Check says whether an address may be connected to: nil or a [*DeniedError]. With allowPrivate,
// loopback, private and CGNAT addresses may; link-local and metadata addresses never.
func Check(addr netip.Addr, allowPrivate bool) error {
	if !addr.IsValid() {
		return denyTarget("it has no address")
	}
	if addr.Zone() != "" {
		return &DeniedError{addr, "bound to a network interface"}
	}
	plain := addr.Unmap()
	for _, r := range deniedRanges {
		if !r.prefix.Contains(plain) {
			continue
		}
		if r.private && allowPrivate {
			return nil
		}
		return &DeniedError{addr, r.reason}
	}
	if plain.Is6() && !publicIPv6.Contains(plain) {
		return &DeniedError{addr, "not global unicast"}
	}
	return nil
}
