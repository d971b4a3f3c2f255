package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Spend sums the ledger over what a budget's scope covers, for the period that admitted it.
//
//	team:ID           everything spent by the team
//	key:ID            everything spent with the key
//	user:ID           everything spent with the user's keys
//	member:TEAM#USER  what the user's keys spent in the team; "#" stands in no id
//	budget:ID         a pot: what its team_ids, key_ids and models select together, or everything
//
// The id is all that follows the first colon. Errors: the store's, an [api.Error] for a scope that is none of these.
func (w *Writer) Spend(ctx context.Context, scope quota.Scope, period quota.Period) (money.Nano, error) {
	selection, err := w.selection(ctx, scope)
	if err != nil {
		return 0, fmt.Errorf("spend of %s: %w", scope, err)
	}
	spent, err := w.options.Store.LedgerSpend(ctx, selection, period.Start, period.End)
	if err != nil {
		return 0, fmt.Errorf("spend of %s: %w", scope, err)
	}
	return spent, nil
}

// SpendBySlot is Spend apart for every slot that the spending was counted in.
func (w *Writer) SpendBySlot(ctx context.Context, scope quota.Scope, period quota.Period) (map[string]money.Nano, error) {
	selection, err := w.selection(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("spend of %s: %w", scope, err)
	}
	spent, err := w.options.Store.LedgerSpendBySlot(ctx, selection, period.Start, period.End)
	if err != nil {
		return nil, fmt.Errorf("spend of %s by slot: %w", scope, err)
	}
	return spent, nil
}

func (w *Writer) selection(ctx context.Context, scope quota.Scope) (api.LedgerSelection, error) {
	return Selection(ctx, scope, w.options.Store.Budget)
}

// Selection is what of the ledger a budget's scope covers, with what was adjusted there. Pots are looked up.
func Selection(ctx context.Context, scope quota.Scope, potOf func(ctx context.Context, id string) (api.Budget, error)) (api.LedgerSelection, error) {
	selection, err := selected(ctx, scope, potOf)
	selection.Scope = string(scope)
	return selection, err
}

func selected(ctx context.Context, scope quota.Scope, potOf func(ctx context.Context, id string) (api.Budget, error)) (api.LedgerSelection, error) {
	kind, id, _ := strings.Cut(string(scope), ":")
	switch {
	case id == "":
	case kind == "team":
		return api.LedgerSelection{TeamIDs: []string{id}}, nil
	case kind == "key":
		return api.LedgerSelection{KeyIDs: []string{id}}, nil
	case kind == "user":
		return api.LedgerSelection{UserIDs: []string{id}, OwnKeys: true}, nil
	case kind == "member":
		team, user, found := strings.Cut(id, "#")
		if !found || team == "" || user == "" {
			break
		}
		return api.LedgerSelection{TeamIDs: []string{team}, UserIDs: []string{user}}, nil
	case kind == "budget":
		budget, err := potOf(ctx, id)
		if err != nil {
			return api.LedgerSelection{}, err
		}
		if !budget.Pot() {
			break // its terms are counted for each team and key apart
		}
		return api.LedgerSelection{TeamIDs: budget.TeamIDs, KeyIDs: budget.KeyIDs, Models: budget.Models}, nil
	}
	return api.LedgerSelection{}, api.Errorf(api.Internal, "%q is not a scope that the ledger can sum up", scope)
}
