package pricing

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Bounds of how far a provider's own word on a cost may be believed, as a multiple of the list price.
const (
	LeastFactor   = 1
	MostFactor    = 1_000
	DefaultFactor = 1.5
)

const thousandth = 1_000

// Believing is the price with its provider believed about the cost of a request, up to factor times what the price
// makes of it. Bounds are as many times larger. The error says what is wrong with the factor.
func (p Price) Believing(factor float64) (Price, error) {
	if !(factor >= LeastFactor && factor <= MostFactor) {
		return Price{}, fmt.Errorf("the factor %v is not between %d and %d", factor, LeastFactor, MostFactor)
	}
	p.Believed = int64(math.Ceil(math.Round(factor*thousandth*thousandth) / thousandth))
	p.Version = fmt.Sprintf("provider<=%gx:%s", factor, p.Version)
	return p, nil
}

// mostOf is the most that a request costs that the list makes an amount of.
func (p Price) mostOf(listed money.Nano) money.Nano {
	if p.Believed <= thousandth || listed <= 0 {
		return listed
	}
	hi, lo := bits.Mul64(uint64(listed), uint64(p.Believed))
	lo, carry := bits.Add64(lo, thousandth-1, 0)
	if hi += carry; hi >= thousandth {
		return money.Max
	}
	most, _ := bits.Div64(hi, lo, thousandth)
	return money.Nano(min(most, uint64(money.Max)))
}
