package proxy

import (
	"bytes"
	"io"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// maxFailure is longer than any error that a provider sends in place of an answer.
const maxFailure = 64 << 10

var errorMember = []byte(`"error"`)

// refuseFailed finds an error that came in place of an answer, though with 200, as routers send it whose own provider has failed:
// the client has seen nothing, so another deployment can be asked. What is no error is put back.
func refuseFailed(response *http.Response) error {
	first, is := response.Body.(*begun)
	if !is || !bytes.HasPrefix(bytes.TrimLeft(first.rest, " \t\r\n"), []byte{'{'}) {
		return nil
	}
	unread := response.ContentLength > int64(len(first.rest)) && response.ContentLength <= firstPart
	if !unread && !bytes.Contains(first.rest, errorMember) {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(first, maxFailure+1))
	if err == nil && len(data) <= maxFailure && upstream.IsFailure(data) {
		response.Body.Close()
		return upstream.RefusedInStream(response.Header, upstream.Event{Data: data})
	}
	response.Body = putBack{io.MultiReader(bytes.NewReader(data), first), first}
	return nil
}

// putBack is a body of which some was read and is given again.
type putBack struct {
	io.Reader
	io.Closer
}
