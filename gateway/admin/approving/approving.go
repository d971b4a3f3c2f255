// Package approving keeps reviews that somebody has approved: sets of changes that may be made, each once.
//
// It promises that what was approved is what is kept, under a hash of it, and that nothing in it is secret. It must never
// know how changes are made or compared: the store asks for the review in the transaction of each change.
package approving

import (
	"context"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// Path is where a review is approved.
	Path = "/quota_review/new"
	// MaxBody is the largest review in bytes: each of the most changes there may be has room for two whole objects.
	MaxBody = 64 << 20
)

// listed is how many reviews an answer has at most.
const listed = 500

// Record is where reviews are kept.
type Record interface {
	route.Memory
	CreateQuotaReview(ctx context.Context, change api.Change, review api.QuotaReview) (api.QuotaReview, error)
	QuotaReview(ctx context.Context, id string) (api.QuotaReview, error)
	QuotaReviews(ctx context.Context, filter api.QuotaReviewFilter) ([]api.QuotaReview, error)
	WithdrawQuotaReview(ctx context.Context, change api.Change, id string) (api.QuotaReview, error)
}

// Registry keeps approved reviews.
type Registry struct {
	Record Record
	Now    func() time.Time
}

// reviewNew is the body of POST /quota_review/new.
type reviewNew struct {
	route.Fields[api.QuotaReviewFields]
}

// reviewNamed is a body that names one review.
type reviewNamed struct {
	QuotaReviewID string `json:"quota_review_id" required:"true"`
}

// reviewAsked names one review in the address.
type reviewAsked struct {
	QuotaReviewID string `query:"quota_review_id" required:"true"`
}

// reviewsWanted selects reviews.
type reviewsWanted struct {
	// Reviews in this state only: approved or withdrawn.
	State string `query:"state"`
}

// reviewList is the answer of GET /quota_review/list.
type reviewList struct {
	QuotaReviews []api.QuotaReview `json:"quota_reviews"`
}

// Routes are the operations on approved reviews.
func Routes(r *Registry) []route.Route {
	const tag = "quota review"
	return []route.Route{
		route.New("POST "+Path, auth.Approve, r.approve, route.Spec{
			Tag: tag, Closed: true, Repeatable: true, Summary: "Approve a set of changes, each of which can then be made once.",
			Description: "`bursar approve` sends what a Terraform plan changes. A request with the header `" + api.HeaderApprovedReview +
				"` changes what the review of that id has, from what it was when it was approved to what was approved, and nothing else: anything " +
				"other is refused with 409. It needs the role `admin` or `approver`. `expires_at` is a week from now unless given, at most 92 days.",
		}),
		route.New("GET /quota_review/info", auth.Read, r.info, route.Spec{
			Tag: tag, Closed: true, Summary: "Read an approved review with its changes, and which of them are made.", Errors: route.Codes(api.NotFound),
		}),
		route.New("GET /quota_review/list", auth.Read, r.list, route.Spec{
			Tag: tag, Closed: true, Summary: "List the newest approved reviews, without their changes.",
		}),
		route.New("POST /quota_review/withdraw", auth.Approve, r.withdraw, route.Spec{
			Tag: tag, Closed: true, Summary: "Withdraw an approved review: what of it is not made yet is refused from now on.",
			Errors: route.Codes(api.NotFound),
		}),
	}
}

// approve is POST /quota_review/new.
func (r *Registry) approve(c *route.Call, in reviewNew) (made api.QuotaReview, err error) {
	review := api.QuotaReview{
		QuotaReviewID: auth.NewQuotaReviewID(), State: api.ReviewApproved, Approver: c.Caller.Credential, ApproverRule: c.Caller.Rule,
		QuotaReviewFields: api.QuotaReviewFields{ExpiresAt: r.Now().Add(api.DefaultReviewLife)},
	}
	if err := in.Apply(&review.QuotaReviewFields); err != nil {
		return made, err
	}
	if err := review.QuotaReviewFields.Validate(); err != nil {
		return made, err
	}
	review.ExpiresAt = review.ExpiresAt.UTC().Truncate(time.Second)
	if now := r.Now(); !review.ExpiresAt.After(now) || review.ExpiresAt.After(now.Add(api.LongestReviewLife)) {
		return made, api.FieldErrorf("expires_at", "is %s; it must lie ahead, within %d days", review.ExpiresAt.Format(time.RFC3339), int(api.LongestReviewLife.Hours()/24))
	}
	review.PullRequest, review.Reason = route.Note(review.PullRequest), route.Note(review.Reason)
	if review.Hash, err = api.HashChanges(review.Changes); err != nil {
		return made, err
	}
	review.Total = review.Makes()
	return route.Once(c, r.Record, func(ctx context.Context) (api.QuotaReview, error) {
		return r.Record.CreateQuotaReview(ctx, c.Change, review)
	})
}

// info is GET /quota_review/info.
func (r *Registry) info(c *route.Call, in reviewAsked) (api.QuotaReview, error) {
	return r.Record.QuotaReview(c.Context(), in.QuotaReviewID)
}

// list is GET /quota_review/list.
func (r *Registry) list(c *route.Call, in reviewsWanted) (reviewList, error) {
	if in.State != "" && !slices.Contains(api.ReviewStates, in.State) {
		return reviewList{}, api.FieldErrorf("state", "%q is no state of a review", in.State)
	}
	found, err := r.Record.QuotaReviews(c.Context(), api.QuotaReviewFilter{State: in.State, Limit: listed})
	return reviewList{found}, err
}

// withdraw is POST /quota_review/withdraw.
func (r *Registry) withdraw(c *route.Call, in reviewNamed) (api.QuotaReview, error) {
	return r.Record.WithdrawQuotaReview(c.Context(), c.Change, in.QuotaReviewID)
}
