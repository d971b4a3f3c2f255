package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// models are those of the configuration file and those of the record, and their prices.
type models struct {
	// filed changes when the configuration file is read again.
	filed  atomic.Pointer[filedModels]
	record modelRecord
	logger *slog.Logger
	// networks are where models of the API may be, public addresses apart.
	networks []netip.Prefix
	// warned are the models of before whose addresses are not where the API may lead.
	warned sync.Map
}

// filedModels are what the configuration file says of models.
type filedModels struct {
	file     string
	declared []config.Model
	passed   []config.PassThrough
	// catalogue is own, the operator's price file, over or instead of what was fetched and the built-in prices.
	catalogue *pricing.Catalogue
	own       *pricing.Catalogue
	instead   bool
	// fallback is what models without a price cost until a moment; nil is that they are refused.
	fallback      *api.ModelPrice
	fallbackUntil time.Time
}

// modelRecord keeps the models that were made through the API.
type modelRecord interface {
	// ModelTargets returns every model with its credential.
	ModelTargets(ctx context.Context) ([]api.Model, error)
	// APIKeyFingerprint identifies a model's credential in answers.
	APIKeyFingerprint(modelID, apiKey string) string
}

// Deployments returns the file's models, then the record's. The file's win over those with the same id.
func (m *models) Deployments(ctx context.Context) ([]deployment.Deployment, error) {
	stored, err := m.record.ModelTargets(ctx)
	if err != nil {
		return nil, err
	}
	filed := m.filed.Load()
	deployments, err := filed.deployments()
	if err != nil {
		return nil, err
	}
	for _, model := range stored {
		if _, again := filed.model(model.ModelID); again {
			continue
		}
		d, err := filed.deployment(configured(model))
		if err != nil {
			return nil, err
		}
		d.Off = !model.Enabled
		if d.Guarded = model.Judged; !d.Guarded {
			m.warnOfAddress(ctx, d)
		}
		deployments = append(deployments, d)
	}
	for _, d := range deployments {
		m.warnUnpriced(d)
	}
	return deployments, nil
}

// warnUnpriced tells of a model whose price nobody knows. A wildcard's names have the catalogue's.
func (m *models) warnUnpriced(d deployment.Deployment) {
	switch about := slog.Group("", slog.String("model", d.Model), slog.String("deployment", d.ID)); {
	case d.Off || d.Priced && d.FallbackUntil.IsZero():
	case d.Real != nil && len(d.Known) > 0:
	case d.Real != nil:
		m.logger.Warn("a wildcard has no price of its own; it serves names that the catalogue of prices knows", about)
	case !d.Priced:
		m.logger.Warn("a model has no known price; set its price to serve it", about)
	case !d.FallbackUntil.IsZero():
		m.logger.Warn("a model has no known price; it costs the price of unpriced_models and is refused from then on; set its price",
			about, slog.Time("refused_from", d.FallbackUntil))
	}
}

// deployments are those of the file alone.
func (m *filedModels) deployments() ([]deployment.Deployment, error) {
	deployments := make([]deployment.Deployment, 0, len(m.declared)+len(m.passed))
	for _, entry := range m.declared {
		d, err := m.deployment(entry)
		if err != nil {
			return nil, err
		}
		deployments = append(deployments, d)
	}
	for _, entry := range m.passed {
		d, err := passedOn(entry)
		if err != nil {
			return nil, err
		}
		deployments = append(deployments, d)
	}
	return deployments, nil
}

// deployment is an entry with its own price, or with the catalogue's. One with a star has the price of the
// name that it serves.
func (m *filedModels) deployment(entry config.Model) (deployment.Deployment, error) {
	d, err := m.named(entry)
	if err != nil || !modelname.IsPattern(entry.Name) {
		return d, err
	}
	d.Real = func(rest string) deployment.Deployment {
		served, _ := m.named(m.real(entry, rest)) // the price was read above
		return served
	}
	d.Known = m.known(entry, d.Real)
	return d, nil
}

// real is the entry of a wildcard as it serves one name. What an OpenAI-compatible vendor's star stands for is
// that vendor's model in the catalogue too.
func (m *filedModels) real(entry config.Model, rest string) config.Model {
	real := entry
	real.UpstreamModel, real.BaseModel = modelname.Fill(entry.UpstreamModel, rest), modelname.Fill(entry.BaseModel, rest)
	if vendor := m.vendor(entry); entry.UpstreamModel == "*" && entry.Upstream == "openai" && real.BaseModel == "" && vendor != "" {
		real.BaseModel = vendor + "/" + rest
	}
	return real
}

