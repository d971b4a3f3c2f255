package deployment

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// Source is where the models are kept.
type Source interface {
	// Deployments returns all of them in the order they are to be served in.
	Deployments(ctx context.Context) ([]Deployment, error)
}

// Versions counts the changes of the models over all gateways. The quota engine does.
type Versions interface {
	PolicyVersion(ctx context.Context, slot string) (int64, error)
	BumpPolicy(ctx context.Context, slot string) (int64, error)
}

// slot is what the changes of the models are counted under; no team's can be called so.
const slot = "*models"

// lease is how long a gateway serves what it knows without asking whether it has changed. A change
// waits as long before it is answered: no gateway serves the old models after that.
const lease = 500 * time.Millisecond

// Options are what a [Registry] is made of.
type Options struct {
	Source   Source
	Versions Versions
	// Shared: other gateways change models too, and have to hear of changes here.
	Shared  bool
	Routing Routing
	// Logger hears of models that cannot be read; nil is slog.Default.
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Registry holds the models that are served. Looking one up takes no lock.
type Registry struct {
	options Options
	current atomic.Pointer[snapshot]

	refreshing sync.Mutex
	// healths and groups outlive the snapshots; by target and by name.
	healths map[string]*health
	groups  map[string]*group
}

// snapshot is the models at one moment. It does not change.
type snapshot struct {
	version int64
	// checked is when they were last known to be the newest.
	checked time.Time
	list    []Model
	// routes are paths that are passed on, each a model to nobody but its route.
	routes []Model
	names
}

// NewRegistry reads the models. The error is the source's.
func NewRegistry(ctx context.Context, options Options) (*Registry, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	options.Routing = options.Routing.withDefaults()
	r := &Registry{options: options, healths: map[string]*health{}, groups: map[string]*group{}}
	_, err := r.refresh(ctx)
	return r, err
}

func (r Routing) withDefaults() Routing {
	if r.AllowedFails == nil {
		r.AllowedFails = new(DefaultAllowedFails)
	}
	if r.Cooldown == 0 {
		r.Cooldown = DefaultCooldown
	}
	if r.Retries == nil {
		r.Retries = new(DefaultRetries)
	}
	if r.RetryShare == nil {
		r.RetryShare = new(DefaultRetryShare)
	}
	if r.Timeout == 0 {
		r.Timeout = DefaultTimeout
	}
	if r.Random == nil {
		r.Random = rand.Int64N
	}
	return r
}

// Find returns the model with the name; false when none is served by it.
func (r *Registry) Find(ctx context.Context, name string) (Model, bool, error) {
	now, err := r.now(ctx)
	if err != nil {
		return Model{}, false, err
	}
	model, served := now.find(name)
	return model, served, nil
}

// Route returns what serves a path that is passed on; false when none does.
func (r *Registry) Route(ctx context.Context, path string) (Model, bool, error) {
	now, err := r.now(ctx)
	if err != nil {
		return Model{}, false, err
	}
	for _, route := range now.routes {
		if route.Name == path {
			return route, true, nil
		}
	}
	return Model{}, false, nil
}

// List returns the models that are served, in order, those of wildcards by their names with a star. It must
// not be changed.
func (r *Registry) List(ctx context.Context) ([]Model, error) {
	now, err := r.now(ctx)
	if err != nil {
		return nil, err
	}
	return now.list, nil
}

// Changed puts changed models in force. When it returns, every gateway serves the new ones.
func (r *Registry) Changed(ctx context.Context) error {
	if _, err := r.options.Versions.BumpPolicy(ctx, slot); err != nil {
		return fmt.Errorf("put models in force: %w", err)
	}
	if _, err := r.refresh(ctx); err != nil {
		return err
	}
	if !r.options.Shared {
		return nil
	}
	timer := time.NewTimer(lease)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the other gateways: %w", ctx.Err())
	}
}

// Reload reads the models again although nobody has changed them through the API: this gateway's own source has
// changed. Other gateways are not told.
func (r *Registry) Reload(ctx context.Context) error {
	_, err := r.read(ctx, true)
	return err
}

