package tokens

import "time"

// CountTextAtLeisure is CountText however slow the machine is: nothing is weighed because time was up.
func CountTextAtLeisure(model, text string) int64 {
	count := newMeasure(vocabularyOf(model), time.Hour)
	count.text(text)
	return min(likely(model, count.total.exact), int64(len(text)))
}
