package wire

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = time.Second
	// driverRetries is how often the driver repeats a call by itself, on another connection.
	// Every step is recognised by its id, so that a repetition charges nothing.
	driverRetries    = 1
	driverMaxBackoff = 8 * time.Millisecond
	// bufferSize is what a connection reads and writes at once: half a large group. The driver's own 32 KiB, twice for
	// each of some dozen connections, would be a tenth of what a gateway holds.
	bufferSize = 16 << 10
)

var errAddress = errors.New("the address of Redis is not valid: it looks like redis://user:password@host:6379/0, " +
	"rediss://…, redis+sentinel://host:26379?master_name=… or redis+cluster://host:6379,host:6379")

// newClient never repeats the address in an error: it may hold a password.
func newClient(url string, options Options) (goredis.UniversalClient, error) {
	quietDriver()
	switch {
	case strings.HasPrefix(url, "redis+cluster:"), strings.HasPrefix(url, "rediss+cluster:"):
		return newClusterClient(url, options)
	case strings.HasPrefix(url, "redis+sentinel:"), strings.HasPrefix(url, "rediss+sentinel:"):
		return newSentinelClient(strings.Replace(url, "+sentinel", "", 1), options.Timeout)
	default:
		return newSingleClient(url, options.Timeout)
	}
}

func newSingleClient(url string, timeout time.Duration) (goredis.UniversalClient, error) {
	o, err := goredis.ParseURL(url)
	if err != nil {
		return nil, errAddress
	}
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.DialTimeout = timeout, timeout, timeout, dialTimeout
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = driverRetries, time.Millisecond, driverMaxBackoff
	o.DialerRetries, o.ContextTimeoutEnabled = 1, true
	o.ReadBufferSize, o.WriteBufferSize = bufferSize, bufferSize
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return goredis.NewClient(o), nil
}

func newSentinelClient(url string, timeout time.Duration) (goredis.UniversalClient, error) {
	o, err := goredis.ParseFailoverURL(url)
	if err != nil {
		return nil, errAddress
	}
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.DialTimeout = timeout, timeout, timeout, dialTimeout
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = driverRetries, time.Millisecond, driverMaxBackoff
	o.DialerRetries, o.ContextTimeoutEnabled = 1, true
	o.ReadBufferSize, o.WriteBufferSize = bufferSize, bufferSize
	return goredis.NewFailoverClient(o), nil
}

// quietDriver drops the driver's own log lines, one per failed dial: the engine reports what comes of them.
var quietDriver = sync.OnceFunc(func() { goredis.SetLogger(driverLog{}) })

type driverLog struct{}

func (driverLog) Printf(context.Context, string, ...any) {}
