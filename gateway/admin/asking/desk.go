package asking

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// listed is how many requests an answer has at most.
	listed = 500
	// longest is for how long an increase can be asked for: what holds longer is a limit, and belongs there.
	longest = 92 * 24 * time.Hour
)

// Desk is where requests are made and answered.
type Desk struct {
	Record   stores.Record
	Spending stores.Spending
	Changes  stores.Changes
	// Rules approve small requests at once.
	Rules []Rule
	// Policy, if there is one, keeps requests from the rules that somebody must agree to.
	Policy Policy
	Now    func() time.Time
	Logger *slog.Logger
}

// ask is POST /quota_request/new.
func (d *Desk) ask(c *route.Call, in requestNew) (made api.QuotaRequest, err error) {
	request := api.QuotaRequest{QuotaRequestID: auth.NewQuotaRequestID(), State: api.RequestPending}
	if err := in.Apply(&request.QuotaRequestFields); err != nil {
		return made, err
	}
	if err := request.Validate(); err != nil {
		return made, err
	}
	if now := d.Now(); !request.Until.After(now) || request.Until.After(now.Add(longest)) {
		return made, api.FieldErrorf("until", "is %s; it must lie ahead, within %d days", request.Until.Format(time.RFC3339), int(longest.Hours()/24))
	}
	request.Until = request.Until.UTC()
	limit, err := d.limitOf(c.Context(), request)
	if err != nil {
		return made, err
	}
	request.TargetUSD, request.Target, request.HCL = limit.aim(request), limit.aimRate(request), limit.hcl(request, d.Now())
	made, err = route.Once(c, d.Record, func(ctx context.Context) (api.QuotaRequest, error) {
		var stored api.QuotaRequest
		err := d.Record.Transaction(ctx, func(ctx context.Context) (err error) {
			if stored, err = d.Record.CreateQuotaRequest(ctx, c.Change, request); err != nil {
				return err
			}
			return d.Record.InsertAlertEvent(ctx, d.event(stored, c.Change.Actor))
		})
		return stored, err
	})
	if err != nil {
		return made, err
	}
	if made, err = d.Record.QuotaRequest(c.Context(), made.QuotaRequestID); err != nil || made.State != api.RequestPending {
		return made, err // of a repetition, it may be answered by now
	}
	return d.approveByRule(c, made, limit)
}

// errNoRule undoes an approval that no rule allows.
var errNoRule = errors.New("no rule allows it")

// approveByRule approves a request that a rule allows, and leaves others to people. The rules look at what they allowed
// before inside of the approval's transaction, where nothing else is approved.
func (d *Desk) approveByRule(c *route.Call, request api.QuotaRequest, limit limit) (api.QuotaRequest, error) {
	if limit.managedBy != nil || len(d.Rules) == 0 {
		return request, nil
	}
	byRule := limit
	byRule.raise = func(ctx context.Context, change api.Change, edit func(*api.TempBudget, *api.TempRates)) error {
		allowed, err := d.allowed(ctx, request, limit)
		if err != nil {
			return err
		}
		if !allowed {
			return errNoRule
		}
		return limit.raise(ctx, change, edit)
	}
	done, err := d.grant(c, request, byRule, func(r *api.QuotaRequest) { r.Automatic, r.Answer = true, "approved by a rule" })
	if errors.Is(err, errNoRule) {
		return request, nil
	}
	return done, err
}

// event tells admins of a request.
func (d *Desk) event(r api.QuotaRequest, actor string) api.AlertEvent {
	noun, id := r.Of()
	event := api.AlertEvent{
		ID: "quota_request:" + r.QuotaRequestID, Type: api.EventQuotaRequested, Severity: "info", CreatedAt: d.Now(), TeamID: r.TeamID,
		Message: fmt.Sprintf("%s asks for %s more of %s for %s %s until %s: %s", actor, r.More(), r.Limit, noun, id, r.Until.Format(time.RFC3339), r.Reason),
	}
	if r.KeyID != nil {
		event.KeyID = *r.KeyID
	}
	if r.UserID != nil {
		event.UserID = *r.UserID
	}
	if r.BudgetID != nil {
		event.BudgetID = *r.BudgetID
	}
	return event
}

// list is GET /quota_request/list.
func (d *Desk) list(c *route.Call, in requestsWanted) (requestList, error) {
	filter := api.QuotaRequestFilter{TeamIDs: c.List("team_id", "team_ids"), State: in.State, Limit: listed}
	if in.State != "" && !slices.Contains(api.RequestStates, in.State) {
		return requestList{}, api.FieldErrorf("state", "%q is no state of a request", in.State)
	}
	found, err := d.Record.QuotaRequests(c.Context(), filter)
	return requestList{found}, err
}

