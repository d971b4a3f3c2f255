package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]money.Nano{
		"0":                    0,
		"100":                  100 * money.USD,
		"0.25":                 250_000_000,
		"1e-09":                1,
		"3.5e-06":              3_500,
		"0.30000000000000004":  300_000_000,
		"0.0000000005":         1,
		"0.00000000049":        0,
		"-1.5":                 -1_500_000_000,
		"-0.0000000005":        -1,
		"9007199.254740992":    money.Max,
		"1E3":                  1000 * money.USD,
		"+2":                   2 * money.USD,
		"0.018750000000000000": 18_750_000,
	} {
		got, err := money.Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestParseTimes_roundsOnlyTheProduct(t *testing.T) {
	for _, test := range []struct {
		text   string
		factor int64
		want   money.Nano
	}{
		{"4e-07", 1_000_000, 400_000_000},
		{"2.9999999999999997e-06", 1_000_000, 3 * money.USD},
		{"3.625e-09", 1_000_000, 3_625_000},
		{"1e-12", 1_000_000, 1_000},
		{"0.0002833333333333333", 3_600, 1_020_000_000},
	} {
		if got, err := money.ParseTimes(test.text, test.factor); err != nil || got != test.want {
			t.Errorf("%s × %d = %d, %v; want %d", test.text, test.factor, got, err, test.want)
		}
	}
	if got, err := money.ParseTimes("10", 1_000_000); !errors.Is(err, money.ErrRange) {
		t.Errorf("ten million dollars: %d, %v", got, err)
	}
}

func TestParse_refuses(t *testing.T) {
	for _, text := range []string{"", "abc", "1/3", "0x10", "NaN", "Inf", "1e", "--1", "1 000", "1_000", "$5"} {
		if got, err := money.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", text, got)
		}
	}
	for _, text := range []string{"9007199.254740993", "1e30", "-1e15", "1e999999999"} {
		if _, err := money.Parse(text); !errors.Is(err, money.ErrRange) {
			t.Errorf("Parse(%q): %v, want ErrRange", text, err)
		}
	}
}

func TestDollars(t *testing.T) {
	for amount, want := range map[money.Nano]string{
		100 * money.USD: "$100.00", 2_500_000: "$0.0025", -money.USD / 2: "-$0.50", 0: "$0.00",
		math.MinInt64: "-$9223372036.854775808",
	} {
		if got := amount.Dollars(); got != want {
			t.Errorf("Dollars(%d) = %q, want %q", int64(amount), got, want)
		}
	}
}

func TestNano_roundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Nano(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "amount"))
		parsed, err := money.Parse(amount.String())
		if err != nil || parsed != amount {
			t.Fatalf("Parse(String(%d)) = %d, %v", amount, parsed, err)
		}
		data, err := json.Marshal(amount)
		if err != nil {
			t.Fatal(err)
		}
		var decoded money.Nano
		if err := json.Unmarshal(data, &decoded); err != nil || decoded != amount {
			t.Fatalf("json round trip of %d = %d, %v", amount, decoded, err)
		}
	})
}

func TestParse_acceptsEveryFloatAnotherProgramPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64Range(0, 9_000_000).Draw(t, "f")
		got, err := money.Parse(strconv.FormatFloat(f, 'g', -1, 64))
		if err != nil {
			t.Fatal(err)
		}
		if diff := math.Abs(float64(got)/float64(money.USD) - f); diff > 1e-8 {
			t.Fatalf("Parse(%g) = %s", f, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("0.25")
	f.Add("1e-9")
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := money.Parse(text)
		if err == nil && (amount > money.Max || amount < -money.Max) {
			t.Fatalf("Parse(%q) = %d is out of range", text, amount)
		}
	})
}