// vendor is whose models a wildcard of nothing but a star serves: the one that its name begins with, or that of
// the address. It is "" for one that the catalogue does not have.
func (m *filedModels) vendor(entry config.Model) string {
	if named, found := strings.CutSuffix(entry.Name, "/*"); found && len(m.catalogue.Of(named)) > 0 {
		return named
	}
	if entry.BaseURL != "" && entry.BaseURL == config.BaseURL(entry.Upstream, "") {
		return entry.Upstream
	}
	return ""
}

// known are the names that a wildcard serves and the catalogue has.
func (m *filedModels) known(entry config.Model, real func(rest string) deployment.Deployment) (names []string) {
	listed, models := either(entry.BaseModel, entry.UpstreamModel), m.catalogue.Models()
	if listed == "*" {
		models = m.catalogue.Of(m.vendor(entry))
	}
	for _, model := range models {
		if rest, matches := modelname.Rest(listed, model.Name); matches && real(rest).Priced {
			names = append(names, modelname.Fill(entry.Name, rest))
		}
	}
	return names
}

// named is an entry as it is, a star being nothing special.
func (m *filedModels) named(entry config.Model) (deployment.Deployment, error) {
	d := deployment.Deployment{
		Deployment: upstream.Deployment{
			Model: entry.Name, UpstreamModel: entry.UpstreamModel, Provider: entry.Upstream,
			BaseURL: entry.BaseURL, APIKey: entry.APIKey, APIVersion: entry.APIVersion,
		},
		ID: entry.ID, Weight: 1, RPM: entry.RPM, TPM: entry.TPM, TPMSkipsCached: entry.TPMSkipsCached,
		Aliases: entry.Aliases, AccessGroups: entry.AccessGroups,
	}
	listed, known := m.catalogue.Model(entry.Upstream, either(entry.BaseModel, entry.UpstreamModel))
	d.Price, d.Priced = listed.Price, known
	d.MaxInputTokens, d.MaxOutputTokens = listed.MaxInputTokens, listed.MaxOutputTokens
	if err := m.setPrice(&d, entry.Price); err != nil {
		return d, fmt.Errorf("models: price of %s: %w", entry.Name, err)
	}
	if entry.MaxInputTokens > 0 {
		d.MaxInputTokens = entry.MaxInputTokens
	}
	if entry.MaxOutputTokens > 0 {
		d.MaxOutputTokens = entry.MaxOutputTokens
	}
	d.MinOutputTokens = entry.MinOutputTokens
	if entry.Weight != nil {
		d.Weight = *entry.Weight
	}
	return d, nil
}

// setPrice puts a price that is stated over the catalogue's, and says whether the provider is believed.
func (m *filedModels) setPrice(d *deployment.Deployment, stated *api.ModelPrice) error {
	if stated.Lists() {
		price, err := priceList(stated).Price()
		if err != nil {
			return err
		}
		d.Price, d.Priced = price, true
	}
	if err := m.fallBack(d); err != nil {
		return err
	}
	if !stated.FromProvider() || !d.Priced {
		return nil
	}
	factor := pricing.DefaultFactor
	if stated.MaxFactor != nil {
		factor = *stated.MaxFactor
	}
	believed, err := d.Price.Believing(factor)
	d.Price = believed
	return err
}

// fallBack gives a deployment whose price nobody knows the one that is stated for such.
func (m *filedModels) fallBack(d *deployment.Deployment) error {
	if d.Priced || m.fallback == nil {
		return nil
	}
	price, err := priceList(m.fallback).Price()
	if err != nil {
		return err
	}
	price.Version = "fallback:" + price.Version
	d.Price, d.Priced, d.FallbackUntil = price, true, m.fallbackUntil
	return nil
}

