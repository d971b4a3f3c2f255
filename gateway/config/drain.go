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

const (
	// defaultDrainTimeout is how long a gateway that is told to stop waits for calls under way.
	defaultDrainTimeout = 30 * time.Second
	maxDrainTimeout     = time.Hour
)

func (c *checker) drainTimeout(text string) {
	c.config.DrainTimeout = defaultDrainTimeout
	if text == "" {
		return
	}
	grace, err := time.ParseDuration(text)
	if err != nil || grace <= 0 || grace > maxDrainTimeout {
		c.fail("drain_timeout", "%q is not a duration up to an hour such as 30s", text)
	}
	c.config.DrainTimeout = grace
}
