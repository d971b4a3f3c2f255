package client

// WaitingChecksForTest is how many questions wait for the request that is under way.
func WaitingChecksForTest(c *Client) int {
	c.checks.mu.Lock()
	defer c.checks.mu.Unlock()
	return len(c.checks.waiting)
}
