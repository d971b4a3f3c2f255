package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// rotateSecretKeyCommand moves a record to another secret key.
type rotateSecretKeyCommand struct {
	Config  string `help:"Path of gateway.yaml. Without it the environment alone says where the record is." type:"path" env:"BURSAR_CONFIG"`
	DryRun  bool   `help:"Only say what would be done, and what hangs on which key."`
	MakeKey bool   `help:"Make the new key in the data directory, for a gateway that keeps its key there; start the gateway again, then run this without it."`
	Forget  bool   `help:"Let go of earlier keys though keys hang on them: those keys then get 401."`
	Reason  string `help:"Why, for the audit log."`
}

// Help explains the steps.
func (rotateSecretKeyCommand) Help() string {
	return `Works on the database directly, while gateways serve it. No call fails, and it can be run again whenever it was ended.

1. Give every gateway both keys and start them again one after the other: the new one, of openssl rand -base64 32, as secret_key
   (BURSAR_SECRET_KEY), the old one as secret_key_previous (BURSAR_SECRET_KEY_PREVIOUS). They go on with the old one.
   Where the key is in the data directory: bursar rotate-secret-key --make-key, and start the gateway again.
2. bursar rotate-secret-key --dry-run, then without --dry-run. It refuses while a gateway serves that does not have the new key.
3. Take secret_key_previous away again (or DATA_DIR/secret.key.previous), and start the gateways again. They refuse to start
   while anything is still sealed with the old key.

A key for models or admin key is stored as a hash, which moves to the new key when it is used next. Until then a part of the old
key that does nothing else is kept, sealed with the new one; this command names who still hangs on it, and forgets it once nobody
does. Where the old key may have leaked, rotate or delete those that remain after step 3, then run it with --forget,
which refuses before that.

Exit codes: 0 done, 1 it could not be done, 2 the command line makes no sense.`
}

// Run does what the flags say and prints what was done.
func (c rotateSecretKeyCommand) Run(ctx context.Context, stdout io.Writer) error {
	settings, err := config.LoadRecord(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	if c.MakeKey {
		if err := app.MakeSecretKey(settings); err != nil {
			return fmt.Errorf("make a secret key: %w", err)
		}
		_, err = fmt.Fprintln(stdout, "A new key is in the data directory, and the old one beside it. Start the gateway again, then run: bursar rotate-secret-key")
		return err
	}
	done, err := app.RotateSecretKey(ctx, settings, app.RotateOptions{
		DryRun: c.DryRun, Forget: c.Forget, Change: api.Change{Actor: "bursar rotate-secret-key", Reason: c.Reason},
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, rotationText(done, c.DryRun))
	return err
}

func rotationText(done app.Rotation, dryRun bool) string {
	state := done.State
	var text string
	say := func(format string, args ...any) { text += fmt.Sprintf(format+"\n", args...) }
	switch {
	case dryRun && state.InUse != state.Wanted:
		say("The record is written with secret key %s, and would be with %s.", state.InUse, state.Wanted)
		say("To be sealed anew: %s.", state.Sealed)
		if len(state.Without) > 0 {
			say("First %d of the gateways that serve would have to be started again with the new key.", len(state.Without))
		}
	case done.Rotated:
		say("The record is written with secret key %s from now on.", state.Wanted)
	default:
		say("The record is written with secret key %s.", state.Wanted)
	}
	if !dryRun {
		say("Sealed anew: %s. Still sealed with another key: %s.", done.Resealed, state.Sealed)
	}
	for _, key := range done.Forgotten {
		say("Secret key %s is forgotten, by the gateways that serve within 15 seconds; the audit log can be verified without it.", key.ID)
	}
	for _, key := range state.Earlier {
		say("%s", earlierText(key))
	}
	for i, owner := range done.Owners {
		if i == 0 {
			say("The last used of them:")
		}
		say("  %s", ownerText(owner))
	}
	if !dryRun && text != "" {
		say("The gateways can do without secret_key_previous (or DATA_DIR/secret.key.previous) now. Keep the old key as long as backups from before.")
	}
	return text
}

func earlierText(key store.EarlierSecretKey) string {
	hang := fmt.Sprintf("%d secrets of keys and %d of admin keys", key.Keys, key.AdminKeys)
	switch {
	case key.Keys+key.AdminKeys == 0:
		return fmt.Sprintf("Nothing hangs on secret key %s any more.", key.ID)
	case key.Forgotten:
		return fmt.Sprintf("%s were made with secret key %s, which is forgotten: they open nothing any more.", hang, key.ID)
	default:
		return fmt.Sprintf("%s hang on secret key %s; they move when they are used first after the gateways have started again.", hang, key.ID)
	}
}

func ownerText(owner store.SecretOwner) string {
	text := owner.Kind + " " + owner.ID
	if owner.Alias != "" {
		text += fmt.Sprintf(" (%s)", owner.Alias)
	}
	switch {
	case owner.Used != "":
		text += ", last used on " + owner.Used
	case owner.Kind == "key":
		text += ", no call yet"
	}
	return text
}
