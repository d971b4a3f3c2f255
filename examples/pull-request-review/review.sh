#!/usr/bin/env bash
# Writes what the change in this directory does to quotas as Markdown; --post github or --post gitlab puts it on the pull request.
# What it changes stays in changes.json, for bursar approve --changes. Unlike the plan it holds nothing secret.
# Needs terraform, bursar, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
# QUOTA_PLAN is what plan.sh has written already, so that the plan is made without the token that posts.
# QUOTA_POLICY is another policy than the one here, such as that of the branch which is merged into.
# Ends with 2 where the policy asks for somebody's approval.
set -euo pipefail
cd "$(dirname "$0")"

[ -n "${QUOTA_PLAN:-}" ] || ./plan.sh
plan="${QUOTA_PLAN:-change.json}"
trap 'rm -f "$plan"' EXIT
bursar review "$plan" --policy "${QUOTA_POLICY:-quota-policy.yaml}" --changes-out changes.json "$@"
