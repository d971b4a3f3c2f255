package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const (
	gateways = 3
	// keptRequests is how many requests the model server remembers, to be asked for its bill.
	keptRequests = 2_000_000
)

// stage is everything that one run starts.
type stage struct {
	out      *narrator
	bench    *bench
	adminKey string
	gateways []*gateway
	upstream *testenv.Upstream
	// common are the settings of all gateways.
	common settings
	record *sql.DB

	// primary is the Redis that the gateways use; replica follows it over replication.
	primary, replica *testenv.RedisServer
	replication      *link
	// recordLink leads the gateways to PostgreSQL at recordAddr.
	recordLink *link
	recordAddr string
	// disk is what became of the gateway whose disk was full; nil when there was none.
	disk *diskRun
	// seed is what the run is repeated by.
	seed uint64

	teams []*team
	load  load
	// loaded is how long the callers called.
	loaded time.Duration
	// faults are what was done to the stage, oldest first.
	faults []fault
}

func startStage(ctx context.Context, out *narrator) (*stage, error) {
	program, err := filepath.Abs("bin/bursar")
	if err != nil {
		return nil, fmt.Errorf("find bin/: %w", err)
	}
	if _, err := os.Stat(program); err != nil {
		return nil, errors.New("bin/bursar is not there: run make chaos, which builds it, in the project's folder")
	}
	bench, err := newBench(ctx)
	if err != nil {
		return nil, err
	}
	s := &stage{out: out, bench: bench, adminKey: "sk-chaos-" + rand.Text(), teams: newTeams()}
	if err := s.start(ctx, program); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) start(ctx context.Context, program string) error {
	var err error
	if s.upstream, err = testenv.NewUpstream(testenv.UpstreamOptions{KeepRequests: keptRequests}); err != nil {
		return fmt.Errorf("start the fake model server: %w", err)
	}
	s.bench.Cleanup(func() { _ = s.upstream.Close() })
	var databaseURL string
	err = s.bench.attempt(func() {
		databaseURL = testenv.Postgres(s.bench)
		s.primary, s.replica = testenv.StartRedis(s.bench), testenv.StartRedis(s.bench)
	})
	if err != nil {
		return err
	}
	if s.record, err = sql.Open("pgx", databaseURL); err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	s.bench.Cleanup(func() { _ = s.record.Close() })
	if databaseURL, err = s.linkRecord(databaseURL); err != nil {
		return err
	}
	if err := s.follow(ctx); err != nil {
		return err
	}
	s.common = settings{
		program: program, config: "internal/chaos/gateway.yaml", databaseURL: databaseURL,
		adminKey: s.adminKey, secretKey: secretKey(), upstreamURL: s.upstream.URL(),
	}
	return s.startGateways(ctx, s.common)
}

// linkRecord puts a link between the gateways and PostgreSQL, and returns the address that leads over it.
func (s *stage) linkRecord(address string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("read the address of the record: %w", err)
	}
	s.recordAddr = parsed.Host
	if s.recordLink, err = newLink(s.recordAddr); err != nil {
		return "", err
	}
	s.bench.Cleanup(s.recordLink.close)
	parsed.Host = s.recordLink.addr()
	return parsed.String(), nil
}

func (s *stage) startGateways(ctx context.Context, common settings) error {
	for number := range gateways {
		g, err := newGateway(number, common, s.bench.dir, s.primary.Addr())
		if err != nil {
			return err
		}
		s.bench.Cleanup(func() { g.kill(); g.link.close() })
		s.gateways = append(s.gateways, g)
		if err := g.start(ctx); err != nil {
			return err
		}
	}
	s.out.say("%d gateways, PostgreSQL, Redis with an append-only file and a replica, and a fake model server run.", gateways)
	return nil
}

// secretKey is 32 bytes in hex, as BURSAR_SECRET_KEY wants them.
func secretKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	return hex.EncodeToString(key)
}

// follow makes the replica one of the primary, over a link that can be held.
func (s *stage) follow(ctx context.Context) error {
	path, err := newLink(s.primary.Addr())
	if err != nil {
		return err
	}
	s.bench.Cleanup(path.close)
	s.replication = path
	return s.onRedis(ctx, s.replica, func(client *redis.Client) error {
		host, port := "127.0.0.1", path.addr()[len("127.0.0.1:"):]
		if err := client.ReplicaOf(ctx, host, port).Err(); err != nil {
			return fmt.Errorf("make a replica: %w", err)
		}
		return await(ctx, patience, func(ctx context.Context) bool {
			role, err := client.Do(ctx, "ROLE").Slice()
			return err == nil && len(role) > 3 && role[3] == "connected"
		})
	})
}

// onRedis runs commands on one server, past all links.
func (s *stage) onRedis(ctx context.Context, server *testenv.RedisServer, run func(*redis.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	return run(client)
}

// now is the time by which requests are admitted: the one of Redis, in unix milliseconds. The clocks of
// the gateways decide nothing, which is why no fault here sets one wrong.
func (s *stage) now(ctx context.Context) (ms int64, err error) {
	err = s.onRedis(ctx, s.primary, func(client *redis.Client) error {
		now, err := client.Time(ctx).Result()
		ms = now.UnixMilli()
		return err
	})
	return ms, err
}

func (s *stage) close() error { return s.bench.close() }

// usd turns nano-USD into dollars for people.
func usd(nano int64) float64 { return float64(nano) / math.Pow10(9) }
