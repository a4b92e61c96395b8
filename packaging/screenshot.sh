#!/usr/bin/env bash
# Takes the README's picture of the page: a daemon with simulated records, headless Chromium, packaging/page.png.
#
#   packaging/screenshot.sh [PILOTWATCH]   default: the newest of .build/release/pilotwatch and .build/dev/pilotwatch
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

days=44 drift_day=30 surge_day=35
out=packaging/page.png

fail() {
  echo "screenshot: $*" >&2
  exit 1
}

binary="${1:-}"
if [[ -z "$binary" ]]; then
  for candidate in .build/release/pilotwatch .build/dev/pilotwatch; do
    if [[ -x "$candidate" && (-z "$binary" || "$candidate" -nt "$binary") ]]; then binary="$candidate"; fi
  done
fi
[[ -n "$binary" && -x "$binary" ]] || fail "no pilotwatch binary; build one, or run packaging/demo.sh once"

folder="$(mktemp -d)"
: >"$folder/log"
daemon=""
stop() {
  if [[ -n "$daemon" ]]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT

# Without the Alertmanager, which is not running here.
grep -v -- '- {url: ' config/demo.yml | sed 's/^  alertmanagers:$/  alertmanagers: []/' >"$folder/pilotwatch.yml"
"$binary" serve --config.file="$folder/pilotwatch.yml" --storage.path="$folder/data" --web.listen-address=127.0.0.1:0 \
  2>"$folder/log" &
daemon=$!

address=""
for ((i = 0; i < 100; i++)); do
  address="$(sed -n 's/.*msg="\{0,1\}Listening"\{0,1\}.* address=\([0-9.:]*\).*/\1/p' "$folder/log")"
  if [[ -n "$address" ]]; then break; fi
  if ! kill -0 "$daemon" 2>/dev/null; then
    cat "$folder/log" >&2
    fail "the daemon does not start"
  fi
  sleep 0.1
done
[[ -n "$address" ]] || fail "the daemon does not listen"

"$binary" simulate --url="http://$address" --start="$(date -u -d "$days days ago" +%Y-%m-%dT00:00:00Z)" --days="$days" \
  --drift-at="$drift_day" --complaint-surge-at="$surge_day"

chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --user-data-dir="$folder/chromium" --hide-scrollbars \
  --window-size=1280,1500 --screenshot="$folder/page.png" "http://$address/?refresh=off" >"$folder/chromium.log" 2>&1 ||
  { cat "$folder/chromium.log" >&2 && fail "chromium failed"; }
[[ -s "$folder/page.png" ]] || { cat "$folder/chromium.log" >&2 && fail "chromium has written no picture"; }
cp "$folder/page.png" "$out"
echo "$out: $(wc -c <"$out") bytes"
