#!/usr/bin/env bash
# Says what was changed on the gateway outside of Terraform; --post github or --post gitlab keeps one issue about it.
# Needs terraform, bursar, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
# QUOTA_PLAN is what "plan.sh -refresh-only" has written already, so that the plan is made without the token that posts.
# Ends with 2 when something was changed.
set -euo pipefail
cd "$(dirname "$0")"

[ -n "${QUOTA_PLAN:-}" ] || ./plan.sh -refresh-only
plan="${QUOTA_PLAN:-change.json}"
trap 'rm -f "$plan"' EXIT
bursar drift "$plan" "$@"
