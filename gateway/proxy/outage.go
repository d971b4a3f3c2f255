package proxy

import (
	"errors"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// HeaderMode is "degraded" on answers that were decided while the shared counters could not be asked.
const HeaderMode = "x-bursar-mode"

const modeDegraded = "degraded"

// unavailable words why nothing can be decided now. Nothing was charged, and a moment later it may be different.
func unavailable(err error) error {
	text := "the gateway cannot reach its stores; nothing was charged, try again"
	header := http.Header{"Retry-After": {"1"}}
	switch {
	case errors.Is(err, quota.ErrUnrecorded):
		text = "the record takes no rows, so nothing more may be spent: its disk may be full, or its database away; nothing was charged, try again"
	case errors.Is(err, quota.ErrBacklog):
		text = "the ledger is too far behind: more is waiting to be recorded than budgets.max_backlog allows, so nothing more may be spent; nothing was charged, try again"
	case errors.Is(err, quota.ErrRecovering):
		text = "the counters were lost and are being restored, budgets cannot be judged until they are; nothing was charged, try again"
		header.Set(HeaderMode, modeDegraded)
	case errors.Is(err, quota.ErrUnavailable):
		header.Set(HeaderMode, modeDegraded)
	}
	refusal := api.Errorf(api.StoreUnavailable, "%s", text).WithCause(err)
	refusal.Header = header
	return refusal
}
