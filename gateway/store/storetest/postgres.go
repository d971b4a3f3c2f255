package storetest

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Postgres returns the address of a migrated, empty database that is dropped when the test ends. Where it comes
// from is what [testenv.Postgres] says. No secret key has been used with it.
func Postgres(t testing.TB) (address string) {
	t.Helper()
	return testenv.PostgresCopy(t, func(address string) error {
		if err := open(address); err != nil {
			return err
		}
		return execute("pgx", address, forgetSecretKey)
	})
}
