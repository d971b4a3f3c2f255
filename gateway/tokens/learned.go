package tokens

import (
	"cmp"
	"slices"
	"time"
)

// Report is what one settled call says of the text that its provider counted.
type Report struct {
	At time.Time
	// By tells callers apart, so that one of them alone cannot say what holds for all.
	By int64
	// Ratio is what the provider made of the text, divided by what it was weighed as.
	Ratio float64
}

// Reports are the newest ones of a deployment on one kind of text, the oldest first.
type Reports []Report

const (
	// mostReports are remembered, and of one caller at most mostOfOne.
	mostReports, mostOfOne = 64, 16
	// ReportAge is how long a report says something.
	ReportAge = 7 * 24 * time.Hour
)

// Add puts a report in its place and drops what is too much. One that is known already changes nothing.
func (r Reports) Add(report Report) Reports {
	at, known := slices.BinarySearchFunc(r, report, func(a, b Report) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.By, b.By), cmp.Compare(a.Ratio, b.Ratio))
	})
	if known {
		return r
	}
	r = slices.Insert(r, at, report)
	ofOne := func(known Report) bool { return known.By == report.By }
	count := 0
	for _, known := range r {
		if ofOne(known) {
			count++
		}
	}
	if count > mostOfOne {
		oldest := slices.IndexFunc(r, ofOne)
		return slices.Delete(r, oldest, oldest+1)
	}
	if len(r) > mostReports {
		r = slices.Delete(r, 0, 1)
	}
	return r
}

// Since leaves out reports that are too old to say something now.
func (r Reports) Since(now time.Time) Reports {
	from := slices.IndexFunc(r, func(report Report) bool { return report.At.After(now.Add(-ReportAge)) })
	if from < 0 {
		return nil
	}
	return r[from:]
}

// Learned is what reports say about one kind of text. The zero value says nothing.
type Learned struct {
	// Reports is how many there are that count, and Highest the highest of them.
	Reports int
	Highest float64
	// Elsewhere is the highest of the deployment's other kinds of text.
	Elsewhere float64
	// AkinReports is how many there are of kinds that are akin, and AkinHighest the highest of them, see [Akin].
	AkinReports int
	AkinHighest float64
}

// alone is how far a report is above all others when nobody believes it until another one says so too.
const alone = 1.25

// Learn sums up reports.
func (r Reports) Learn() Learned {
	if len(r) < 2 {
		return Learned{Reports: len(r)}
	}
	var first, second float64
	for _, report := range r {
		switch {
		case report.Ratio > first:
			first, second = report.Ratio, first
		case report.Ratio > second:
			second = report.Ratio
		}
	}
	if first > alone*second {
		return Learned{Reports: len(r) - 1, Highest: second}
	}
	return Learned{Reports: len(r), Highest: first}
}

const (
	// fewReports can only say that there are more tokens than was thought, not less.
	fewReports = 8
	// A factor stays within these, whatever is reported.
	leastFactor, mostFactor = 0.25, 8
)

// factor is what the weight of a text is multiplied by. The fewer reports there are, the more the next one may differ.
func (l Learned) factor(margin float64) float64 {
	switch {
	case l.Reports < 2 && l.Elsewhere > 1:
		return min(l.Elsewhere*margin, mostFactor)
	case l.Reports < 2, l.Reports < fewReports && l.Highest <= 1:
		return l.ofKin()
	default:
		return min(max(leastFactor, l.Highest*(margin+1/float64(max(l.Reports, fewReports)))), mostFactor)
	}
}

const (
	// enoughOfKin reports of kinds that are akin speak for one that has said too little itself, with kinMargin.
	enoughOfKin, kinMargin = 16, 1.2
)

// ofKin is the factor of a kind that cannot yet say itself that there is less than was thought.
func (l Learned) ofKin() float64 {
	if l.AkinReports < enoughOfKin {
		return 1
	}
	own := l.Highest * (margin + 1./fewReports)
	return min(1, max(leastFactor, own, l.AkinHighest*kinMargin))
}
