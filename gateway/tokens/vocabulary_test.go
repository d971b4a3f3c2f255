package tokens_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
)

// sample is a text and what public vocabularies make of it, by the names of their models.
type sample struct {
	Corpus string
	Size   int
	Text   string
	Counts map[string]int64
}

func readSamples(b *testing.B) (samples []sample) {
	b.Helper()
	name := os.Getenv("TOKEN_SAMPLES")
	if name == "" {
		b.Skip("TOKEN_SAMPLES names no samples; make bench-tokens makes them")
	}
	file, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			b.Fatal(err)
		}
		samples = append(samples, s)
	}
	if lines.Err() != nil || len(samples) == 0 {
		b.Fatal("no samples: ", lines.Err())
	}
	return samples
}

// wrapped is what a provider puts around a prompt of one message.
const wrapped = 8

// shares sum up bounds beside what was reported.
type shares struct{ ratios []float64 }

func (s *shares) add(bound, reported int64) {
	s.ratios = append(s.ratios, float64(bound)/float64(reported))
}

func (s *shares) String() string {
	slices.Sort(s.ratios)
	above, below := 0, 0
	for _, ratio := range s.ratios {
		if ratio > 1.6 {
			above++
		}
		if ratio < 1 {
			below++
		}
	}
	n := float64(len(s.ratios))
	return fmt.Sprintf("%6d  min %.2f  median %.2f  max %5.2f  above 1.6: %5.1f %%  below 1: %.2f %%",
		len(s.ratios), s.ratios[0], s.ratios[len(s.ratios)/2], s.ratios[len(s.ratios)-1], 100*float64(above)/n, 100*float64(below)/n)
}

// learnedOf is what a deployment's reports say of a kind, as a gateway's book has it.
func learnedOf(reports map[string]tokens.Reports, kind string) tokens.Learned {
	learned := reports[kind].Learn()
	for other, reports := range reports {
		if of := reports.Learn(); other != kind {
			learned.Elsewhere = max(learned.Elsewhere, of.Highest)
			if of.Highest > 0 && tokens.Akin(kind, other) {
				learned.AkinReports, learned.AkinHighest = learned.AkinReports+of.Reports, max(learned.AkinHighest, of.Highest)
			}
		}
	}
	return learned
}

// BenchmarkBounds_ofOtherVocabularies prints how close the second bound comes to what public vocabularies make of a text,
// which stand in for providers: with the weights of their family, with those for names that say nothing, and with what was
// learned of all samples before, in several orders.
func BenchmarkBounds_ofOtherVocabularies(b *testing.B) {
	samples := readSamples(b)
	tables := map[string]map[string]*shares{}
	note := func(table, row string, bound, reported int64) {
		if tables[table] == nil {
			tables[table] = map[string]*shares{}
		}
		if tables[table][row] == nil {
			tables[table][row] = &shares{}
		}
		tables[table][row].add(bound, reported)
	}
	const rounds = 4
	for b.Loop() {
		for vocabulary := range samples[0].Counts {
			for _, model := range []string{vocabulary, "acme-1"} {
				weights, reported := make([]tokens.Weight, len(samples)), make([]int64, len(samples))
				for i, s := range samples {
					weights[i] = tokens.Weigh(model, encode(b, request{model, []message{{Role: "user", Content: s.Text}}}))
					reported[i] = s.Counts[vocabulary] + wrapped
				}
				kind := "known name"
				if model != vocabulary {
					kind = "unknown name"
				}
				random := rand.New(rand.NewPCG(1, uint64(len(vocabulary))))
				learned, now := map[string]tokens.Reports{}, time.Unix(1_800_000_000, 0)
				for round := range rounds {
					for _, i := range random.Perm(len(samples)) {
						s, w := samples[i], weights[i]
						row := s.Corpus
						known := learnedOf(learned, w.Kind)
						if round == 0 {
							note(kind+", nothing learned", row, w.Bound(tokens.Learned{}), reported[i])
						} else {
							note(kind+", learned", row, w.Bound(known), reported[i])
						}
						if round > 0 && !strings.HasPrefix(s.Corpus, "adversarial") {
							note(kind+", learned, by size", fmt.Sprintf("%7d bytes", s.Size), w.Bound(known), reported[i])
						}
						now = now.Add(time.Second)
						if ratio, says := w.Ratio(reported[i]); says {
							learned[w.Kind] = learned[w.Kind].Add(tokens.Report{At: now, By: now.Unix(), Ratio: ratio})
						}
					}
				}
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		fmt.Println(table)
		all := &shares{}
		for _, row := range slices.Sorted(maps.Keys(tables[table])) {
			fmt.Printf("  %-32s %s\n", row, tables[table][row])
			if !strings.HasPrefix(row, "adversarial") {
				all.ratios = append(all.ratios, tables[table][row].ratios...)
			}
		}
		fmt.Printf("  %-32s %s\n", "all but adversarial", all)
	}
}
