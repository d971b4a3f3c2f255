package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/google/go-github/v93/github"
)

// gitHub is a pull request on GitHub.
type gitHub struct {
	client      *github.Client
	owner, repo string
	number      int
	commit      string
	// author opened the pull request, and is not asked to review it.
	author string
	// actions is who writes what a workflow writes by its own token.
	actions string
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
	of, err := pullRequest(env("GITHUB_EVENT_PATH"))
	if err != nil {
		return nil, err
	}
	client, err := gitHubClient(env, http)
	if err != nil {
		return nil, err
	}
	return &gitHub{client, owner, repo, of.Number, of.Head.SHA, of.User.Login, actionsUser}, nil
}

func gitHubClient(env func(string) string, http *http.Client) (*github.Client, error) {
	options := []github.ClientOptionsFunc{github.WithAuthToken(env("GITHUB_TOKEN")), github.WithHTTPClient(http)}
	if address := env("GITHUB_API_URL"); address != "" && address != "https://api.github.com" {
		address = strings.TrimSuffix(address, "/") + "/"
		options = append(options, github.WithURLs(&address, nil))
	}
	client, err := github.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("reach GitHub: %w", err)
	}
	return client, nil
}

// pullRequestEvent is the pull request that started a workflow, with its last commit.
type pullRequestEvent struct {
	Number int `json:"number"`
	Head   struct {
		SHA string `json:"sha"`
	} `json:"head"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

func pullRequest(path string) (pullRequestEvent, error) {
	var event struct {
		PullRequest pullRequestEvent `json:"pull_request"`
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return event.PullRequest, fmt.Errorf("read GITHUB_EVENT_PATH, which a workflow has: %w", err)
	}
	if err := json.Unmarshal(data, &event); err != nil {
		return event.PullRequest, fmt.Errorf("read GITHUB_EVENT_PATH: %w", err)
	}
	if event.PullRequest.Number == 0 {
		return event.PullRequest, errors.New("the workflow runs for no pull request; start it on: pull_request")
	}
	return event.PullRequest, nil
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

// me is who writes. The token of a workflow may not ask, and writes as a user of the host's own.
func (g *gitHub) me(ctx context.Context) (string, error) {
	user, page, err := g.client.Users.Get(ctx, "")
	switch {
	case err == nil:
		return user.GetLogin(), nil
	case page != nil && (page.StatusCode == http.StatusForbidden || page.StatusCode == http.StatusNotFound):
		return g.actions, nil
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

// Ask leaves out the author, whom GitHub does not let review. A group is OWNER/TEAM.
func (g *gitHub) Ask(ctx context.Context, reviewers []string) error {
	var request github.ReviewersRequest
	for _, name := range reviewers {
		owner, team, isTeam := strings.Cut(name, "/")
		switch {
		case isTeam && strings.EqualFold(owner, g.owner):
			request.TeamReviewers = append(request.TeamReviewers, team)
		case isTeam:
			return fmt.Errorf("GitHub cannot ask %s: teams that review are of the repository's organization, %s", name, g.owner)
		case !strings.EqualFold(name, g.author):
			request.Reviewers = append(request.Reviewers, name)
		}
	}
	if len(request.Reviewers)+len(request.TeamReviewers) == 0 {
		return nil
	}
	_, _, err := g.client.PullRequests.RequestReviewers(ctx, g.owner, g.repo, g.number, request)
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitHub) Label(ctx context.Context, set, takeOff []string) error {
	there, _, err := g.client.Issues.ListLabelsByIssue(ctx, g.owner, g.repo, g.number, &github.ListOptions{PerPage: 100})
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was done
	}
	has := func(name string) bool {
		return slices.ContainsFunc(there, func(label *github.Label) bool { return strings.EqualFold(label.GetName(), name) })
	}
	if missing := slices.DeleteFunc(slices.Clone(set), has); len(missing) > 0 {
		if _, _, err := g.client.Issues.AddLabelsToIssue(ctx, g.owner, g.repo, g.number, missing); err != nil {
			return err //nolint:wrapcheck // the caller says what was done
		}
	}
	for _, name := range takeOff {
		if !has(name) {
			continue
		}
		if _, err := g.client.Issues.RemoveLabelForIssue(ctx, g.owner, g.repo, g.number, name); err != nil {
			return err //nolint:wrapcheck // the caller says what was done
		}
	}
	return nil
}
