package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/google/go-github/v93/github"
)

// gitHub is a pull request on GitHub.
type gitHub struct {
	client      *github.Client
	owner, repo string
	number      int
	commit      string
}

// mostOnGitHub is how many characters GitHub takes, fewer than bytes.
const mostOnGitHub = 65_536

// actionsUser writes what a workflow writes by its own token.
const actionsUser = "github-actions[bot]"

// GitHub is the pull request that a workflow of GitHub Actions runs for, by the variables that it sets: GITHUB_REPOSITORY,
// GITHUB_EVENT_PATH, GITHUB_API_URL, and GITHUB_TOKEN, which needs "pull-requests: write" and "statuses: write".
func GitHub(env func(string) string, http *http.Client) (Host, error) {
	owner, repo, ok := strings.Cut(env("GITHUB_REPOSITORY"), "/")
	if !ok || env("GITHUB_TOKEN") == "" {
		return nil, errors.New("GITHUB_REPOSITORY and GITHUB_TOKEN say where to post and by whose right; a workflow of GitHub Actions has the first, and env: GITHUB_TOKEN: ${{ github.token }} brings the other")
	}
	number, commit, err := pullRequest(env("GITHUB_EVENT_PATH"))
	if err != nil {
		return nil, err
	}
	options := []github.ClientOptionsFunc{github.WithAuthToken(env("GITHUB_TOKEN")), github.WithHTTPClient(http)}
	if address := env("GITHUB_API_URL"); address != "" && address != "https://api.github.com" {
		address = strings.TrimSuffix(address, "/") + "/"
		options = append(options, github.WithURLs(&address, nil))
	}
	client, err := github.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("reach GitHub: %w", err)
	}
	return &gitHub{client, owner, repo, number, commit}, nil
}

// pullRequest reads which pull request started the workflow, and its last commit.
func pullRequest(path string) (number int, commit string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, "", fmt.Errorf("read GITHUB_EVENT_PATH, which a workflow has: %w", err)
	}
	var event struct {
		PullRequest struct {
			Number int `json:"number"`
			Head   struct {
				SHA string `json:"sha"`
			} `json:"head"`
		} `json:"pull_request"`
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return 0, "", fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	if event.PullRequest.Number == 0 {
		return 0, "", errors.New("the workflow runs for no pull request; start it on: pull_request")
	}
	return event.PullRequest.Number, event.PullRequest.Head.SHA, nil
}

func (*gitHub) MostBytes() int { return mostOnGitHub }

func (g *gitHub) Find(ctx context.Context, marker string) (Comment, bool, error) {
	me, err := g.me(ctx)
	if err != nil {
		return Comment{}, false, err
	}
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		comments, page, err := g.client.Issues.ListComments(ctx, g.owner, g.repo, g.number, options)
		if err != nil {
			return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
		}
		for _, c := range comments {
			if c.GetUser().GetLogin() == me && strings.HasPrefix(c.GetBody(), marker) {
				return Comment{c.GetID(), c.GetBody()}, true, nil
			}
		}
		if page.NextPage == 0 {
			return Comment{}, false, nil
		}
		options.Page = page.NextPage
	}
}

// me is who writes. The token of a workflow may not ask, and writes as GitHub's own user.
func (g *gitHub) me(ctx context.Context) (string, error) {
	user, page, err := g.client.Users.Get(ctx, "")
	switch {
	case err == nil:
		return user.GetLogin(), nil
	case page != nil && (page.StatusCode == http.StatusForbidden || page.StatusCode == http.StatusNotFound):
		return actionsUser, nil
	default:
		return "", err //nolint:wrapcheck // the caller says what was done
	}
}

func (g *gitHub) Create(ctx context.Context, body string) error {
	_, _, err := g.client.Issues.CreateComment(ctx, g.owner, g.repo, g.number, github.IssueCommentRequest{Body: body})
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitHub) Update(ctx context.Context, id int64, body string) error {
	_, _, err := g.client.Issues.UpdateComment(ctx, g.owner, g.repo, id, github.IssueCommentRequest{Body: body})
	return err //nolint:wrapcheck // the caller says what was done
}

// mostInStatus is how many characters GitHub takes as a status's description.
const mostInStatus = 140

func (g *gitHub) Status(ctx context.Context, name, summary, link string, waits bool) error {
	state := "success"
	if waits {
		state = "failure"
	}
	summary = cut(summary, mostInStatus, "…")
	status := github.RepoStatus{State: &state, Context: &name, Description: &summary}
	if link != "" {
		status.TargetURL = &link
	}
	_, _, err := g.client.Repositories.CreateStatus(ctx, g.owner, g.repo, g.commit, status)
	return err //nolint:wrapcheck // the caller says what was done
}
