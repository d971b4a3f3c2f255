#!/bin/sh
# The user must be there before the files that it owns.
set -e
getent group bursar >/dev/null || groupadd --system bursar
getent passwd bursar >/dev/null ||
  useradd --system --gid bursar --home-dir /var/lib/bursar --no-create-home --shell /usr/sbin/nologin bursar
