package store

import (
	"context"
	"time"
)

// BeginSession notes that somebody has signed in to the console.
func (s *Store) BeginSession(ctx context.Context, id, credential string) error {
	_, err := s.exec(ctx, "console_session_insert", args{"id": id, "credential": credential, "now_ms": s.now().UnixMilli()})
	return err
}

// Session says when a session began and was last used, and whether it has not ended.
func (s *Store) Session(ctx context.Context, id string) (made, seen time.Time, found bool, err error) {
	var madeMS, seenMS int64
	found, err = s.one(ctx, "console_session_get", args{"id": id}, &madeMS, &seenMS)
	return time.UnixMilli(madeMS), time.UnixMilli(seenMS), found, err
}

// SessionSeen notes that a session is in use.
func (s *Store) SessionSeen(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "console_session_seen", args{"id": id, "now_ms": s.now().UnixMilli()})
	return err
}

// EndSession ends one session.
func (s *Store) EndSession(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "console_session_delete", args{"id": id})
	return err
}

// EndSessions ends all sessions of a credential, on whatever machine.
func (s *Store) EndSessions(ctx context.Context, credential string) error {
	_, err := s.exec(ctx, "console_session_delete", args{"credential": credential})
	return err
}

// ForgetSessions removes those that nobody has used since the time.
func (s *Store) ForgetSessions(ctx context.Context, since time.Time) error {
	_, err := s.exec(ctx, "console_session_delete", args{"unseen_ms": since.UnixMilli()})
	return err
}
