package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var quotaReviewNoun = noun[api.QuotaReview]{
	name: "quota_review", get: (*Store).quotaReviewAlone, check: (*Store).checkQuotaReview, put: (*Store).putQuotaReview, audit: auditQuotaReview,
	id:     func(r *api.QuotaReview) *string { return &r.QuotaReviewID },
	record: func(r *api.QuotaReview) *api.Record { return &r.Record },
}

// quotaReviewDocument is what the column has of a review: all but its changes, which have rows of their own.
type quotaReviewDocument struct {
	PullRequest string         `json:"pull_request"`
	Reason      string         `json:"reason"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Hash        string         `json:"hash"`
	Approver    api.Credential `json:"approver"`
	Rule        string         `json:"approver_rule,omitempty"`
	Total       int            `json:"total"`
}

// CreateQuotaReview stores an approved review and returns it as a read would. Error: [api.Invalid].
func (s *Store) CreateQuotaReview(ctx context.Context, change api.Change, review api.QuotaReview) (api.QuotaReview, error) {
	err := s.change(ctx, func(ctx context.Context, _ *tx) error {
		_, err := create(ctx, s, quotaReviewNoun, change, review, func(ctx context.Context) error {
			return s.insertApproved(ctx, review)
		})
		return err
	})
	if err != nil {
		return api.QuotaReview{}, err
	}
	return s.QuotaReview(ctx, review.QuotaReviewID)
}

func (s *Store) insertApproved(ctx context.Context, review api.QuotaReview) error {
	for i, approved := range review.Changes {
		approved.UsedAt = nil
		document, err := encode(approved)
		if err != nil {
			return err
		}
		values := args{"id": review.QuotaReviewID, "place": int64(i), "noun": approved.Noun, "document": document}
		if _, err := s.exec(ctx, "quota_review_change_insert", values); err != nil {
			return err
		}
		for _, subject := range approved.Subjects() {
			if _, err := s.exec(ctx, "quota_review_subject_insert", args{"id": review.QuotaReviewID, "subject": subject, "place": int64(i)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// QuotaReview returns a review with its changes. Error: [api.NotFound].
func (s *Store) QuotaReview(ctx context.Context, id string) (api.QuotaReview, error) {
	review, err := s.quotaReviewAlone(ctx, id)
	if err != nil {
		return review, err
	}
	review.Changes, _, err = s.approvedChanges(ctx, "quota_review_change_list", args{"id": id})
	return review, err
}

// quotaReviewAlone is a review without its changes.
func (s *Store) quotaReviewAlone(ctx context.Context, id string) (api.QuotaReview, error) {
	return s.quotaReviewBy(ctx, "quota_review_get", id)
}

func (s *Store) quotaReviewBy(ctx context.Context, query, id string) (api.QuotaReview, error) {
	var row quotaReviewRow
	found, err := s.one(ctx, query, args{"id": id}, row.targets()...)
	if err != nil {
		return api.QuotaReview{}, err
	}
	if !found {
		return api.QuotaReview{}, api.Errorf(api.NotFound, "Quota review not found, passed quota_review_id=%s", id)
	}
	return row.public()
}

// QuotaReviews returns the reviews that the filter selects, newest first, without their changes.
func (s *Store) QuotaReviews(ctx context.Context, filter api.QuotaReviewFilter) ([]api.QuotaReview, error) {
	values := args{}
	values.given("state", filter.State)
	values.limit(filter.Limit)
	reviews := []api.QuotaReview{}
	err := s.each(ctx, "quota_review_list", values, func(scan func(...any) error) error {
		var row quotaReviewRow
		if err := scan(row.targets()...); err != nil {
			return err
		}
		review, err := row.public()
		reviews = append(reviews, review)
		return err
	})
	return reviews, err
}

// WithdrawQuotaReview lets nothing of a review through any more. Error: [api.NotFound].
func (s *Store) WithdrawQuotaReview(ctx context.Context, change api.Change, id string) (api.QuotaReview, error) {
	_, err := update(ctx, s, quotaReviewNoun, change, "withdraw", id, 0, func(_ context.Context, review *api.QuotaReview) error {
		review.State = api.ReviewWithdrawn
		return nil
	})
	if err != nil {
		return api.QuotaReview{}, err
	}
	return s.QuotaReview(ctx, id)
}

// anySubject is what changes have that were approved before subjects were kept: they may concern any.
const anySubject = ""

// approvedChanges are those that a query finds, with their places.
func (s *Store) approvedChanges(ctx context.Context, query string, values args) (changes []api.ApprovedChange, places []int64, err error) {
	changes = []api.ApprovedChange{}
	err = s.each(ctx, query, values, func(scan func(...any) error) error {
		var place int64
		var usedAt sql.NullInt64
		var document string
		if err := scan(&place, &usedAt, &document); err != nil {
			return err
		}
		var approved api.ApprovedChange
		if err := decode(document, &approved); err != nil {
			return err
		}
		if usedAt.Valid {
			at := timeOf(usedAt.Int64)
			approved.UsedAt = &at
		}
		changes, places = append(changes, approved), append(places, place)
		return nil
	})
	return changes, places, err
}

// allow refuses a change that the review of its request does not have, or had before it was made, and notes in the row
// who approved it. It is asked inside of the change's transaction, so what it uses up is used with the change or not at all.
func (s *Store) allow(ctx context.Context, change api.Change, row *audit) error {
	noun, action, _ := strings.Cut(row.action, ".")
	if api.ApprovableFields(noun) == nil {
		return nil // what is no quota is not reviewed
	}
	made := api.MadeChange{
		Noun: noun, Action: action, Identity: api.IdentityOf(noun, row.objectID),
		Before: rawJSON(row.before), After: rawJSON(row.after), At: s.now().UTC(),
	}
	if !made.Changes() {
		return nil
	}
	if change.Review == "" {
		return s.allowUnreviewed(change, made)
	}
	review, err := s.quotaReviewBy(ctx, "quota_review_terms", change.Review)
	if api.CodeOf(err) == api.NotFound { // which would say that the changed object is gone
		return api.Errorf(api.NotApproved, "there is no approved review %q, so %s is not approved; bursar approve prints the id of one", change.Review, made)
	}
	if err != nil {
		return err
	}
	if err := review.Holds(s.now()); err != nil {
		return err
	}
	if s.reviews.OfOthers && change.Rule != "" && review.ApproverRule == change.Rule {
		return api.Errorf(api.NotApproved, "the approved review %q was approved by the workload %q, which now applies it; reviews.approved_by_others wants two, and a rule of the file is one, whatever branch its tokens are of", review.QuotaReviewID, change.Rule)
	}
	if s.reviews.OfOthers && review.Approver == change.Credential {
		return api.Errorf(api.NotApproved, "the approved review %q was approved with the credential that now applies it; reviews.approved_by_others wants two", review.QuotaReviewID)
	}
	if noun == "member" && action == api.ChangeCreate {
		if user, err := s.User(ctx, made.Identity["user_id"]); err == nil && user.UserEmail != nil {
			made.Identity["user_email"] = *user.UserEmail
		}
	}
	var places []int64
	values := args{"id": review.QuotaReviewID}
	values.givenIDs("subjects", append(made.Subjects(), anySubject))
	if review.Changes, places, err = s.approvedChanges(ctx, "quota_review_change_find", values); err != nil {
		return err
	}
	place, err := made.Approved(review)
	if err != nil {
		return err
	}
	row.reason = strings.TrimPrefix(change.Reason+"; "+storable(review.Note()), "; ")
	if place < 0 {
		return nil
	}
	_, err = s.exec(ctx, "quota_review_change_use", args{"id": review.QuotaReviewID, "place": places[place], "used_at_ms": s.nowMS()})
	return err
}

// allowUnreviewed is for changes that name no review: those of a configuration need one where the gateway says so.
func (s *Store) allowUnreviewed(change api.Change, made api.MadeChange) error {
	if !s.reviews.Required || change.ManagedBy == nil {
		return nil
	}
	return api.Errorf(api.NotApproved, "%s comes from a configuration (%s), and this gateway takes those with an approved review only (reviews.required). "+
		"Have the plan approved with bursar approve, and set approved_review of the provider, or BURSAR_APPROVED_REVIEW, to its id", made, change.ManagedBy)
}

func (s *Store) checkQuotaReview(_ context.Context, _ api.QuotaReview) error { return nil }

func (s *Store) putQuotaReview(ctx context.Context, query string, r api.QuotaReview) error {
	values, err := objectArgs(r.QuotaReviewID, "", r.Record, documentOf(r))
	if err != nil {
		return err
	}
	values["state"] = r.State
	_, err = s.exec(ctx, query, values)
	return err
}

func documentOf(r api.QuotaReview) quotaReviewDocument {
	return quotaReviewDocument{r.PullRequest, r.Reason, r.ExpiresAt, r.Hash, r.Approver, r.ApproverRule, r.Total}
}

type quotaReviewRow struct {
	object
	state string
	used  int64
}

func (r *quotaReviewRow) targets() []any { return r.object.targets(&r.state, &r.used) }

func (r *quotaReviewRow) public() (api.QuotaReview, error) {
	var d quotaReviewDocument
	err := decode(r.document, &d)
	return api.QuotaReview{
		QuotaReviewID:     r.id,
		QuotaReviewFields: api.QuotaReviewFields{Changes: []api.ApprovedChange{}, PullRequest: d.PullRequest, Reason: d.Reason, ExpiresAt: d.ExpiresAt},
		State:             r.state, Hash: d.Hash, Approver: d.Approver, ApproverRule: d.Rule, Total: d.Total, Used: int(r.used), Record: r.record(),
	}, err
}

func auditQuotaReview(r api.QuotaReview) any {
	return struct {
		QuotaReviewID string `json:"quota_review_id"`
		State         string `json:"state"`
		quotaReviewDocument
		Revision int64 `json:"revision"`
	}{r.QuotaReviewID, r.State, documentOf(r), r.Revision}
}
