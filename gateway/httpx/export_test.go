package httpx

import "time"

// ForgetLook makes a certificate look at its files with the next connection.
func ForgetLook(c *Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Time{}
}
