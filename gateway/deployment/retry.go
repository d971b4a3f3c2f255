package deployment

import "sync/atomic"

const (
	// retryFloor is how many retries a model has before any call: without it, the first failures of a
	// quiet model would reach its clients.
	retryFloor = 10
	// retryCeiling is how many retries calls can save up.
	retryCeiling = 100
	// perRetry is the unit that balances are kept in: thousandths of a retry.
	perRetry = 1000
)

// retryBudget bounds retries as a share of calls, so that an outage of all deployments is not
// multiplied by everybody's retries. Each call pays a share in, each retry takes a whole one out.
type retryBudget struct {
	balance atomic.Int64
	share   int64
}

func newRetryBudget(share float64) *retryBudget {
	b := &retryBudget{share: int64(share * perRetry)}
	b.balance.Store(retryFloor * perRetry)
	return b
}

func (b *retryBudget) deposit() {
	for {
		known := b.balance.Load()
		next := min(known+b.share, retryCeiling*perRetry)
		if known == next || b.balance.CompareAndSwap(known, next) {
			return
		}
	}
}

func (b *retryBudget) withdraw() bool {
	for {
		known := b.balance.Load()
		if known < perRetry {
			return false
		}
		if b.balance.CompareAndSwap(known, known-perRetry) {
			return true
		}
	}
}
