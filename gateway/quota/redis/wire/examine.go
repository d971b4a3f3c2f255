package wire

import (
	"context"
	"fmt"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// Examination is how a Redis stands. Looking changes nothing.
type Examination struct {
	// Servers are the masters that were looked at.
	Servers []Server
}

// Server is one master.
type Server struct {
	Version string
	Clock   time.Time
	// Risks can lose counters of a server that works, each with what would be right.
	Risks []string
	// Unchecked is what could not be found out, with the reason: managed servers often do not allow CONFIG.
	Unchecked []string
}

// Examine looks at the server, or at every master of a Cluster, as a start does, and further.
func Examine(ctx context.Context, url string, options Options) (found Examination, err error) {
	client, err := newClient(url, options)
	if err != nil {
		return found, err
	}
	defer client.Close()
	_, clustered := client.(*goredis.ClusterClient)
	var mu sync.Mutex
	err = eachMaster(ctx, client, func(ctx context.Context, server goredis.Cmdable) error {
		text, err := server.Info(ctx, "server", "memory", "persistence", "cluster").Result()
		if err != nil {
			return fmt.Errorf("%w: %w", quota.ErrUnavailable, err)
		}
		info := parseInfo(text)
		if info["cluster_enabled"] == "1" && !clustered {
			return errNotSingle
		}
		clock, err := server.Time(ctx).Result()
		if err != nil {
			return fmt.Errorf("%w: %w", quota.ErrUnavailable, err)
		}
		one := Server{Version: info["redis_version"], Clock: clock, Risks: risks(info), Unchecked: unknown(info)}
		one.examineFlushing(ctx, server, info)
		mu.Lock()
		defer mu.Unlock()
		found.Servers = append(found.Servers, one)
		return nil
	})
	return found, err
}

// examineFlushing asks how often the append-only file is written through, which INFO does not tell.
func (s *Server) examineFlushing(ctx context.Context, server goredis.Cmdable, info map[string]string) {
	if info["aof_enabled"] != "1" {
		return
	}
	settings, err := server.ConfigGet(ctx, "appendfsync").Result()
	switch {
	case err != nil:
		s.Unchecked = append(s.Unchecked, "appendfsync, as the server does not allow CONFIG GET; everysec or always is right")
	case settings["appendfsync"] == "no":
		s.Risks = append(s.Risks, "appendfsync is no, a crash of the machine forgets what was counted lately; set it to everysec")
	}
}
