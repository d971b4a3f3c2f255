package proxy_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/unread"
)

// Answers that nobody reads are bounded by key: beyond, the one that has not moved for the longest is given up, and
// who reads gets all of it. An answer is larger than the 4 MiB that a kernel takes of it.
func TestUnread_isBoundedByKey(t *testing.T) {
	const size, bound, callers = 8 << 20, 20 << 20, 5
	b := newBench(t, func(b *bench) { b.unread = unread.Bounds{PerKey: bound, Patience: 100 * time.Millisecond} })
	body := say("m", fmt.Sprintf("huge_bytes=%d completion_tokens=5", size), "")
	for i := range callers {
		connection, err := net.Dial("tcp", b.gateway.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		_ = connection.(*net.TCPConn).SetReadBuffer(4 << 10)
		_, _ = fmt.Fprintf(connection, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", b.secret, len(body), body)
		for until := time.Now().Add(20 * time.Second); len(b.ledger()) <= i; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("call %d is not settled", i)
			}
		}
	}
	if got := b.post(body); got.status != http.StatusOK || len(got.body) < size {
		t.Errorf("who reads got %d and %d bytes", got.status, len(got.body))
	}
	given := func() int { return strings.Count(b.logged(), `"reason":"answer_unread"`) }
	for until := time.Now().Add(20 * time.Second); given() < callers-bound/size; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d of %d answers were given up", given(), callers)
		}
	}
	if rows := b.ledger(); len(rows) != callers+1 {
		t.Errorf("%d rows: what was made is paid for, read or not", len(rows))
	}
}
