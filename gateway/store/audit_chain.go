package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// auditHead is the end of the chain: the last row's number and hash, and the secret key that the next one is made with.
type auditHead struct {
	seq         int64
	hash        []byte
	secretKeyID string
}

func (h *auditHead) targets() []any { return []any{&h.seq, &h.hash, &h.secretKeyID} }

// insertRows is how many rows one INSERT writes at most; fewer texts to prepare than one for each number.
const insertRows = 64

// readAuditHead reads the head as it is, without keeping anybody waiting.
func (s *Store) readAuditHead(ctx context.Context, head *auditHead) error {
	_, err := s.one(ctx, "audit_head_get", args{}, head.targets()...)
	return err
}

// lockAuditHead reads the head and keeps other changes waiting until the transaction ends.
func (s *Store) lockAuditHead(ctx context.Context) (head auditHead, err error) {
	found := false
	err = s.eachWritten(ctx, "audit_head_lock", args{}, func(scan func(...any) error) error {
		found = true
		return scan(head.targets()...)
	})
	if err == nil && !found {
		err = errors.New("the head of the audit chain is missing")
	}
	return head, err
}

// appendAudits chains rows to the head, in the transaction that holds it.
func (s *Store) appendAudits(ctx context.Context, head auditHead, key *secretKey, rows []audit) error {
	if len(rows) == 0 {
		return nil
	}
	values, teams := make([][]any, 0, len(rows)), [][]any{}
	for i := range rows {
		row := &rows[i]
		row.seq, row.prevHash = head.seq+1, head.hash
		row.hash = key.auditHash(row)
		head = auditHead{seq: row.seq, hash: row.hash}
		values = append(values, row.values())
		for _, team := range row.teams() {
			teams = append(teams, []any{team, row.seq})
		}
	}
	if err := s.insertAll(ctx, "audit_insert", values); err != nil {
		return err
	}
	if err := s.insertAll(ctx, "audit_team_insert", teams); err != nil {
		return err
	}
	_, err := s.exec(ctx, "audit_head_move", args{"seq": head.seq, "hash": head.hash})
	return err
}

