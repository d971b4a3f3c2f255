#!/usr/bin/env bash
# Writes what the change in this directory does to quotas as Markdown, for a comment on the pull request.
# Needs terraform, bursar, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
# Ends with 2 when a limit grows by more than APPROVED_PCT percent (25): somebody has to approve that.
set -euo pipefail
cd "$(dirname "$0")"

terraform plan -input=false -lock=false -out=change.tfplan >plan.txt || { cat plan.txt >&2; exit 1; }
terraform show -json change.tfplan | bursar review - --max-increase-pct "${APPROVED_PCT:-25}"
