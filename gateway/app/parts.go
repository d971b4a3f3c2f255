package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/calibration"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/gateway/ledger"
	"github.com/bursarhq/terraform-provider-bursar/gateway/ledgerexport"
	"github.com/bursarhq/terraform-provider-bursar/gateway/metrics"
	"github.com/bursarhq/terraform-provider-bursar/gateway/minutes"
	"github.com/bursarhq/terraform-provider-bursar/gateway/outlook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/pricefeed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/degraded"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/underway"
	"github.com/bursarhq/terraform-provider-bursar/gateway/replay"
	"github.com/bursarhq/terraform-provider-bursar/gateway/retention"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// contentionWait is how long a call waits when only others' reservations keep it out of a budget.
const contentionWait = 5 * time.Second

// parts are what the gateway is made of, in the order they are made; they are closed in reverse.
type parts struct {
	store    *store.Store
	ledger   *ledger.Writer
	engine   quota.Engine
	counters string
	// sight is what other gateways see; nil unless both stores are shared.
	sight *sight
	// others says since when the other gateways have been there.
	others   func() []time.Time
	alerts   *alert.Sender
	upstream *upstream.Client
	proxy    *proxy.Proxy
	admin    admin.Options
	admins   *auth.AdminKeys
	// workloads are pipelines with tokens, and readers what reads these.
	workloads *access.Roster
	readers   tokenReaders
	// console is nil where it is switched off.
	console  *console.Options
	metrics  *metrics.Metrics
	minutes  *minutes.Counter
	outlook  *outlook.Outlook
	watching *outlook.Watch
	source   *models
	declared *declared
	changes  policy.Changes
	spending policy.Spending
	feed     *pricefeed.Feed
	// collectors hold the key that opens the metrics and nothing else.
	collectors *auth.AdminKeys
	// pricesSince is how old the prices are.
	pricesSince atomic.Pointer[time.Time]
	models      *deployment.Registry
	// known are the models for those who were made before them.
	known    atomic.Pointer[deployment.Registry]
	capacity quota.Engine
	learned  *calibration.Book
	stands   *standings
	drift    *ledger.Reconciler
	exports  []*ledgerexport.Exporter
	holder   *keyHolder
	// retention is nil where ledger rows are kept for ever.
	retention *retention.Keeper
	closers   []closer
}

// closer is one named step of closing down.
type closer struct {
	name  string
	close func(context.Context) error
}

