package post

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

// describe says why there was no answer. The error's own text will not do: it repeats the whole
// address, and what a server that speaks no HTTP sent in its place.
func describe(err error) string {
	return Describe(err, "connection ended without an HTTP answer")
}

// Describe is describe with what is said of an error that it does not know.
func Describe(err error, otherwise string) string {
	var (
		denied      *safedial.DeniedError
		lookup      *net.DNSError
		certificate *tls.CertificateVerificationError
		number      syscall.Errno
	)
	switch {
	case errors.As(err, &denied):
		return denied.Error()
	case errors.Is(err, context.Canceled):
		return "attempt was broken off"
	case errors.As(err, &lookup):
		return "host name cannot be resolved"
	case timedOut(err):
		return "no answer in time"
	case errors.As(err, &certificate):
		return Clip("certificate is not trusted: "+certificate.Err.Error(), 300)
	case errors.As(err, &number):
		return number.Error() // such as "connection refused"
	}
	return otherwise
}

func timedOut(err error) bool {
	var network net.Error // as a TLS handshake's, which is neither of the others
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &network) && network.Timeout()
}
