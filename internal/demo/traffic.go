package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	model = "gpt-4.1-mini"
	// dear is how many tokens cost ten dollars at the demo's price, cheap how many cost one.
	dear, cheap = 100, 10
)

// hitRateLimit sends more requests at once than marketing may send in a minute.
func (d *demo) hitRateLimit(ctx context.Context) error {
	const sent, limit = 35, 30
	answers := make([]answer, sent)
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range answers {
		group.Go(func() (err error) {
			answers[i], err = d.chat(groupCtx, "marketing", cheap)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	admitted, refused := 0, answer{}
	for _, a := range answers {
		switch a.status {
		case http.StatusOK:
			admitted++
		case http.StatusTooManyRequests:
			refused = a
		default:
			return fmt.Errorf("a request got neither 200 nor 429:\n%s", a)
		}
	}
	if admitted != limit {
		return fmt.Errorf("%d of %d requests were admitted instead of exactly %d", admitted, sent, limit)
	}
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	if err != nil || seconds < 1 || seconds > 63 { // a minute and a second, and up to 3 % more by chance
		return fmt.Errorf("the 429 does not say when to come back:\n%s", refused)
	}
	d.out.say("%d were admitted, exactly. The other %d got this:", admitted, sent-admitted)
	d.out.show(refused.String())
	return nil
}

// spendToSoftLimit lets research spend until the warning arrives. Its traffic goes on.
func (d *demo) spendToSoftLimit(ctx context.Context) error {
	calls := 0
	for spend := money.Nano(0); spend < 850*money.USD; calls++ {
		a, err := d.chat(ctx, "research", dear)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			return fmt.Errorf("request %d of research was refused below its soft limit:\n%s", calls+1, a)
		}
		if spend, err = d.spend(ctx, "research"); err != nil {
			return err
		}
	}
	d.out.say("%d requests later it has spent 85 %% of its $1,000, and the receiver gets a signed alert:", calls)
	if err := d.hear(ctx, api.EventBudgetSoftLimit, "research"); err != nil {
		return err
	}
	if err := d.read(ctx, 1); err != nil {
		return err
	}
	d.out.say("A soft limit only warns: research goes on.")
	return nil
}

// spendToCap lets research spend until its hard cap refuses it.
func (d *demo) spendToCap(ctx context.Context) error {
	for range 100 {
		a, err := d.chat(ctx, "research", dear)
		if err != nil {
			return err
		}
		switch a.status {
		case http.StatusOK:
			continue
		case http.StatusForbidden:
			return d.capped(ctx, a)
		default:
			return fmt.Errorf("a request of research got neither 200 nor 403:\n%s", a)
		}
	}
	return fmt.Errorf("research was never refused")
}

// capped shows the refusal and the alert about it.
func (d *demo) capped(ctx context.Context, refused answer) error {
	if kind := gjson.GetBytes(refused.body, "error.type").String(); kind != string(api.BudgetExceeded) {
		return fmt.Errorf("the refusal is of type %q instead of %q:\n%s", kind, api.BudgetExceeded, refused)
	}
	spend, err := d.spend(ctx, "research")
	if err != nil {
		return err
	}
	if spend > 1000*money.USD {
		return fmt.Errorf("research has spent %s, more than its cap", spend)
	}
	d.out.say("Not a cent over: it has spent $%s, and the next request would not fit:", spend)
	d.out.show(refused.String())
	return d.hear(ctx, api.EventBudgetHardLimit, "research")
}

// spend is what the team has spent in the running period.
func (d *demo) spend(ctx context.Context, team string) (money.Nano, error) {
	var info api.TeamInfo
	err := d.admin(ctx, http.MethodGet, "/team/info?team_id="+team, nil, &info)
	return info.Spend, err
}
