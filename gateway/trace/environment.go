package trace

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The ways to a collector.
const (
	overHTTP = "http/protobuf"
	overGRPC = "grpc"
)

var samplers = []string{
	"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

// settings are what the variables ask for.
type settings struct {
	on       bool
	protocol string
	// joins: clients' traces go on in the gateway.
	joins bool
}

// environment reads variables and gathers what is wrong with them.
type environment struct {
	getenv   func(string) string
	problems []error
}

// Check says what is wrong with the variables, nil when nothing is.
func Check(getenv func(string) string) error {
	_, err := read(getenv)
	return err
}

// read finds out whether traces are wanted: by a collector's address, or by OTEL_TRACES_EXPORTER. All that is wrong is told at once.
func read(getenv func(string) string) (settings, error) {
	e := &environment{getenv: func(name string) string { return strings.TrimSpace(getenv(name)) }}
	exporter := e.oneOf("OTEL_TRACES_EXPORTER", "otlp", "none")
	disabled := strings.EqualFold(e.oneOf("OTEL_SDK_DISABLED", "true", "false"), "true")
	address := cmp.Or(e.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), e.get("OTEL_EXPORTER_OTLP_ENDPOINT"))
	asked := settings{on: !disabled && exporter != "none" && (exporter == "otlp" || address != "")}
	if !asked.on {
		return asked, errors.Join(e.problems...)
	}
	asked.protocol = cmp.Or(e.either(e.protocol, "PROTOCOL"), overHTTP)
	e.either(e.address, "ENDPOINT")
	e.either(e.headers, "HEADERS")
	e.either(e.milliseconds, "TIMEOUT")
	e.either(e.compression, "COMPRESSION")
	for _, file := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		e.either(e.file, file)
	}
	e.sampler()
	for _, number := range []string{"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"} {
		e.milliseconds(number)
	}
	e.pairs("OTEL_RESOURCE_ATTRIBUTES")
	asked.joins = e.propagators()
	return asked, errors.Join(e.problems...)
}

func (e *environment) get(name string) string { return e.getenv(name) }

func (e *environment) fail(name, format string, values ...any) {
	e.problems = append(e.problems, fmt.Errorf(name+" "+format, values...))
}

// either checks a variable for all signals and the one for traces, and returns the value that counts.
func (e *environment) either(check func(name string) string, what string) string {
	all := check("OTEL_EXPORTER_OTLP_" + what)
	return cmp.Or(check("OTEL_EXPORTER_OTLP_TRACES_"+what), all)
}

func (e *environment) oneOf(name string, words ...string) string {
	value := e.get(name)
	if value != "" && !slices.Contains(words, strings.ToLower(value)) {
		e.fail(name, "is %q; it must be %s", value, strings.Join(words, " or "))
	}
	return strings.ToLower(value)
}

func (e *environment) protocol(name string) string { return e.oneOf(name, overHTTP, overGRPC) }

func (e *environment) compression(name string) string { return e.oneOf(name, "gzip", "none") }

func (e *environment) address(name string) string {
	value := e.get(name)
	if value == "" {
		return ""
	}
	to, err := url.Parse(value)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		e.fail(name, "is no address; write one such as http://collector.internal:4318, or :4317 with OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
	}
	return value
}

// headers may hold a secret: what is wrong with them is told without their values.
func (e *environment) headers(name string) string { return e.pairs(name) }

func (e *environment) pairs(name string) string {
	value := e.get(name)
	if value == "" {
		return ""
	}
	for i, pair := range strings.Split(value, ",") {
		key, text, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(text); !found || strings.TrimSpace(key) == "" || err != nil {
			e.fail(name, "is a list of name=value with commas between, values percent-encoded; its entry %d is none", i+1)
		}
	}
	return value
}

func (e *environment) milliseconds(name string) string {
	value := e.get(name)
	if n, err := strconv.Atoi(value); value != "" && (err != nil || n < 0) {
		e.fail(name, "is %q; it must be a whole number", value)
	}
	return value
}

func (e *environment) file(name string) string {
	value := e.get(name)
	if value == "" {
		return ""
	}
	if _, err := os.Stat(value); err != nil {
		e.fail(name, "names a file that cannot be read: %w", err)
	}
	return value
}

// propagators says whether clients' traces go on here. Not said is no: clients are not the operator.
func (e *environment) propagators() (joins bool) {
	const name = "OTEL_PROPAGATORS"
	value := e.get(name)
	if value == "" {
		return false
	}
	for word := range strings.SplitSeq(value, ",") {
		switch strings.TrimSpace(word) {
		case "tracecontext":
			joins = true
		case "baggage", "none":
		default:
			e.fail(name, "is %q; it must be none, or tracecontext for clients' traces to go on in the gateway", value)
			return false
		}
	}
	return joins
}

func (e *environment) sampler() {
	sampler := e.oneOf("OTEL_TRACES_SAMPLER", samplers...)
	share := e.get("OTEL_TRACES_SAMPLER_ARG")
	if share == "" || !strings.HasSuffix(sampler, "traceidratio") {
		return
	}
	if part, err := strconv.ParseFloat(share, 64); err != nil || part < 0 || part > 1 {
		e.fail("OTEL_TRACES_SAMPLER_ARG", "is %q; it must be a share from 0 to 1", share)
	}
}
