#!/usr/bin/env bash
# The steps of atlantis.yaml: "atlantis.sh review" comments on the pull request what the plan does to quotas, "atlantis.sh apply" has what was
# planned kept as approved and applies exactly that. Atlantis sets PLANFILE, BASE_REPO_OWNER, BASE_REPO_NAME, PULL_NUM, PULL_AUTHOR, PULL_URL and HEAD_COMMIT.
# QUOTA_POLICY is the policy, beside this script unless it says otherwise. Needs terraform and bursar.
set -euo pipefail

changes="$PLANFILE.changes.json" # holds nothing secret; Atlantis removes it with the directory of the pull request

case "${1:-}" in
review)
    event="$(mktemp)"
    trap 'rm -f "$event"' EXIT
    printf '{"pull_request": {"number": %d, "head": {"sha": "%s"}, "user": {"login": "%s"}}}' \
        "$PULL_NUM" "${HEAD_COMMIT//[^0-9a-f]/}" "${PULL_AUTHOR//[^A-Za-z0-9-]/}" >"$event"
    export GITHUB_REPOSITORY="$BASE_REPO_OWNER/$BASE_REPO_NAME" GITHUB_EVENT_PATH="$event"
    # 2 is that somebody must agree: the commit status says so, and the plan is kept for when they have.
    terraform show -json "$PLANFILE" |
        bursar review - --policy "${QUOTA_POLICY:-$(dirname "$0")/quota-policy.yaml}" --changes-out "$changes" --post github || [ $? = 2 ]
    ;;
apply)
    review="$(BURSAR_ADMIN_KEY="$BURSAR_APPROVER_KEY" bursar approve --changes "$changes" --pull-request "$PULL_URL")"
    export BURSAR_ADMIN_KEY="$BURSAR_APPLY_KEY" BURSAR_CHANGE_REASON="$PULL_URL"
    if [ -n "$review" ]; then export BURSAR_APPROVED_REVIEW="$review"; fi
    terraform apply -input=false "$PLANFILE"
    ;;
*)
    echo "atlantis.sh review, or atlantis.sh apply" >&2
    exit 64
    ;;
esac
