#!/bin/sh
# What Playwright starts in the place of Chromium: Chromium itself, in the network that the environment names.
exec nsenter --net="$BROWSER_NETWORK" -- "$BROWSER_PROGRAM" "$@"
