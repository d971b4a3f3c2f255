package unread_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/unread"
)

// stuck is a client that reads nothing.
type stuck struct {
	http.ResponseWriter
	once sync.Once
	cut  chan struct{}
}

func newStuck() *stuck {
	return &stuck{ResponseWriter: httptest.NewRecorder(), cut: make(chan struct{})}
}

func (s *stuck) Write([]byte) (int, error) {
	<-s.cut
	return 0, os.ErrDeadlineExceeded
}

func (s *stuck) SetWriteDeadline(time.Time) error {
	s.once.Do(func() { close(s.cut) })
	return nil
}

func TestEnter_goesOnOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := unread.New(unread.Bounds{PerKey: 100, InAll: 1000})
		first := answers.Enter(t.Context(), "key", 80)
		answers.Enter(t.Context(), "another key", 80).Done()
		entered := false
		var second sync.WaitGroup
		second.Go(func() {
			answers.Enter(t.Context(), "key", 80)
			entered = true
		})
		synctest.Wait()
		if entered {
			t.Error("there was no room")
		}
		began := time.Now()
		first.Done()
		second.Wait()
		if waited := time.Since(began); waited > 0 {
			t.Errorf("it waited %s after there was room", waited)
		}
	})
}

func TestHand_givesUpWhatNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := unread.New(unread.Bounds{PerKey: 100, InAll: 1000})
		given := false
		var first sync.WaitGroup
		first.Go(func() { given = answers.Enter(t.Context(), "key", 80).Hand(newStuck(), make([]byte, 80)) })
		synctest.Wait()
		read := httptest.NewRecorder()
		if answers.Enter(t.Context(), "key", 80).Hand(read, make([]byte, 80)) || read.Body.Len() != 80 {
			t.Error("who reads got less than all")
		}
		first.Wait()
		if !given {
			t.Error("what nobody reads was kept")
		}
	})
}

// The bound over all keys holds where the key with the largest answer is the newest one, or still reads from its provider.
func TestHand_boundsAllKeysTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answers := unread.New(unread.Bounds{PerKey: 100, InAll: 300})
		asking := answers.Enter(t.Context(), "asking", 90) // nothing was written yet
		clients := []*stuck{newStuck(), newStuck(), newStuck()}
		var given [3]bool
		var handed sync.WaitGroup
		for i, key := range []string{"a", "b", "c"} {
			handed.Go(func() {
				given[i] = answers.Enter(t.Context(), key, 0).Hand(clients[i], make([]byte, 80+i))
			})
			synctest.Wait()
			time.Sleep(time.Second)
		}
		if given != [3]bool{false, true, false} {
			t.Errorf("given up were %v; the second is the largest that can be", given)
		}
		for _, client := range clients {
			_ = client.SetWriteDeadline(time.Time{})
		}
		handed.Wait()
		asking.Done()
	})
}
