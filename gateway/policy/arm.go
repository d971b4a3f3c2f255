package policy

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// arm gives budgets the generation of their thresholds. A changed cap and a reset of spending make a new one,
// so that people are told of every threshold again, also when the cap becomes what it was before.
func (b *Book) arm(ctx context.Context, budgets []*runningBudget) error {
	var scopes []string
	for _, budget := range budgets {
		scopes = append(scopes, budget.armedBy...)
	}
	if len(scopes) == 0 {
		return nil
	}
	armed, err := b.source.Armed(ctx, scopes)
	if err != nil {
		return fmt.Errorf("read how often thresholds were armed: %w", err)
	}
	for _, budget := range budgets {
		budget.template.Generation = budget.generation(budget.template.Limit, armed)
		if budget.increased != nil {
			budget.increased.Generation = budget.generation(budget.increased.Limit, armed)
		}
	}
	return nil
}

// generation is the limit itself as long as nothing was armed, which keeps the alerts of older releases known.
func (r *runningBudget) generation(limit money.Nano, armed map[string]int64) int64 {
	if limit == quota.Unlimited {
		limit = 0
	}
	never := true
	sum := fnv.New64a()
	_ = binary.Write(sum, binary.BigEndian, int64(limit))
	for _, scope := range r.armedBy {
		times := armed[scope]
		never = never && times == 0
		_, _ = fmt.Fprintf(sum, "%s=%d\n", scope, times)
	}
	if never {
		return int64(limit)
	}
	return int64(sum.Sum64())
}
