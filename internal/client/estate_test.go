package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// manyKeys is a gateway with so many keys that it counts what it is asked.
type manyKeys struct {
	*httptest.Server
	keys []string
	// listing and single count the requests.
	listing, single atomic.Int32
	refuseLists     bool
	// before is called before a page is answered, the first is 1; after when it has been put together.
	before, after func(page int32)
	// unlisted keys are on no page.
	unlisted map[string]bool
	// deleting is called before keys are deleted.
	deleting func()
	// deletingWith answers a deletion in place of the gateway.
	deletingWith func(http.ResponseWriter)
	// inCircles answers the first page for ever.
	inCircles bool
}

func startManyKeys(t *testing.T, count int) *manyKeys {
	t.Helper()
	g := &manyKeys{}
	for i := range count {
		g.keys = append(g.keys, fmt.Sprintf("key_%07d", i))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /key/list", g.list)
	mux.HandleFunc("GET /key/info", g.info)
	mux.HandleFunc("POST /key/delete", g.delete)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func (g *manyKeys) add(id string) {
	at, _ := slices.BinarySearch(g.keys, id)
	g.keys = slices.Insert(g.keys, at, id)
}

func (g *manyKeys) remove(id string) {
	if at, found := slices.BinarySearch(g.keys, id); found {
		g.keys = slices.Delete(g.keys, at, at+1)
	}
}

func (g *manyKeys) list(w http.ResponseWriter, r *http.Request) {
	number := g.listing.Add(1)
	if g.before != nil {
		g.before(number)
	}
	if g.refuseLists {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	cursor := r.URL.Query().Get("cursor")
	if g.inCircles {
		cursor = ""
	}
	from, found := slices.BinarySearch(g.keys, cursor)
	if found {
		from++
	}
	to := min(from+1000, len(g.keys))
	objects := make([]string, 0, to-from)
	for _, id := range g.keys[from:to] {
		if !g.unlisted[id] {
			objects = append(objects, fmt.Sprintf(`{"key_id":%q}`, id))
		}
	}
	next := "null"
	if to < len(g.keys) {
		next = fmt.Sprintf("%q", g.keys[to-1])
	}
	total := len(g.keys)
	if g.after != nil {
		g.after(number)
	}
	_, _ = fmt.Fprintf(w, `{"keys":[%s],"total_count":%d,"next_cursor":%s}`, strings.Join(objects, ","), total, next)
}

func (g *manyKeys) info(w http.ResponseWriter, r *http.Request) {
	g.single.Add(1)
	id := r.URL.Query().Get("key")
	if _, found := slices.BinarySearch(g.keys, id); !found {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, `{"error":{"message":"gone","type":"not_found_error"}}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"key_id":%q}`, id)
}

func (g *manyKeys) delete(w http.ResponseWriter, r *http.Request) {
	if g.deleting != nil {
		g.deleting()
	}
	if g.deletingWith != nil {
		g.deletingWith(w)
		return
	}
	var body struct{ Keys []string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	for _, id := range body.Keys {
		g.remove(id)
	}
	_, _ = fmt.Fprint(w, `{}`)
}

func (g *manyKeys) client(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Endpoint: g.URL, AdminKey: adminKey, RetryWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (g *manyKeys) asked(t *testing.T, c *client.Client, ids ...string) (listing, single int32) {
	t.Helper()
	listing, single = g.listing.Load(), g.single.Load()
	for _, id := range ids {
		if key, err := c.Estate().Key(t.Context(), id); err != nil || key.KeyID != id {
			t.Fatalf("%s: got %q, %v", id, key.KeyID, err)
		}
	}
	return g.listing.Load() - listing, g.single.Load() - single
}

func TestEstate_readsManyInFewRequests(t *testing.T) {
	g := startManyKeys(t, 2500)
	if listing, single := g.asked(t, g.client(t), g.keys...); listing != 3 || single != 8 {
		t.Errorf("%d keys took %d pages and %d single reads", len(g.keys), listing, single)
	}
}

func TestEstate_listsOnceForAllWhoRead(t *testing.T) {
	g := startManyKeys(t, 2500)
	c := g.client(t)
	var group sync.WaitGroup
	for worker := range 10 {
		group.Go(func() {
			for i := worker; i < len(g.keys); i += 10 {
				if key, err := c.Estate().Key(t.Context(), g.keys[i]); err != nil || key.KeyID != g.keys[i] {
					t.Errorf("%s: got %q, %v", g.keys[i], key.KeyID, err)
				}
			}
		})
	}
	group.Wait()
	if listing, single := g.listing.Load(), g.single.Load(); listing != 3 || single != 8 {
		t.Errorf("%d keys took %d pages and %d single reads", len(g.keys), listing, single)
	}
}

func TestEstate_readsAFewOfManyOneByOne(t *testing.T) {
	g := startManyKeys(t, 100_000)
	few := g.keys[len(g.keys)-40:]
	if listing, single := g.asked(t, g.client(t), few...); listing != 1 || single != 40 {
		t.Errorf("40 keys of 100,000 took %d pages and %d single reads", listing, single)
	}
}

func TestEstate_asksForWhatIsInNoList(t *testing.T) {
	g := startManyKeys(t, 20)
	c := g.client(t)
	g.asked(t, c, g.keys...)
	g.keys = append(g.keys, "key_9999999") // made since
	if _, single := g.asked(t, c, "key_9999999"); single != 1 {
		t.Errorf("a new key took %d single reads", single)
	}
	if _, err := c.Estate().Key(t.Context(), "key_gone"); api.CodeOf(err) != api.NotFound {
		t.Errorf("a key that is gone: %v", err)
	}
}

// What comes and goes while pages are read moves the rows behind it. Nothing that is there is lost by that, and what is
// gone before it was listed is gone.
func TestEstate_keepsCountWhileKeysComeAndGo(t *testing.T) {
	g := startManyKeys(t, 3500)
	all := slices.Clone(g.keys)
	made := []string{"key_0000500a", "key_0000999a", "key_0001500a", "key_9"}
	gone := []string{"key_0001000", "key_0001500", "key_0001999", "key_0002700"}
	g.before = func(page int32) {
		switch page {
		case 2:
			g.remove("key_0000000") // listed before
			g.remove("key_0000999") // the one that the second page begins behind
			for _, id := range gone {
				g.remove(id)
			}
		case 3:
			for _, id := range made {
				g.add(id)
			}
		}
	}
	c := g.client(t)
	for _, id := range append(all[2000:], append(all[:2000:2000], made...)...) {
		key, err := c.Estate().Key(t.Context(), id)
		switch {
		case slices.Contains(gone, id):
			if api.CodeOf(err) != api.NotFound {
				t.Errorf("%s is gone, and answered as %q, %v", id, key.KeyID, err)
			}
		case err != nil || key.KeyID != id:
			t.Errorf("%s: got %q, %v", id, key.KeyID, err)
		}
	}
	if listing, single := g.listing.Load(), g.single.Load(); listing != 4 || int(single) > 8+len(made)+len(gone) {
		t.Errorf("it took %d pages and %d single reads", listing, single)
	}
}

// A list that passes over what is there, as pages by number do when something before them is deleted.
func TestEstate_believesNoListThatSomethingIsGone(t *testing.T) {
	g := startManyKeys(t, 2500)
	g.unlisted = map[string]bool{"key_0000003": true, "key_0000999": true, "key_0001000": true, "key_0002499": true}
	if listing, single := g.asked(t, g.client(t), g.keys...); listing != 3 || single > 8+4 {
		t.Errorf("%d keys took %d pages and %d single reads", len(g.keys), listing, single)
	}
}

// A page that is put together while a change is under way, before it takes effect.
func TestEstate_forgetsWhatWasListedDuringAChange(t *testing.T) {
	g := startManyKeys(t, 20)
	c := g.client(t)
	g.asked(t, c, g.keys[:8]...)
	others, last := slices.Clone(g.keys[:9]), g.keys[19]
	listed, read := make(chan struct{}), make(chan error, 1)
	g.after = func(page int32) {
		if page == 1 {
			close(listed)
		}
	}
	g.deleting = func() {
		go func() {
			var err error
			for _, id := range others {
				_, oneErr := c.Estate().Key(t.Context(), id)
				err = errors.Join(err, oneErr)
			}
			read <- err
		}()
		<-listed
	}
	if err := c.DeleteKey(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if key, err := c.Estate().Key(t.Context(), last); api.CodeOf(err) != api.NotFound {
		t.Errorf("the deleted key is answered as %q, %v", key.KeyID, err)
	}
}

// A list that never ends is not read for ever.
func TestEstate_readsNoListInCircles(t *testing.T) {
	g := startManyKeys(t, 1500)
	g.inCircles = true
	if listing, single := g.asked(t, g.client(t), g.keys...); listing != 2 || single != 8+500 {
		t.Errorf("%d keys took %d pages and %d single reads", len(g.keys), listing, single)
	}
	if _, err := g.client(t).ListKeys(t.Context()); err == nil || !strings.Contains(err.Error(), "the same again") {
		t.Errorf("got %v", err)
	}
}

func TestEstate_forgetsWhenSomethingIsChanged(t *testing.T) {
	g := startManyKeys(t, 20)
	c := g.client(t)
	g.asked(t, c, g.keys...)
	if listing, single := g.asked(t, c, g.keys[0]); listing+single != 0 {
		t.Error("a listed key was asked for again")
	}
	if err := c.DeleteKey(t.Context(), g.keys[0]); err != nil {
		t.Fatal(err)
	}
	if _, single := g.asked(t, c, g.keys[1]); single != 1 {
		t.Error("a key was answered as it was before the change")
	}
}

// Nobody knows whether a change that was not answered, or answered with an error, was made.
func TestEstate_forgetsAfterAFailedChange(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter){
		"an error":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"no answer": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			g := startManyKeys(t, 20)
			c := g.client(t)
			g.asked(t, c, g.keys...)
			gone := g.keys[0]
			g.deletingWith = func(w http.ResponseWriter) {
				g.remove(gone)
				fail(w)
			}
			if err := c.DeleteKey(t.Context(), gone); err == nil {
				t.Fatal("the change did not fail")
			}
			if key, err := c.Estate().Key(t.Context(), gone); api.CodeOf(err) != api.NotFound {
				t.Errorf("the key that is gone is answered as %q, %v", key.KeyID, err)
			}
			if _, single := g.asked(t, c, g.keys[1]); single != 1 {
				t.Error("a key was answered as it was before the change")
			}
		})
	}
}

func TestEstate_doesWithoutLists(t *testing.T) {
	g := startManyKeys(t, 20)
	g.refuseLists = true
	if listing, single := g.asked(t, g.client(t), g.keys...); listing != 1 || single != 20 {
		t.Errorf("20 keys took %d pages and %d single reads", listing, single)
	}
}