// Run looks for changes of other gateways until ctx ends, so that calls need not.
func (r *Registry) Run(ctx context.Context) {
	if !r.options.Shared {
		return
	}
	every.Do(ctx, lease/2, func(ctx context.Context) {
		if _, err := r.refresh(ctx); err != nil && ctx.Err() == nil {
			r.options.Logger.LogAttrs(ctx, slog.LevelWarn, "the models could not be read", slog.Any("error", err))
		}
	})
}

// known is what was read last, however long ago.
func (r *Registry) known() *snapshot { return r.current.Load() }

func (r *Registry) now(ctx context.Context) (*snapshot, error) {
	known := r.known()
	if !r.options.Shared || r.options.Now().Sub(known.checked) < lease {
		return known, nil
	}
	return r.refresh(ctx)
}

// refresh reads the models when they have changed. The version is read first: a change in between is
// read again, never missed. While the counters, which keep the version, cannot be reached, what is known
// goes on to be served: nothing is admitted without them that they would not allow.
func (r *Registry) refresh(ctx context.Context) (*snapshot, error) { return r.read(ctx, false) }

// read is refresh; anyway: also when the version is the same.
func (r *Registry) read(ctx context.Context, anyway bool) (*snapshot, error) {
	r.refreshing.Lock()
	defer r.refreshing.Unlock()
	known, asked := r.known(), r.options.Now()
	version, err := r.options.Versions.PolicyVersion(ctx, slot)
	switch {
	case err != nil && known == nil:
		return nil, fmt.Errorf("read the version of the models: %w", err)
	case err != nil && anyway:
		version = known.version
	case known != nil && (err != nil || version == known.version) && !anyway:
		same := *known
		same.checked = asked
		r.current.Store(&same)
		return &same, nil
	}
	deployments, err := r.options.Source.Deployments(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the models: %w", err)
	}
	fresh := r.snapshot(deployments)
	fresh.version, fresh.checked = version, asked
	r.current.Store(fresh)
	return fresh, nil
}

// snapshot groups the deployments by their names and gives each the health it had.
func (r *Registry) snapshot(deployments []Deployment) *snapshot {
	fresh := &snapshot{names: names{byName: map[string]int{}, off: map[string]bool{}}}
	routes := map[string]int{}
	healths, groups := map[string]*health{}, map[string]*group{}
	for _, d := range deployments {
		if d.Off {
			fresh.turnOff(d)
			continue
		}
		list, places := &fresh.list, fresh.byName
		if d.Route {
			list, places = &fresh.routes, routes
		}
		at, known := places[d.Model]
		if !known {
			at = len(*list)
			places[d.Model] = at
			groups[d.Model] = r.groups[d.Model]
			if groups[d.Model] == nil {
				groups[d.Model] = &group{routing: r.options.Routing, retries: newRetryBudget(*r.options.Routing.RetryShare)}
			}
			*list = append(*list, Model{Names: &modelname.Names{Name: d.Model}, Label: d.Model, group: groups[d.Model]})
		}
		d.health = r.healths[d.target()]
		if d.health == nil {
			d.health = &health{}
		}
		healths[d.target()] = d.health
		(*list)[at].Deployments = append((*list)[at].Deployments, d)
	}
	r.healths, r.groups = healths, groups
	fresh.index()
	return fresh
}

// Price is that of a model's first deployment whose price is known.
func (r *Registry) Price(model string) (pricing.Price, bool) {
	served, _ := r.known().find(model)
	for _, d := range served.Deployments {
		if d.Priced {
			return d.Price, true
		}
	}
	return pricing.Price{}, false
}

// Names are all that the model with the name is called by, as far as is known now.
func (r *Registry) Names(name string) *modelname.Names {
	known := r.known()
	if at, served := known.byName[name]; served {
		return known.list[at].Names
	}
	if served, found := known.find(name); found {
		return served.Names
	}
	return &modelname.Names{Name: name}
}
