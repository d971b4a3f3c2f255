package route

import (
	"errors"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// InForce words the failure of a change that is stored already.
func InForce(err error) error {
	if err == nil {
		return nil
	}
	return api.Errorf(api.StoreUnavailable, "the change is stored, but not yet in force on every gateway; send it again").WithCause(err)
}

// Taken names the field that holds an id which is in use already, for clients that point at it.
func Taken(err error, field string) error {
	var known *api.Error
	if errors.As(err, &known) && known.Code == api.AlreadyExists && known.Param == "" {
		named := *known
		named.Param = field
		return &named
	}
	return err
}

// Unspent words the failure to read what has been spent.
func Unspent(err error) error {
	var known *api.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known) && known.Code == api.NotFound:
		return api.FieldErrorf("budget_id", "names a budget that is not there").WithCause(err)
	case errors.As(err, &known):
		return err
	default:
		return api.Errorf(api.StoreUnavailable, "what has been spent cannot be read now; try again").WithCause(err)
	}
}

// Undeclared refuses to change the objects that the configuration file declares.
func Undeclared(noun string, declared func(id string) (string, bool), ids ...string) error {
	for _, id := range ids {
		if file, ok := declared(id); ok {
			return api.Errorf(api.Conflict, "%s %q is declared in %s; change it there", noun, id, file)
		}
	}
	return nil
}
