// Package money holds amounts of US dollars as whole nano-dollars.
//
// It promises that adding, comparing, printing and parsing never lose a fraction:
// an amount is an int64 and one unit is 10⁻⁹ USD. It must never know what an
// amount is for: limits, prices and ledgers are other packages' words.
package money

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Nano is an amount in nano-USD: 1 USD is 1_000_000_000.
type Nano int64

const (
	// USD is one dollar.
	USD Nano = 1_000_000_000

	// Max is the largest amount that a limit or a counter may hold: 2⁵³ nano-USD,
	// about 9.007 million dollars. Redis scripts count in doubles, which are exact up to here.
	Max Nano = 1 << 53
)

// ErrRange is wrapped by errors about amounts that do not fit ±[Max].
var ErrRange = errors.New("amount out of range")

const maxTextLen = 64

// Parse reads a decimal number of US dollars such as "100", "0.25" or "3.5e-06".
// Digits beyond the ninth decimal are rounded to the nearest nano-dollar, so that
// floats printed by other programs ("0.30000000000000004") are accepted.
// It returns an error for anything else, wrapping [ErrRange] when the amount is too large.
func Parse(text string) (Nano, error) { return ParseTimes(text, 1) }

// ParseTimes reads a price such as "4e-07" dollars per token and returns what factor of them
// cost, rounded to the nano-dollar only then. It reads and refuses what [Parse] does.
func ParseTimes(text string, factor int64) (Nano, error) {
	if len(text) > maxTextLen {
		return 0, fmt.Errorf("amount is %d characters long, at most %d are read", len(text), maxTextLen)
	}
	if err := checkNumber(text); err != nil {
		return 0, err
	}
	amount, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, fmt.Errorf("%q is not a number of US dollars", text)
	}
	return roundToNano(amount.Mul(amount, new(big.Rat).SetInt64(factor)), text)
}

// checkNumber keeps out what big.Rat would take but JSON would not
// (fractions, hexadecimal, exponents that would fill the memory).
func checkNumber(text string) error {
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return fmt.Errorf("%q is not a number of US dollars", text)
	}
	_, exponent, found := strings.Cut(strings.ToLower(text), "e")
	if !found {
		return nil
	}
	n, err := strconv.Atoi(exponent)
	if err != nil || n > 30 || n < -400 {
		return fmt.Errorf("%q: %w", text, ErrRange)
	}
	return nil
}

func roundToNano(amount *big.Rat, text string) (Nano, error) {
	scaled := new(big.Rat).Mul(amount, new(big.Rat).SetInt64(int64(USD)))
	half := big.NewRat(1, 2)
	if scaled.Sign() < 0 {
		half.Neg(half)
	}
	scaled.Add(scaled, half)
	nano := new(big.Int).Quo(scaled.Num(), scaled.Denom())
	if !nano.IsInt64() || nano.Int64() > int64(Max) || nano.Int64() < -int64(Max) {
		return 0, fmt.Errorf("%q: %w: at most %s US dollars", text, ErrRange, Max)
	}
	return Nano(nano.Int64()), nil
}

// String prints the amount as a plain decimal number of US dollars without
// trailing zeros: "100", "0.0025", "-1.5".
func (n Nano) String() string {
	sign, value := "", uint64(n)
	if n < 0 {
		sign, value = "-", -uint64(n)
	}
	whole, fraction := value/uint64(USD), value%uint64(USD)
	if fraction == 0 {
		return sign + strconv.FormatUint(whole, 10)
	}
	text := make([]byte, 0, 30)
	text = strconv.AppendUint(append(text, sign...), whole, 10)
	text = append(text, '.')
	for digit := uint64(USD) / 10; fraction > 0; digit /= 10 {
		text = append(text, byte('0'+fraction/digit))
		fraction %= digit
	}
	return string(text)
}

// Dollars prints the amount for people, with at least two decimals: "$100.00", "$0.0025".
func (n Nano) Dollars() string {
	text := n.String()
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	return sign + "$" + whole + "." + fraction
}

// MarshalJSON writes the amount as a JSON number of US dollars.
func (n Nano) MarshalJSON() ([]byte, error) {
	return []byte(n.String()), nil
}

// UnmarshalJSON reads a JSON number of US dollars, or a string that holds one.
func (n *Nano) UnmarshalJSON(data []byte) error {
	text := string(data)
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	parsed, err := Parse(text)
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}
