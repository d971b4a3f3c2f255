package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ApproveQuotas has a set of changes approved, each of which can then be made once.
func (c *Client) ApproveQuotas(ctx context.Context, fields api.QuotaReviewFields) (api.QuotaReview, error) {
	var review api.QuotaReview
	err := c.create(ctx, "/quota_review/new", fields, &review)
	err = whole(err, review.QuotaReviewID != "", "POST /quota_review/new")
	return review, wrap(err, "have the changes approved")
}

// QuotaReview returns an approved review with its changes, or [api.NotFound].
func (c *Client) QuotaReview(ctx context.Context, id string) (api.QuotaReview, error) {
	var review api.QuotaReview
	err := c.get(ctx, "/quota_review/info", map[string]string{"quota_review_id": id}, &review)
	err = whole(err, review.QuotaReviewID != "", "GET /quota_review/info")
	return review, wrap(err, "read approved review %q", id)
}

// WithdrawQuotaReview lets nothing of an approved review through any more.
func (c *Client) WithdrawQuotaReview(ctx context.Context, id string) (api.QuotaReview, error) {
	var review api.QuotaReview
	err := c.post(ctx, "/quota_review/withdraw", map[string]string{"quota_review_id": id}, &review)
	return review, wrap(err, "withdraw approved review %q", id)
}

// QuotaReviews returns the newest approved reviews in a state, "" for any, without their changes.
func (c *Client) QuotaReviews(ctx context.Context, state string) ([]api.QuotaReview, error) {
	var list struct {
		QuotaReviews []api.QuotaReview `json:"quota_reviews"`
	}
	query := map[string]string{}
	if state != "" {
		query["state"] = state
	}
	err := c.get(ctx, "/quota_review/list", query, &list)
	return list.QuotaReviews, wrap(err, "list approved reviews")
}
