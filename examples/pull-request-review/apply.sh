#!/usr/bin/env bash
# Applies what was approved: apply.sh REVIEW, with the id that approve.sh printed. The plan is made anew; what is not in the review is
# refused by the gateway, and the plan says so before anything is done.
# Needs terraform, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY, an admin key with the role admin.
set -euo pipefail
cd "$(dirname "$0")"

export BURSAR_APPROVED_REVIEW="${1:?name the approved review: apply.sh REVIEW}"
terraform apply -input=false -auto-approve
