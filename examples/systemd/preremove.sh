#!/bin/sh
# A removal ends it; an update restarts it afterwards. What it has stored stays.
set -e
if [ -d /run/systemd/system ] && { [ "$1" = remove ] || [ "$1" = 0 ]; }; then
  systemctl disable --now bursar.service
fi
