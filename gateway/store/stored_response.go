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

// RememberItems notes which response items belong to. Those that are known stay as they are.
func (s *Store) RememberItems(ctx context.Context, responseID string, items []string) error {
	return s.transact(ctx, func(ctx context.Context, _ *tx) error {
		for _, id := range items {
			if _, err := s.exec(ctx, "stored_item_insert", args{"id": id, "response_id": responseID, "created_at_ms": s.nowMS()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// StoredItems returns the responses that items belong to, by the items' ids; those that nobody knows are left out.
func (s *Store) StoredItems(ctx context.Context, ids []string) (map[string]api.StoredResponse, error) {
	items := map[string]api.StoredResponse{}
	err := inChunks(ids, func(chunk []string) error {
		return s.each(ctx, "stored_items_get", args{"ids": chunk}, func(scan func(...any) error) error {
			var id string
			var of api.StoredResponse
			err := scan(&id, &of.ID, &of.TeamID, &of.KeyID, &of.Model, &of.Deployment)
			items[id] = of
			return err
		})
	})
	return items, err
}

// ForgetResponse drops a response that its provider has deleted, and its items.
func (s *Store) ForgetResponse(ctx context.Context, id string) error {
	if _, err := s.exec(ctx, "stored_items_delete", args{"id": id}); err != nil {
		return err
	}
	_, err := s.exec(ctx, "stored_response_delete", args{"id": id})
	return err
}

// PurgeResponses drops what providers keep no longer.
func (s *Store) PurgeResponses(ctx context.Context) error {
	before := args{"before_ms": s.now().Add(-responseKept).UnixMilli()}
	if _, err := s.exec(ctx, "stored_items_purge", before); err != nil {
		return err
	}
	_, err := s.exec(ctx, "stored_response_purge", before)
	return err
}
