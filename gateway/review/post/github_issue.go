package post

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/go-github/v93/github"
)

// GitHubIssues are those of the repository that a workflow of GitHub Actions runs for, by GITHUB_REPOSITORY, GITHUB_API_URL,
// and GITHUB_TOKEN, which needs "issues: write".
func GitHubIssues(env func(string) string, http *http.Client) (Tracker, error) {
	owner, repo, ok := strings.Cut(env("GITHUB_REPOSITORY"), "/")
	if !ok || env("GITHUB_TOKEN") == "" {
		return nil, errors.New("GITHUB_REPOSITORY and GITHUB_TOKEN say where to open issues and by whose right; a workflow of GitHub Actions has the first, and env: GITHUB_TOKEN: ${{ github.token }} brings the other")
	}
	client, err := gitHubClient(env, http)
	if err != nil {
		return nil, err
	}
	return &gitHub{client: client, owner: owner, repo: repo, actions: actionsUser}, nil
}

func (g *gitHub) FindIssue(ctx context.Context, marker string) (Comment, bool, error) {
	me, err := g.me(ctx)
	if err != nil {
		return Comment{}, false, err
	}
	options := &github.IssueListByRepoOptions{State: "open", Creator: me, ListOptions: github.ListOptions{PerPage: 100}}
	for {
		issues, page, err := g.client.Issues.ListByRepo(ctx, g.owner, g.repo, options)
		if err != nil {
			return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
		}
		for _, issue := range issues {
			if !issue.IsPullRequest() && issue.GetUser().GetLogin() == me && strings.HasPrefix(issue.GetBody(), marker) {
				return Comment{int64(issue.GetNumber()), issue.GetBody()}, true, nil
			}
		}
		if page.NextPage == 0 {
			return Comment{}, false, nil
		}
		options.ListOptions.Page = page.NextPage
	}
}

func (g *gitHub) OpenIssue(ctx context.Context, title, body string) error {
	_, _, err := g.client.Issues.Create(ctx, g.owner, g.repo, github.CreateIssueRequest{Title: title, Body: &body})
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitHub) EditIssue(ctx context.Context, id int64, body string) error {
	_, _, err := g.client.Issues.Update(ctx, g.owner, g.repo, int(id), github.UpdateIssueRequest{Body: &body})
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitHub) CloseIssue(ctx context.Context, id int64, body string) error {
	closed := "closed"
	_, _, err := g.client.Issues.Update(ctx, g.owner, g.repo, int(id), github.UpdateIssueRequest{Body: &body, State: &closed})
	return err //nolint:wrapcheck // the caller says what was done
}
