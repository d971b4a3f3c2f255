package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// sealers are those of the secret key and of the one before it, which is nil where there is none.
type sealers struct{ sealer, previous store.Sealer }

// openSealers reads the secret keys, from the configuration or from the data directory.
func openSealers(settings config.Config) (opened sealers, err error) {
	if settings.SecretKey == "" {
		return sealersOf(settings.DataDir)
	}
	if opened.sealer, err = parsedSealer("secret_key", settings.SecretKey); err != nil || settings.SecretKeyPrevious == "" {
		return opened, err
	}
	opened.previous, err = parsedSealer("secret_key_previous", settings.SecretKeyPrevious)
	return opened, err
}

func parsedSealer(setting, text string) (store.Sealer, error) {
	sealer, err := seal.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return sealer, nil
}

// sealersOf are those of a data directory, which gets a key where it has none.
func sealersOf(dataDir string) (opened sealers, err error) {
	sealer, err := seal.LoadOrCreate(dataDir)
	if err != nil {
		return opened, fmt.Errorf("read the secret key in the data directory: %w", err)
	}
	opened.sealer = sealer
	previous, err := seal.LoadPrevious(dataDir)
	if err != nil {
		return opened, fmt.Errorf("read the previous secret key in the data directory: %w", err)
	}
	if previous != nil {
		opened.previous = previous
	}
	return opened, nil
}

// openRecord opens the record for programs beside the gateway.
func openRecord(ctx context.Context, settings config.Config) (*store.Store, error) {
	opened, err := openSealers(settings)
	if err != nil {
		return nil, err
	}
	record, err := store.Open(ctx, settings.DatabaseURL, store.Options{
		Sealer: opened.sealer, PreviousSealer: opened.previous, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("open the record (database_url): %w", err)
	}
	return record, nil
}

const (
	// holdEvery is how often a gateway tells which secret keys it has, and holdFor for how long that counts.
	holdEvery = 15 * time.Second
	holdFor   = 3 * time.Minute
)

// keyHolder tells the others which secret keys this gateway has, so that none is rotated to that it does not have.
type keyHolder struct {
	record  *store.Store
	gateway string
	logger  *slog.Logger
	now     func() time.Time
	// forgotten is called when another secret key was forgotten; nil is nobody's concern.
	forgotten func()
}

func holdSecretKeys(ctx context.Context, record *store.Store, logger *slog.Logger, now func() time.Time) (*keyHolder, error) {
	holder := &keyHolder{record: record, gateway: ulid.Make().String(), logger: logger, now: now}
	return holder, holder.hold(ctx)
}

func (h *keyHolder) hold(ctx context.Context) error {
	forgot, err := h.record.HoldSecretKeys(ctx, h.gateway, h.now().Add(holdFor).UnixMilli())
	if forgot && h.forgotten != nil {
		h.forgotten()
	}
	return err
}

func (h *keyHolder) run(ctx context.Context) {
	every.Do(ctx, holdEvery, func(ctx context.Context) {
		if err := h.hold(ctx); err != nil && ctx.Err() == nil {
			h.logger.WarnContext(ctx, "the record could not be told which secret keys this gateway has", slog.Any("error", err))
		}
	})
}

// letGo ends it. A record that cannot be reached forgets it by itself.
func (h *keyHolder) letGo(ctx context.Context) error {
	if err := h.record.LetGoSecretKeys(ctx, h.gateway); err != nil {
		h.logger.WarnContext(ctx, "the record could not be told that this gateway ends", slog.Any("error", err))
	}
	return nil
}

// Rotation is what was done of a rotation of the secret key, and what is left.
type Rotation struct {
	// Rotated: the record is written with the new key from now on.
	Rotated bool
	// Resealed is what was sealed anew, Forgotten the earlier keys that nothing needs any more.
	Resealed  store.SealedCounts
	Forgotten []store.EarlierSecretKey
	// State is how things are now, and Owners some of those whose secrets hang on earlier keys.
	State  store.SecretKeyState
	Owners []store.SecretOwner
}

// ownersShown is how many of those that hang on an earlier key are named.
const ownersShown = 20

// RotateOptions say what is to be done.
type RotateOptions struct {
	// DryRun only looks.
	DryRun bool
	// Forget lets go of earlier keys though secrets hang on them: these open nothing any more.
	Forget bool
	Change api.Change
}

// RotateSecretKey moves a record, beside the gateways that serve it, to the secret key that the configuration names first.
// Run again it goes on where it ended.
func RotateSecretKey(ctx context.Context, settings config.Config, options RotateOptions) (done Rotation, err error) {
	if err := recordThere(settings); err != nil {
		return done, err
	}
	record, err := openRecord(ctx, settings)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, record.Close()) }()
	if !options.DryRun {
		if err := forgettable(ctx, record, options); err != nil {
			return done, err
		}
		if done.Rotated, err = record.RotateSecretKey(ctx, options.Change); err != nil {
			return done, err
		}
		if done.Resealed, err = record.Reseal(ctx, options.Change); err != nil {
			return done, err
		}
		if done.Forgotten, err = record.ForgetSecretKeys(ctx, options.Change, options.Forget); err != nil {
			return done, err
		}
	}
	if done.State, err = record.SecretKeyState(ctx); err != nil {
		return done, err
	}
	done.Owners, err = record.SecretOwners(ctx, ownersShown)
	return done, err
}

// forgettable refuses to forget a key in the run that replaces it: no secret has moved to the new one yet, and all would
// be lost.
func forgettable(ctx context.Context, record *store.Store, options RotateOptions) error {
	if !options.Forget {
		return nil
	}
	state, err := record.SecretKeyState(ctx)
	if err == nil && state.InUse != state.Wanted {
		err = errors.New("--forget comes last: rotate without it, start the gateways again with the new key alone, and wait until the keys that are in use have made a call")
	}
	return err
}

// MakeSecretKey makes a new secret key in the data directory and keeps the one before it beside it.
func MakeSecretKey(settings config.Config) error {
	if settings.SecretKey != "" {
		return errors.New("secret_key is set: make the new one with openssl rand -base64 32, set it as secret_key, and the old one as secret_key_previous")
	}
	if err := recordThere(settings); err != nil {
		return err
	}
	return seal.Replace(settings.DataDir)
}
