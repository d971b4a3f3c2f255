package provider_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Terraform itself takes the most time of a plan for a huge estate. What it asks of the provider is all that the provider's memory
// depends on, and is asked here without it.

// atOnce is how many objects Terraform works on at a time.
const atOnce = 10

// The calls that Terraform makes for a huge estate, made of the provider's own process without Terraform.
func BenchmarkEstateCalls(b *testing.B) {
	size := hugeSize
	if given, err := strconv.Atoi(os.Getenv("ESTATE")); err == nil {
		size = given
	}
	g := startGatewayAlone(b)
	keys := g.settleEstate(size)
	types := newProtocol(b).schemas.ResourceSchemas
	estate := make([]*estateObject, 0, 2*len(keys))
	for team, key := range keys {
		estate = append(estate,
			&estateObject{resource: "bursar_team", id: team, schema: types["bursar_team"], configured: []string{
				"team_id", "team_alias", "models", "rpm_limit", "max_budget", "budget_duration", "metadata",
			}},
			&estateObject{resource: "bursar_key", id: key, schema: types["bursar_key"], configured: []string{"team_id", "key_alias"}})
	}
	each := func(of func(*provided, *estateObject) error) func() {
		return func() {
			p := g.provided(b)
			var group errgroup.Group
			group.SetLimit(atOnce)
			for _, object := range estate {
				group.Go(func() error { return of(p, object) })
			}
			if err := group.Wait(); err != nil {
				b.Fatal(err)
			}
			p.stop()
		}
	}
	measured(b, "import", each((*provided).adopts))
	measured(b, "plan", each((*provided).refreshes))
	measured(b, "apply of one change", func() {
		each((*provided).refreshes)()
		p := g.provided(b)
		if err := p.changes(estate[0], "rpm_limit", tftypes.NewValue(tftypes.Number, 31)); err != nil {
			b.Fatal(err)
		}
		p.stop()
	})
}

// estateObject is an object with what Terraform has of it.
type estateObject struct {
	resource, id  string
	schema        *tfprotov6.Schema
	configured    []string
	state, config []byte
	private, kept []byte
}

// configure makes a configuration of the state, which the object is as it should be with.
func (o *estateObject) configure(t testing.TB) error {
	of := o.schema.ValueType()
	state, err := (&tfprotov6.DynamicValue{MsgPack: o.state}).Unmarshal(of)
	if err != nil {
		return err
	}
	attributes, config := map[string]tftypes.Value{}, map[string]tftypes.Value{}
	if err := state.As(&attributes); err != nil {
		return err
	}
	for name, value := range attributes {
		config[name] = tftypes.NewValue(value.Type(), nil)
	}
	for _, name := range o.configured {
		config[name] = attributes[name]
	}
	decoded := object{}
	for name, value := range attributes {
		if name == "metadata" { // of no type of its own
			decoded[name] = object{"type": []any{"object", object{"cost_center": "string"}}, "value": object{"cost_center": "CC-123"}}
			continue
		}
		decoded[name] = plain(t, value)
	}
	if o.resource == "bursar_key" {
		decoded["metadata"] = nil
	}
	o.config, err = packed(of, tftypes.NewValue(of, config))
	kept, failed := json.Marshal(decoded)
	o.kept = kept
	return errors.Join(err, failed)
}

func packed(of tftypes.Type, value tftypes.Value) ([]byte, error) {
	dynamic, err := tfprotov6.NewDynamicValue(of, value)
	return dynamic.MsgPack, err
}

// adopts is an import block.
func (p *provided) adopts(o *estateObject) error {
	imported, err := p.call("ImportResourceState", o.resource, withText("id", o.id))
	if err != nil {
		return err
	}
	first := imported.Get(imported.field("imported_resources")).List().Get(0).Message()
	found := message{first}
	read, err := p.call("ReadResource", o.resource, withObject("current_state", found.dynamicOf("state")), withBytes("private", found.bytesOf("private")))
	if err != nil {
		return err
	}
	o.state, o.private = read.dynamicOf("new_state"), read.bytesOf("private")
	if err := o.configure(p.t); err != nil {
		return err
	}
	return p.plans(o, o.config, o.state, nil)
}

// refreshes is a plan of what the state has.
func (p *provided) refreshes(o *estateObject) error {
	upgraded, err := p.call("UpgradeResourceState", o.resource, withJSON("raw_state", o.kept))
	if err != nil {
		return err
	}
	state := upgraded.dynamicOf("upgraded_state")
	read, err := p.call("ReadResource", o.resource, withObject("current_state", state), withBytes("private", o.private))
	if err != nil {
		return err
	}
	o.state = read.dynamicOf("new_state")
	return p.plans(o, o.config, o.state, nil)
}

// plans makes a plan, which is handed to then, if there is something to do.
func (p *provided) plans(o *estateObject, config, proposed []byte, then func(planned message) error) error {
	if _, err := p.call("ValidateResourceConfig", o.resource, withObject("config", config)); err != nil {
		return err
	}
	planned, err := p.call("PlanResourceChange", o.resource, withObject("prior_state", o.state), withObject("proposed_new_state", proposed),
		withObject("config", config), withBytes("prior_private", o.private))
	if err != nil {
		return err
	}
	if then != nil {
		return then(planned)
	}
	if string(planned.dynamicOf("planned_state")) != string(o.state) {
		return fmt.Errorf("%s %s is changed by the plan", o.resource, o.id)
	}
	return nil
}

