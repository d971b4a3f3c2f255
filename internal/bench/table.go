package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// printTables prints the medians of all rounds. Latencies are what a target adds to asking the upstream
// directly; shares of the reverse proxy are those within one round.
func printTables(out io.Writer, targets []*target, p plan) {
	quick := slices.DeleteFunc(slices.Clone(targets), func(t *target) bool { return t.slow })
	direct, yardstick := quick[0], quick[1]
	fmt.Fprintf(out, "load generator and upstream computed %s us a request together\n", micros(direct, func(r round) time.Duration { return r.busy.around }))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "target\trequests/s\tof reverse proxy\tCPU us\tof it\tRedis us\tRedis us at %d/s\tadded p50 ms\tadded p99 ms\tCPU us a stream\tof it\tfirst byte +ms\tpeak MB\t\n", p.rate)
	for _, t := range quick {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", t.name,
			t.median(perSecond), t.share(yardstick, perSecond),
			unless(t.pid == 0, micros(t, busyCPU)), unless(t.pid == 0, share(t, yardstick, busyCPU)),
			unless(t.redis == 0, micros(t, busyRedis)), unless(t.redis == 0, micros(t, pacedRedis)),
			unless(t == direct, added(t, direct, p50)), unless(t == direct, added(t, direct, p99)),
			unless(t.pid == 0, micros(t, streamCPU)), unless(t.pid == 0, share(t, yardstick, streamCPU)),
			unless(t == direct, added(t, direct, firstByte)), unless(t.peakBytes == 0, fmt.Sprintf("%.0f", float64(t.peakBytes)/(1<<20))))
	}
	_ = table.Flush()
	printSlow(out, slices.DeleteFunc(slices.Clone(targets), func(t *target) bool { return !t.slow }), p)
}

// printSlow prints what a provider makes of it that speaks HTTPS and takes its time.
func printSlow(out io.Writer, targets []*target, p plan) {
	if len(targets) == 0 {
		return
	}
	fmt.Fprintf(out, "\nan HTTPS provider that takes %d ms, %d connections\n", slowness.Milliseconds(), p.slow)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "target\trequests/s\tCPU us\tof reverse proxy\tpeak MB\t")
	for _, t := range targets {
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t%.0f\t\n", t.name, t.median(perSecond), micros(t, busyCPU), share(t, targets[0], busyCPU), float64(t.peakBytes)/(1<<20))
	}
	_ = table.Flush()
}

func unless(missing bool, text string) string {
	if missing {
		return "-"
	}
	return text
}

func added(t, direct *target, of func(round) float64) string {
	return fmt.Sprintf("%.2f", (t.median(of)-direct.median(of))*1e3)
}

func perSecond(r round) float64        { return r.perSecond }
func p50(r round) float64              { return r.p50.Seconds() }
func p99(r round) float64              { return r.p99.Seconds() }
func firstByte(r round) float64        { return r.firstByte.Seconds() }
func busyCPU(r round) time.Duration    { return r.busy.target }
func busyRedis(r round) time.Duration  { return r.busy.redis }
func pacedRedis(r round) time.Duration { return r.paced.redis }
func streamCPU(r round) time.Duration  { return r.streamed.target }

func micros(t *target, of func(round) time.Duration) string {
	return fmt.Sprintf("%.0f", t.median(func(r round) float64 { return float64(of(r).Microseconds()) }))
}

func share(t, other *target, of func(round) time.Duration) string {
	return fmt.Sprintf("%.2f", t.share(other, func(r round) float64 { return of(r).Seconds() }))
}

func (t *target) median(of func(round) float64) float64 {
	var values []float64
	for _, r := range t.rounds {
		values = append(values, of(r))
	}
	return median(values)
}

// share is the median over the rounds of a figure of this target by the other's in the same round.
func (t *target) share(other *target, of func(round) float64) float64 {
	var values []float64
	for i, r := range t.rounds {
		if by := of(other.rounds[i]); by > 0 {
			values = append(values, of(r)/by)
		}
	}
	return median(values)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
