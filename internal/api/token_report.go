package api

import "time"

// TokenReports is what one gateway has learned of one deployment's vocabulary from what its provider reported.
type TokenReports struct {
	Deployment string
	// Model is the provider's name for it.
	Model string
	// Kind is the kind of text that was counted.
	Kind string
	// Gateway tells the gateways apart that share a record.
	Gateway   string
	Reports   []TokenReport
	UpdatedAt time.Time
}

// TokenReport is what one settled call says.
type TokenReport struct {
	At time.Time `json:"at"`
	// By tells callers apart without naming them.
	By int64 `json:"by"`
	// Ratio is what the provider counted, divided by what the text was weighed as.
	Ratio float64 `json:"ratio"`
}
