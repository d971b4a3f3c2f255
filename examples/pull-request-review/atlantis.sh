#!/usr/bin/env bash
# The step of atlantis.yaml after the plan: comments on the pull request what the plan does to quotas, and sets the commit status.
# Atlantis sets PLANFILE, BASE_REPO_OWNER, BASE_REPO_NAME, PULL_NUM, PULL_AUTHOR and HEAD_COMMIT.
# QUOTA_POLICY is the policy, beside this script unless it says otherwise. Needs terraform and bursar.
set -euo pipefail

event="$(mktemp)"
trap 'rm -f "$event"' EXIT
printf '{"pull_request": {"number": %d, "head": {"sha": "%s"}, "user": {"login": "%s"}}}' \
    "$PULL_NUM" "${HEAD_COMMIT//[^0-9a-f]/}" "${PULL_AUTHOR//[^A-Za-z0-9-]/}" >"$event"
export GITHUB_REPOSITORY="$BASE_REPO_OWNER/$BASE_REPO_NAME" GITHUB_EVENT_PATH="$event"
# 2 is that somebody must agree: the commit status says so.
terraform show -json "$PLANFILE" | bursar review - --policy "${QUOTA_POLICY:-$(dirname "$0")/quota-policy.yaml}" --post github || [ $? = 2 ]
