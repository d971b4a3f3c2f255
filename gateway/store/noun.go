package store

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// noun is how one kind of object is read, checked and written; [create] and [update] are the same for all.
type noun[T any] struct {
	// name is that of the table and of the queries NAME_insert, NAME_update and so on.
	name string
	get  func(s *Store, ctx context.Context, id string) (T, error)
	// check says whether an object can be stored, with the names that it should have to itself.
	check func(s *Store, ctx context.Context, object T) error
	put   func(s *Store, ctx context.Context, query string, object T) error
	// audit returns the form that the audit log keeps, without secrets and spend.
	audit func(object T) any
	// id and record point to the parts of an object that only the store sets.
	id     func(object *T) *string
	record func(object *T) *api.Record
	// caps are what limits spending under the object's scopes; nil for objects that limit none.
	caps func(object T) []spendingCap
}

func (n noun[T]) capsOf(object T) []spendingCap {
	if n.caps == nil {
		return nil
	}
	return n.caps(object)
}

// create stores a new object, runs also in the same transaction, and returns the object as a read would.
func create[T any](ctx context.Context, s *Store, n noun[T], change api.Change, object T, also func(ctx context.Context) error) (stored T, err error) {
	id, change := *n.id(&object), signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		if err := n.check(s, ctx, object); err != nil {
			return err
		}
		*n.record(&object) = s.newRecord(change)
		err := n.put(s, ctx, n.name+"_insert", object)
		if dialect.Unique(err) {
			return n.taken(id)
		}
		if err != nil {
			return err
		}
		if err := also(ctx); err != nil {
			return err
		}
		if stored, err = n.get(s, ctx, id); err != nil {
			return err
		}
		return t.audit(ctx, change, n.name+".create", id, nil, n.audit(stored))
	})
	return stored, err
}

func (n noun[T]) taken(id string) error {
	spoken := strings.ReplaceAll(n.name, "_", " ")
	title := strings.ToUpper(spoken[:1]) + spoken[1:]
	return api.Errorf(api.AlreadyExists, "%s id = %s already exists. Please use a different %s id.", title, id, spoken)
}

// update lets edit change an object, if its revision is ifRevision or that is zero, and returns it as a
// read would. verb names the change in the audit log.
func update[T any](ctx context.Context, s *Store, n noun[T], change api.Change, verb, id string, ifRevision int64, edit func(ctx context.Context, object *T) error) (stored T, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		object, err := n.get(s, ctx, id)
		if err != nil {
			return err
		}
		next, err := s.nextRecord(change, n.name, id, *n.record(&object), ifRevision)
		if err != nil {
			return err
		}
		before, err := encode(n.audit(object))
		if err != nil {
			return err
		}
		caps := n.capsOf(object)
		if err := edit(ctx, &object); err != nil {
			return err
		}
		if next.ManagedBy != nil { // who edits knows whether that still holds
			next.BlockedAtOnce = n.record(&object).BlockedAtOnce
		}
		*n.id(&object), *n.record(&object) = id, next
		if err := n.check(s, ctx, object); err != nil {
			return err
		}
		if err := n.put(s, ctx, n.name+"_update", object); err != nil {
			return err
		}
		if err := s.armChanged(ctx, caps, n.capsOf(object)); err != nil {
			return err
		}
		if stored, err = n.get(s, ctx, id); err != nil {
			return err
		}
		return t.audit(ctx, change, n.name+"."+verb, id, encoded(before), n.audit(stored))
	})
	return stored, err
}

// remove deletes objects, all or none, and returns what is gone, in the order asked. only does what
// has to be done first, and may refuse.
func remove[T any](ctx context.Context, s *Store, n noun[T], change api.Change, ids []string, only func(ctx context.Context, object T) error) (gone []T, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		gone = []T{}
		for _, id := range distinct(ids) {
			object, err := n.get(s, ctx, id)
			if err != nil {
				return err
			}
			if err := only(ctx, object); err != nil {
				return err
			}
			if _, err := s.exec(ctx, n.name+"_delete", args{"id": id}); err != nil {
				return err
			}
			for _, spending := range n.capsOf(object) {
				t.touch(spending.scope)
			}
			if err := t.audit(ctx, change, n.name+".delete", id, n.audit(object), nil); err != nil {
				return err
			}
			gone = append(gone, object)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// nothing is for creates and deletes that have nothing to do besides.
func nothing(context.Context) error { return nil }

// signed makes a change's texts fit to be stored. They come from headers, which may hold any byte,
// and are no reason to refuse the change.
func signed(change api.Change) api.Change {
	return api.Change{
		Actor: storable(change.Actor), Address: storable(change.Address),
		Reason: storable(change.Reason), RequestID: storable(change.RequestID),
		UserAgent: storable(change.UserAgent), ManagedBy: change.ManagedBy, Released: change.Released, Review: storable(change.Review),
		Credential: api.Credential{Kind: storable(change.Credential.Kind), ID: storable(change.Credential.ID)}, Rule: change.Rule,
	}
}