// assemble makes the parts. It is one straight line on purpose: the order is what there is to see.
func assemble(ctx context.Context, options Options) (_ *parts, err error) {
	settings, logger := options.Config, options.Logger
	p := &parts{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close(ctx))
		}
	}()

	p.onClose("traces", options.Tracer.Close)
	p.metrics = metrics.New(metrics.Options{Version: options.Version, LiteLLMNames: settings.Metrics.LiteLLMNames})
	sealers, err := openSealers(settings)
	if err != nil {
		return nil, err
	}
	p.store, err = store.Open(ctx, settings.DatabaseURL, store.Options{
		Sealer: sealers.sealer, PreviousSealer: sealers.previous, Logger: logger, Journal: true, Version: options.Version, Names: p.modelNames, Events: alert.Changes{}, Now: options.Now,
		Reviews: store.Reviews{Required: settings.ReviewsRequired, OfOthers: settings.ReviewsByOthers}, OnDropped: p.metrics.LedgerRowDropped,
	})
	if err != nil {
		return nil, fmt.Errorf("open the record (database_url): %w", err)
	}
	p.onClose("record", func(context.Context) error { return p.store.Close() })
	if p.holder, err = holdSecretKeys(ctx, p.store, logger, options.Now); err != nil {
		return nil, err
	}
	p.onClose("secret keys", p.holder.letGo)
	sealer := p.store.SecretKeyInUse()

	p.alerts = alert.New(alert.Options{
		Outbox: p.store, Logger: logger, Now: options.Now, ToOwners: settings.AlertsToOwners,
		Targets: alertTargets(settings, options.Version), Links: alertLinks(settings, sealer, options.Now).Of,
		Period: p.teamPeriod,
		Digest: func(ctx context.Context, route api.AlertRoute) (api.AlertEvent, error) {
			return p.watching.Digest(ctx, route)
		},
	})
	p.ledger = ledger.New(ledger.Options{Store: p.store, Describe: alert.Crossed, OnAlert: p.alerts.Wake, Logger: logger})
	p.onClose("ledger", p.ledger.Close)
	p.minutes = minutes.New(minutes.Options{
		Record: p.store, Logger: logger, Now: options.Now, Keep: settings.Minutes.Keep, Rows: settings.Minutes.Rows,
	})
	p.onClose("minutes", p.minutes.Close)
	if err := p.openCounters(ctx, options); err != nil {
		return nil, err
	}

	oddPeriodsSince, err := p.store.OddPeriodsSince(ctx)
	if err != nil {
		return nil, err
	}
	book := policy.NewBook(p.store, p.engine, policy.Defaults{
		RPM: settings.DefaultRPM, TPM: settings.DefaultTPM,
		Timezone: settings.Timezone, ResetDay: settings.ResetDay, OddPeriodsSince: oddPeriodsSince,
		SoftLimitRPMFactor: settings.SoftLimitRPMFactor, Enforcement: settings.Enforcement,
	})
	p.holder.forgotten = book.ForgetAll
	p.changes = policy.Changes{Book: book, Tokens: settings.JWT != nil, Counters: p.engine, Now: options.Now}
	p.declared = &declared{}
	if err := p.declared.declare(ctx, p.store, p.changes, settings, logger); err != nil {
		return nil, err
	}

	p.admins = auth.NewAdminKeys(auth.Secret(settings.AdminKey))
	p.collectors = auth.NewAdminKeys(auth.Secret(settings.MetricsKey))
	p.drift = &ledger.Reconciler{
		Counters: p.engine, Record: p.ledger, OnDrift: p.metrics.Drifted, Logger: logger,
		Budgets: func() []quota.Budget { return book.Remembered(options.Now()) },
	}
	p.models, err = p.openModels(ctx, options)
	if err != nil {
		return nil, err
	}
	p.known.Store(p.models)
	p.metrics.Deployments(p.deploymentStates)
	if err := p.openExports(options); err != nil {
		return nil, err
	}
	if err := p.openRetention(options); err != nil {
		return nil, err
	}
	p.learned = calibration.New(calibration.Options{Record: p.store, Logger: logger, Now: options.Now})
	p.upstream = upstream.NewClient(safedial.Reach{Operator: true}.Control, safedial.Reach{Networks: settings.UpstreamNetworks}.Control)
	p.onClose("upstream connections", func(context.Context) error { p.upstream.Close(); return nil })
	p.proxy = proxy.New(proxy.Options{
		Book: book, Engine: p.engine, Upstream: p.upstream, Logger: logger,
		Models: p.models, Capacity: p.capacity,
		IsAdminKey: p.admins.Has, IdentifierHeader: settings.IdentifierHeader,
		ExceededStatus: proxy.ExceededStatus(settings.ExceededStatus), Contact: settings.Contact, AskForMore: askForMore(settings), LiteLLMErrors: settings.LiteLLMErrors,
		AllowUnpriced: settings.AllowUnpriced, AllowUnpricedTools: settings.AllowUnpricedTools, Events: p.ledger,
		MinOutputTokens: settings.MinOutputTokens, ContentionWait: contentionWait, Now: options.Now, Responses: p.store, StreamIdle: settings.StreamIdle,
		StreamHold:  settings.StreamHold,
		PassThrough: passThroughs(settings.PassThrough), Metrics: p.metrics, Minutes: p.minutes, Tracer: options.Tracer,
		Tokens: callerTokens(settings, logger), Calibration: p.learned,
	})
	p.spending = policy.Spending{Book: book, Counters: p.engine, Windows: p.engine, Resets: p.store, Changes: p.changes, Now: options.Now}
	p.outlook = outlook.New(outlook.Options{Record: p.store, Spending: p.spending, Now: options.Now})
	p.watching = outlook.NewWatch(outlook.WatchOptions{
		Record: p.store, Outlook: p.outlook, Keys: p.store.Keys, Tell: p.tell, Logger: logger, Now: options.Now,
		Forecast: settings.Watch.Forecast, SustainedMinutes: settings.Watch.SustainedMinutes,
		Line: forecast.Line{Amount: settings.Watch.AnomalyAmount, Percent: settings.Watch.AnomalyPercent},
	})
	p.stands = &standings{parts: p, options: options, spending: p.spending}
	rules, err := requestPolicy(settings)
	if err != nil {
		return nil, err
	}
	p.readers = tokenReaders{}
	p.workloads = access.NewRoster(p.readers.workloads(settings, logger))
	callers := &access.Callers{
		Configured: p.admins, Record: p.store, People: people(settings, logger), Workloads: p.workloads, Now: options.Now,
	}
	p.admin = admin.Options{
		Door:   access.NewDoor(signedIn{callers}, settings.FailuresAllowed, options.Now),
		Record: p.store, Changes: p.changes, Tester: p.alerts, Declared: p.declared,
		Spending: p.spending, Forecasts: p.outlook,
		Models: served{p.source, p.models}, Prices: p.models,
		Logger: logger, People: settings.OIDC != nil, IsWorkload: p.workloads.Has,
		AutoApprove: rulesOf(settings.AutoApprove), AskingPolicy: askingPolicy(rules, p.store),
		Replay: (&replay.Replayer{Record: p.store, Spending: p.spending, Names: p.modelNames}).Replay,
	}
	p.console = p.openConsole(options, callers, sealer)
	return p, nil
}

