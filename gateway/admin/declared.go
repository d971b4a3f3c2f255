package admin

import "github.com/bursarhq/terraform-provider-bursar/internal/api"

// Declared knows which objects the configuration file declares, and in which file.
// They cannot be changed through the API.
type Declared interface {
	Team(id string) (file string, ok bool)
	Budget(id string) (file string, ok bool)
	AlertRoute(id string) (file string, ok bool)
}

type nothingDeclared struct{}

func (nothingDeclared) Team(string) (string, bool)       { return "", false }
func (nothingDeclared) Budget(string) (string, bool)     { return "", false }
func (nothingDeclared) AlertRoute(string) (string, bool) { return "", false }

// undeclared refuses to change the objects that the configuration file declares.
func undeclared(noun string, declared func(id string) (string, bool), ids ...string) error {
	for _, id := range ids {
		if file, ok := declared(id); ok {
			return api.Errorf(api.Conflict, "%s %q is declared in %s; change it there", noun, id, file)
		}
	}
	return nil
}
