package script

import (
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// AppendPeriods adds periods to the arguments of a script.
func AppendPeriods(args []any, periods []quota.Period) []any {
	for _, period := range periods {
		args = append(args, micros(period.Start), micros(period.End))
	}
	return args
}

// micros is text, which names keys, also where other numbers are packed.
func micros(t time.Time) string { return strconv.FormatInt(quota.Micros(t), 10) }

// ShareText is how a share of a limit is written in a mark.
func ShareText(share float64) string { return strconv.FormatFloat(share, 'g', -1, 64) }

// watchedMark begins the mark of a share at which a watched budget would refuse, see [quota.Crossing].
const watchedMark = "w"

// MarkOf is how a threshold is marked as told, in words of spend() in reservations.lua.
func MarkOf(share float64, watched bool) string {
	if watched {
		return watchedMark + ShareText(share)
	}
	return ShareText(share)
}

// ReadMark is the reverse of [MarkOf].
func ReadMark(mark string) (share float64, watched bool, err error) {
	text, watched := strings.CutPrefix(mark, watchedMark)
	share, err = strconv.ParseFloat(text, 64)
	return share, watched, err
}

// counterKept is how long a counter outlives its period.
const counterKept = 40 * 24 * time.Hour

// KeptUntil is when a period's counter is forgotten, in microseconds since 1970; 0 is never.
func KeptUntil(period quota.Period) int64 {
	if period.End.IsZero() {
		return 0
	}
	return period.End.Add(counterKept).UnixMicro()
}

// EmptyBasis is seed_basis of a counter that does not exist.
const EmptyBasis = ":"

// FieldInt reads a field of a hash; what is no number is 0.
func FieldInt(value any) int64 {
	text, _ := value.(string)
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
