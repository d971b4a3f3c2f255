package quota

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Crossing is a threshold that a budget's spending has reached, or a hard budget that refused a request.
type Crossing struct {
	// Scope, Limit, Hard, Generation and About are the budget's.
	Scope      Scope
	Limit      money.Nano
	Hard       bool
	Generation int64
	About      api.AlertEvent

	Period Period
	// Share is the threshold's. It is negative when a request was refused that is too dear, see [Denial.TooDear].
	Share float64
	// Spend is what was settled in the period when it happened, and At when that was.
	Spend money.Nano
	At    time.Time
	// Watched: the budget is reached and would refuse, if it were not only watched, see [Watched].
	Watched bool
	// Refused is the least cost of the request that was refused, 0 when spending reached the threshold.
	Refused money.Nano
}

// Crossed says that the budget's spending has reached the threshold of a share.
func (b *Budget) Crossed(share float64, period Period, spend money.Nano, at time.Time) Crossing {
	return Crossing{
		Scope: b.Scope, Limit: b.Limit, Hard: b.Hard, Generation: b.Generation, About: b.About,
		Period: period, Share: share, Spend: spend, At: at, Watched: b.WouldRefuseAt(share, at),
	}
}

// WouldRefuseAt says whether the threshold of a share is where a watched budget would begin to refuse.
func (b *Budget) WouldRefuseAt(share float64, now time.Time) bool {
	return share >= 1 && b.Refuses() && b.watched(now)
}

// ID depends on nothing but budget, period, threshold and generation, so that what is told twice is one crossing.
func (c Crossing) ID() string {
	name := fmt.Sprintf("%s\n%d\n%g\n%d", c.Scope, Micros(c.Period.Start), c.Share, c.Generation)
	if c.Watched {
		name += "\nwatched"
	}
	sum := sha256.Sum256([]byte(name))
	return "event_" + hex.EncodeToString(sum[:16])
}

// RefusalShare is the threshold that a refusal by the budget stands for.
func (b Budget) RefusalShare() float64 {
	for _, threshold := range b.Thresholds {
		if threshold.Share >= 1 {
			return threshold.Share
		}
	}
	return 1
}
