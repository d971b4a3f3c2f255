package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
)

// A read that finds an object as the state has it need not take the plugin framework's way: from the wire to the model
// by reflection, and from there to the wire again, several copies in between. Here the resource's own model is made of
// the state and compared with the one that its read makes of the gateway's object, attribute by attribute.

// Reader is a resource's short way of reading.
type Reader struct {
	// identity are the attributes that make the resource's identity, in alphabetical order, as on the wire.
	identity []string
	modelReader
}

// modelReader reads an object and says whether it is as the state has it. An error is the gateway's.
type modelReader interface {
	isUnchanged(ctx context.Context, state *tfprotov6.DynamicValue, revision int64) (bool, error)
}

// readerOf is for a resource with the model M.
type readerOf[M any] struct {
	valueType tftypes.Type
	fields    []modelField
	read      func(context.Context, M) (M, int64, error)
}

// modelField is an attribute of a resource and where the model has it.
type modelField struct {
	name      string
	valueType attr.Type
	index     []int
}

// NewReader takes the resource's own read, which makes of the model of a state the one that follows, with the object's
// revision. It panics for a model that does not fit its schema, as the plugin framework would at its first read.
func NewReader[M any](ctx context.Context, described schema.Schema, identity []string, read func(context.Context, M) (M, int64, error)) Reader {
	reader := readerOf[M]{valueType: described.Type().TerraformType(ctx), read: read}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[M]()) {
		name, ok := field.Tag.Lookup("tfsdk")
		if !ok {
			continue
		}
		attribute, ok := described.Attributes[name]
		if !ok || reflect.TypeOf(attribute.GetType().ValueType(ctx)) != field.Type {
			panic(fmt.Sprintf("%T has a field %s that its schema has not", *new(M), name))
		}
		reader.fields = append(reader.fields, modelField{name: name, valueType: attribute.GetType(), index: field.Index})
	}
	return Reader{identity: slices.Sorted(slices.Values(identity)), modelReader: reader}
}

func (r readerOf[M]) isUnchanged(ctx context.Context, state *tfprotov6.DynamicValue, revision int64) (bool, error) {
	prior, ok := r.decode(ctx, state)
	if !ok {
		return false, nil
	}
	read, current, err := r.read(ctx, prior)
	if err != nil || current != revision {
		return false, err
	}
	before, after := reflect.ValueOf(prior), reflect.ValueOf(read)
	for _, field := range r.fields {
		if !attributeAt(before, field).Equal(attributeAt(after, field)) {
			return false, nil
		}
	}
	return true, nil
}

func attributeAt(model reflect.Value, field modelField) attr.Value {
	value, _ := reflect.TypeAssert[attr.Value](model.FieldByIndex(field.index))
	return value
}

// decode says false for what is no object of this kind.
func (r readerOf[M]) decode(ctx context.Context, state *tfprotov6.DynamicValue) (model M, ok bool) {
	raw, err := state.Unmarshal(r.valueType)
	var attributes map[string]tftypes.Value
	if err != nil || raw.IsNull() || raw.As(&attributes) != nil {
		return model, false
	}
	fields := reflect.ValueOf(&model).Elem()
	for _, field := range r.fields {
		value, err := field.valueType.ValueFromTerraform(ctx, attributes[field.name])
		if err != nil {
			return model, false
		}
		fields.FieldByIndex(field.index).Set(reflect.ValueOf(value))
	}
	return model, true
}

// rememberedRevision is the object's revision that the state is of. It says false when there is none, and when private
// state has entries that a read depends on.
func rememberedRevision(private []byte) (int64, bool) {
	entries, plain := privateEntries(private)
	revision, err := strconv.ParseInt(string(entries[RevisionKey]), 10, 64)
	return revision, plain && err == nil
}

// identityOf is the identity of what is in the state, whose attributes are the state's.
func identityOf(state *tfprotov6.DynamicValue, names []string) (*tfprotov6.ResourceIdentityData, bool) {
	attributes := attributesOf(state)
	var encoded bytes.Buffer
	encoder := msgpack.NewEncoder(&encoded)
	err := encoder.EncodeMapLen(len(names))
	for _, name := range names {
		if isNull(attributes[name]) {
			return nil, false
		}
		err = errors.Join(err, encoder.EncodeString(name), encoder.Encode(attributes[name]))
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &tfprotov6.DynamicValue{MsgPack: encoded.Bytes()}}, err == nil
}
