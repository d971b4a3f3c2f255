package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// AppendLedger writes ledger rows and alert events in one transaction. A row or event whose id
// is there already is passed over, so that appending again after a lost answer is harmless.
// The daily sums change with the rows that were really new.
func (s *Store) AppendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error {
	if len(rows) == 0 && len(events) == 0 {
		return nil
	}
	// Events are sent from the tables, and rare: they go there at once.
	if s.journal != nil && len(events) == 0 && s.joined(ctx) == nil {
		if err := s.journal.Append(rows); err != nil {
			return unavailable(err)
		}
		return nil
	}
	return s.appendLedger(ctx, rows, events)
}

func (s *Store) appendLedger(ctx context.Context, rows []api.LedgerRow, events []api.AlertEvent) error {
	// Always in the order of ids: gateways that append the same rows wait for each other, never in a circle.
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b api.LedgerRow) int { return cmp.Compare(a.ID, b.ID) })
	events = slices.SortedFunc(slices.Values(events), func(a, b api.AlertEvent) int { return cmp.Compare(a.ID, b.ID) })
	err := s.transact(ctx, func(ctx context.Context, _ *tx) error {
		fresh, err := s.insertLedger(ctx, rows)
		if err != nil {
			return err
		}
		if err := s.addUsage(ctx, fresh); err != nil {
			return err
		}
		for _, event := range events {
			if err := s.InsertAlertEvent(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
	s.noteRows(err)
	return err
}

// LedgerRows returns the rows that the filter selects, newest first, and how many there are without the
// filter's limit, offset and cursor. Times are exact to the millisecond.
func (s *Store) LedgerRows(ctx context.Context, filter api.LedgerFilter) (rows []api.LedgerRow, total int, err error) {
	entries, err := s.LedgerPage(ctx, filter)
	if err != nil {
		return nil, 0, err
	}
	rows = make([]api.LedgerRow, len(entries))
	for i, entry := range entries {
		rows[i] = entry.LedgerRow
	}
	total, err = s.LedgerCount(ctx, filter, 0)
	return rows, total, err
}

// LedgerCount counts the rows that the filter selects, without its limit, offset and cursor, up to most; 0 is all.
func (s *Store) LedgerCount(ctx context.Context, filter api.LedgerFilter, most int) (total int, err error) {
	values := ledgerArgs(filter)
	if err := s.viaIndex(ctx, values, countable); err != nil {
		return 0, err
	}
	if most > 0 {
		values["most"] = most
	}
	_, err = s.oneBooked(ctx, "ledger_count", values, &total)
	return total, err
}

// LedgerPage is LedgerRows without the count, which takes long for many rows.
func (s *Store) LedgerPage(ctx context.Context, filter api.LedgerFilter) ([]api.LedgerEntry, error) {
	values := ledgerArgs(filter)
	if err := s.viaIndex(ctx, values, sortable); err != nil {
		return nil, err
	}
	offset := filter.Offset
	if filter.After != nil {
		values["after_ms"], values["after_id"] = filter.After.AdmittedAt.UnixMilli(), filter.After.ID
	} else if offset >= seekFrom {
		var err error
		if offset, err = s.seekLedger(ctx, values, offset); err != nil {
			return nil, err
		}
	}
	boundArgs(values, filter.Limit, offset)
	return s.ledgerEntries(ctx, "ledger_list", values)
}

// seekLedger bounds a list to what was admitted no later than the row at an offset, both of which indexes know, and returns the offset
// from there on.
func (s *Store) seekLedger(ctx context.Context, values args, offset int) (rest int, err error) {
	place := maps.Clone(values)
	place["offset"] = offset
	var edge int64
	found, err := s.oneBooked(ctx, "ledger_edge", place, &edge)
	if err != nil || !found {
		return offset, err
	}
	later := maps.Clone(values)
	later["from_ms"] = edge + 1
	var before int
	if _, err := s.oneBooked(ctx, "ledger_count", later, &before); err != nil {
		return 0, err
	}
	values["to_ms"] = edge + 1
	return max(offset-before, 0), nil
}

func ledgerArgs(filter api.LedgerFilter) args {
	values := args{}
	values.given("team_id", filter.TeamID)
	values.given("key_id", filter.KeyID)
	values.given("user_id", filter.UserID)
	values.given("end_user", filter.EndUser)
	values.given("model", filter.Model)
	values.given("request_id", filter.RequestID)
	values.given("kind", filter.Kind)
	if filter.Kind != "" && filter.Kind != api.LedgerSettle {
		values["unusual_kind"] = true
	}
	values.givenTimes(filter.From, filter.To)
	if filter.MinCost != nil {
		values["min_cost_nano"] = int64(*filter.MinCost)
	}
	if filter.MaxCost != nil {
		values["max_cost_nano"] = int64(*filter.MaxCost)
	}
	return values
}

// ledgerEntries reads a query of whole rows.
func (s *Store) ledgerEntries(ctx context.Context, query string, values args) ([]api.LedgerEntry, error) {
	entries := []api.LedgerEntry{}
	err := s.eachBooked(ctx, query, values, func(scan func(...any) error) error {
		var row api.LedgerEntry
		var admittedAtMS, settledAtMS int64
		var tags string
		err := scan(&row.Seq, &row.ID, &row.Kind, &admittedAtMS, &settledAtMS, &row.RequestID,
			&row.TeamID, &row.KeyID, &row.UserID, &row.Model, &row.Upstream,
			&row.PromptTokens, &row.CachedTokens, &row.CompletionTokens, &row.Cost, &row.PriceVersion, &row.EndUser, &tags, &row.Calls,
			&row.ReservedTokens, &row.ReservedCost, &row.SparableTokens, &row.SparableCost, &row.UncountedTokens)
		if err != nil {
			return err
		}
		row.AdmittedAt, row.SettledAt = timeOf(admittedAtMS), timeOf(settledAtMS)
		if row.Calls == 1 {
			row.Calls = 0
		}
		if tags != "[]" {
			err = decode(tags, &row.Tags)
		}
		entries = append(entries, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// LedgerSpend sums the cost of what was admitted from from on and before to, over the selection.
// A zero time does not bound. Of a day whose rows are gone all counts or nothing: a period that began within it has all.
func (s *Store) LedgerSpend(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (spent money.Nano, err error) {
	if selection.Models, err = s.boundModels(ctx, selection.Models, from, to); err != nil {
		return 0, err
	}
	values, err := s.selectionArgs(ctx, selection, from, to)
	if err != nil {
		return 0, err
	}
	_, err = s.oneBooked(ctx, "ledger_spend", values, &spent)
	return spent, err
}

// LedgerSpendBySlot is LedgerSpend apart for the slots that the rows were counted in, see [api.LedgerRow.Slot].
func (s *Store) LedgerSpendBySlot(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (map[string]money.Nano, error) {
	var err error
	if selection.Models, err = s.boundModels(ctx, selection.Models, from, to); err != nil {
		return nil, err
	}
	values, err := s.selectionArgs(ctx, selection, from, to)
	if err != nil {
		return nil, err
	}
	spent := make(map[string]money.Nano)
	err = s.eachBooked(ctx, "ledger_spend_by_slot", values, func(scan func(...any) error) error {
		var row api.LedgerRow
		err := scan(&row.TeamID, &row.KeyID, &row.Cost)
		slot := row.Slot()
		if row.TeamID == "" && row.KeyID == "" {
			slot = "" // adjustments were counted in none
		}
		spent[slot] += row.Cost
		return err
	})
	return spent, err
}

// boundModels are the models with spending in the time that the names, patterns and access groups of a pot
// stand for. Nil, which is every model, stays so.
func (s *Store) boundModels(ctx context.Context, entries []string, from, to time.Time) ([]string, error) {
	if len(entries) == 0 {
		return entries, nil
	}
	values := args{}
	if !from.IsZero() {
		values["from_day"] = dayOf(from)
	}
	if !to.IsZero() {
		values["to_day"] = dayOf(to)
	}
	models := []string{}
	err := s.eachBooked(ctx, "ledger_models", values, func(scan func(...any) error) error {
		var model string
		if err := scan(&model); err != nil {
			return err
		}
		if slices.ContainsFunc(entries, s.names(model).BoundBy) {
			models = append(models, model)
		}
		return nil
	})
	return models, err
}

func (s *Store) selectionArgs(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (args, error) {
	values := spendArgs(from, to)
	if err := s.countGoneDays(ctx, values, from, to); err != nil {
		return nil, err
	}
	values.givenIDs("team_ids", selection.TeamIDs)
	values.givenIDs("key_ids", selection.KeyIDs)
	values.givenIDs("user_ids", selection.UserIDs)
	values.givenIDs("models", selection.Models)
	values.given("scope", selection.Scope)
	if selection.OwnKeys && len(selection.UserIDs) > 0 {
		values["own_keys"] = true
	}
	return values, nil
}

// EachRecordedCall calls each with the rows of what was admitted from from on and before to, in the order of their
// admission to the microsecond. Rows that stand for calls which reached no provider are left out: they used nothing.
// The row is good until each returns. Error: [api.Invalid] for a from whose rows are gone, see [Store.DeleteLedger].
func (s *Store) EachRecordedCall(ctx context.Context, from, to time.Time, each func(*api.RecordedCall) error) error {
	horizon, err := s.LedgerHorizon(ctx)
	if err != nil {
		return err
	}
	if from.Before(horizon) {
		return api.FieldErrorf("from", "is %s, and the calls before %s are no longer kept one by one", from.UTC().Format(time.RFC3339), horizon.Format(time.RFC3339))
	}
	values := args{"from_ms": from.UnixMilli(), "to_ms": to.UnixMilli()}
	var call api.RecordedCall
	var admitted, settled int64
	targets := []any{
		&call.ID, &call.Kind, &admitted, &settled, &call.TeamID, &call.KeyID, &call.UserID, &call.Model, &call.PromptTokens, &call.Cost,
		&call.ReservedTokens, &call.ReservedCost, &call.SparableTokens, &call.SparableCost, &call.UncountedTokens,
	}
	return s.eachBooked(ctx, "ledger_replay", values, func(scan func(...any) error) error {
		if err := scan(targets...); err != nil {
			return err
		}
		call.AdmittedAt, call.SettledAt = time.UnixMicro(admitted).UTC(), time.UnixMicro(settled).UTC()
		return each(&call)
	})
}

// Adjustments are what was adjusted by hand from from on and before to, oldest first.
func (s *Store) Adjustments(ctx context.Context, from, to time.Time) ([]api.Adjustment, error) {
	var all []api.Adjustment
	err := s.each(ctx, "adjustment_list", args{"from_ms": from.UnixMilli(), "to_ms": to.UnixMilli()}, func(scan func(...any) error) error {
		var one api.Adjustment
		var at int64
		err := scan(&one.Scope, &at, &one.Amount)
		one.At = timeOf(at)
		all = append(all, one)
		return err
	})
	return all, err
}
