#!/usr/bin/env bash
# Installs what is needed, builds and runs every test.
#
#   packaging/test.sh                the plain build
#   packaging/test.sh --slow         and the tests labelled slow: every simulation in full (about 2 minutes more)
#   packaging/test.sh --sanitizers   and once more each under address+undefined and thread sanitizers (about an hour)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

presets=(dev)
slow=(-LE slow)
case "${1:-}" in
  "") ;;
  --slow) slow=() ;;
  --sanitizers) presets+=(asan tsan) ;;
  -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' packaging/test.sh
    exit 0
    ;;
  *)
    echo "$0: unknown argument $1 (one of --slow, --sanitizers)" >&2
    exit 2
    ;;
esac

packaging/install.sh --test

jobs="${JOBS:-$(nproc)}"
failed=()
for preset in "${presets[@]}"; do
  echo "=== preset $preset: build"
  cmake --preset "$preset"
  cmake --build --preset "$preset" -j "$jobs"
  echo "=== preset $preset: tests"
  ctest --preset "$preset" --output-on-failure -j "$jobs" "${slow[@]}" || failed+=("$preset")
done
if ((${#failed[@]} > 0)); then
  echo "Tests failed under: ${failed[*]}" >&2
  exit 1
fi
