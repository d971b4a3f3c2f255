package attribute

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Amounts are Terraform numbers, not floats: a float64 holds 15 digits for certain, an
// amount has up to 16. The gateway counts in whole nano-dollars, so a number with more
// decimals, such as 100 / 3, stands for the nearest one and must not show as drift.

// NumberPrecision is the one that Terraform itself reads numbers with, in bits.
const NumberPrecision = 512

// USD is an amount in US dollars that may be left out.
func USD(description string) schema.NumberAttribute {
	return schema.NumberAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Validators:          []validator.Number{USDAmount{}},
		PlanModifiers:       []planmodifier.Number{quietUSD{}},
	}
}

// NanoOf is the amount that a configured number stands for; nil when there is none yet.
// Beyond what the gateway can hold it is just above that, for the gateway to refuse.
func NanoOf(number types.Number) *money.Nano {
	if number.IsNull() || number.IsUnknown() {
		return nil
	}
	value := number.ValueBigFloat()
	amount, err := money.Parse(value.Text('f', 12))
	if err != nil {
		amount = money.Max + 1
		if value.Sign() < 0 {
			amount = -amount
		}
	}
	return &amount
}

// FromNano is an amount as a number; prior, if it stands for the same amount, is kept as it was written.
func FromNano(amount *money.Nano, prior types.Number) types.Number {
	if amount == nil {
		return types.NumberNull()
	}
	if before := NanoOf(prior); before != nil && *before == *amount {
		return prior
	}
	number, _, err := big.ParseFloat(amount.String(), 10, NumberPrecision, big.ToNearestEven)
	if err != nil {
		return types.NumberNull() // an amount prints as a number, always
	}
	return types.NumberValue(number)
}

// quietUSD keeps the number in the state when the configured one stands for the same amount.
type quietUSD struct{}

func (quietUSD) Description(context.Context) string {
	return "amounts that round to the same nano-dollar are the same"
}

func (q quietUSD) MarkdownDescription(ctx context.Context) string { return q.Description(ctx) }

func (quietUSD) PlanModifyNumber(_ context.Context, req planmodifier.NumberRequest, resp *planmodifier.NumberResponse) {
	planned, before := NanoOf(req.PlanValue), NanoOf(req.StateValue)
	if planned != nil && before != nil && *planned == *before {
		resp.PlanValue = req.StateValue
	}
}

// USDAmount refuses an amount that the gateway cannot hold.
type USDAmount struct{}

func (USDAmount) Description(context.Context) string {
	return fmt.Sprintf("must be an amount in US dollars from 0 to %s", money.Max)
}

func (v USDAmount) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v USDAmount) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	amount := NanoOf(req.ConfigValue)
	if amount != nil && *amount > money.Max {
		resp.Diagnostics.AddAttributeError(req.Path, "Amount too large", req.Path.String()+" "+v.Description(ctx)+".")
	}
}