// approve is POST /quota_request/approve.
func (d *Desk) approve(c *route.Call, in requestAnswer) (api.QuotaRequest, error) {
	request, err := d.pending(c, in.QuotaRequestID, in.AtOnce)
	if err != nil {
		return request, err
	}
	if !request.Until.After(d.Now()) {
		return request, api.Errorf(api.Conflict, "the time that was asked for has passed; decline it")
	}
	limit, err := d.limitOf(c.Context(), request)
	if err != nil {
		return request, err
	}
	answered := func(r *api.QuotaRequest) { r.Answer = in.Answer }
	if limit.managedBy == nil {
		return d.grant(c, request, limit, answered)
	}
	if in.AtOnce {
		if c.Change.Reason == "" {
			return request, api.FieldErrorf(api.HeaderChangeReason, "is required: %s is managed by %s, and who reads there has to learn why it is otherwise", limit.name, limit.managedBy)
		}
		return d.grant(c, request, limit, answered)
	}
	return d.Record.UpdateQuotaRequest(c.Context(), c.Change, "approve", request.QuotaRequestID, request.Revision, func(r *api.QuotaRequest) error {
		d.answer(c, r, api.RequestWaiting)
		answered(r)
		r.HCL = limit.hcl(*r, d.Now())
		r.TargetUSD, r.Target = limit.aim(*r), limit.aimRate(*r)
		return nil
	})
}

// decline is POST /quota_request/decline.
func (d *Desk) decline(c *route.Call, in requestAnswer) (api.QuotaRequest, error) {
	request, err := d.pending(c, in.QuotaRequestID, true)
	if err != nil {
		return request, err
	}
	return d.Record.UpdateQuotaRequest(c.Context(), c.Change, "decline", request.QuotaRequestID, request.Revision, func(r *api.QuotaRequest) error {
		d.answer(c, r, api.RequestDeclined)
		r.Answer = in.Answer
		return nil
	})
}

// cancel is POST /quota_request/cancel.
func (d *Desk) cancel(c *route.Call, in requestNamed) (api.QuotaRequest, error) {
	request, err := d.pending(c, in.QuotaRequestID, true)
	if err != nil {
		return request, err
	}
	return d.Record.UpdateQuotaRequest(c.Context(), c.Change, "cancel", request.QuotaRequestID, request.Revision, func(r *api.QuotaRequest) error {
		r.State = api.RequestCancelled
		return nil
	})
}

// pending returns a request that can be answered still.
func (d *Desk) pending(c *route.Call, id string, orWaiting bool) (api.QuotaRequest, error) {
	request, err := d.Record.QuotaRequest(c.Context(), id)
	if err == nil && request.State != api.RequestPending && !(orWaiting && request.State == api.RequestWaiting) {
		err = api.Errorf(api.Conflict, "the request is %s already", request.State)
	}
	return request, err
}

// answer notes who answers, and what becomes of the request.
func (d *Desk) answer(c *route.Call, r *api.QuotaRequest, state string) {
	now := d.Now().UTC()
	r.State, r.AnsweredBy, r.AnsweredAt = state, c.Change.Actor, &now
}

// grant raises the limit and closes the request, both or neither.
func (d *Desk) grant(c *route.Call, request api.QuotaRequest, limit limit, answered func(*api.QuotaRequest)) (done api.QuotaRequest, err error) {
	change := c.Change
	if change.Reason == "" {
		change.Reason = "quota request " + request.QuotaRequestID + ": " + route.Note(request.Reason)
	}
	err = d.Record.Transaction(c.Context(), func(ctx context.Context) error {
		if done, err = d.Record.UpdateQuotaRequest(ctx, change, "approve", request.QuotaRequestID, request.Revision, func(r *api.QuotaRequest) error {
			d.answer(c, r, api.RequestDone)
			answered(r)
			r.HCL = ""
			return nil
		}); err != nil {
			return err
		}
		return limit.raise(ctx, change, func(budget *api.TempBudget, rates *api.TempRates) { raise(request, budget, rates, d.Now()) })
	})
	if err != nil {
		return request, err
	}
	return done, route.InForce(limit.inForce(c.Context()))
}

// Arrived closes the requests that wait for what a change of a configuration has brought.
func (d *Desk) Arrived(ctx context.Context, change api.Change) error {
	waiting, err := d.Record.QuotaRequests(ctx, api.QuotaRequestFilter{State: api.RequestWaiting, Limit: listed})
	if err != nil {
		return err
	}
	for _, request := range waiting {
		limit, err := d.limitOf(ctx, request)
		if api.CodeOf(err) == api.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		if !limit.reaches(request) {
			continue
		}
		_, err = d.Record.UpdateQuotaRequest(ctx, change, "close", request.QuotaRequestID, request.Revision, func(r *api.QuotaRequest) error {
			r.State, r.PullRequest = api.RequestDone, api.PullRequestOf(change.Reason)
			return nil
		})
		if err != nil && api.CodeOf(err) != api.Stale { // somebody else closed it
			return err
		}
	}
	return nil
}
