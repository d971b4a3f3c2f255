package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	clusterMasters = 3
	clusterSlots   = 16384
	// clusterStart is how long a Cluster or a Sentinel set may take to find itself.
	clusterStart = 30 * time.Second
)

// RedisClusterEnv names the variable of the environment with the address of a Redis Cluster for tests.
const RedisClusterEnv = "REDIS_CLUSTER_URL"

var sharedCluster = sync.OnceValues(func() (*RedisClusterServers, error) {
	dir, err := os.MkdirTemp("", "bursar-redis-cluster-")
	if err != nil {
		return nil, err
	}
	return startCluster(dir, true, 0)
})

// RedisCluster returns the address of a Redis Cluster of three masters, "redis+cluster://127.0.0.1:PORT,…".
// It is the one that [RedisClusterEnv] names, or one that is started once per test binary and ends with it.
// Tests share it, so each needs a key prefix of its own.
func RedisCluster(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(RedisClusterEnv); url != "" {
		return url
	}
	cluster, err := sharedCluster()
	if err != nil {
		t.Fatalf("start a Redis Cluster from redis-server: %v", err)
	}
	return cluster.URL()
}

// RedisClusterServers is a Redis Cluster of a test's own, whose servers it may kill.
type RedisClusterServers struct {
	// Masters share the slots evenly, in order. Replicas follow them in the same order; there may be none.
	Masters  []*RedisServer
	Replicas []*RedisServer
}

// StartRedisCluster starts three masters, each followed by a replica if wanted. It ends with the test.
func StartRedisCluster(t testing.TB, replicas bool) *RedisClusterServers {
	t.Helper()
	n := 0
	if replicas {
		n = clusterMasters
	}
	cluster, err := startCluster(t.TempDir(), false, n)
	if err != nil {
		t.Fatalf("start a Redis Cluster from redis-server: %v", err)
	}
	t.Cleanup(cluster.kill)
	return cluster
}

// URL is the Cluster's address for clients.
func (c *RedisClusterServers) URL() string {
	var addresses []string
	for _, server := range c.Masters {
		addresses = append(addresses, server.Addr())
	}
	return "redis+cluster://" + strings.Join(addresses, ",")
}

func (c *RedisClusterServers) servers() []*RedisServer {
	return append(append([]*RedisServer(nil), c.Masters...), c.Replicas...)
}

func (c *RedisClusterServers) kill() {
	for _, server := range c.servers() {
		server.Kill()
	}
}

func startCluster(dir string, remove bool, replicas int) (*RedisClusterServers, error) {
	cluster := &RedisClusterServers{}
	for i := range clusterMasters + replicas {
		server, err := startClusterServer(filepath.Join(dir, fmt.Sprint(i)), remove)
		if err != nil {
			cluster.kill()
			return nil, err
		}
		if i < clusterMasters {
			cluster.Masters = append(cluster.Masters, server)
		} else {
			cluster.Replicas = append(cluster.Replicas, server)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), clusterStart)
	defer cancel()
	if err := cluster.join(ctx); err != nil {
		cluster.kill()
		return nil, fmt.Errorf("join the servers to a Cluster: %w", err)
	}
	return cluster, nil
}

func startClusterServer(dir string, remove bool) (*RedisServer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	bus, err := FreePort()
	if err != nil {
		return nil, err
	}
	return startRedis(dir, remove, []string{
		"--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(bus), "--cluster-node-timeout", "2000",
		"--repl-diskless-sync-delay", "0",
	})
}

// join gives every master its slots, makes all servers known to each other and waits until each knows it.
func (c *RedisClusterServers) join(ctx context.Context) error {
	for i, server := range c.Masters {
		first, last := i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters-1
		if _, err := server.command(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1); err != nil {
			return err
		}
		if _, err := server.command(ctx, "CLUSTER", "ADDSLOTSRANGE", first, last); err != nil {
			return err
		}
	}
	for _, server := range c.servers()[1:] {
		if _, err := server.command(ctx, "CLUSTER", "MEET", "127.0.0.1", c.Masters[0].Port, c.Masters[0].busPort()); err != nil {
			return err
		}
	}
	if err := c.awaitState(ctx); err != nil {
		return err
	}
	for i, replica := range c.Replicas {
		if err := replica.follow(ctx, c.Masters[i]); err != nil {
			return err
		}
	}
	return c.awaitReplicas(ctx)
}

// awaitReplicas waits until every server knows of all replicas: a master would not vote for one that it takes for a master.
func (c *RedisClusterServers) awaitReplicas(ctx context.Context) error {
	for _, server := range c.servers() {
		err := awaitTrue(ctx, func() (bool, error) {
			nodes, err := server.command(ctx, "CLUSTER", "NODES")
			return strings.Count(nodes, "slave ") == len(c.Replicas), err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", server.Addr(), err)
		}
	}
	return nil
}

func (c *RedisClusterServers) awaitState(ctx context.Context) error {
	known := fmt.Sprintf("cluster_known_nodes:%d\r\n", len(c.servers()))
	for _, server := range c.servers() {
		err := awaitTrue(ctx, func() (bool, error) {
			info, err := server.command(ctx, "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, known), err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", server.Addr(), err)
		}
	}
	return nil
}

// follow makes the server a replica of a master and waits until it has everything.
func (s *RedisServer) follow(ctx context.Context, master *RedisServer) error {
	id, err := master.command(ctx, "CLUSTER", "MYID")
	if err != nil {
		return err
	}
	if _, err := s.command(ctx, "CLUSTER", "REPLICATE", id); err != nil {
		return err
	}
	return s.awaitLink(ctx)
}

func (s *RedisServer) busPort() int {
	for i, arg := range s.args {
		if arg == "--cluster-port" {
			var port int
			_, _ = fmt.Sscan(s.args[i+1], &port)
			return port
		}
	}
	return 0
}

// command sends one command to this server alone and returns its answer as text.
func (s *RedisServer) command(ctx context.Context, args ...any) (string, error) {
	client := redis.NewClient(&redis.Options{
		Addr: s.Addr(), MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer func() { _ = client.Close() }()
	answer, err := client.Do(ctx, args...).Result()
	if err != nil {
		return "", fmt.Errorf("%v on %s: %w", args, s.Addr(), err)
	}
	return fmt.Sprint(answer), nil
}

// awaitTrue asks again until the answer is yes or the context ends. Errors are a no.
func awaitTrue(ctx context.Context, ask func() (bool, error)) error {
	for {
		yes, err := ask()
		if yes {
			return nil
		}
		if !pause(ctx, 10*time.Millisecond) {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// MasterOf is the master that a key is on, as long as no replica has been promoted.
func (c *RedisClusterServers) MasterOf(t testing.TB, key string) *RedisServer {
	t.Helper()
	answer, err := c.Masters[0].command(t.Context(), "CLUSTER", "KEYSLOT", key)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := strconv.Atoi(answer)
	if err != nil {
		t.Fatal(err)
	}
	master := 0
	for slot >= (master+1)*clusterSlots/clusterMasters {
		master++
	}
	return c.Masters[master]
}
