package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// printTable prints the medians of all rounds. Latencies are what a target adds to asking the upstream
// directly; rates are also given as a share of the reverse proxy's in the same run.
func printTable(out io.Writer, targets []*target) {
	direct, yardstick := targets[0], targets[1]
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "target\trequests/s\tof reverse proxy\tCPU us/request\tadded p50 ms\tadded p99 ms\tfirst byte +ms\tpeak MB\t")
	for _, t := range targets {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%s\t%s\t%s\t%s\t%s\t\n", t.name,
			t.median(perSecond), t.ratio(yardstick),
			unless(t.pid == 0, fmt.Sprintf("%.0f", t.median(cpu)*1e6)),
			unless(t == direct, added(t, direct, p50)), unless(t == direct, added(t, direct, p99)),
			unless(t == direct, added(t, direct, firstByte)),
			unless(t.peakBytes == 0, fmt.Sprintf("%.0f", float64(t.peakBytes)/(1<<20))))
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

func perSecond(r round) float64 { return r.perSecond }
func cpu(r round) float64       { return r.cpu.Seconds() }
func p50(r round) float64       { return seconds(r.p50) }
func p99(r round) float64       { return seconds(r.p99) }
func firstByte(r round) float64 { return seconds(r.firstByte) }

func seconds(d time.Duration) float64 { return d.Seconds() }

func (t *target) median(of func(round) float64) float64 {
	var values []float64
	for _, r := range t.rounds {
		values = append(values, of(r))
	}
	return median(values)
}

// ratio is the median over the rounds of this target's rate by the other's in the same round.
func (t *target) ratio(other *target) float64 {
	var values []float64
	for i, r := range t.rounds {
		values = append(values, r.perSecond/other.rounds[i].perSecond)
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
