#!/bin/sh
# An admin key of this machine's own, once. Nothing is started: the models come first.
set -e
if [ ! -e /etc/bursar/environment ]; then
  umask 077
  echo "BURSAR_ADMIN_KEY=sk-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >/etc/bursar/environment
  chgrp bursar /etc/bursar/environment
  chmod 0640 /etc/bursar/environment
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl try-restart bursar.service # an update
fi
