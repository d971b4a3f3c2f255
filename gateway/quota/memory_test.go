package quota_test

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newMemory(t *testing.T) quotatest.Harness {
	clock, record := quotatest.NewClock(), quotatest.NewRecord()
	engine := quota.NewMemory(record, quota.MemoryOptions{Now: clock.Now, ReapEvery: -1})
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return quotatest.Harness{Engine: engine, Clock: clock, Record: record}
}

func TestMemory(t *testing.T) { quotatest.Run(t, newMemory) }

func TestMemory_keepsWhatCouldNotBeRecorded(t *testing.T) {
	h := newMemory(t)
	request := quota.Request{ID: quotatest.NewID(), Slot: "marketing", Row: api.LedgerRow{TeamID: "marketing"}}
	if _, err := h.Engine.Reserve(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	h.Record.SetDown(true)
	settlement := quota.Settlement{ID: request.ID, Slot: "marketing", Cost: money.USD}
	if _, err := h.Engine.Settle(t.Context(), settlement); !errors.Is(err, quotatest.ErrRecordDown) {
		t.Errorf("settle while the record is down: %v", err)
	}
	if _, err := h.Engine.Settle(t.Context(), settlement); !errors.Is(err, quotatest.ErrRecordDown) {
		t.Errorf("settle again while the record is down: %v, want the same error", err)
	}
	h.Record.SetDown(false)
	if err := h.Engine.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := h.Record.Rows(); len(rows) != 1 || rows[0].Cost != money.USD {
		t.Errorf("ledger after the record came back: %+v, want one row", rows)
	}
}
