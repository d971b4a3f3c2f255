package s3

import (
	"io"
	"net/http"
	"sync"
)

// lending lends the body of a request to one attempt to send it. The client winds a part back for its next attempt as soon as a
// server has answered, and the connection may read on from a part that the server did not want: both would get bytes of it.
type lending struct{ http.RoundTripper }

// RoundTrip sends a request. Its body is given back with an error, or when the answer is closed.
func (l lending) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return l.RoundTripper.RoundTrip(r)
	}
	lent := &lentBody{body: r.Body}
	sent := *r
	// Without GetBody nothing but this attempt reads the body.
	sent.Body, sent.GetBody = lent, nil
	answer, err := l.RoundTripper.RoundTrip(&sent)
	if err != nil {
		lent.giveBack()
		return nil, err
	}
	answer.Request, answer.Body = r, answerBody{answer.Body, lent}
	return answer, nil
}

// answerBody gives the request's body back when the answer is closed.
type answerBody struct {
	io.ReadCloser
	lent *lentBody
}

// Close closes the answer. The connection that still sent the request has an end.
func (a answerBody) Close() error {
	a.lent.giveBack()
	return a.ReadCloser.Close()
}

// lentBody reads nothing any more once it was given back.
type lentBody struct {
	mu   sync.Mutex
	body io.ReadCloser
	back bool
}

func (l *lentBody) giveBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.back = true
}

// Read reads while the body is lent.
func (l *lentBody) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back {
		return 0, http.ErrBodyReadAfterClose
	}
	return l.body.Read(p)
}

// Close closes the body, unless it was given back.
func (l *lentBody) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back {
		return nil
	}
	return l.body.Close()
}
