package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// clusterReload is how old the driver's map of a Cluster's slots may be. It is read anew at once when a call fails.
const clusterReload = 10 * time.Second

func newClusterClient(url string, options Options) (*goredis.ClusterClient, error) {
	timeout := options.Timeout
	o, err := goredis.ParseClusterURL(clusterURL(url))
	if err != nil {
		return nil, errAddress
	}
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout, o.DialTimeout = timeout, timeout, timeout, dialTimeout
	o.MinRetryBackoff, o.MaxRetryBackoff = time.Millisecond, driverMaxBackoff
	o.DialerRetries, o.ContextTimeoutEnabled = 1, true
	o.ClusterStateReloadInterval = clusterReload
	o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // replicas lag behind
	o.DisableRoutingPolicies = true
	o.Dialer = options.dial
	return goredis.NewClusterClient(o), nil
}

// clusterURL turns "redis+cluster://a:1,b:2?x=y" into what the driver reads, "redis://a:1?addr=b:2&x=y".
func clusterURL(url string) string {
	scheme, rest, _ := strings.Cut(strings.Replace(url, "+cluster", "", 1), "://")
	hosts, query, hasQuery := strings.Cut(rest, "?")
	user := ""
	if at := strings.LastIndex(hosts, "@"); at >= 0 {
		user, hosts = hosts[:at+1], hosts[at+1:]
	}
	first, others, _ := strings.Cut(strings.TrimSuffix(hosts, "/"), ",")
	var parameters []string
	for other := range strings.SplitSeq(others, ",") {
		if other != "" {
			parameters = append(parameters, "addr="+other)
		}
	}
	if hasQuery {
		parameters = append(parameters, query)
	}
	return scheme + "://" + user + first + "?" + strings.Join(parameters, "&")
}

// nodeBreakers are the breakers of a Cluster's masters by address: one master that is away says nothing about the others.
type nodeBreakers struct {
	mu     sync.Mutex
	byAddr map[string]*breaker
}

// breakerOf is the breaker of the server that a key is on.
func (r *Engine) breakerOf(ctx context.Context, key string) *breaker {
	if r.cluster == nil {
		return &r.breaker
	}
	node, err := r.cluster.MasterForKey(ctx, key)
	if err != nil {
		return &r.breaker
	}
	addr := node.Options().Addr
	r.nodes.mu.Lock()
	defer r.nodes.mu.Unlock()
	if r.nodes.byAddr == nil {
		r.nodes.byAddr = make(map[string]*breaker)
	}
	if r.nodes.byAddr[addr] == nil {
		r.nodes.byAddr[addr] = &breaker{}
	}
	return r.nodes.byAddr[addr]
}

// eachMaster calls a function with every server that keeps counters.
func (r *Engine) eachMaster(ctx context.Context, call func(ctx context.Context, client goredis.Cmdable) error) error {
	return eachMaster(ctx, r.client, call)
}

func eachMaster(ctx context.Context, client goredis.UniversalClient, call func(ctx context.Context, client goredis.Cmdable) error) error {
	cluster, ok := client.(*goredis.ClusterClient)
	if !ok {
		return call(ctx, client)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return call(ctx, node) })
}

// listTags spread the copies of the list of slots over the masters of a Cluster: each tag is in the middle of a third
// of all hash slots. A slot that is on no list would be reaped and drained by nobody, so one lost server must not take it.
var listTags = []string{"32", "16", "26"}

// nameOnCluster puts slots on every copy of the list.
func (r *Engine) nameOnCluster(ctx context.Context, now time.Time, slots ...string) error {
	members := make([]goredis.Z, len(slots))
	for i, slot := range slots {
		members[i] = goredis.Z{Score: float64(now.Unix()), Member: slot}
	}
	_, err := r.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for _, tag := range listTags {
			pipe.ZAdd(ctx, r.keys.slotsCopy(tag), members...)
		}
		return nil
	})
	return err
}

// slotsOnCluster lists the slots of all copies and puts those that a copy has lost back on it.
// One copy that cannot be read is no reason to forget the others.
func (r *Engine) slotsOnCluster(ctx context.Context) ([]string, error) {
	found := make(map[string]int)
	var slots []string
	var errs []error
	for _, tag := range listTags {
		copied, err := r.client.ZRangeByLex(ctx, r.keys.slotsCopy(tag), &goredis.ZRangeBy{Min: "-", Max: "+"}).Result()
		errs = append(errs, err)
		for _, slot := range copied {
			if found[slot]++; found[slot] == 1 {
				slots = append(slots, slot)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		if len(slots) > 0 {
			return slots, nil
		}
		return nil, err
	}
	var missing []string
	for slot, copies := range found {
		if copies < len(listTags) {
			missing = append(missing, slot)
		}
	}
	if len(missing) > 0 {
		return slots, r.nameOnCluster(ctx, time.Now(), missing...)
	}
	return slots, nil
}
