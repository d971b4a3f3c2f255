#!/usr/bin/env bash
# Plans the change in this directory, and writes the plan in JSON to change.json, for review.sh and drift.sh; "plan.sh -refresh-only" is for the latter.
# A plan runs what the configuration says, and may read all that its user may: where strangers propose it, nothing but a viewer's key is in the
# environment. change.json holds what the configuration keeps secret: it goes when it was read, and is kept nowhere.
# Needs terraform, BURSAR_ENDPOINT and BURSAR_ADMIN_KEY. A viewer's admin key is enough.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

terraform plan -input=false -lock=false -out=change.tfplan "$@" >plan.txt || { cat plan.txt >&2; exit 1; }
terraform show -json change.tfplan >change.json
