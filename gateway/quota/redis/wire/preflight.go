package wire

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const oldestRedis = 7

// preflight checks that the server, or every master of a Cluster, can keep counters.
func preflight(ctx context.Context, client goredis.UniversalClient, options Options) error {
	_, clustered := client.(*goredis.ClusterClient)
	return eachMaster(ctx, client, func(ctx context.Context, server goredis.Cmdable) error {
		text, err := server.Info(ctx, "server", "memory", "persistence", "cluster").Result()
		if err != nil {
			return fmt.Errorf("%w: %w", quota.ErrUnavailable, err)
		}
		info := parseInfo(text)
		if info["cluster_enabled"] == "1" && !clustered {
			return errNotSingle
		}
		return checkServer(ctx, info, options)
	})
}

// errNotSingle: a single connection reaches a part of the slots only.
var errNotSingle = errors.New("this server is one of a Redis Cluster: write its address as redis+cluster://host:port,host:port")

func checkServer(ctx context.Context, info map[string]string, options Options) error {
	if err := CheckVersion(info["redis_version"]); err != nil {
		return err
	}
	for _, what := range unknown(info) {
		options.Logger.WarnContext(ctx, "a setting of redis could not be checked", slog.String("setting", what))
	}
	for _, risk := range risks(info) {
		if options.Strict {
			return fmt.Errorf("redis may lose counters: %s; or start all the same with redis.preflight: warn", risk)
		}
		options.Logger.WarnContext(ctx, "redis may lose counters", slog.Any("reason", risk))
	}
	return nil
}

// CheckVersion says what is wrong with a server's version.
func CheckVersion(version string) error {
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestRedis {
		return fmt.Errorf("redis is version %q, at least %d.0 is needed", version, oldestRedis)
	}
	return nil
}

// risks are the settings that can lose counters of a server that works.
func risks(info map[string]string) (found []string) {
	if policy, told := info["maxmemory_policy"]; told && policy != "noeviction" {
		found = append(found, fmt.Sprintf("maxmemory-policy is %s, set it to noeviction", policy))
	}
	if enabled, told := info["aof_enabled"]; told && enabled != "1" {
		found = append(found, "appendonly is off, a restart forgets what was counted; set it to yes")
	}
	return found
}

// unknown are the settings that a managed server keeps to itself, with what would be right.
func unknown(info map[string]string) (found []string) {
	for _, setting := range []struct{ field, right string }{
		{"maxmemory_policy", "maxmemory-policy, which INFO leaves out here; noeviction is right"},
		{"aof_enabled", "appendonly, which INFO leaves out here; yes is right"},
	} {
		if _, told := info[setting.field]; !told {
			found = append(found, setting.right)
		}
	}
	return found
}

func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok {
			info[key] = strings.TrimSpace(value)
		}
	}
	return info
}
