package proxy

import (
	"bytes"
	"io"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// maxFailure is longer than any error that a provider sends in place of an answer.
const maxFailure = 64 << 10

const blanks = " \t\r\n"

var errorMember = []byte(`"error"`)

// refuseFailed finds an error that came in place of an answer, though with 200, as routers send it whose own provider has failed:
// the client has seen nothing, so another deployment can be asked. What is no error is put back. An answer that is read whole in any
// case is looked into as far as its first part; of a stream only what has come, unless it is an object and so no stream.
func refuseFailed(response *http.Response, whole bool) error {
	first, is := response.Body.(*begun)
	if !is || !whole && !isObject(first.rest) {
		return nil
	}
	part := first.fill(response.ContentLength)
	blank := len(bytes.TrimLeft(part, blanks)) == 0
	if !blank && !(isObject(part) && mayFail(part)) {
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(first, maxFailure+1))
	if err == nil && len(data) <= maxFailure && upstream.IsFailure(data) {
		response.Body.Close()
		return upstream.RefusedWhole(response.Header, data)
	}
	response.Body = putBack{io.MultiReader(bytes.NewReader(data), first), first}
	return nil
}

func isObject(answer []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(answer, blanks), []byte{'{'})
}

// mayFail says whether an answer, of which this is the beginning, may say an error: one that is null or false says none, as in every
// good answer of /responses.
func mayFail(beginning []byte) bool {
	for {
		_, after, found := bytes.Cut(beginning, errorMember)
		if !found {
			return false
		}
		value, is := bytes.CutPrefix(bytes.TrimLeft(after, blanks), []byte{':'})
		value = bytes.TrimLeft(value, blanks)
		if !is || len(value) == 0 || value[0] != 'n' && value[0] != 'f' {
			return true
		}
		beginning = after
	}
}

// putBack is a body of which some was read and is given again.
type putBack struct {
	io.Reader
	io.Closer
}
