package post

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"
)

// gitLab is a merge request on GitLab.
type gitLab struct {
	client  *gitlab.Client
	project string
	number  int64
	commit  string
}

// mostOnGitLab is how many characters GitLab takes.
const mostOnGitLab = 1_000_000

// GitLab is the merge request that a pipeline runs for, by the variables that it sets: CI_API_V4_URL, CI_PROJECT_ID,
// CI_MERGE_REQUEST_IID, CI_COMMIT_SHA, and GITLAB_TOKEN, a token of a project's bot with the scope api: that of the job may not
// write comments.
func GitLab(env func(string) string, client *http.Client) (Host, error) {
	number, err := strconv.ParseInt(env("CI_MERGE_REQUEST_IID"), 10, 64)
	if err != nil {
		return nil, errors.New("the pipeline runs for no merge request; start it if $CI_PIPELINE_SOURCE == \"merge_request_event\"")
	}
	if env("GITLAB_TOKEN") == "" || env("CI_API_V4_URL") == "" || env("CI_PROJECT_ID") == "" {
		return nil, errors.New("CI_API_V4_URL and CI_PROJECT_ID, which a pipeline of GitLab has, and GITLAB_TOKEN with the scope api say where to post and by whose right")
	}
	api, err := gitlab.NewClient(env("GITLAB_TOKEN"), gitlab.WithBaseURL(env("CI_API_V4_URL")), gitlab.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("reach GitLab: %w", err)
	}
	return &gitLab{api, env("CI_PROJECT_ID"), number, env("CI_COMMIT_SHA")}, nil
}

func (*gitLab) MostBytes() int { return mostOnGitLab }

func (g *gitLab) Find(ctx context.Context, marker string) (Comment, bool, error) {
	me, _, err := g.client.Users.CurrentUser(gitlab.WithContext(ctx))
	if err != nil {
		return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
	}
	options := &gitlab.ListMergeRequestNotesOptions{ListOptions: gitlab.ListOptions{PerPage: 100}}
	for {
		notes, page, err := g.client.Notes.ListMergeRequestNotes(g.project, g.number, options, gitlab.WithContext(ctx))
		if err != nil {
			return Comment{}, false, err //nolint:wrapcheck // the caller says what was done
		}
		for _, note := range notes {
			if note.Author.ID == me.ID && strings.HasPrefix(note.Body, marker) {
				return Comment{note.ID, note.Body}, true, nil
			}
		}
		if page.NextPage == 0 {
			return Comment{}, false, nil
		}
		options.Page = page.NextPage
	}
}

func (g *gitLab) Create(ctx context.Context, body string) error {
	_, _, err := g.client.Notes.CreateMergeRequestNote(g.project, g.number, &gitlab.CreateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitLab) Update(ctx context.Context, id int64, body string) error {
	_, _, err := g.client.Notes.UpdateMergeRequestNote(g.project, g.number, id, &gitlab.UpdateMergeRequestNoteOptions{Body: &body}, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitLab) Status(ctx context.Context, name, summary, link string, waits bool) error {
	options := &gitlab.SetCommitStatusOptions{State: gitlab.Success, Name: &name, Description: &summary}
	if waits {
		options.State = gitlab.Failed
	}
	if link != "" {
		options.TargetURL = &link
	}
	_, _, err := g.client.Commits.SetCommitStatus(g.project, g.commit, options, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}

// Ask adds to those who are asked already. GitLab asks people only, so a group is an error.
func (g *gitLab) Ask(ctx context.Context, reviewers []string) error {
	request, _, err := g.client.MergeRequests.GetMergeRequest(g.project, g.number, nil, gitlab.WithContext(ctx))
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was done
	}
	var ids []int64
	for _, reviewer := range request.Reviewers {
		ids = append(ids, reviewer.ID)
	}
	before := len(ids)
	for _, name := range reviewers {
		if strings.Contains(name, "/") {
			return fmt.Errorf("GitLab cannot ask the group %s, only people; name them in by", name)
		}
		users, _, err := g.client.Users.ListUsers(&gitlab.ListUsersOptions{Username: &name}, gitlab.WithContext(ctx))
		if err != nil {
			return err //nolint:wrapcheck // the caller says what was done
		}
		if len(users) == 0 {
			return fmt.Errorf("GitLab knows nobody named %s", name)
		}
		if !slices.Contains(ids, users[0].ID) {
			ids = append(ids, users[0].ID)
		}
	}
	if len(ids) == before {
		return nil
	}
	_, _, err = g.client.MergeRequests.UpdateMergeRequest(g.project, g.number, &gitlab.UpdateMergeRequestOptions{ReviewerIDs: &ids}, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}

func (g *gitLab) Label(ctx context.Context, set, takeOff []string) error {
	request, _, err := g.client.MergeRequests.GetMergeRequest(g.project, g.number, nil, gitlab.WithContext(ctx))
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was done
	}
	has := func(name string) bool { return slices.Contains(request.Labels, name) }
	add := gitlab.LabelOptions(slices.DeleteFunc(slices.Clone(set), has))
	remove := gitlab.LabelOptions(slices.DeleteFunc(slices.Clone(takeOff), func(name string) bool { return !has(name) }))
	if len(add)+len(remove) == 0 {
		return nil
	}
	_, _, err = g.client.MergeRequests.UpdateMergeRequest(g.project, g.number, &gitlab.UpdateMergeRequestOptions{AddLabels: &add, RemoveLabels: &remove}, gitlab.WithContext(ctx))
	return err //nolint:wrapcheck // the caller says what was done
}