// teamPeriod is when the running period of a team's budget began, for alerts, which were made before what counts budgets.
func (p *parts) teamPeriod(ctx context.Context, teamID string) (time.Time, error) {
	team, err := p.store.Team(ctx, teamID)
	if api.CodeOf(err) == api.NotFound {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	states, err := p.spending.Teams(ctx, []api.Team{team})
	if err != nil || states[0].PeriodStart == nil {
		return time.Time{}, err
	}
	return *states[0].PeriodStart, nil
}

func (p *parts) openCounters(ctx context.Context, options Options) error {
	settings := options.Config
	if settings.RedisURL == "" {
		p.counters = "in-process"
		p.others = func() []time.Time { return nil }
		p.engine = quota.NewMemory(p.ledger, quota.MemoryOptions{MaxBacklog: settings.MaxBacklog, Logger: options.Logger, Now: options.CounterNow})
		if err := p.rememberUnderWay(ctx, options); err != nil {
			return errors.Join(err, p.engine.Close())
		}
	} else {
		policy := degraded.Policy{RateLimits: settings.RateLimitsOnStoreDown, Budgets: settings.BudgetsOnStoreDown}
		engine, err := redis.Open(ctx, settings.RedisURL, p.ledger, redis.Options{
			Timeout: settings.RedisTimeout, Strict: !settings.RedisPreflightWarns, StrictRecovery: settings.RedisStrictRecovery,
			MaxBacklog: settings.MaxBacklog, DataDir: settings.DataDir, OnAway: p.tellAway(policy, options), Logger: options.Logger, Now: options.CounterNow,
		})
		if err != nil {
			return fmt.Errorf("open the counters (redis_url): %w", err)
		}
		p.engine, p.counters, p.others = degraded.Around(engine, policy), "redis", engine.Others
		if p.store.Kind() == store.Postgres {
			p.sight = newSight(engine, p.store)
		}
	}
	p.onClose("counters", func(context.Context) error { return p.engine.Close() })
	return p.openCapacity(ctx, options)
}

// rememberUnderWay lets what the counters in the process admit outlive it, in the data directory. A gateway on PostgreSQL
// may have none that it can write to.
func (p *parts) rememberUnderWay(ctx context.Context, options Options) error {
	dir := options.Config.DataDir
	surviving, err := underway.Around(ctx, p.engine, p.ledger, dir, underway.Options{BestEffort: p.store.Kind() == store.Postgres, Logger: options.Logger})
	switch {
	case err == nil:
		p.engine = surviving
	case p.store.Kind() == store.Postgres:
		options.Logger.WarnContext(ctx, "calls under way would be lost with this process: the data directory cannot be used",
			slog.String("data_dir", dir), slog.Any("error", err))
	default:
		return fmt.Errorf("open the counters in data_dir: %w", err)
	}
	return nil
}

// tellAway shows in the metrics when the counters go out of reach and when they are back, and raises an alert.
func (p *parts) tellAway(policy degraded.Policy, options Options) func(ctx context.Context, away bool, gateways int) {
	return func(ctx context.Context, away bool, gateways int) {
		p.metrics.StoreDegraded(away)
		if !away {
			return
		}
		event := alert.CountersAway(policy, gateways, options.Now().UTC())
		if err := p.ledger.Append(ctx, []quota.Entry{{Alerts: []api.AlertEvent{event}}}); err != nil {
			options.Logger.WarnContext(ctx, "an alert could not be recorded", slog.Any("error", err))
		}
	}
}

// openCapacity opens the counters of what deployments take of their own limits. They are kept as the
// teams' are, but apart from them and without a ledger.
func (p *parts) openCapacity(ctx context.Context, options Options) error {
	if options.Config.RedisURL == "" {
		p.capacity = quota.NewMemory(quota.NoRecord{}, quota.MemoryOptions{Logger: options.Logger})
	} else {
		engine, err := redis.Open(ctx, options.Config.RedisURL, quota.NoRecord{}, redis.Options{
			Prefix: "bursar-deployments", Timeout: options.Config.RedisTimeout, Logger: options.Logger, Now: options.CounterNow,
		})
		if err != nil {
			return fmt.Errorf("open the counters of deployments (redis_url): %w", err)
		}
		p.capacity = engine
	}
	p.onClose("counters of deployments", func(context.Context) error { return p.capacity.Close() })
	return nil
}

// openModels reads the models of the configuration file and of the record.
func (p *parts) openModels(ctx context.Context, options Options) (*deployment.Registry, error) {
	settings := options.Config
	if err := p.openPriceFeed(ctx, options); err != nil {
		return nil, err
	}
	filed, since, err := readModels(settings, p.fetchedPrices())
	if err != nil {
		return nil, err
	}
	p.pricesSince.Store(&since)
	p.metrics.PricesSince(func() time.Time { return *p.pricesSince.Load() }, options.Now)
	p.source = &models{record: p.store, logger: options.Logger, networks: settings.UpstreamNetworks}
	p.source.filed.Store(filed)
	return deployment.NewRegistry(ctx, deployment.Options{
		Source: p.source, Versions: p.engine, Shared: settings.RedisURL != "", Logger: options.Logger,
		Routing: deployment.Routing{
			AllowedFails: settings.Routing.AllowedFails, Cooldown: settings.Routing.Cooldown,
			Retries: settings.Routing.Retries, RetryShare: settings.Routing.RetryShare, Timeout: settings.Routing.Timeout,
		},
	})
}

// modelNames are all that a model is called by, as far as the models have been read.
func (p *parts) modelNames(model string) *modelname.Names {
	if registry := p.known.Load(); registry != nil {
		return registry.Names(model)
	}
	return &modelname.Names{Name: model}
}

// background are the loops that run along with the server until it has stopped.
func (p *parts) background() []func(context.Context) {
	return []func(context.Context){
		p.proxy.Run, p.learned.Run, p.models.Run, p.drift.Run, p.watchBacklog, p.runExports, p.runRetention, p.runPriceFeed, p.watchStores, p.holder.run, p.stands.watch, p.minutes.Run,
	}
}

// tellers are the loops that find and tell what people should hear.
func (p *parts) tellers() []func(context.Context) {
	return []func(context.Context){p.alerts.Run, p.watching.Run}
}

// tell puts an alert on its way.
func (p *parts) tell(ctx context.Context, event api.AlertEvent) error {
	return p.ledger.Append(ctx, []quota.Entry{{Alerts: []api.AlertEvent{event}}})
}

func (p *parts) onClose(name string, close func(context.Context) error) {
	p.closers = append(p.closers, closer{name, close})
}

func (p *parts) close(ctx context.Context) error {
	var failures []error
	for _, v := range slices.Backward(p.closers) {
		if err := v.close(ctx); err != nil {
			failures = append(failures, fmt.Errorf("close %s: %w", v.name, err))
		}
	}
	p.closers = nil
	return errors.Join(failures...)
}

// deploymentStates are how the deployments stand, for the metrics.
func (p *parts) deploymentStates() []metrics.Deployment {
	var states []metrics.Deployment
	for _, state := range p.models.States() {
		states = append(states, metrics.Deployment(state))
	}
	return states
}
