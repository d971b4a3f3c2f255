package quota_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
)

// The engine that is the specification keeps the promises that the others are held to.

func TestPromise_T1_budgetNeverExceeded(t *testing.T) {
	h := newMemory(t)
	quotatest.BudgetNeverExceeded(t, h, []quotatest.Engine{h.Engine})
}

func TestPromise_T2_windowNeverExceeded(t *testing.T) { quotatest.WindowNeverExceeded(t, newMemory) }

func TestPromise_T3_rolloverNeedsNoJob(t *testing.T) { quotatest.RolloverNeedsNoJob(t, newMemory(t)) }

func TestPromise_T11_linearizable(t *testing.T) {
	h := newMemory(t)
	quotatest.Linearizable(t, h, []quotatest.Engine{h.Engine, h.Engine, h.Engine, h.Engine})
}

func TestPromise_T14_limitsInForceWhenTheChangeReturns(t *testing.T) {
	quotatest.OldLimitsNeverAdmit(t, []quotatest.Engine{newMemory(t).Engine})
}
