package export

// kind is what a Terraform resource of the provider stands for.
type kind struct {
	resource string
	// file is where resources of the kind are written.
	file string
	// group is what a for_each over many is called, and one its single id in a local value.
	group, one string
	// id is the attribute that other objects refer to.
	id string
	// chosen says that the configuration has the id; otherwise the gateway made it.
	chosen bool
}

var (
	modelKind  = kind{"bursar_model", "models.tf", "models", "model", "model_id", true}
	budgetKind = kind{"bursar_budget", "budgets.tf", "budgets", "budget", "budget_id", true}
	teamKind   = kind{"bursar_team", "teams.tf", "teams", "team", "team_id", true}
	memberKind = kind{"bursar_team_member", "team_members.tf", "members", "member", "user_id", false}
	keyKind    = kind{"bursar_key", "keys.tf", "keys", "key", "key_id", false}
	routeKind  = kind{"bursar_alert_route", "alert_routes.tf", "alert_routes", "alert_route", "alert_route_id", true}
)

// kinds are in the order in which a reader wants them.
var kinds = []kind{modelKind, budgetKind, teamKind, memberKind, keyKind, routeKind}

// object is one object of the gateway on its way into the configuration.
type object struct {
	kind kind
	// id is what other objects know it by, importID what an import block takes.
	id, importID string
	// key tells it from others in a for_each, and name is what its resource is called after.
	key, name  string
	attributes []attribute
	// left are attributes that stay as the gateway has them, as their values are secrets.
	left []string
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

// refer is the object's id, by reference when the configuration has the object.
func refer(kind kind, id string) expression {
	return func(known addresses) string {
		if address, found := known[reference{kind.resource, id}]; found {
			return address
		}
		return quoted(id)
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
