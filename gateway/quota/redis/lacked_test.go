package redis_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
)

// lines are what a gateway logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// take returns what was logged since it was called last.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// TestRedis_tellsALossFromAPause has Redis told again what it has heard and only could not answer, and then what was
// taken from it: operators are warned of the second alone.
func TestRedis_tellsALossFromAPause(t *testing.T) {
	t.Parallel()
	const told, lacks = "redis was told again what is under way", "redis lacked what is under way"
	log := &lines{}
	o := newOutageOf(t, 1, redis.Options{
		Manual: true, StrictRecovery: true, Timeout: time.Second, Logger: slog.New(slog.NewJSONHandler(log, nil)),
	}, degraded.Policy{RateLimits: degraded.Local})
	requests := o.admit(t, o.engines[0], 3)
	o.settle(t, o.engines[0], requests[2:]) // Redis has the script from now on, and books what it cannot answer

	o.proxy.LoseEvery(1)
	o.settle(t, o.engines[0], requests[:1])
	o.proxy.LoseEvery(0)
	o.awaitBack(t)
	o.drain(t)
	o.wantWindow(t, 3, 1)
	if got := log.take(); !strings.Contains(got, told) || !strings.Contains(got, `"lacked":0`) ||
		strings.Contains(got, lacks) || strings.Contains(got, "lost") {
		t.Errorf("after answers that got lost: %s\nwant it told that Redis lacked nothing, and no loss", got)
	}

	client := goredis.NewClient(&goredis.Options{Addr: o.server.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	o.awaitBack(t)
	o.drain(t)
	o.wantWindow(t, 3, 1)
	if got := log.take(); !strings.Contains(got, `"level":"WARN","msg":"`+lacks) {
		t.Errorf("after Redis was emptied: %s\nwant a warning of what it lacked", got)
	}
	if _, err := o.engines[0].Settle(t.Context(), quota.Settlement{ID: requests[1].ID, Slot: requests[1].Slot, Tokens: 10, Row: requests[1].Row}); err != nil {
		t.Error(err)
	}
}
