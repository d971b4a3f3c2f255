package admin

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
