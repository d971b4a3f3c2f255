package tokens

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// CountTextAtLeisure is CountText however slow the machine is: nothing is weighed because time was up.
func CountTextAtLeisure(model, text string) int64 {
	count := newMeasure(vocabularyOf(model), time.Hour)
	count.text(text)
	return min(likely(model, count.total.exact), int64(len(text)))
}

// Weigh is [Memory.Weigh] without a memory.
func Weigh(model string, body []byte) Weight { return (*Memory)(nil).Weigh("", model, body) }

// WeighAtLeisure is [Memory.Weigh] however slow the machine is.
func (m *Memory) WeighAtLeisure(owner, model string, body []byte) Weight {
	return m.weighWithin(time.Hour, owner, model, body)
}

// CountTokens is what a prompt is taken for at most before anything was learned.
func CountTokens(model string, body []byte) int64 { return Weigh(model, body).Bound(Learned{}) }

// InputTokensBound is [BoundOf] a body that was not walked through.
func InputTokensBound(model string, body []byte) int64 {
	found := content.Find(body)
	return BoundOf(model, body, &found)
}
