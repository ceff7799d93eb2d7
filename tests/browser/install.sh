#!/bin/sh
# Make sure that a Chromium is there for the browser tests. Usage: install.sh PYTHON
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ -n "${TRIMATTE_CHROMIUM:-}" ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then sudo="sudo"; fi
    if $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium; then exit 0; fi
fi
exec "$1" -m playwright install chromium
