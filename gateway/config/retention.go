package config

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Retention says how long ledger rows and alerts are kept.
type Retention struct {
	// Ledger and Alerts are how long; 0 is for ever.
	Ledger, Alerts time.Duration
	// Archive is the folder that rows are written to before they are deleted, "" for none; S3 is a bucket instead.
	Archive string
	S3      S3
}

// S3 is a bucket of Amazon S3, or of a server that speaks its API. The zero value is none.
type S3 struct {
	Bucket, Prefix, Endpoint, Region string
	// SessionToken is "" for credentials that do not end.
	AccessKeyID, SecretAccessKey, SessionToken string
}

// fileRetention is retention in gateway.yaml. Durations are as budgets have them, such as 400d.
type fileRetention struct {
	Ledger     string `yaml:"ledger"`
	Archive    string `yaml:"archive"`
	S3         fileS3 `yaml:"s3"`
	UsageDaily string `yaml:"usage_daily"`
	Audit      string `yaml:"audit"`
	Alerts     string `yaml:"alerts"`
}

// fileS3 is retention.s3. What it leaves out is taken from the variables that programs for Amazon S3 know.
type fileS3 struct {
	Endpoint        string `yaml:"endpoint"`
	Region          string `yaml:"region"`
	AccessKeyID     string `yaml:"access_key_id"`
	SecretAccessKey string `yaml:"secret_access_key"`
	SessionToken    string `yaml:"session_token"`
}

const (
	never = "never"
	// leastLedger is a month and the one before it: counters are filled again from rows, and replays read them.
	leastLedger = 62 * 24 * time.Hour
	// leastAlerts is a month: who is told once a month still finds what it was about.
	leastAlerts = 31 * 24 * time.Hour
)

func (c *checker) retention(f fileRetention, getenv func(string) string) {
	for _, kept := range []struct{ name, value string }{{"usage_daily", f.UsageDaily}, {"audit", f.Audit}} {
		if kept.value != "" && kept.value != never {
			c.fail("retention."+kept.name, "is %q; it is kept for ever, so it can only be never", kept.value)
		}
	}
	c.archive(f, getenv)
	if f.Archive != "" && (f.Ledger == "" || f.Ledger == never) {
		c.fail("retention.archive", "needs retention.ledger: nothing else is archived")
	}
	c.config.Retention.Ledger = c.kept("ledger", f.Ledger, leastLedger, "400d")
	c.config.Retention.Alerts = c.kept("alerts", f.Alerts, leastAlerts, "90d")
}

// kept is for how long something is kept, 0 for ever.
func (c *checker) kept(name, text string, least time.Duration, example string) time.Duration {
	if text == "" || text == never {
		return 0
	}
	span, err := api.ParseSpan(text)
	if err != nil || span.Approximate() < least {
		c.fail("retention."+name, "%q is not never, nor a duration of at least %dd such as %s", text, least/(24*time.Hour), example)
		return 0
	}
	return span.Approximate()
}

// bucketName is what all servers take.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (c *checker) archive(f fileRetention, getenv func(string) string) {
	scheme, place, address := strings.Cut(f.Archive, "://")
	switch {
	case !address && f.S3 != fileS3{}:
		c.fail("retention.s3", "needs retention.archive to be s3://BUCKET/PREFIX")
	case !address:
		c.config.Retention.Archive = f.Archive
	case scheme != "s3":
		c.fail("retention.archive", "%q is neither a folder nor s3://BUCKET/PREFIX", f.Archive)
	default:
		bucket, prefix, _ := strings.Cut(place, "/")
		if !bucketName.MatchString(bucket) {
			c.fail("retention.archive", "%q is not s3://BUCKET/PREFIX with the name of a bucket", f.Archive)
		}
		c.config.Retention.S3 = c.s3(f.S3, getenv)
		c.config.Retention.S3.Bucket, c.config.Retention.S3.Prefix = bucket, strings.Trim(prefix, "/")
	}
}

func (c *checker) s3(f fileS3, getenv func(string) string) S3 {
	given := func(field, variable, what string) string {
		value := cmp.Or(what, getenv(variable))
		if value == "" {
			c.fail("retention.s3."+field, "is required; without it %s is taken, which is not set either", variable)
		}
		return value
	}
	s3 := S3{
		Region:          cmp.Or(f.Region, getenv("AWS_REGION"), "us-east-1"),
		AccessKeyID:     given("access_key_id", "AWS_ACCESS_KEY_ID", f.AccessKeyID),
		SecretAccessKey: given("secret_access_key", "AWS_SECRET_ACCESS_KEY", f.SecretAccessKey),
		SessionToken:    f.SessionToken,
	}
	if f.AccessKeyID == "" && s3.SessionToken == "" { // a token belongs to the key that it was made with
		s3.SessionToken = getenv("AWS_SESSION_TOKEN")
	}
	s3.Endpoint = strings.TrimSuffix(cmp.Or(f.Endpoint, "https://s3."+s3.Region+".amazonaws.com"), "/")
	parsed, err := url.Parse(s3.Endpoint)
	if err != nil || parsed.Host == "" || parsed.Path != "" || parsed.RawQuery != "" || parsed.User != nil ||
		(parsed.Scheme != "https" && (parsed.Scheme != "http" || !c.config.AllowPrivateTargets)) {
		c.fail("retention.s3.endpoint", "is not an https address without a path such as https://s3.eu-central-1.amazonaws.com")
	}
	return s3
}
