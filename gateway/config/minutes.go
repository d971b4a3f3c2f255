package config

import "time"

// Minutes say how much is kept of what was used and refused in each minute; zeros are the defaults of the minutes package.
type Minutes struct {
	Keep time.Duration
	// Rows is how many rows one minute has at most, for each gateway.
	Rows int
}

// fileMinutes is minutes in gateway.yaml.
type fileMinutes struct {
	// Keep is a duration as Go writes it, such as 192h.
	Keep string `yaml:"keep"`
	Rows *int   `yaml:"rows"`
}

const (
	// leastKept is what digests, the console and alerts look back at most within a day.
	leastKept = 24 * time.Hour
	mostKept  = 400 * 24 * time.Hour

	leastRows = 10
	mostRows  = 100_000
)

func (c *checker) minutes(f fileMinutes) {
	c.config.Minutes.Rows = intOr(f.Rows, 0)
	if rows := c.config.Minutes.Rows; f.Rows != nil && (rows < leastRows || rows > mostRows) {
		c.fail("minutes.rows", "is %d; it must be between %d and %d", rows, leastRows, mostRows)
	}
	if f.Keep == "" {
		return
	}
	keep, err := time.ParseDuration(f.Keep)
	if err != nil || keep < leastKept || keep > mostKept {
		c.fail("minutes.keep", "%q is not a duration from 24h to 9600h such as 192h", f.Keep)
	}
	c.config.Minutes.Keep = keep
}
