// Package s3 keeps archived ledger rows in a bucket of Amazon S3 or of another server that speaks its API.
//
// It promises that an object is there whole or not at all and replaces no other, whatever fails, that the server gets a digest
// of every part to compare, and that no error holds a credential. It must never know what stands in an object, nor delete one.
package s3

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/oklog/ulid/v2"
)

// Place is where a bucket is and who writes to it.
type Place struct {
	// Endpoint is such as https://s3.eu-central-1.amazonaws.com.
	Bucket, Prefix, Endpoint, Region string
	// SessionToken is "" for credentials that do not end.
	AccessKeyID, SecretAccessKey, SessionToken string
}

// Control judges each address after the look-up and right before it is connected to, for [net.Dialer].
type Control func(ctx context.Context, network, address string, wire syscall.RawConn) error

const (
	// partBytes is how much is held and sent at once; a file has up to 10,000 parts, so up to 160 GB.
	partBytes = 16 << 20
	// attempts is how often a request is sent whose failure may pass.
	attempts = 4
	// answerWithin is how long the server may take to say something, and movesWithin how long it may take none of what is sent.
	answerWithin, movesWithin = time.Minute, 5 * time.Minute
	dialTimeout               = 10 * time.Second
	// triedName is of the object that shows that the bucket can be written to.
	triedName = "bursar-can-write-here"
)

// Bucket is an archive.
type Bucket struct {
	client *minio.Core
	Place
}

// New makes a bucket; it asks the server nothing.
func New(place Place, control Control) (*Bucket, error) {
	endpoint, err := url.Parse(place.Endpoint)
	if err != nil {
		return nil, errors.New("the endpoint is not an address")
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(place.AccessKeyID, place.SecretAccessKey, place.SessionToken),
		Secure: endpoint.Scheme == "https", Region: place.Region, Transport: transport(control), MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("use the endpoint: %w", err)
	}
	return &Bucket{client: client, Place: place}, nil
}

// transport uses no proxy, as all that the gateway sends; the client that uses it follows no redirects.
func transport(control Control) http.RoundTripper {
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: control}
	return lending{&http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			wire, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return moving{wire}, nil
		},
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: answerWithin, IdleConnTimeout: answerWithin,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableCompression: true,
	}}
}

// moving fails once nothing has moved for long: an upload of hours has no other end where a server stops to read.
type moving struct{ net.Conn }

// Read reads what comes in time.
func (m moving) Read(p []byte) (int, error) {
	if err := m.SetReadDeadline(time.Now().Add(movesWithin)); err != nil {
		return 0, err
	}
	return m.Conn.Read(p)
}

// Write writes what is taken in time.
func (m moving) Write(p []byte) (int, error) {
	if err := m.SetWriteDeadline(time.Now().Add(movesWithin)); err != nil {
		return 0, err
	}
	return m.Conn.Write(p)
}

// Try writes and reads a small object, always the same one: deleting takes a right that archives should not need.
func (b *Bucket) Try(ctx context.Context) error {
	const text = "bursar archives ledger rows here\n"
	_, err := b.client.Client.PutObject(ctx, b.Bucket, b.key(triedName), strings.NewReader(text), int64(len(text)),
		minio.PutObjectOptions{ContentType: "text/plain", SendContentMd5: true})
	if err != nil {
		return b.explain("write to the bucket", err)
	}
	file, err := b.Open(ctx, b.name(b.key(triedName)))
	if err != nil {
		return err
	}
	return file.Close()
}

// Look asks for the object of [Bucket.Try], and changes nothing. No error: the bucket is there and takes the credential.
func (b *Bucket) Look(ctx context.Context) error {
	file, err := b.Open(ctx, b.name(b.key(triedName)))
	if err == nil {
		return file.Close()
	}
	if codeOf(err) == minio.NoSuchKey {
		return nil
	}
	return err
}

// errStopped ends an upload whose writer has failed. Which error that was is told by the writer.
var errStopped = errors.New("what was to be sent could not be read")

// Store sends what write writes in parts, which become an object at the end. Its name holds an identifier of its own: servers
// differ in whether they can refuse a name that is taken, and a gateway that is late must not replace what another wrote.
func (b *Bucket) Store(ctx context.Context, day time.Time, write func(io.Writer) error) (string, error) {
	key := b.key("ledger-" + day.Format(time.DateOnly) + "-" + ulid.Make().String() + ".jsonl")
	sent, sending := io.Pipe()
	written := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(sending, 64<<10)
		err := write(buffered)
		if err == nil {
			err = buffered.Flush()
		}
		written <- err
		if err != nil {
			err = errStopped
		}
		_ = sending.CloseWithError(err)
	}()
	_, err := b.client.Client.PutObject(ctx, b.Bucket, key, sent, -1,
		minio.PutObjectOptions{ContentType: "application/jsonl", PartSize: partBytes, SendContentMd5: true})
	_ = sent.CloseWithError(errStopped)
	if failed := <-written; failed != nil && !errors.Is(failed, errStopped) {
		return "", failed
	}
	if err != nil {
		return "", b.explain("write "+b.name(key), err)
	}
	return b.name(key), nil
}

// Open reads an object by the name that [Bucket.Store] gave it.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	file, _, _, err := b.client.GetObject(ctx, b.Bucket, strings.TrimPrefix(name, b.name("")), minio.GetObjectOptions{})
	if err != nil {
		return nil, b.explain("read "+name, err)
	}
	return file, nil
}

func (b *Bucket) key(name string) string { return path.Join(b.Prefix, name) }

func (b *Bucket) name(key string) string { return "s3://" + b.Bucket + "/" + key }