// passedOn is what serves a route that is passed on: its model is the path.
func passedOn(entry config.PassThrough) (deployment.Deployment, error) {
	price, err := pricing.List{Request: &entry.PricePerRequest}.Price()
	if err != nil {
		return deployment.Deployment{}, fmt.Errorf("pass_through: price of %s: %w", entry.Path, err)
	}
	return deployment.Deployment{
		Deployment: upstream.Deployment{
			Model: entry.Path, UpstreamModel: entry.Path, Provider: "openai", BaseURL: entry.BaseURL, APIKey: entry.APIKey,
		},
		ID: "pass-through:" + entry.Path, Weight: 1, Price: price, Priced: true, Route: true,
	}, nil
}

func passThroughs(entries []config.PassThrough) []proxy.PassThrough {
	list := make([]proxy.PassThrough, len(entries))
	for i, entry := range entries {
		list[i] = proxy.PassThrough{Path: entry.Path, Teams: entry.Teams}
	}
	return list
}

// configured is a model of the record in the words of the configuration file.
func configured(model api.Model) config.Model {
	return config.Model{
		ID: model.ModelID, Name: model.Name, Upstream: model.Upstream,
		BaseURL: config.BaseURL(model.Upstream, valueOf(model.BaseURL)), APIKey: valueOf(model.APIKey),
		APIVersion:    valueOf(model.APIVersion),
		UpstreamModel: either(valueOf(model.UpstreamModel), modelname.Upstream(model.Name)), BaseModel: valueOf(model.BaseModel),
		Price: model.Price, MaxInputTokens: valueOf(model.MaxInputTokens), MaxOutputTokens: valueOf(model.MaxOutputTokens), MinOutputTokens: valueOf(model.MinOutputTokens),
		Weight: &model.Weight, RPM: model.RPM, TPM: model.TPM, TPMSkipsCached: !model.TPMCountsCached,
		Aliases: model.Aliases, AccessGroups: model.AccessGroups,
	}
}

// Declared are the file's models as the API answers them.
func (m *models) Declared() []api.Model {
	filed := m.filed.Load()
	list := make([]api.Model, len(filed.declared))
	for i, entry := range filed.declared {
		list[i] = m.declaredModel(entry, filed.file)
	}
	return list
}

func (m *models) declaredModel(entry config.Model, file string) api.Model {
	model := api.NewModel(entry.ID)
	model.DeclaredIn = file
	model.Name, model.Upstream = entry.Name, entry.Upstream
	model.BaseURL, model.UpstreamModel = optional(entry.BaseURL), optional(entry.UpstreamModel)
	model.BaseModel, model.MaxOutputTokens = optional(entry.BaseModel), optional(entry.MaxOutputTokens)
	model.MaxInputTokens, model.MinOutputTokens = optional(entry.MaxInputTokens), optional(entry.MinOutputTokens)
	model.APIVersion = optional(entry.APIVersion)
	model.RPM, model.TPM, model.TPMCountsCached = entry.RPM, entry.TPM, !entry.TPMSkipsCached
	model.Aliases, model.AccessGroups = entry.Aliases, entry.AccessGroups
	if entry.Weight != nil {
		model.Weight = *entry.Weight
	}
	if entry.APIKey != "" {
		model.HasAPIKey, model.APIKeyFingerprint = true, m.record.APIKeyFingerprint(entry.ID, entry.APIKey)
	}
	model.Price = entry.Price
	return model
}

// Model says in which file a model is declared.
func (m *models) Model(id string) (string, bool) { return m.filed.Load().model(id) }

func (m *filedModels) model(id string) (string, bool) {
	for _, entry := range m.declared {
		if entry.ID == id {
			return m.file, true
		}
	}
	return "", false
}

func either(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}

func valueOf[T any](value *T) T {
	if value == nil {
		return *new(T)
	}
	return *value
}

func optional[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}

// warnOfAddress tells once of a model that was stored before addresses were judged and would be refused now. It is
// served as before.
func (m *models) warnOfAddress(ctx context.Context, d deployment.Deployment) {
	if _, told := m.warned.LoadOrStore(d.ID+" "+d.BaseURL, true); told {
		return
	}
	if err := (safedial.Reach{Networks: m.networks}).Judge(ctx, d.BaseURL); err != nil {
		m.logger.Warn("a model that was made through the API is at an address that it could not be given now; it is served all the same. "+
			"List its network in upstream_networks, or declare the model in the configuration file",
			slog.String("model", d.Model), slog.String("deployment", d.ID), slog.String("error", err.Error()))
	}
}
