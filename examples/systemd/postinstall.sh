#!/bin/sh
# An admin key of this machine's own, once. Nothing is started: the models come first.
set -e
if [ ! -e /etc/bursar/environment ]; then
  key="$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
  if [ "${#key}" != 48 ]; then
    echo "bursar: no admin key could be made of /dev/urandom" >&2
    exit 1
  fi
  umask 077
  echo "BURSAR_ADMIN_KEY=sk-$key" >/etc/bursar/environment
  chgrp bursar /etc/bursar/environment
  chmod 0640 /etc/bursar/environment
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart bursar.service # an update
fi
