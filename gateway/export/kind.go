package export

// kind is what a Terraform resource of the provider stands for.
type kind struct {
	resource string
	// file is where resources of the kind are written.
	file string
	// one is a single object, and group what a for_each over many is called.
	one, group string
	// id is the attribute that tells an object from others of its kind.
	id string
	// chosen says that the configuration has the id; otherwise the gateway made it.
	chosen bool
	// named is the attribute that other objects name it by, and names the local value that has it for a for_each.
	named, names string
	// kept says what stays on the gateway and is not written, as it is secret.
	kept string
}

var (
	modelKind = kind{
		resource: "bursar_model", file: "models.tf", one: "model", group: "models",
		id: "model_id", chosen: true, named: "name", names: "model_names",
		kept: "Keys of providers are not written: with api_key_wo_version alone the key stays as it is on the gateway.",
	}
	budgetKind = kind{
		resource: "bursar_budget", file: "budgets.tf", one: "budget", group: "budgets",
		id: "budget_id", chosen: true, named: "budget_id", names: "budget_ids",
	}
	teamKind = kind{
		resource: "bursar_team", file: "teams.tf", one: "team", group: "teams",
		id: "team_id", chosen: true, named: "team_id", names: "team_ids",
	}
	memberKind = kind{
		resource: "bursar_team_member", file: "team_members.tf", one: "member", group: "members",
		id: "user_id", named: "user_id", names: "member_user_ids",
	}
	userKind = kind{
		resource: "bursar_user", file: "users.tf", one: "user", group: "users",
		id: "user_id", chosen: true, named: "user_id", names: "user_ids",
	}
	keyKind = kind{
		resource: "bursar_key", file: "keys.tf", one: "key", group: "keys",
		id: "key_id", named: "key_id", names: "key_ids",
	}
	routeKind = kind{
		resource: "bursar_alert_route", file: "alert_routes.tf", one: "alert_route", group: "alert_routes",
		id: "alert_route_id", chosen: true, named: "alert_route_id", names: "alert_route_ids",
		kept: "Secrets are not written: what is left out of a target stays as it is on the gateway.",
	}
)

var adminKeyKind = kind{
	resource: "bursar_admin_key", file: "admin_keys.tf", one: "admin_key", group: "admin_keys",
	id: "admin_key_id", named: "admin_key_id", names: "admin_key_ids",
	kept: "Secrets of admin keys are not written: with key_wo_version alone a secret stays as it is on the gateway.",
}

// kinds are in the order in which a reader wants them.
var kinds = []kind{modelKind, budgetKind, teamKind, userKind, memberKind, keyKind, routeKind, adminKeyKind}

// object is one object of the gateway on its way into the configuration.
type object struct {
	kind kind
	// id is what other objects know it by, importID what an import block takes.
	id, importID string
	// team is the id of the team that the object is or belongs to; empty for none.
	team string
	// group is what it is put together with others by; empty for its attributes.
	group string
	// key tells it from others in a for_each, and name is what its resource is called after.
	key, name  string
	attributes []attribute
	// secret says that something of the object is not written.
	secret bool
}

// attribute is one line of a resource.
type attribute struct {
	name  string
	value expression
}

// expression writes a value once it is known where each object stands.
type expression func(addresses) string

// addresses are the expressions of ids, by kind and id.
type addresses map[reference]string

type reference struct{ resource, id string }

// refer is what others name the object by: a reference when the configuration has the object, otherwise the text.
func refer(kind kind, id, text string) expression {
	return func(known addresses) string {
		if address, found := known[reference{kind.resource, id}]; found {
			return address
		}
		return quoted(text)
	}
}

// add appends a value that is there whatever the object.
func (o *object) add(name string, value expression) {
	o.attributes = append(o.attributes, attribute{name, value})
}

// literal appends a value that refers to nothing.
func (o *object) literal(name, text string) {
	o.add(name, func(addresses) string { return text })
}
