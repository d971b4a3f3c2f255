package config

import (
	"fmt"
	"strconv"
	"strings"
)

// applyEnvironment lets BURSAR_* variables win over the file, which then does not matter to these fields.
func applyEnvironment(f *file, from *source, getenv func(string) string) (problems []string) {
	for name, field := range map[string]*string{
		"BURSAR_LISTEN":              &f.Listen,
		"BURSAR_LISTEN_ADMIN":        &f.ListenAdmin,
		"BURSAR_TLS_CERT":            &f.TLS.Cert,
		"BURSAR_TLS_KEY":             &f.TLS.Key,
		"BURSAR_ADMIN_KEY":           &f.AdminKey,
		"BURSAR_METRICS_KEY":         &f.MetricsKey,
		"BURSAR_DATA_DIR":            &f.DataDir,
		"BURSAR_DATABASE_URL":        &f.DatabaseURL,
		"BURSAR_REDIS_URL":           &f.RedisURL,
		"BURSAR_SECRET_KEY":          &f.SecretKey,
		"BURSAR_SECRET_KEY_PREVIOUS": &f.SecretKeyPrevious,
		"BURSAR_DRAIN_DELAY":         &f.DrainDelay,
		"BURSAR_DRAIN_TIMEOUT":       &f.DrainTimeout,
	} {
		if value := getenv(name); value != "" {
			*field = value
			from.overrule(name)
		}
	}
	if value := getenv("BURSAR_UPSTREAM_NETWORKS"); value != "" {
		from.overrule("BURSAR_UPSTREAM_NETWORKS")
		f.UpstreamNetworks = strings.Split(value, ",")
	}
	if value := getenv("BURSAR_ALLOW_PLAIN_HTTP"); value != "" {
		allow, err := strconv.ParseBool(value)
		if err != nil {
			problems = append(problems, fmt.Sprintf("BURSAR_ALLOW_PLAIN_HTTP: %q is neither true nor false", value))
		}
		f.AllowPlainHTTP = allow
		from.overrule("BURSAR_ALLOW_PLAIN_HTTP")
	}
	if value := getenv("BURSAR_TRUSTED_PROXIES"); value != "" {
		from.overrule("BURSAR_TRUSTED_PROXIES")
		f.TrustedProxies = strings.Split(value, ",")
	}
	if value := getenv("BURSAR_MIN_OUTPUT_TOKENS"); value != "" {
		least, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return append(problems, fmt.Sprintf("BURSAR_MIN_OUTPUT_TOKENS: %q is not a whole number", value))
		}
		f.MinOutputTokens = &least
		from.overrule("BURSAR_MIN_OUTPUT_TOKENS")
	}
	return problems
}

// overrule notes that a variable of the environment gives a field, wherever it stands in the file.
func (s *source) overrule(variable string) {
	field := strings.ToLower(strings.TrimPrefix(variable, "BURSAR_"))
	if field == "tls_cert" || field == "tls_key" {
		field = strings.Replace(field, "_", ".", 1)
	}
	delete(s.lines, field)
	s.variables[field] = variable
}
