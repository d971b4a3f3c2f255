package safedial

import (
	"errors"
	"net/netip"
	"testing"
)

func TestReach(t *testing.T) {
	inside := Reach{Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("169.254.0.0/16")}}
	for _, test := range []struct {
		address                    string
		public, networks, operator bool
	}{
		{"1.1.1.1", true, true, true},
		{"2606:4700::1", true, true, true},
		{"10.1.2.3", false, true, true},
		{"::ffff:10.1.2.3", false, true, true},
		{"10.2.2.3", false, false, true},
		{"127.0.0.1", false, false, true},
		{"64:ff9b::1.1.1.1", false, true, true},
		{"169.254.169.254", false, false, false},
		{"::ffff:169.254.169.254", false, false, false},
		{"169.254.1.1", false, false, false},
		{"fe80::1", false, false, false},
		{"fe80::1%eth0", false, false, false},
		{"100.100.100.200", false, false, false},
		{"168.63.129.16", false, false, false},
		{"fd00:ec2::254", false, false, false},
	} {
		addr := netip.MustParseAddr(test.address)
		for name, want := range map[string]struct {
			reach Reach
			may   bool
		}{"public": {Reach{}, test.public}, "networks": {inside, test.networks}, "operator": {Reach{Operator: true}, test.operator}} {
			if err := want.reach.Check(addr); (err == nil) != want.may || err != nil && !errors.As(err, new(*DeniedError)) {
				t.Errorf("%s for %s: %v", test.address, name, err)
			}
		}
	}
	for address, may := range map[string]bool{
		"http://127.0.0.1:8000/v1": false, "https://localhost/v1": false, "http://[::1]/": false, "https://1.1.1.1/v1": true,
		"http://169.254.169.254/latest": false, "https://nobody.invalid/v1": true, "http://10.1.0.1:9": false,
	} {
		if err := (Reach{}).Judge(t.Context(), address); (err == nil) != may {
			t.Errorf("%s: %v", address, err)
		}
	}
}
