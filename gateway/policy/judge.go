package policy

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Caller is who asks, as the book finds them.
type Caller struct {
	// digest is nil for somebody whom an identity provider vouches for.
	digest     []byte
	team, user string
	// name is what the subject is remembered by.
	name string
}

// WithSecret is who presents a secret with this digest. A request that names a team is made for that team, if the key may
// speak for it; "" is the key's own.
func WithSecret(digest []byte, team string) Caller {
	return Caller{digest: digest, team: team, name: string(digest) + team}
}

// WorkingFor is somebody without a key, whom an identity provider vouches for as working for the team. user is "" for
// nobody in particular.
func WorkingFor(team, user string) Caller {
	return Caller{team: team, user: user, name: "#" + team + "#" + user} // "#" stands in no id
}

// Verdict says why the subject's request is refused; nil lets it pass. It may be asked twice.
type Verdict func(*Subject) error

// Judge finds the caller and returns what the verdict says of them; a nil verdict lets everybody pass. A refusal is
// decided from memory, so it holds only when nothing that concerns the caller has changed: otherwise the caller is read
// once more and judged again. Whoever is let through is checked by the engine, which says when the policy is old:
// [Book.Forget] it then, and judge again.
//
// The subject is nil only when nobody could be judged. The error is then an [api.Error] with [api.NotFound] when the
// secret is nobody's, or [api.Forbidden] when the caller may not speak for the team or there is no such team; any other
// means that the record or the counters could not be asked.
func (b *Book) Judge(ctx context.Context, who Caller, verdict Verdict) (*Subject, error) {
	return b.judge(ctx, who, verdict, false)
}

// JudgeFresh is [Book.Judge] for requests that reserve nothing: no engine checks those that are let through, so the
// book does.
func (b *Book) JudgeFresh(ctx context.Context, who Caller, verdict Verdict) (*Subject, error) {
	return b.judge(ctx, who, verdict, true)
}

func (b *Book) judge(ctx context.Context, who Caller, verdict Verdict, checked bool) (*Subject, error) {
	subject, err := b.find(ctx, who)
	if err != nil {
		return nil, err
	}
	refusal := verdict.of(subject)
	if refusal == nil && !checked {
		return subject, nil
	}
	fresh, err := b.fresh(ctx, subject)
	if err != nil {
		return nil, err
	}
	if fresh {
		return subject, refusal
	}
	b.Forget(subject.Slot)
	if subject, err = b.find(ctx, who); err != nil {
		return nil, err
	}
	return subject, verdict.of(subject)
}

func (v Verdict) of(subject *Subject) error {
	if v == nil {
		return nil
	}
	return v(subject)
}

// fresh says whether nothing that concerns the subject has changed since it was loaded.
func (b *Book) fresh(ctx context.Context, subject *Subject) (bool, error) {
	version, err := b.versions.PolicyVersion(ctx, subject.Slot)
	if err != nil {
		return false, fmt.Errorf("read policy version: %w", err)
	}
	return version == subject.Version, nil
}

// find returns the caller from memory, else from the record.
func (b *Book) find(ctx context.Context, who Caller) (*Subject, error) {
	b.mu.RLock()
	subject := b.subjects[who.name]
	b.mu.RUnlock()
	if subject != nil && !subject.ended(time.Now()) {
		return subject, nil
	}
	subject, err := b.read(ctx, who)
	if err != nil {
		return nil, err
	}
	b.remember(who.name, subject)
	return subject, nil
}

func (b *Book) read(ctx context.Context, who Caller) (*Subject, error) {
	if who.digest == nil {
		return b.loadVouched(ctx, who.team, who.user)
	}
	return b.loadUnlessStranger(ctx, who.digest, who.team)
}

// loadVouched loads somebody whom an identity provider vouches for.
func (b *Book) loadVouched(ctx context.Context, team, user string) (*Subject, error) {
	version, err := b.versions.PolicyVersion(ctx, team)
	if err != nil {
		return nil, fmt.Errorf("read policy version: %w", err)
	}
	key := api.NewKey("")
	key.TeamID = &team
	if user != "" {
		key.UserID = &user
	}
	if _, err := b.source.Team(ctx, team); api.CodeOf(err) == api.NotFound {
		return nil, api.Errorf(api.Forbidden, "there is no team %q to work for", team)
	}
	return b.subject(ctx, key, team, version)
}
