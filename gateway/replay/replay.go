// Package replay decides the calls of the last days again under proposed limits: POST /quota/replay.
//
// It promises that the engine that decides real calls decides these, on the arrivals and amounts of the ledger, and
// that the answer says where the ledger lacks what that needs. It must never change anything, nor guess.
package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/ledger"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Record is where the past is kept.
type Record interface {
	// EachRecordedCall calls each with the rows admitted from from on and before to, in the order of their admission.
	EachRecordedCall(ctx context.Context, from, to time.Time, each func(*api.RecordedCall) error) error
	// Adjustments are what was adjusted by hand in a time, oldest first.
	Adjustments(ctx context.Context, from, to time.Time) ([]api.Adjustment, error)
	LedgerSpend(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (money.Nano, error)
	// Refusals sums what was refused by the minute.
	Refusals(ctx context.Context, query api.RefusalQuery) ([]api.RefusalSum, error)
	Key(ctx context.Context, id string) (api.Key, error)
}

// Replayer answers what limits would have refused.
type Replayer struct {
	Record   Record
	Spending policy.Spending
	// Names are all that a model is called by.
	Names func(model string) *modelname.Names
}

// warmUp is the time before the first call that counts: it fills the windows of a minute.
const warmUp = 2 * time.Minute

// Replay decides the calls admitted from from on and before to, by the limits in force and by the proposed ones.
func (r *Replayer) Replay(ctx context.Context, proposal api.Proposal, from, to time.Time) (api.QuotaReplay, error) {
	began := from.Add(-warmUp)
	proposal, watched := enforced(proposal, r.Spending.Now())
	adjusted, err := r.Record.Adjustments(ctx, began, to)
	if err != nil {
		return api.QuotaReplay{}, fmt.Errorf("read what was adjusted: %w", err)
	}
	now, then := r.run(api.Proposal{}, began, adjusted), r.run(proposal, began, adjusted)
	then.current = r.Spending.Proposed(api.Proposal{}, r.Record.Key)
	defer now.timeline.close()
	defer then.timeline.close()
	told := newTally(from, to)
	decider := &decider{told: told, runs: []*run{now, then}}
	if proposal.Empty() {
		decider.runs = decider.runs[:1]
	}
	if err := decider.decideEach(ctx, r.Record, began, to); err != nil {
		return api.QuotaReplay{}, fmt.Errorf("decide the calls since %s again: %w", began.Format(time.RFC3339), err)
	}
	refused, err := r.Record.Refusals(ctx, api.RefusalQuery{From: from, To: to})
	if err != nil {
		return api.QuotaReplay{}, fmt.Errorf("read what was refused: %w", err)
	}
	for _, sum := range refused {
		told.told.RefusedThen += sum.Refused
	}
	answer, err := told.answer(ctx, r.Record.Key)
	answer.Notes = append(answer.Notes, watched...)
	return answer, err
}

// run is one way that the calls are decided.
type run struct {
	judge *policy.Proposed
	// asked is when: limits that refuse by then refuse in all of the record.
	asked time.Time
	// current knows the limits in force, to compare with; nil for the run that is by them.
	current  *policy.Proposed
	names    map[string]*modelname.Names
	nameOf   func(model string) *modelname.Names
	timeline *timeline
	adjusted []api.Adjustment
}

func (r *Replayer) run(proposal api.Proposal, began time.Time, adjusted []api.Adjustment) *run {
	run := &run{judge: r.Spending.Proposed(proposal, r.Record.Key), asked: r.Spending.Now(), adjusted: adjusted, names: map[string]*modelname.Names{}, nameOf: r.Names}
	seeds := &seeds{record: r.Record, judge: run.judge, began: began, adjusted: adjusted}
	run.timeline = newTimeline(seeds)
	for _, one := range adjusted {
		run.timeline.last[quota.Scope(one.Scope)] = quota.Budget{}
	}
	seeds.now = func() time.Time { return run.timeline.now }
	return run
}

// verdict is what a limit or a change of the proposal says of a call; the zero one lets it pass.
type verdict struct{ scope, kind string }

// Kinds of refusals that no limit makes.
const (
	kindDeleted = "deleted"
	kindBlocked = "blocked"
	kindModels  = "models"
)

// decide decides a call. What the proposal forbids altogether and the limits in force do not is refused before any
// limit.
func (r *run) decide(ctx context.Context, call *api.RecordedCall) (verdict, error) {
	model := r.names[call.Model]
	if model == nil {
		model = r.nameOf(call.Model)
		r.names[call.Model] = model
	}
	if err := r.catchUp(ctx, call.AdmittedAt); err != nil {
		return verdict{}, err
	}
	caller := policy.Spender{KeyID: call.KeyID, TeamID: call.TeamID, UserID: call.UserID}
	subject, err := r.judge.Bound(ctx, caller)
	if err != nil {
		return verdict{}, err
	}
	if call.Kind == api.LedgerCorrection || call.Kind == api.LedgerAdjust {
		return verdict{}, r.correct(ctx, call, subject, model)
	}
	if r.current != nil {
		forbidden, err := r.forbids(ctx, caller, subject, call, model)
		if err != nil || forbidden != (verdict{}) {
			return forbidden, err
		}
	}
	var windows []quota.Window
	var budgets []quota.Budget
	if subject != nil {
		windows, budgets = asOf(r.asked, subject.Windows(model), subject.Budgets(model, call.AdmittedAt))
	}
	decision, err := r.timeline.decide(ctx, call, windows, budgets)
	if err != nil || decision.Admitted {
		return verdict{}, err
	}
	return longest(decision.Denials), nil
}

// catchUp books the adjustments that were made by then.
func (r *run) catchUp(ctx context.Context, now time.Time) error {
	for len(r.adjusted) > 0 && !r.adjusted[0].At.After(now) {
		if err := r.timeline.adjust(ctx, r.adjusted[0]); err != nil {
			return fmt.Errorf("book an adjustment of %s again: %w", r.adjusted[0].Scope, err)
		}
		r.adjusted = r.adjusted[1:]
	}
	return nil
}

// correct books what became known of a call later.
func (r *run) correct(ctx context.Context, call *api.RecordedCall, subject *policy.Subject, model *modelname.Names) error {
	if subject == nil {
		return nil
	}
	return r.timeline.engine.Adjust(ctx, subject.Budgets(model, call.AdmittedAt), call.AdmittedAt, call.Cost)
}

// forbids says what keeps the caller out whatever it has used.
func (r *run) forbids(ctx context.Context, caller policy.Spender, subject *policy.Subject, call *api.RecordedCall, model *modelname.Names) (verdict, error) {
	if r.judge.Gone(caller) {
		return verdict{slotScope(call), kindDeleted}, nil
	}
	was, err := r.current.Bound(ctx, caller)
	if err != nil || was == nil || subject == nil {
		return verdict{}, err
	}
	if blocked(subject) && !blocked(was) {
		return verdict{slotScope(call), kindBlocked}, nil
	}
	could, _ := was.MayUse(model, call.Model)
	can, by := subject.MayUse(model, call.Model)
	switch {
	case !could || can:
		return verdict{}, nil
	case by == "key":
		return verdict{api.KeyScope(call.KeyID), kindModels}, nil
	default:
		return verdict{api.TeamScope(call.TeamID), kindModels}, nil
	}
}

func blocked(subject *policy.Subject) bool {
	return subject.Key.Blocked || subject.Team != nil && subject.Team.Blocked
}

func slotScope(call *api.RecordedCall) string {
	if call.TeamID != "" {
		return api.TeamScope(call.TeamID)
	}
	return api.KeyScope(call.KeyID)
}

// longest is the limit that refuses longest.
func longest(denials []quota.Denial) verdict {
	last := denials[0]
	for _, denial := range denials[1:] {
		if denial.RetryAfter > last.RetryAfter {
			last = denial
		}
	}
	return verdict{string(last.Scope), last.Kind}
}

// seeds are what counters start with: what was spent before the replay began, and what was adjusted since.
type seeds struct {
	quota.NoRecord
	record   Record
	judge    *policy.Proposed
	began    time.Time
	adjusted []api.Adjustment
	now      func() time.Time
}

// Spend implements [quota.Record].
func (s *seeds) Spend(ctx context.Context, scope quota.Scope, period quota.Period) (spent money.Nano, err error) {
	if period.Start.Before(s.began) {
		selection, err := ledger.Selection(ctx, scope, s.judge.Budget)
		if err != nil {
			return 0, err
		}
		if spent, err = s.record.LedgerSpend(ctx, selection, period.Start, s.began); err != nil {
			return 0, err
		}
	}
	for _, adjusted := range s.adjusted {
		if adjusted.Scope == string(scope) && period.Contains(adjusted.At) && !adjusted.At.After(s.now()) {
			spent += adjusted.Amount
		}
	}
	return spent, nil
}
