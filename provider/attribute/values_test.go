package attribute

import (
	"encoding/json"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestUSD_keepsEveryAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := money.Nano(rapid.Int64Range(0, int64(money.Max)).Draw(t, "amount"))
		if back := NanoOf(FromNano(&amount, types.NumberNull())); back == nil || *back != amount {
			t.Fatalf("%s came back as %v", amount, back)
		}
	})
}

func TestUSD_isWhatTerraformReads(t *testing.T) {
	for _, text := range []string{"0", "100", "0.1", "100.10", "33.333333333", "9007199.254740991"} {
		amount, err := money.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		written, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		if got := FromNano(&amount, types.NumberNull()); !got.Equal(types.NumberValue(written)) {
			t.Errorf("%s is %s and would show as a change", text, got)
		}
	}
}

func TestUSD_keepsWhatWasWritten(t *testing.T) {
	third := types.NumberValue(new(big.Float).SetPrec(512).Quo(big.NewFloat(100), big.NewFloat(3)))
	amount := NanoOf(third)
	if got := FromNano(amount, third); !got.Equal(third) {
		t.Errorf("got %s, want %s", got, third)
	}
	*amount++
	if got := FromNano(amount, third); got.Equal(third) {
		t.Error("another amount is kept as it was written")
	}
}

func TestUSD_beyondWhatFitsIsNotWrappedAround(t *testing.T) {
	for _, tooMuch := range []float64{1e10, 1e300, -1e300} {
		amount := NanoOf(types.NumberValue(big.NewFloat(tooMuch)))
		if *amount >= -money.Max && *amount <= money.Max {
			t.Errorf("%g became %s", tooMuch, amount)
		}
	}
}

func TestMetadata_keepsEveryValue(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"a":"1","b":1,"c":true,"d":null}`, `{"l":[],"m":[1,"a",[null]],"o":{"p":{}}}`,
		`{"big":12345678901234567890,"small":1e-9,"text":"<&> \u2028 \" ä"}`, `{"e":1e+300}`,
	} {
		value := FromJSON(json.RawMessage(text))
		back, known := JSONOf(value)
		var want, got any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(back, &got); err != nil || !known {
			t.Fatalf("%s: %v, known %t", text, err, known)
		}
		first, _ := json.Marshal(want)
		second, _ := json.Marshal(got)
		if string(first) != string(second) {
			t.Errorf("%s came back as %s", text, back)
		}
	}
}

func TestMetadata_namesAreAsTerraformWritesThem(t *testing.T) {
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	for _, text := range []string{`{"` + decomposed + `":"x"}`, `{"` + decomposed + `":"y","` + composed + `":"x"}`} {
		back, known := JSONOf(FromJSON(json.RawMessage(text)))
		if want := `{"` + composed + `":"x"}`; !known || string(back) != want {
			t.Errorf("%s came back as %s", text, back)
		}
	}
}

func TestMetadata_mapAndObjectAreTheSame(t *testing.T) {
	aMap := types.DynamicValue(types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringValue("x")}))
	if got := FromMetadata(map[string]json.RawMessage{"a": json.RawMessage(`"x"`)}, aMap); !got.Equal(aMap) {
		t.Errorf("got %s", got)
	}
	if got := FromMetadata(map[string]json.RawMessage{"a": json.RawMessage(`2`)}, aMap); got.Equal(aMap) {
		t.Error("drift is hidden")
	}
}

func TestMetadata_isUnknownWhenAnyPartIs(t *testing.T) {
	value := types.DynamicValue(types.TupleValueMust([]attr.Type{types.StringType}, []attr.Value{types.StringUnknown()}))
	if _, known := JSONOf(value); known {
		t.Error("an unknown part was read")
	}
}
