package config

import "time"

const (
	// defaultDrainDelay is what load balancers need to see that a gateway is not ready any more.
	defaultDrainDelay = 5 * time.Second
	maxDrainDelay     = 10 * time.Minute
)

func (c *checker) drainDelay(text string) {
	c.config.DrainDelay = defaultDrainDelay
	if text == "" {
		return
	}
	delay, err := time.ParseDuration(text)
	if err != nil || delay < 0 || delay > maxDrainDelay {
		c.fail("drain_delay", "%q is not a duration up to 10m such as 5s; 0s takes no new calls at once", text)
	}
	c.config.DrainDelay = delay
}
