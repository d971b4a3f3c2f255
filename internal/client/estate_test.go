package client_test

import (
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
	mux.HandleFunc("POST /key/delete", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{}`) })
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func (g *manyKeys) list(w http.ResponseWriter, r *http.Request) {
	g.listing.Add(1)
	if g.refuseLists {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	cursor := r.URL.Query().Get("cursor")
	from, found := slices.BinarySearch(g.keys, cursor)
	if found {
		from++
	}
	to := min(from+1000, len(g.keys))
	objects := make([]string, 0, to-from)
	for _, id := range g.keys[from:to] {
		objects = append(objects, fmt.Sprintf(`{"key_id":%q}`, id))
	}
	next := "null"
	if to < len(g.keys) {
		next = fmt.Sprintf("%q", g.keys[to-1])
	}
	_, _ = fmt.Fprintf(w, `{"keys":[%s],"total_count":%d,"next_cursor":%s}`, strings.Join(objects, ","), len(g.keys), next)
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

func TestEstate_doesWithoutLists(t *testing.T) {
	g := startManyKeys(t, 20)
	g.refuseLists = true
	if listing, single := g.asked(t, g.client(t), g.keys...); listing != 1 || single != 20 {
		t.Errorf("20 keys took %d pages and %d single reads", listing, single)
	}
}
