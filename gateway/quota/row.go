package quota

import (
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// correctionSuffix makes the ledger id of the correction that follows an estimate.
const correctionSuffix = ".correction"

// SettledRow completes the ledger row of a settlement.
func SettledRow(settlement Settlement, admittedAt, now time.Time) api.LedgerRow {
	row := settlement.Row
	row.ID = settlement.ID
	row.AdmittedAt, row.SettledAt = admittedAt, now
	row.Cost = settlement.Cost
	if row.Kind == "" {
		row.Kind = api.LedgerSettle
	}
	return row
}

// EstimateRow is the ledger row of a request whose gateway died.
func EstimateRow(known api.LedgerRow, id string, tokens, inputTokens int64, cost money.Nano, admittedAt, now time.Time) api.LedgerRow {
	row := known
	row.ID, row.Kind = id, api.LedgerEstimate
	row.AdmittedAt, row.SettledAt = admittedAt, now
	row.PromptTokens = min(inputTokens, tokens)
	row.CompletionTokens = tokens - row.PromptTokens
	row.Cost = cost
	return row
}

// CorrectionRow is the difference between what was really used and the estimate in the ledger.
func CorrectionRow(settlement Settlement, estimate api.LedgerRow, now time.Time) api.LedgerRow {
	row := SettledRow(settlement, estimate.AdmittedAt, now)
	row.ID += correctionSuffix
	row.Kind = api.LedgerCorrection
	row.Cost -= estimate.Cost
	row.PromptTokens -= estimate.PromptTokens
	row.CompletionTokens -= estimate.CompletionTokens
	return row
}

// Check says whether the amounts can be counted: [ErrInvalid] when not.
func (s Settlement) Check() error {
	if s.Tokens < 0 || s.Tokens > maxTokens || s.Cost < 0 || s.Cost > money.Max {
		return fmt.Errorf("%w: %d tokens at %s", ErrInvalid, s.Tokens, s.Cost)
	}
	if s.Summed && (s.Tokens > 0 || s.Cost > 0) {
		return fmt.Errorf("%w: a request that is not written down used %d tokens at %s", ErrInvalid, s.Tokens, s.Cost)
	}
	if s.Unsent && (s.Tokens > 0 || s.Cost > 0) {
		return fmt.Errorf("%w: a request that was never sent used %d tokens at %s", ErrInvalid, s.Tokens, s.Cost)
	}
	return nil
}