// changes plans and applies another value of one attribute.
func (p *provided) changes(o *estateObject, name string, to tftypes.Value) error {
	config, err := o.with(o.config, name, to)
	proposed, failed := o.with(o.state, name, to)
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	return p.plans(o, config, proposed, func(planned message) error {
		_, err := p.call("ApplyResourceChange", o.resource, withObject("prior_state", o.state), withObject("planned_state", planned.dynamicOf("planned_state")),
			withObject("config", config), withBytes("planned_private", planned.bytesOf("planned_private")))
		return err
	})
}

func (o *estateObject) with(object []byte, name string, to tftypes.Value) ([]byte, error) {
	of := o.schema.ValueType()
	value, err := (&tfprotov6.DynamicValue{MsgPack: object}).Unmarshal(of)
	attributes := map[string]tftypes.Value{}
	if err := errors.Join(err, value.As(&attributes)); err != nil {
		return nil, err
	}
	attributes[name] = to
	return packed(of, tftypes.NewValue(of, attributes))
}

// provided is the provider in a process of its own.
type provided struct {
	t    testing.TB
	ctx  context.Context
	conn *grpc.ClientConn
	stop func()
}

// provided starts the provider as somebody does who debugs it, as it then says how it is reached.
func (g *gateway) provided(b *testing.B) *provided {
	b.Helper()
	if _, err := builtProvider(); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	command := exec.CommandContext(ctx, filepath.Join(builtFolder, "terraform-provider-bursar"), "-debug")
	output, err := command.StdoutPipe()
	if err = errors.Join(err, command.Start()); err != nil {
		b.Fatal(err)
	}
	conn, err := grpc.NewClient("unix:"+addressIn(bufio.NewScanner(output)), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	p := &provided{t: b, ctx: ctx, conn: conn}
	p.stop = sync.OnceFunc(func() {
		_ = conn.Close()
		cancel()
		_ = command.Wait() // it was killed
	})
	b.Cleanup(p.stop)
	config, err := json.Marshal(object{"endpoint": g.URL, "admin_key": adminKey})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := p.call("ConfigureProvider", "", withJSON("config", config)); err != nil {
		b.Fatal(err)
	}
	return p
}

// addressIn is where a provider listens that says how to attach to it.
func addressIn(said *bufio.Scanner) string {
	for said.Scan() {
		_, attach, found := strings.Cut(said.Text(), "TF_REATTACH_PROVIDERS='")
		var providers map[string]struct{ Addr struct{ String string } }
		if found && json.Unmarshal([]byte(strings.TrimSuffix(attach, "'")), &providers) == nil {
			for _, one := range providers {
				return one.Addr.String
			}
		}
	}
	return ""
}

// message is one of the protocol, whose Go types are the plugin library's own.
type message struct{ protoreflect.Message }

type filling = func(message)

// call asks the provider; an error is also what it says of errors.
func (p *provided) call(method, resource string, fill ...filling) (message, error) {
	request, err := newMessage(method + ".Request")
	response, failed := newMessage(method + ".Response")
	if err := errors.Join(err, failed); err != nil {
		return response, err
	}
	if resource != "" {
		withText("type_name", resource)(request)
	}
	for _, f := range fill {
		f(request)
	}
	if err := p.conn.Invoke(p.ctx, "/tfplugin6.Provider/"+method, request.Interface(), response.Interface()); err != nil {
		return response, fmt.Errorf("%s: %w", method, err)
	}
	if told := response.Get(response.field("diagnostics")).List(); told.Len() > 0 {
		return response, fmt.Errorf("%s %s: %v", method, resource, told.Get(0).Message().Interface())
	}
	return response, nil
}

func newMessage(name string) (message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("tfplugin6." + name))
	if err != nil {
		return message{}, fmt.Errorf("find the message %s: %w", name, err)
	}
	return message{kind.New()}, nil
}

func (m message) field(name string) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName(protoreflect.Name(name))
}

func (m message) bytesOf(name string) []byte { return m.Get(m.field(name)).Bytes() }

// dynamicOf is an object as it is on the wire.
func (m message) dynamicOf(name string) []byte {
	return message{m.Get(m.field(name)).Message()}.bytesOf("msgpack")
}

func withText(name, text string) filling {
	return func(m message) { m.Set(m.field(name), protoreflect.ValueOfString(text)) }
}

func withBytes(name string, bytes []byte) filling {
	return func(m message) { m.Set(m.field(name), protoreflect.ValueOfBytes(bytes)) }
}

func withObject(name string, packed []byte) filling { return within(name, "msgpack", packed) }

func withJSON(name string, encoded []byte) filling { return within(name, "json", encoded) }

func within(name, part string, bytes []byte) filling {
	return func(m message) { withBytes(part, bytes)(message{m.Mutable(m.field(name)).Message()}) }
}
