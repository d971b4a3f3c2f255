package policy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Changes puts changed objects in force on every gateway. Each method returns when they are:
// from then on the engine refuses reservations that were made by older limits.
type Changes struct {
	Book *Book
	// Tokens says that callers may come without a key: a user may then work for any team.
	Tokens bool
	// Counters are filled again when a pot selects something else; nil keeps none.
	Counters Counters
	Now      func() time.Time
}

// TeamChanged is called after a team was made, changed or deleted.
func (c Changes) TeamChanged(ctx context.Context, teamID string) error {
	return c.bump(ctx, teamID)
}

// KeyChanged is called after a key was made (before nil), changed or deleted (after nil).
func (c Changes) KeyChanged(ctx context.Context, before, after *api.Key) error {
	if after != nil { // made, or given another secret
		if err := c.bump(ctx, newSecrets); err != nil {
			return err
		}
	}
	slots := map[string]bool{}
	for _, key := range []*api.Key{before, after} {
		if key == nil {
			continue
		}
		if slices.Contains(key.SpeakForTeams, everyTeam) {
			return c.bumpAll(ctx)
		}
		slots[SlotOf(*key)] = true
		for _, team := range key.SpeakForTeams {
			slots[team] = true
		}
	}
	for slot := range slots {
		if err := c.bump(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

// UserChanged is called after a user was made, changed or deleted. keys are those the user had that
// are gone with the change.
func (c Changes) UserChanged(ctx context.Context, userID string, keys ...api.Key) error {
	if c.Tokens {
		return c.bumpAll(ctx)
	}
	kept, err := c.Book.source.KeysOfUser(ctx, userID)
	if err != nil {
		return fmt.Errorf("list the keys of user %s: %w", userID, err)
	}
	teams, err := c.Book.teamsOf(ctx, userID)
	if err != nil {
		return err
	}
	slots := slices.Clone(teams)
	for _, key := range slices.Concat(kept, keys) {
		if slices.Contains(key.SpeakForTeams, everyTeam) {
			return c.bumpAll(ctx)
		}
		slots = append(append(slots, SlotOf(key)), key.SpeakForTeams...)
	}
	slices.Sort(slots)
	for _, slot := range slices.Compact(slots) {
		if err := c.bump(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

// BudgetChanged is called after a budget was made (before nil), changed or deleted (after nil). A pot that selects
// something else than before, or other periods, has spent what the ledger says of that, once this returns.
func (c Changes) BudgetChanged(ctx context.Context, before, after *api.Budget) error {
	if after != nil && after.Pot() && (before == nil || !sameSelection(*before, *after) || !samePeriods(*before, *after)) {
		c.Book.owe(after.BudgetID, true)
	}
	if err := c.bumpAll(ctx); err != nil || after == nil || !c.Book.owes(after.BudgetID) {
		return err
	}
	return c.Recount(ctx, *after)
}

// Recount fills the counters of pots from the ledger by what they select now.
func (c Changes) Recount(ctx context.Context, pots ...api.Budget) error {
	for _, budget := range pots {
		if budget.Pot() && c.Counters != nil {
			running := []quota.Budget{c.Book.potBudget(budget, nil).at(c.Now())}
			if _, err := c.Counters.Refill(ctx, running); err != nil {
				return fmt.Errorf("count what budget %s selects now: %w", budget.BudgetID, err)
			}
		}
		c.Book.owe(budget.BudgetID, false)
	}
	return nil
}

// samePeriods says whether a pot's counters are the same. The engine notices by itself when other counters of a
// budget are charged, except for pots on a Redis Cluster.
func samePeriods(a, b api.Budget) bool {
	return equal(a.BudgetDuration, b.BudgetDuration) && equal(a.ResetDay, b.ResetDay) && equal(a.Timezone, b.Timezone)
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameSelection(a, b api.Budget) bool {
	return a.Pot() == b.Pot() && a.Everything == b.Everything &&
		sameNames(a.TeamIDs, b.TeamIDs) && sameNames(a.KeyIDs, b.KeyIDs) && sameNames(a.Models, b.Models)
}

// sameNames also tells a list that selects nothing from none, which selects everything.
func sameNames(a, b []string) bool { return (a == nil) == (b == nil) && slices.Equal(a, b) }

// RouteChanged is called after an alert route was made, changed or deleted: its thresholds may be new.
func (c Changes) RouteChanged(ctx context.Context, _, _ *api.AlertRoute) error {
	return c.bumpAll(ctx)
}

func (c Changes) bump(ctx context.Context, slot string) error {
	if _, err := c.Book.versions.BumpPolicy(ctx, slot); err != nil {
		return fmt.Errorf("put change in force for %s: %w", slot, err)
	}
	c.Book.Forget(slot)
	return nil
}

// bumpAll is for what any slot may depend on. The shared slot goes first: a subject that is
// loaded while the others are bumped then reads the new pots and routes already.
func (c Changes) bumpAll(ctx context.Context) error {
	if err := c.bump(ctx, sharedSlot); err != nil {
		return err
	}
	slots, err := c.Book.allSlots(ctx)
	if err != nil {
		return err
	}
	for _, slot := range slots {
		if err := c.bump(ctx, slot); err != nil {
			return err
		}
	}
	return nil
}

// allSlots lists every slot that a request can be counted in.
func (b *Book) allSlots(ctx context.Context) ([]string, error) {
	slots, err := b.source.AllTeamIDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list teams: %w", err)
	}
	keys, err := b.source.KeyIDsWithoutTeam(ctx)
	if err != nil {
		return nil, fmt.Errorf("list keys without a team: %w", err)
	}
	for _, key := range keys {
		slots = append(slots, api.KeySlot(key))
	}
	return slots, nil
}
