package costexport

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// The columns are those of the providers' files; the values are made up.
func TestRead_knowsTheProvidersFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want []Cost
	}{
		"OpenAI": {
			"\ufeffstart_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,project_id\n" +
				"1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,0.0123456789,usd,,,\"gpt-4.1-mini-2025-04-14, input\",p\n" +
				"1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,1.5,usd,,,\"gpt-4.1-mini-2025-04-14, output\",p\n" +
				"1790553600,1790640000,2026-09-28T00:00:00+00:00,2026-09-29T00:00:00+00:00,0E-6176,usd,,,\"gpt-4.1-mini-2025-04-14, output\",p\n" +
				"1790640000,1790726400,2026-09-29T00:00:00+00:00,2026-09-30T00:00:00+00:00,,,,,,\n",
			[]Cost{{"2026-09-27", "gpt-4.1-mini-2025-04-14", 1_512_345_679}, {"2026-09-28", "gpt-4.1-mini-2025-04-14", 0}},
		},
		"Anthropic": {
			"usage_date_utc,model,workspace,api_key,token_type,cost_usd\n2026-08-04,Claude Haiku 4.5,Default,k,input_no_cache,0.05\n2026-08-04,Claude Haiku 4.5,Default,k,output,-0.02\n",
			[]Cost{{"2026-08-04", "Claude Haiku 4.5", 3 * money.USD / 100}},
		},
		"by hand": {"Day,Model,Cost\n2026-08-04 23:00:00,m,$2\n", []Cost{{"2026-08-04", "m", 2 * money.USD}}},
		"seconds": {"start_time,model,amount\n1790467200,m,1e-3\n", []Cost{{"2026-09-27", "m", money.USD / 1000}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Read(strings.NewReader(test.file))
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%v %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestRead_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"":                           "names of the columns",
		"date,cost\n2026-08-04,1\n":  "no column for the model",
		"date,model\n2026-08-04,m\n": "no column for the cost",
		"date,model,cost\n":          "no costs",
		"date,model,cost\n2026-08-04,m,1\n2026-08-04,m,a lot\n":    "line 3",
		"date,model,cost\nyesterday,m,1\n":                         "no day such as",
		"date,model,cost\n2026-08-04,m\n":                          "has 2 fields",
		"date,model,cost\n999999999999,m,1\n":                      "no day such as",
		"date,model,cost\n" + manyModels():                         "more than 2000 models",
		"date,model,cost,currency\n2026-08-04,m,1,eur\n":           "only US dollars",
		"date,model,cost\n2026-08-04,m,1e999999999\n":              "no amount",
		"date,model,cost\n2026-08-04,m,Inf\n":                      "no amount",
		"date,model,cost\n2026-08-04,m,\"1\n":                      "read the file",
		"date,model,cost\n2026-08-04,m," + strings.Repeat("9", 50): "no amount",
	} {
		if _, err := Read(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v lacks %q", file, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("date,model,cost\n2026-08-04,m,1\n")
	f.Add("usage_date_utc,line_item,amount_value\n2026-08-04,\"a, b\",0E-6176\n")
	f.Fuzz(func(t *testing.T, file string) {
		costs, err := Read(strings.NewReader(file))
		if (err == nil) != (len(costs) > 0) {
			t.Errorf("%v and %v", costs, err)
		}
	})
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"}, {"Claude Haiku 4.5", "claude-haiku-4-5-20251001"}, {"anthropic/claude-haiku-4.5", "claude-haiku-4-5"}, {"gpt-4o-latest", "GPT-4o"},
	} {
		if Plain(pair[0]) != Plain(pair[1]) {
			t.Errorf("%v are two", pair)
		}
	}
	for _, pair := range [][2]string{{"gpt-4.1", "gpt-4.1-mini"}, {"gpt-4", "gpt-4.1"}, {"claude-haiku-4-5", "claude-haiku-4"}} {
		if Plain(pair[0]) == Plain(pair[1]) {
			t.Errorf("%v are one", pair)
		}
	}
}

func manyModels() string {
	var lines strings.Builder
	for i := range mostModels + 1 {
		fmt.Fprintf(&lines, "2026-08-04,model %d,1\n", i)
	}
	return lines.String()
}
