// Package policy knows who may use what: it turns a key's secret into the key, its team and
// the limits and budgets that bind a request, and keeps them in memory until they change.
//
// It promises that a change is in force on every gateway when the call that made it returns:
// a request admitted after that was judged by the new limits. It must never count anything,
// nor know of HTTP, SQL or prices.
package policy

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Source is where teams, keys, budgets and alert routes are kept.
// Its errors are [api.Error]s, [api.NotFound] for what is not there.
type Source interface {
	KeyByDigest(ctx context.Context, digest []byte) (api.Key, error)
	// SecretValidUntil is when a rotated secret ends; the zero time is never.
	SecretValidUntil(ctx context.Context, digest []byte) (time.Time, error)
	Team(ctx context.Context, id string) (api.Team, error)
	// Member is a user's place in a team.
	Member(ctx context.Context, teamID, userID string) (api.Membership, error)
	User(ctx context.Context, id string) (api.User, error)
	// KeysOfUser are the user's keys in whatever team.
	KeysOfUser(ctx context.Context, userID string) ([]api.Key, error)
	Budget(ctx context.Context, id string) (api.Budget, error)
	AllBudgets(ctx context.Context) ([]api.Budget, error)
	AllAlertRoutes(ctx context.Context) ([]api.AlertRoute, error)
	AllTeamIDs(ctx context.Context) ([]string, error)
	KeyIDsWithoutTeam(ctx context.Context) ([]string, error)
	// Armed says how often the thresholds under each scope were armed; what is left out never was.
	Armed(ctx context.Context, scopes []string) (map[string]int64, error)
}

// Versions counts the changes of a slot over all gateways. The quota engine does.
type Versions interface {
	PolicyVersion(ctx context.Context, slot string) (int64, error)
	BumpPolicy(ctx context.Context, slot string) (int64, error)
}

// maxSubjects bounds the memory of the book; beyond it, it starts anew.
const maxSubjects = 200_000

// Book remembers what it has looked up.
type Book struct {
	source   Source
	versions Versions
	defaults Defaults

	mu       sync.RWMutex
	subjects map[string]*Subject
	bySlot   map[string]map[string]bool
	shared   *shared
	// uncounted are pots whose counters are still those of what they selected before.
	uncounted map[string]bool

	strangers strangers
}

// NewBook returns an empty book.
func NewBook(source Source, versions Versions, defaults Defaults) *Book {
	return &Book{
		source: source, versions: versions, defaults: defaults,
		subjects: map[string]*Subject{}, bySlot: map[string]map[string]bool{}, uncounted: map[string]bool{},
	}
}

// Remembered are the budgets of everybody in the book, with their periods around now, each once.
func (b *Book) Remembered(now time.Time) []quota.Budget {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var budgets []quota.Budget
	seen := map[quota.Scope]bool{}
	for _, subject := range b.subjects {
		for _, running := range subject.allBudgets() {
			if budget := running.at(now); !seen[budget.Scope] {
				seen[budget.Scope] = true
				budgets = append(budgets, budget)
			}
		}
	}
	return budgets
}

// Forget drops what is remembered of a slot, so that whoever is judged next is read again.
func (b *Book) Forget(slot string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.bySlot[slot] {
		delete(b.subjects, name)
	}
	delete(b.bySlot, slot)
}

// ForgetAll drops everybody, so that whoever is judged next is read again.
func (b *Book) ForgetAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forgetAllLocked()
}

func (b *Book) forgetAllLocked() {
	b.subjects, b.bySlot = map[string]*Subject{}, map[string]map[string]bool{}
}

func (b *Book) remember(name string, subject *Subject) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.subjects) >= maxSubjects {
		b.forgetAllLocked()
	}
	b.subjects[name] = subject
	if b.bySlot[subject.Slot] == nil {
		b.bySlot[subject.Slot] = map[string]bool{}
	}
	b.bySlot[subject.Slot][name] = true
}

// owe notes that a pot's counters have to be filled again, or that they were. A change that failed half-way
// and is sent again then goes on where it failed.
func (b *Book) owe(budgetID string, owed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if owed {
		b.uncounted[budgetID] = true
		return
	}
	delete(b.uncounted, budgetID)
}

func (b *Book) owes(budgetID string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.uncounted[budgetID]
}

// load reads the slot's version before what it versions: a change in between makes the
// subject stale, never silently old.
func (b *Book) load(ctx context.Context, digest []byte, team string) (*Subject, error) {
	key, err := b.speaker(ctx, digest, team)
	if err != nil {
		return nil, err
	}
	for {
		slot := SlotOf(key)
		version, err := b.versions.PolicyVersion(ctx, slot)
		if err != nil {
			return nil, fmt.Errorf("read policy version: %w", err)
		}
		if key, err = b.speaker(ctx, digest, team); err != nil {
			return nil, err
		}
		if SlotOf(key) != slot {
			continue
		}
		until, err := b.source.SecretValidUntil(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("read how long the secret is valid: %w", err)
		}
		subject, err := b.subject(ctx, key, slot, version)
		if err != nil {
			return nil, err
		}
		subject.validUntil = until
		return subject, nil
	}
}

// speaker returns the key, as a member of the team it speaks for.
func (b *Book) speaker(ctx context.Context, digest []byte, team string) (api.Key, error) {
	key, err := b.source.KeyByDigest(ctx, digest)
	if err != nil || team == "" || key.TeamID != nil && *key.TeamID == team {
		return key, err
	}
	if !slices.Contains(key.SpeakForTeams, team) && !slices.Contains(key.SpeakForTeams, everyTeam) {
		return key, api.Errorf(api.Forbidden, "this key may not speak for team %q; list the team in the key's speak_for_teams", team)
	}
	if _, err := b.source.Team(ctx, team); api.CodeOf(err) == api.NotFound {
		return key, api.Errorf(api.Forbidden, "there is no team %q to speak for", team)
	}
	key.TeamID = &team
	return key, nil
}

// everyTeam in a key's speak_for_teams lets it speak for any.
const everyTeam = "*"

// SlotOf names the group of counters that a key's requests are counted in: its team's, or its own.
func SlotOf(key api.Key) string {
	if key.TeamID != nil {
		return *key.TeamID
	}
	return api.KeySlot(key.KeyID)
}

// shared is what concerns every slot: pots and alert routes.
type shared struct {
	version int64
	pots    []api.Budget
	routes  []api.AlertRoute
}

// sharedSlot counts the changes of pots and alert routes.
const sharedSlot = "*"

func (b *Book) sharedNow(ctx context.Context) (*shared, error) {
	version, err := b.versions.PolicyVersion(ctx, sharedSlot)
	if err != nil {
		return nil, fmt.Errorf("read policy version: %w", err)
	}
	b.mu.RLock()
	known := b.shared
	b.mu.RUnlock()
	if known != nil && known.version == version {
		return known, nil
	}
	loaded, err := b.loadShared(ctx, version)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.shared = loaded
	b.mu.Unlock()
	return loaded, nil
}

func (b *Book) loadShared(ctx context.Context, version int64) (*shared, error) {
	budgets, err := b.source.AllBudgets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	routes, err := b.source.AllAlertRoutes(ctx)
	if err != nil {
		return nil, fmt.Errorf("read alert routes: %w", err)
	}
	loaded := &shared{version: version, routes: routes}
	for _, budget := range budgets {
		if budget.Pot() {
			loaded.pots = append(loaded.pots, budget)
		}
	}
	return loaded, nil
}
