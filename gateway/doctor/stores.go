package doctor

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// record looks at the database.
func (e *examination) record(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := e.options.Now()
	found, err := store.Examine(ctx, e.settings.DatabaseURL)
	switch {
	case err != nil:
		e.add("record", Failed, "%v", err)
		return
	case found.Missing:
		e.add("record", OK, "there is no %s yet; the first start makes it", found.Place)
		return
	case found.Schema > found.Known:
		e.add("record", Failed, "%s has schema version %d, and this program knows versions up to %d; start the newer program", found.Place, found.Schema, found.Known)
	case found.Schema < found.Known:
		e.add("record", Warning, "%s has schema version %d; the next start brings it to %d, and an older program will not start on it then: make a backup before",
			found.Place, found.Schema, found.Known)
	default:
		e.add("record", OK, "%s can be reached and has schema version %d", found.Place, found.Schema)
	}
	e.secretKeys(found)
	if !found.Clock.IsZero() {
		e.clock("the record", found.Clock, e.options.Now().Sub(asked))
	}
}

// secretKeys tells what hangs on a secret key that was rotated away.
func (e *examination) secretKeys(found store.Examination) {
	left := found.Sealed.String()
	switch {
	case found.SecretKey == "":
	case left != "nothing":
		e.add("secret key", Warning, "%s still hang on the secret key that the record was written with before; run: bursar rotate-secret-key", left)
	case found.Unmoved > 0:
		e.add("secret key", Warning, "%d secrets of keys have not been used since the secret key was rotated, and what hashes need of the old one is kept for them; "+
			"bursar rotate-secret-key --dry-run names them: use, rotate or delete them, or let go of them with bursar rotate-secret-key --forget", found.Unmoved)
	default:
		e.add("secret key", OK, "nothing hangs on the secret key that the record was written with before")
	}
}

// counters looks at Redis.
func (e *examination) counters(ctx context.Context) {
	if e.settings.RedisURL == "" {
		e.add("counters", OK, "they are in the gateway's process, which is right for one gateway")
		return
	}
	if strings.HasPrefix(e.settings.DatabaseURL, "sqlite:") {
		e.add("counters", Warning, "they are in Redis, and the record is a file of this machine; with PostgreSQL several gateways can share both")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := e.options.Now()
	found, err := wire.Examine(ctx, e.settings.RedisURL, wire.Options{Timeout: patience})
	if err != nil {
		e.add("counters", Failed, "%v", err)
		return
	}
	took := e.options.Now().Sub(asked)
	for _, server := range found.Servers {
		e.server(server)
		e.clock("Redis", server.Clock, took)
	}
}

func (e *examination) server(server wire.Server) {
	if problem := wire.CheckVersion(server.Version); problem != nil {
		e.add("counters", Failed, "%v", problem)
	}
	severity := Failed
	if e.settings.RedisPreflightWarns {
		severity = Warning
	}
	for _, risk := range server.Risks {
		e.add("counters", severity, "Redis may lose counters: %s", risk)
	}
	for _, what := range server.Unchecked {
		e.add("counters", Unchecked, "%s", what)
	}
	if len(server.Risks) == 0 {
		e.add("counters", OK, "Redis %s can be reached and nothing was found that would lose counters", server.Version)
	}
}
