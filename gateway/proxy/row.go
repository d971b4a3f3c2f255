package proxy

import (
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// newRow is a row of the ledger that says whose call it is and what it is for.
func (c *call) newRow() api.LedgerRow {
	key := c.subject.Key
	row := api.LedgerRow{RequestID: c.requestID, KeyID: key.KeyID, EndUser: c.EndUser, Tags: c.Tags}
	if key.TeamID != nil {
		row.TeamID = *key.TeamID
	}
	if key.UserID != nil {
		row.UserID = *key.UserID
	}
	return row
}

// endRow is the row of an admitted call that has ended: the one that was reserved with, with what was used.
func (c *call) endRow(kind string) api.LedgerRow {
	row := c.row
	row.Kind = kind
	if c.deployment.BaseURL != "" { // else it came to none
		row.Upstream, row.PriceVersion = c.deployment.Host(), c.deployment.Price.Version
	}
	row.PromptTokens, row.CachedTokens, row.CompletionTokens = c.usage.PromptTokens, c.usage.CachedTokens, c.usage.CompletionTokens
	row.Cost = c.cost
	// With what the call was admitted, so that the engine can decide it again under other limits.
	row.ReservedTokens, row.ReservedCost = c.decision.Tokens, c.decision.Cost
	if spare := c.decision.OutputTokens - c.leastOutput; spare > 0 {
		row.SparableTokens = spare
		row.SparableCost = money.Nano(spare) * c.bounds.outputTokenCost
	}
	return row
}
