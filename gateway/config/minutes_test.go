package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

func TestLoad_minutes(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Minutes
		wrong string
	}{
		{"", config.Minutes{}, ""},
		{"minutes: {keep: 720h, rows: 50}", config.Minutes{Keep: 30 * 24 * time.Hour, Rows: 50}, ""},
		{"minutes: {keep: 1h}", config.Minutes{}, `minutes.keep: "1h" is not a duration from 24h`},
		{"minutes: {keep: 8d}", config.Minutes{}, `minutes.keep: "8d" is not a duration`},
		{"minutes: {rows: 0}", config.Minutes{}, "minutes.rows: is 0; it must be between 10 and 100000"},
		{"minutes: {row: 1}", config.Minutes{}, "did you mean minutes.rows?"},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Minutes != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Minutes, err)
		}
	}
}

func TestLoad_retention(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  config.Retention
		wrong string
	}{
		{"", config.Retention{}, ""},
		{"retention: {ledger: never, usage_daily: never, audit: never, alerts: never}", config.Retention{}, ""},
		{"retention: {ledger: 400d}", config.Retention{Ledger: 400 * 24 * time.Hour}, ""},
		{"retention: {ledger: 2y, archive: /var/ledger}", config.Retention{Ledger: 730 * 24 * time.Hour, Archive: "/var/ledger"}, ""},
		{"retention: {ledger: 61d}", config.Retention{}, `retention.ledger: "61d" is not never, nor a duration of at least 62d such as 400d`},
		{"retention: {ledger: long}", config.Retention{}, `retention.ledger: "long" is not never`},
		{"retention: {archive: /var/ledger}", config.Retention{}, "retention.archive: needs retention.ledger"},
		{"retention: {audit: 400d}", config.Retention{}, `retention.audit: is "400d"; it is kept for ever, so it can only be never`},
		{"retention: {usage_daily: 400d}", config.Retention{}, `retention.usage_daily: is "400d"`},
		{"retention: {alerts: 90d}", config.Retention{Alerts: 90 * 24 * time.Hour}, ""},
		{"retention: {alerts: 30d}", config.Retention{}, `retention.alerts: "30d" is not never, nor a duration of at least 31d such as 90d`},
	} {
		got, err := load(t, test.text+"\n", adminEnv)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Retention != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Retention, err)
		}
	}
}

// A bucket is archived to with the credentials of the file, or those of the variables that programs for Amazon S3 know.
func TestLoad_retentionInABucket(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	aws := map[string]string{"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY_FILE": secret, "AWS_SESSION_TOKEN": "t", "AWS_REGION": "eu-west-1"}
	const bucket = "retention: {ledger: 400d, archive: 's3://my-bucket/some/prefix/'"
	for _, test := range []struct {
		text  string
		env   map[string]string
		want  config.S3
		wrong string
	}{
		{bucket + "}", aws, config.S3{
			Bucket: "my-bucket", Prefix: "some/prefix", Endpoint: "https://s3.eu-west-1.amazonaws.com", Region: "eu-west-1", AccessKeyID: "a", SecretAccessKey: "s", SessionToken: "t",
		}, ""},
		{bucket + ", s3: {endpoint: 'https://minio.example.com:9000/', region: x, access_key_id: b, secret_access_key: c}}", aws, config.S3{
			Bucket: "my-bucket", Prefix: "some/prefix", Endpoint: "https://minio.example.com:9000", Region: "x", AccessKeyID: "b", SecretAccessKey: "c",
		}, ""},
		{bucket + "}", nil, config.S3{}, "retention.s3.access_key_id: is required; without it AWS_ACCESS_KEY_ID is taken, which is not set either"},
		{bucket + ", s3: {endpoint: 'http://minio.example.com'}}", aws, config.S3{}, "retention.s3.endpoint: is not an https address"},
		{bucket + ", s3: {endpoint: 'https://minio.example.com/my-bucket'}}", aws, config.S3{}, "retention.s3.endpoint: is not an https address without a path"},
		{"retention: {ledger: 400d, archive: 's3://My_Bucket'}", aws, config.S3{}, `retention.archive: "s3://My_Bucket" is not s3://BUCKET/PREFIX`},
		{"retention: {ledger: 400d, archive: 'gs://bucket'}", aws, config.S3{}, `retention.archive: "gs://bucket" is neither a folder nor s3://BUCKET/PREFIX`},
		{"retention: {ledger: 400d, archive: /var/ledger, s3: {region: x}}", aws, config.S3{}, "retention.s3: needs retention.archive to be s3://BUCKET/PREFIX"},
	} {
		env := maps.Clone(adminEnv)
		maps.Copy(env, test.env)
		got, err := load(t, test.text+"\n", env)
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) || err == nil && got.Retention.S3 != test.want {
			t.Errorf("%s: %+v, %v", test.text, got.Retention.S3, err)
		}
	}
}
