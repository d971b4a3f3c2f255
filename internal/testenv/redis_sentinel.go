package testenv

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sentinelMaster = "bursar"

// RedisSentinelSet is a master with two replicas and the three Sentinels that watch them, of a test's own.
type RedisSentinelSet struct {
	Master    *RedisServer
	Replicas  []*RedisServer
	Sentinels []*RedisServer
}

// RedisSentinel starts a Sentinel set that notices a dead master within half a second. It ends with the test.
func RedisSentinel(t testing.TB) *RedisSentinelSet {
	t.Helper()
	set := &RedisSentinelSet{Master: StartRedis(t, "--repl-diskless-sync-delay", "0")}
	ctx, cancel := context.WithTimeout(t.Context(), clusterStart)
	defer cancel()
	for range 2 {
		replica := StartRedis(t, "--replicaof", fmt.Sprintf("127.0.0.1 %d", set.Master.Port))
		set.Replicas = append(set.Replicas, replica)
		if err := replica.awaitLink(ctx); err != nil {
			t.Fatalf("start a replica: %v", err)
		}
	}
	for range 3 {
		sentinel, err := startSentinel(t.TempDir(), set.Master)
		if err != nil {
			t.Fatalf("start Sentinel from redis-server: %v", err)
		}
		t.Cleanup(sentinel.Kill)
		set.Sentinels = append(set.Sentinels, sentinel)
	}
	if err := set.await(ctx); err != nil {
		t.Fatalf("Sentinels do not find each other: %v", err)
	}
	return set
}

// URL is the set's address for clients.
func (s *RedisSentinelSet) URL() string {
	query := url.Values{"master_name": {sentinelMaster}}
	for _, sentinel := range s.Sentinels[1:] {
		query.Add("addr", sentinel.Addr())
	}
	return "redis+sentinel://" + s.Sentinels[0].Addr() + "?" + query.Encode()
}

func startSentinel(dir string, master *RedisServer) (*RedisServer, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "sentinel.conf")
	text := strings.NewReplacer("PORT", fmt.Sprint(port), "DIR", dir, "NAME", sentinelMaster, "MASTER", fmt.Sprint(master.Port)).Replace(
		`port PORT
bind 127.0.0.1
dir DIR
logfile DIR/redis.log
sentinel monitor NAME 127.0.0.1 MASTER 2
sentinel down-after-milliseconds NAME 500
sentinel failover-timeout NAME 5000
`)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	sentinel := &RedisServer{Port: port, dir: dir, config: config, args: []string{"--sentinel"}}
	return sentinel, sentinel.start()
}

// await waits until every Sentinel knows the replicas and the other Sentinels: until then none would act.
func (s *RedisSentinelSet) await(ctx context.Context) error {
	known := fmt.Sprintf("slaves=%d,sentinels=%d", len(s.Replicas), len(s.Sentinels))
	for _, sentinel := range s.Sentinels {
		err := awaitTrue(ctx, func() (bool, error) {
			info, err := sentinel.command(ctx, "INFO", "sentinel")
			return strings.Contains(info, known), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitLink waits until a replica has received everything that its master has.
func (s *RedisServer) awaitLink(ctx context.Context) error {
	return awaitTrue(ctx, func() (bool, error) {
		info, err := s.command(ctx, "INFO", "replication")
		return strings.Contains(info, "master_link_status:up"), err
	})
}