func (s *Store) insertAll(ctx context.Context, query string, values [][]any) error {
	for len(values) > 0 {
		n := min(insertRows, len(values))
		if _, err := s.exec(ctx, query, args{"rows": values[:n]}); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// auditHash covers every column but the hash itself; each is preceded by its length,
// so that no two rows have the same bytes.
func (k *secretKey) auditHash(row *audit) []byte {
	mac := hmac.New(sha256.New, k.audit)
	number := func(n int64) { mac.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	text := func(t string) {
		number(int64(len(t)))
		mac.Write([]byte(t))
	}
	optional := func(t *string) {
		if t == nil {
			number(-1)
			return
		}
		text(*t)
	}
	number(row.seq)
	number(row.atMS)
	for _, t := range []string{row.actor, row.address, row.reason, row.requestID, row.action, row.objectID} {
		text(t)
	}
	optional(row.before)
	optional(row.after)
	text(string(row.prevHash))
	if row.userAgent != "" || !row.credential.IsZero() {
		text(row.userAgent)
	}
	if !row.credential.IsZero() { // older rows end before it
		text(row.credential.Kind)
		text(row.credential.ID)
	}
	return mac.Sum(nil)
}

// VerifyAudit reads the whole audit log and says whether every row is as it was written, in its place, and
// the last one there. The end of a log can be cut off so that it does not show; a mark that was kept
// elsewhere shows it. The error is about reading, not about what was found.
func (s *Store) VerifyAudit(ctx context.Context, known api.AuditMark) (check api.AuditCheck, err error) {
	err = s.snapshot(ctx, func(ctx context.Context) error {
		check, err = s.verifyAudit(ctx, known)
		return err
	})
	return check, err
}

// errBadAudit ends the reading of the chain at the first bad row.
var errBadAudit = errors.New("audit row is bad")

func (s *Store) verifyAudit(ctx context.Context, known api.AuditMark) (check api.AuditCheck, err error) {
	last := auditHead{hash: make([]byte, sha256.Size)} // what the first row follows
	var marked int64                                   // the row of the mark
	keys, err := s.auditKeys(ctx)
	if err != nil {
		return check, err
	}
	err = s.each(ctx, "audit_chain", args{}, func(scan func(...any) error) error {
		var row audit
		if err := scan(row.targets()...); err != nil {
			return err
		}
		if row.action == rotationAction && len(keys) > 1 {
			keys = keys[1:]
		}
		if check.Problem = auditProblem(last, &row, keys[0]); check.Problem != "" {
			check.BadSeq = last.seq + 1
			return errBadAudit
		}
		last = auditHead{seq: row.seq, hash: row.hash}
		if hex.EncodeToString(row.hash) == known.Head {
			marked = row.seq
		}
		return nil
	})
	check.Rows, check.Head = last.seq, hex.EncodeToString(last.hash)
	if errors.Is(err, errBadAudit) {
		return check, nil
	}
	if err != nil {
		return check, err
	}
	if len(keys) > 1 {
		check.BadSeq, check.Problem = last.seq+1, fmt.Sprintf("the secret key was rotated, and the log ends at %d before that", last.seq)
		return check, nil
	}
	if check.Problem = markProblem(known, last.seq, marked); check.Problem != "" {
		check.BadSeq = last.seq + 1
		return check, nil
	}
	return check, s.verifyHead(ctx, &check, last)
}

// auditKeys are the secret keys that the log was written with, in order. From the row of a rotation on rows are made with
// the next one, so that who has an earlier key can alter nothing after it, nor anything before it without its showing there.
func (s *Store) auditKeys(ctx context.Context) (keys []*secretKey, err error) {
	rows, err := s.secretKeyRows(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		key := s.keys.of(row.id)
		if key == nil {
			key = &secretKey{id: row.id, audit: row.kept.Audit}
		}
		if key.audit == nil {
			return nil, fmt.Errorf("nothing is kept of secret key %s, which the audit log was written with", row.id)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		keys = []*secretKey{s.keys.inUse.Load()}
	}
	return keys, nil
}

// verifyHead compares the last row with what the head says was written last.
func (s *Store) verifyHead(ctx context.Context, check *api.AuditCheck, last auditHead) error {
	var head auditHead
	if err := s.readAuditHead(ctx, &head); err != nil {
		return err
	}
	switch {
	case head.seq != last.seq:
		check.BadSeq = last.seq + 1
		check.Problem = fmt.Sprintf("the log ends at %d, but %d was the last change written", last.seq, head.seq)
	case !bytes.Equal(head.hash, last.hash):
		check.BadSeq = last.seq
		check.Problem = fmt.Sprintf("change %d is not the one that was written last", last.seq)
	}
	return nil
}

// markProblem says what is wrong with a log of some rows, given what is known of it; empty is nothing.
func markProblem(known api.AuditMark, rows, marked int64) string {
	switch {
	case rows < known.Rows:
		return fmt.Sprintf("the log ends at %d, but it had %d changes: its end was cut off", rows, known.Rows)
	case known.Head != "" && marked == 0:
		return fmt.Sprintf("no change has the known hash %s: the log's end was cut off or replaced", known.Head)
	case known.Head != "" && known.Rows != 0 && marked != known.Rows:
		return fmt.Sprintf("the known hash is that of change %d, not %d", marked, known.Rows)
	default:
		return ""
	}
}

// auditProblem says what is wrong with a row that follows last; empty is nothing.
func auditProblem(last auditHead, row *audit, key *secretKey) string {
	switch {
	case row.seq != last.seq+1:
		return fmt.Sprintf("change %d is missing, %d follows %d", last.seq+1, row.seq, last.seq)
	case !bytes.Equal(row.prevHash, last.hash):
		return fmt.Sprintf("change %d does not follow the one before it", row.seq)
	case !hmac.Equal(row.hash, key.auditHash(row)):
		return fmt.Sprintf("change %d was altered", row.seq)
	default:
		return ""
	}
}

// snapshot runs reads that see the database as it is at one moment.
func (s *Store) snapshot(ctx context.Context, do func(ctx context.Context) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if s.db.Kind == Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	begun, err := s.db.Reader.BeginTx(ctx, options)
	if err != nil {
		return s.explain("begin reading", err)
	}
	err = do(context.WithValue(ctx, txKey{}, &tx{store: s, sql: begun}))
	if undone := begun.Rollback(); err == nil && undone != nil && !errors.Is(undone, sql.ErrTxDone) {
		err = s.explain("end reading", undone)
	}
	return err
}
