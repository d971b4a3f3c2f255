package post

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"
)

// GitLabIssues are those of the project that a pipeline runs for, by CI_API_V4_URL, CI_PROJECT_ID, and GITLAB_TOKEN, a token of
// a project's bot with the scope api.
func GitLabIssues(env func(string) string, client *http.Client) (Tracker, error) {
	if env("GITLAB_TOKEN") == "" || env("CI_API_V4_URL") == "" || env("CI_PROJECT_ID") == "" {
		return nil, errors.New("CI_API_V4_URL and CI_PROJECT_ID, which a pipeline of GitLab has, and GITLAB_TOKEN with the scope api say where to open issues and by whose right")
	}
	api, err := gitlab.NewClient(env("GITLAB_TOKEN"), gitlab.WithBaseURL(env("CI_API_V4_URL")), gitlab.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("reach GitLab: %w", err)
	}
	return &gitLab{client: api, project: env("CI_PROJECT_ID")}, nil
}

func (g *gitLab) FindIssue(ctx context.Context, marker string) (Comment, bool, error) {
	me, _, err := g.client.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
	}
	opened := "opened"
	options := &gitlab.ListProjectIssuesOptions{State: &opened, AuthorID: &me.ID, ListOptions: gitlab.ListOptions{PerPage: 100}}
	for {
		issues, page, err := g.client.Issues.ListProjectIssues(g.project, options, gitlab.WithContext(ctx))
		if err != nil {
			return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
		}
		for _, issue := range issues {
			if issue.Author != nil && issue.Author.ID == me.ID && strings.HasPrefix(issue.Description, marker) {
				return Comment{issue.IID, issue.Description}, true, nil
			}
		}
		if page.NextPage == 0 {
			return Comment{}, false, nil
		}
		options.Page = page.NextPage
	}
}

func (g *gitLab) OpenIssue(ctx context.Context, title, body string) error {
	_, _, err := g.client.Issues.CreateIssue(g.project, &gitlab.CreateIssueOptions{Title: &title, Description: &body}, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitLab) EditIssue(ctx context.Context, id int64, body string) error {
	return g.editIssue(ctx, id, gitlab.UpdateIssueOptions{Description: &body})
}

func (g *gitLab) CloseIssue(ctx context.Context, id int64, body string) error {
	closes := "close"
	return g.editIssue(ctx, id, gitlab.UpdateIssueOptions{Description: &body, StateEvent: &closes})
}

func (g *gitLab) editIssue(ctx context.Context, id int64, options gitlab.UpdateIssueOptions) error {
	_, _, err := g.client.Issues.UpdateIssue(g.project, id, &options, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}
