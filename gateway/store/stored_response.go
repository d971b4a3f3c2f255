package store

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// responseKept is a little longer than providers keep responses.
const responseKept = 32 * 24 * time.Hour

// RememberResponse notes whose a response is. One that is known stays as it is.
func (s *Store) RememberResponse(ctx context.Context, response api.StoredResponse) error {
	_, err := s.exec(ctx, "stored_response_insert", args{
		"id": response.ID, "team_id": response.TeamID, "key_id": response.KeyID, "model": response.Model,
		"deployment": response.Deployment, "tokens": response.Tokens, "created_at_ms": s.nowMS(),
	})
	return err
}

// StoredResponse returns what is known of a response. Errors: [api.NotFound].
func (s *Store) StoredResponse(ctx context.Context, id string) (api.StoredResponse, error) {
	response, createdAt := api.StoredResponse{ID: id}, int64(0)
	found, err := s.one(ctx, "stored_response_get", args{"id": id},
		&response.TeamID, &response.KeyID, &response.Model, &response.Deployment, &response.Tokens, &createdAt)
	if err != nil {
		return api.StoredResponse{}, err
	}
	if !found {
		return api.StoredResponse{}, api.Errorf(api.NotFound, "no such response")
	}
	response.CreatedAt = time.UnixMilli(createdAt).UTC()
	return response, nil
}

// ForgetResponse drops a response that its provider has deleted.
func (s *Store) ForgetResponse(ctx context.Context, id string) error {
	_, err := s.exec(ctx, "stored_response_delete", args{"id": id})
	return err
}

// PurgeResponses drops what providers keep no longer.
func (s *Store) PurgeResponses(ctx context.Context) error {
	_, err := s.exec(ctx, "stored_response_purge", args{"before_ms": s.now().Add(-responseKept).UnixMilli()})
	return err
}
