package retention

// NextBatch is for tests.
var NextBatch = nextBatch
