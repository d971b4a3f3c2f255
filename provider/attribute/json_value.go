package attribute

import (
	"bytes"
	"context"
	"encoding/json"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/text/unicode/norm"
)

// JSONOf writes a Terraform value as JSON with sorted keys, so that equal values
// give equal texts. It says false when something in it is not known yet.
func JSONOf(value attr.Value) (json.RawMessage, bool) {
	plain, known := PlainOf(value)
	if !known {
		return nil, false
	}
	encoded, err := json.Marshal(plain)
	return encoded, err == nil
}

// PlainOf is the value as encoding/json has it. It says false when something in it is not known yet.
func PlainOf(value attr.Value) (plain any, known bool) {
	if value == nil || value.IsNull() {
		return nil, true
	}
	if value.IsUnknown() {
		return nil, false
	}
	switch v := value.(type) {
	case types.Dynamic:
		return PlainOf(v.UnderlyingValue())
	case types.String:
		return v.ValueString(), true
	case types.Bool:
		return v.ValueBool(), true
	case types.Number:
		return json.RawMessage(numberText(v.ValueBigFloat())), true
	case types.Int64:
		return v.ValueInt64(), true
	case types.Object:
		return plainFromMap(v.Attributes())
	case types.Map:
		return plainFromMap(v.Elements())
	case types.List:
		return plainFromList(v.Elements())
	case types.Set:
		return plainFromList(v.Elements())
	case types.Tuple:
		return plainFromList(v.Elements())
	default:
		return nil, false
	}
}

func plainFromMap(values map[string]attr.Value) (any, bool) {
	object := make(map[string]any, len(values))
	for name, value := range values {
		plain, known := PlainOf(value)
		if !known {
			return nil, false
		}
		object[name] = plain
	}
	return object, true
}

func plainFromList(values []attr.Value) (any, bool) {
	list := make([]any, 0, len(values))
	for _, value := range values {
		plain, known := PlainOf(value)
		if !known {
			return nil, false
		}
		list = append(list, plain)
	}
	return list, true
}

// numberText prints a number as people would, and as few digits as identify it.
func numberText(number *big.Float) string {
	if number.IsInt() && number.MantExp(nil) < 64 {
		return number.Text('f', 0)
	}
	return number.Text('g', -1)
}

// FromJSON reads JSON as the Terraform value that a configuration with the same
// content would have: objects, tuples, numbers, strings, booleans, null.
func FromJSON(encoded json.RawMessage) attr.Value {
	return FromPlain(PlainJSON(encoded))
}

// PlainJSON keeps numbers as they are written; nil for what is no JSON, which the gateway does not answer.
func PlainJSON(encoded json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil
	}
	return plain
}

// FromPlain is the Terraform value of what encoding/json has read.
func FromPlain(plain any) attr.Value {
	switch v := plain.(type) {
	case string:
		return types.StringValue(v)
	case bool:
		return types.BoolValue(v)
	case json.Number:
		return FromNumber(v.String())
	case map[string]any:
		return objectFromPlain(v)
	case []any:
		return tupleFromPlain(v)
	default:
		return types.DynamicNull()
	}
}

// FromNumber keeps a number that Terraform cannot hold as its text rather than losing it.
func FromNumber(text string) attr.Value {
	number, _, err := big.ParseFloat(text, 10, NumberPrecision, big.ToNearestEven)
	if err != nil {
		return types.StringValue(text)
	}
	return types.NumberValue(number)
}

func objectFromPlain(plain map[string]any) attr.Value {
	attributeTypes := make(map[string]attr.Type, len(plain))
	values := make(map[string]attr.Value, len(plain))
	for written, element := range plain {
		// Terraform composes the characters of names, such as an "é" of two, and refuses an object that has others.
		name := norm.NFC.String(written)
		if _, taken := plain[name]; taken && name != written {
			continue
		}
		values[name] = FromPlain(element)
		attributeTypes[name] = values[name].Type(context.Background())
	}
	return types.ObjectValueMust(attributeTypes, values)
}

func tupleFromPlain(plain []any) attr.Value {
	elementTypes := make([]attr.Type, 0, len(plain))
	values := make([]attr.Value, 0, len(plain))
	for _, element := range plain {
		value := FromPlain(element)
		values = append(values, value)
		elementTypes = append(elementTypes, value.Type(context.Background()))
	}
	return types.TupleValueMust(elementTypes, values)
}
