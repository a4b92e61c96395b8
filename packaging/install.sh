#!/usr/bin/env bash
# Installs from Debian what building pilotwatch needs; nothing comes from anywhere else.
#
#   packaging/install.sh          to build the daemon
#   packaging/install.sh --demo   and what the demo runs beside it
#   packaging/install.sh --test   and what the tests need
#
# What is there already is left alone; when nothing is missing, apt is not called and no network is needed.
set -euo pipefail

build=(g++ cmake ninja-build ccache pkg-config git ca-certificates
  libboost1.81-dev libsimdjson-dev libsqlite3-dev libspdlog-dev prometheus-cpp-dev libyaml-cpp-dev libcli11-dev
  nlohmann-json3-dev libhowardhinnant-date-dev tzdata libzstd-dev zlib1g-dev libssl-dev libsodium-dev libcrypt-dev
  libcurl4-openssl-dev libc-ares-dev libprotobuf-dev protobuf-compiler libsystemd-dev)
demo=(prometheus prometheus-alertmanager curl)
tests=(catch2 python3 python3-jsonschema python3-yaml openssl zstd chromium logrotate rsyslog dnsmasq-base clang libclang-rt-14-dev)

wanted=("${build[@]}")
case "${1:-}" in
  "") ;;
  --demo) wanted+=("${demo[@]}") ;;
  --test) wanted+=("${demo[@]}" "${tests[@]}") ;;
  -h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *)
    echo "$0: unknown argument $1 (one of --demo, --test)" >&2
    exit 2
    ;;
esac

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

# Real clients of the tests, from npm; Debian's npm where there is none.
[[ "${1:-}" == --test ]] && ! command -v npm >/dev/null && wanted+=(nodejs npm)

missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || missing+=("$package")
done
install_packages() {
  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "$0: these packages are missing, and there is no sudo; run as root: apt-get install ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "Installing: ${missing[*]}"
  # sudo does not hand on the environment: env sets it behind it.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# Into the build folder, and only where the list has changed.
install_clients() {
  local list=tests/clients/package.json folder=.build/clients
  cmp -s "$list" "$folder/installed.json" && return
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$list" "$folder/"
  if (cd "$folder" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --omit=dev); then
    cp "$list" "$folder/installed.json"
  else
    echo "$0: the test clients could not be installed from npm; the tests that need them will be skipped" >&2
    rm -rf "$folder"
  fi
}

if ((${#missing[@]} == 0)); then
  echo "All ${#wanted[@]} packages are installed."
else
  install_packages
fi
if [[ "${1:-}" == --test ]]; then
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  install_clients
fi
