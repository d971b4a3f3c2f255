package post

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

func TestDescribe(t *testing.T) {
	lookup := &net.DNSError{Err: "no such host", Name: "hooks.example", Server: "10.0.0.53:53"}
	slowLookup := &net.DNSError{Err: "i/o timeout", Name: "hooks.example", IsTimeout: true}
	for _, test := range []struct {
		cause error
		want  string
	}{
		{&net.OpError{Op: "dial", Err: lookup}, "host name cannot be resolved"},
		{&net.OpError{Op: "dial", Err: slowLookup}, "host name cannot be resolved"},
		{context.DeadlineExceeded, "no answer in time"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "no answer in time"},
		{context.Canceled, "attempt was broken off"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "connection refused"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, "no route to host"},
		{errors.New(`malformed HTTP response "220 mail.internal ESMTP"`), "connection ended without an HTTP answer"},
	} {
		err := &url.Error{Op: "Post", URL: "https://hooks.example/T0KEN", Err: fmt.Errorf("wrapped: %w", test.cause)}
		if got := describe(err); got != test.want {
			t.Errorf("describe(%v) = %q, want %q", err, got, test.want)
		}
	}
}

func TestClip_betweenRunes(t *testing.T) {
	for limit := 4; limit < 12; limit++ {
		got := Clip("é€😀é€😀", limit)
		if len(got) > limit || []rune(got)[len([]rune(got))-1] != '…' || got != string([]rune(got)) {
			t.Errorf("clip to %d = %q", limit, got)
		}
	}
	if got := Clip("short", 5); got != "short" {
		t.Errorf("clip = %q", got)
	}
}
