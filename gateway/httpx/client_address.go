package httpx

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress is where a request came from. Proxies of the trusted networks are believed about whom they speak for;
// what anybody else writes into X-Forwarded-For does not count. The list grows to the right, so the client is the
// last one in it that is no trusted proxy.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr // a socket without addresses
	}
	client := peer.Addr().Unmap()
	if !isTrusted(client, trusted) {
		return client.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, known := parseHop(hop)
		if !known {
			break // nobody who is trusted wrote what stands before it
		}
		client = address
		if !isTrusted(client, trusted) {
			break
		}
	}
	return client.String()
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	address = address.WithZone("")
	return slices.ContainsFunc(trusted, func(network netip.Prefix) bool { return network.Contains(address) })
}

// parseHop reads an address, which some proxies write with its port.
func parseHop(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if host, _, err := net.SplitHostPort(hop); err == nil {
		hop = host
	}
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return address.Unmap(), err == nil
}
