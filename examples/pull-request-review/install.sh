#!/usr/bin/env bash
# Puts bursar into a directory, from its release: install.sh DIRECTORY.
# BURSAR_VERSION says which, such as 1.2.3; BURSAR_SHA256 is the sum of bursar_1.2.3_linux_amd64.tar.gz in the release's SHA256SUMS, so that
# nothing else is ever run. BURSAR_RELEASES may be a mirror.
set -euo pipefail

directory="${1:?name the directory: install.sh DIRECTORY}"
version="${BURSAR_VERSION:?say which version, such as 1.2.3}" sum="${BURSAR_SHA256:?say what its archive has to be}"
releases="${BURSAR_RELEASES:-https://github.com/bursarhq/terraform-provider-bursar/releases/download}"
archive="$(mktemp)"
trap 'rm -f "$archive"' EXIT

curl -sSfL --retry 3 -o "$archive" "$releases/v$version/bursar_${version}_linux_amd64.tar.gz"
echo "$sum  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$directory" bursar
