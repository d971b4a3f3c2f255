package safedial_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

// bounds are the first and the last address of every range that is denied, from the IANA
// registries of special-purpose addresses, written out so that they do not follow the code's table.
var bounds = []struct{ first, last, reason string }{
	{"0.0.0.0", "0.255.255.255", "this network"},
	{"10.0.0.0", "10.255.255.255", "private"},
	{"100.64.0.0", "100.127.255.255", "CGNAT"},
	{"127.0.0.0", "127.255.255.255", "loopback"},
	{"169.254.0.0", "169.254.255.255", "link-local"},
	{"172.16.0.0", "172.31.255.255", "private"},
	{"192.0.0.0", "192.0.0.255", "protocols"},
	{"192.0.2.0", "192.0.2.255", "documentation"},
	{"192.88.99.0", "192.88.99.255", "6to4"},
	{"192.168.0.0", "192.168.255.255", "private"},
	{"198.18.0.0", "198.19.255.255", "benchmarks"},
	{"198.51.100.0", "198.51.100.255", "documentation"},
	{"203.0.113.0", "203.0.113.255", "documentation"},
	{"224.0.0.0", "239.255.255.255", "multicast"},
	{"240.0.0.0", "255.255.255.255", "reserved"},
	{"::", "::", "not global"},
	{"::1", "::1", "loopback"},
	{"::2", "::fffe:ffff:ffff", "not global"},
	{"64:ff9b::", "64:ff9b::ffff:ffff", "NAT64"},
	{"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "NAT64"},
	{"100::", "100::ffff:ffff:ffff:ffff", "not global"},
	{"2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "Teredo"},
	{"2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "protocols"},
	{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
	{"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "6to4"},
	{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"},
	{"4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "not global"},
	{"fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
	{"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"},
	{"fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "site-local"},
	{"ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
}

func TestCheck_rangesToTheirEdges(t *testing.T) {
	for _, bound := range bounds {
		for _, text := range []string{bound.first, bound.last} {
			assertDenied(t, netip.MustParseAddr(text), bound.reason)
		}
		assertNeighbours(t, netip.MustParseAddr(bound.first), netip.MustParseAddr(bound.last))
	}
}

// assertNeighbours checks that the addresses just outside a range are allowed, unless they lie in another one.
func assertNeighbours(t *testing.T, first, last netip.Addr) {
	t.Helper()
	for _, outside := range []netip.Addr{first.Prev(), last.Next()} {
		if !assigned(outside) || inBounds(outside) {
			continue
		}
		if err := safedial.Check(outside, false); err != nil {
			t.Errorf("%s lies outside of %s to %s: %v", outside, first, last, err)
		}
	}
}

// assigned says whether global unicast addresses are given out in that part of the address space at all.
func assigned(addr netip.Addr) bool {
	return addr.Is4() || addr.Is6() && addr.As16()[0]>>5 == 1
}

func inBounds(addr netip.Addr) bool {
	for _, bound := range bounds {
		first, last := netip.MustParseAddr(bound.first), netip.MustParseAddr(bound.last)
		if addr.BitLen() == first.BitLen() && addr.Compare(first) >= 0 && addr.Compare(last) <= 0 {
			return true
		}
	}
	return false
}

func assertDenied(t *testing.T, addr netip.Addr, reason string) {
	t.Helper()
	var denied *safedial.DeniedError
	err := safedial.Check(addr, false)
	if !errors.As(err, &denied) || !strings.Contains(denied.Reason, reason) {
		t.Errorf("Check(%s) = %v, want denied as %q", addr, err, reason)
	}
}

func TestCheck_publicAddresses(t *testing.T) {
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
		"2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:200::1", "2001:4860:4860::8888", "::ffff:1.1.1.1",
	} {
		if err := safedial.Check(netip.MustParseAddr(text), false); err != nil {
			t.Errorf("Check(%s) = %v, want allowed", text, err)
		}
	}
}

// IPv4 addresses hide in IPv6 ones; each of these would reach 127.0.0.1 or 169.254.169.254 somewhere.
func TestCheck_hiddenIPv4(t *testing.T) {
	for _, text := range []string{
		"::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1",
		"64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1",
		"2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:5601:5601", "::ffff:169.254.169.254", "::ffff:100.64.0.1",
		"fe80::5efe:127.0.0.1", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::ffff:192.168.1.1", "::ffff:224.0.0.1",
	} {
		assertDenied(t, netip.MustParseAddr(text), "")
	}
}

func TestCheck_zoned(t *testing.T) {
	for _, text := range []string{"fe80::1%eth0", "::1%lo", "2606:4700:4700::1111%1", "fd00::1%eth0"} {
		if safedial.Check(netip.MustParseAddr(text), true) == nil {
			t.Errorf("%s is allowed", text)
		}
	}
	if safedial.Check(netip.Addr{}, true) == nil {
		t.Error("the zero address is allowed")
	}
}

func TestCheck_allowPrivate(t *testing.T) {
	for text, allowed := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "192.168.1.1": true, "172.16.0.1": true, "100.64.0.1": true,
		"::1": true, "fd12::1": true, "::ffff:10.0.0.1": true, "1.1.1.1": true,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "fd00:ec2::254": false, "fd20:ce::254": false,
		"100.100.100.200": false, "168.63.129.16": false, "0.0.0.0": false, "::": false, "224.0.0.1": false,
		"255.255.255.255": false, "fe80::1": false, "64:ff9b::a9fe:a9fe": false, "2002:a00:1::": false, "192.0.0.192": false,
	} {
		if err := safedial.Check(netip.MustParseAddr(text), true); (err == nil) != allowed {
			t.Errorf("Check(%s) with private ranges = %v, want allowed %v", text, err, allowed)
		}
	}
}

// Whatever net/netip itself calls not global is denied, and mapping changes no verdict.
func FuzzCheck(f *testing.F) {
	for _, bound := range bounds {
		f.Add(netip.MustParseAddr(bound.first).AsSlice())
		f.Add(netip.MustParseAddr(bound.last).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		err := safedial.Check(addr, false)
		if err == nil && !looksGlobal(addr.Unmap()) {
			t.Errorf("%s is allowed", addr)
		}
		if err == nil && safedial.Check(addr, true) != nil {
			t.Errorf("%s is allowed, but not when more is", addr)
		}
		if addr.Is4() && (err == nil) != (safedial.Check(netip.AddrFrom16(addr.As16()), false) == nil) {
			t.Errorf("%s and its mapped form differ", addr)
		}
	})
}

func looksGlobal(addr netip.Addr) bool {
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && assigned(addr) && !inBounds(addr)
}
