#!/usr/bin/env bash
# Says what was changed on the gateway outside of Terraform; --post github or --post gitlab keeps one issue about it.
# Needs terraform, bursar, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
# Ends with 2 when something was changed.
set -euo pipefail
cd "$(dirname "$0")"

terraform plan -input=false -lock=false -refresh-only -out=drift.tfplan >plan.txt || { cat plan.txt >&2; exit 1; }
terraform show -json drift.tfplan | bursar drift - "$@"
