#!/usr/bin/env bash
# Writes what the change in this directory does to quotas as Markdown; --post github or --post gitlab puts it on the pull request.
# The plan stays in plan.json, for bursar approve.
# Needs terraform, bursar, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
# Ends with 2 where quota-policy.yaml asks for somebody's approval.
set -euo pipefail
cd "$(dirname "$0")"

terraform plan -input=false -lock=false -out=change.tfplan >plan.txt || { cat plan.txt >&2; exit 1; }
terraform show -json change.tfplan >plan.json
bursar review plan.json --policy quota-policy.yaml "$@"
