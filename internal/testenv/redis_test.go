package testenv_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestRedisCluster_hasThreeMasters(t *testing.T) {
	address := strings.TrimPrefix(testenv.RedisCluster(t), "redis+cluster://")
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: strings.Split(address, ",")})
	t.Cleanup(func() { _ = client.Close() })
	shards, err := client.ClusterShards(t.Context()).Result()
	if err != nil || len(shards) != 3 {
		t.Fatalf("%d shards, %v", len(shards), err)
	}
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		if err := client.Set(t.Context(), key, "1", time.Minute).Err(); err != nil {
			t.Errorf("set %s: %v", key, err)
		}
	}
}

func TestRedisSentinel_promotesAReplica(t *testing.T) {
	set := testenv.RedisSentinel(t)
	options, err := redis.ParseFailoverURL(strings.Replace(set.URL(), "+sentinel", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewFailoverClient(options)
	t.Cleanup(func() { _ = client.Close() })
	if err := client.Set(t.Context(), "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	set.Master.Kill()
	waiting, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for client.Set(waiting, "b", "2", 0).Err() != nil {
		if waiting.Err() != nil {
			t.Fatal("no replica was promoted")
		}
	}
}

func TestRedisCluster_promotesAReplica(t *testing.T) {
	cluster := testenv.StartRedisCluster(t, true)
	address := strings.TrimPrefix(cluster.URL(), "redis+cluster://")
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: strings.Split(address, ","), ClusterStateReloadInterval: 100 * time.Millisecond,
	})
	t.Cleanup(func() { _ = client.Close() })
	cluster.Masters[0].Kill()
	waiting, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
		for client.Set(waiting, key, "1", time.Minute).Err() != nil {
			if waiting.Err() != nil {
				t.Fatal("no replica was promoted")
			}
		}
	}
}
