package wire

import (
	"context"
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
	o.Dialer = options.Dial
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
	byAddr map[string]*Breaker
}

// BreakerOf is the breaker of the server that a key is on.
func (c *Conn) BreakerOf(ctx context.Context, key string) *Breaker {
	if c.cluster == nil {
		return &c.Breaker
	}
	node, err := c.cluster.MasterForKey(ctx, key)
	if err != nil {
		return &c.Breaker
	}
	addr := node.Options().Addr
	c.nodes.mu.Lock()
	defer c.nodes.mu.Unlock()
	if c.nodes.byAddr == nil {
		c.nodes.byAddr = make(map[string]*Breaker)
	}
	if c.nodes.byAddr[addr] == nil {
		c.nodes.byAddr[addr] = &Breaker{}
	}
	return c.nodes.byAddr[addr]
}

// eachMaster calls a function with every server that keeps counters.
func (c *Conn) eachMaster(ctx context.Context, call func(ctx context.Context, client goredis.Cmdable) error) error {
	return eachMaster(ctx, c.Client, call)
}

func eachMaster(ctx context.Context, client goredis.UniversalClient, call func(ctx context.Context, client goredis.Cmdable) error) error {
	cluster, ok := client.(*goredis.ClusterClient)
	if !ok {
		return call(ctx, client)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, node *goredis.Client) error { return call(ctx, node) })
}
