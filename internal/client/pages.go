package client

import (
	"context"
	"errors"
	"maps"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// page is a part of a list.
type page[T any] struct {
	objects []T
	// rows are how many of the list's total are on the page: an object each, unless a row holds several.
	rows, total int
	// next is the cursor of the page after this one, empty on the last.
	next string
}

// pageReader reads the page at a cursor; an empty one is the first page's. A cursor says behind which object to
// go on, so that what is made or deleted meanwhile moves nothing from one page to another.
type pageReader[T any] func(ctx context.Context, cursor string) (page[T], error)

// errInCircles is for what would otherwise be read for ever.
var errInCircles = errors.New("the next page is said to be the same again; is the endpoint a Bursar gateway of a fitting version?")

// everyPage returns what is on all pages.
func everyPage[T any](ctx context.Context, read pageReader[T]) ([]T, error) {
	var all []T
	for cursor := ""; ; {
		page, err := read(ctx, cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page.objects...)
		switch page.next {
		case "":
			return all, nil
		case cursor:
			return nil, errInCircles
		}
		cursor = page.next
	}
}

// wholeList is a list that the gateway answers at once.
func wholeList[T any](read func(ctx context.Context) ([]T, error)) pageReader[T] {
	return func(ctx context.Context, _ string) (page[T], error) {
		objects, err := read(ctx)
		return page[T]{objects: objects, rows: len(objects), total: len(objects)}, err
	}
}

// listedTeam is a team in a list that was asked for its members as well.
type listedTeam struct {
	api.Team
	TeamMemberships []api.TeamMembership `json:"team_memberships"`
}

func (c *Client) pageOfTeams(ctx context.Context, cursor string) (page[api.Team], error) {
	listed, err := c.teamPage(ctx, cursor, nil)
	teams := make([]api.Team, len(listed.objects))
	for i, team := range listed.objects {
		teams[i] = team.Team
	}
	return page[api.Team]{teams, listed.rows, listed.total, listed.next}, err
}

// pageOfMembers are the members of a page of teams.
func (c *Client) pageOfMembers(ctx context.Context, cursor string) (page[api.Membership], error) {
	listed, err := c.teamPage(ctx, cursor, map[string]string{"include_memberships": "true"})
	var members []api.Membership
	for _, team := range listed.objects {
		for _, member := range team.TeamMemberships {
			members = append(members, member.Membership)
		}
	}
	return page[api.Membership]{members, listed.rows, listed.total, listed.next}, err
}

func (c *Client) teamPage(ctx context.Context, cursor string, with map[string]string) (page[listedTeam], error) {
	var answer struct {
		Teams      []listedTeam `json:"teams"`
		Total      int          `json:"total"`
		NextCursor string       `json:"next_cursor"`
	}
	query := pageQuery("page_size", "team_id", cursor)
	maps.Copy(query, with)
	err := c.get(ctx, "/v2/team/list", query, &answer)
	err = whole(err, answer.Teams != nil, "GET /v2/team/list")
	return page[listedTeam]{answer.Teams, len(answer.Teams), answer.Total, answer.NextCursor}, err
}

func (c *Client) pageOfKeys(ctx context.Context, cursor string) (page[api.Key], error) {
	return c.keyPage(ctx, cursor, nil)
}

func (c *Client) keyPage(ctx context.Context, cursor string, with map[string]string) (page[api.Key], error) {
	var answer struct {
		Keys       []api.Key `json:"keys"`
		TotalCount int       `json:"total_count"`
		NextCursor string    `json:"next_cursor"`
	}
	query := pageQuery("size", "key_id", cursor)
	query["return_full_object"] = "true"
	maps.Copy(query, with)
	err := c.get(ctx, "/key/list", query, &answer)
	err = whole(err, answer.Keys != nil, "GET /key/list")
	return page[api.Key]{answer.Keys, len(answer.Keys), answer.TotalCount, answer.NextCursor}, err
}

func pageQuery(sizeName, sortBy, cursor string) map[string]string {
	query := map[string]string{sizeName: strconv.Itoa(pageSize), "sort_by": sortBy, "sort_order": "asc"}
	if cursor != "" {
		query["cursor"] = cursor
	}
	return query
}
