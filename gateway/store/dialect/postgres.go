package dialect

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Bounds of the connection pool of one gateway.
const (
	postgresConnections = 20
	postgresIdle        = 10
	postgresIdleTime    = 5 * time.Minute
	postgresConnectTime = 10 * time.Second // unless the address says connect_timeout
)

// postgresPool sets up the pool. In an address that cannot be read nobody knows for sure where the
// password is, so what pgx says about it is not passed on.
func postgresPool(address string) (Database, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return Database{}, errors.New("store address is not a valid postgres:// address; " +
			"characters such as / : @ # in a user or password have to be percent-encoded")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTime
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "bursar"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(postgresConnections)
	db.SetMaxIdleConns(postgresIdle)
	db.SetConnMaxIdleTime(postgresIdleTime)
	place := fmt.Sprintf("PostgreSQL database %s on %s", config.Database, net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))))
	return Database{Kind: Postgres, Place: place, Writer: db, Reader: db}, nil
}

// stateUnique is the SQLSTATE of a value that has to be unique,
// see https://www.postgresql.org/docs/current/errcodes-appendix.html.
const stateUnique = "23505"

func postgresState(err error) string {
	if failed, ok := errors.AsType[*pgconn.PgError](err); ok {
		return failed.Code
	}
	return ""
}

// postgresUnreachable says whether err is about the server and not about what was asked.
func postgresUnreachable(err error) bool {
	state := postgresState(err)
	for _, class := range []string{"08", "53", "57", "58", "25006"} {
		if state != "" && strings.HasPrefix(state, class) {
			return true
		}
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) || pgconn.SafeToRetry(err)
}
