#!/usr/bin/env bash
# The demo: builds pilotwatch, starts it with Prometheus and Alertmanager, and plays 60 days of five invented pilots in
# four minutes. After one of them one pilot drifts; some seconds later the breach is in Alertmanager.
#
#   packaging/demo.sh          runs until Ctrl-C
#   packaging/demo.sh --once   ends when the first breach has arrived in Alertmanager (exit 1 if none does)
#
# Environment: DEMO_PORT (9464), DEMO_PROMETHEUS_PORT (9090), DEMO_ALERTMANAGER_PORT (9093): a port given must be free, of
# the defaults another one is taken when they are not; DEMO_SPEED (21600) simulated seconds a second; DEMO_ONCE=1 is --once;
# DEMO_BINARY: a pilotwatch that is built already, then nothing is installed or built; DEMO_STATE (.demo): the folder of
# everything it writes, thrown away by the next run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

once="${DEMO_ONCE:-0}"
speed="${DEMO_SPEED:-21600}"
days=60 drift_day=14 surge_day=30
once_timeout_s=300
state="${DEMO_STATE:-.demo}"
binary="${DEMO_BINARY:-.build/release/pilotwatch}"

case "${1:-}" in
  "") ;;
  --once) once=1 ;;
  -h | --help)
    sed -n '2,11s/^# \{0,1\}//p' packaging/demo.sh
    exit 0
    ;;
  *)
    echo "$0: unknown argument $1 (one of --once)" >&2
    exit 2
    ;;
esac

fail() {
  echo "demo: $*" >&2
  exit 1
}

# --- Everything that is started is stopped ----------------------------------------------------------------------------
pids=()
names=()
owner=0 # whether $state/pid is ours

stop_all() {
  trap - EXIT
  trap '' INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
    kill "${pids[i]}" 2>/dev/null || true
  done
  for pid in "${pids[@]}"; do
    wait "$pid" 2>/dev/null || true
  done
  if ((owner)); then rm -f "$state/pid"; fi
}
trap stop_all EXIT
trap 'echo; echo "Stopping."; exit 0' INT TERM

# start NAME COMMAND...: in the background, with its output in .demo/NAME.log.
start() {
  local name="$1"
  shift
  "$@" >"$state/$name.log" 2>&1 &
  pids+=($!)
  names+=("$name")
}

check_running() {
  for i in "${!pids[@]}"; do
    if [[ "${names[i]}" != simulate ]] && ! kill -0 "${pids[i]}" 2>/dev/null; then
      tail -n 15 "$state/${names[i]}.log" >&2
      fail "${names[i]} has ended; its log: $state/${names[i]}.log"
    fi
  done
}

# --- Ports ------------------------------------------------------------------------------------------------------------
is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# choose_port VARIABLE DEFAULT: sets `port`. What the user asked for is taken or refused, a default may give way.
choose_port() {
  local given="${!1:-}"
  port="${given:-$2}"
  if ! [[ "$port" =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then fail "$1: not a port: $port"; fi
  while is_taken "$port"; do
    if [[ -n "$given" ]]; then fail "port $port is taken; set $1 to another one"; fi
    if ((port >= $2 + 50)); then fail "no free port from $2 on; set $1"; fi
    port=$((port + 1))
    while ((port == ${pilotwatch_port:-0} || port == ${prometheus_port:-0})); do port=$((port + 1)); done
  done
  if ((port != ${given:-$2})); then echo "Port $2 is taken, using $port instead."; fi
}

wait_ready() {
  local name="$1" url="$2"
  for ((i = 0; i < 300; i++)); do
    if curl -fsS --noproxy '*' -o /dev/null "$url" 2>/dev/null; then return; fi
    check_running
    sleep 0.2
  done
  fail "$name does not get ready ($url); its log: $state/$name.log"
}

# --- Build ------------------------------------------------------------------------------------------------------------
if [[ -z "${DEMO_BINARY:-}" ]]; then
  packaging/install.sh --demo
  cmake --preset release -DBUILD_TESTING=OFF >/dev/null
  echo "Building (the first time takes some minutes)."
  cmake --build --preset release -j "$(nproc)" --target pilotwatch
fi

# --- Fresh state ------------------------------------------------------------------------------------------------------
if [[ -f "$state/pid" ]] && kill -0 "$(<"$state/pid")" 2>/dev/null; then
  fail "a demo is running already (process $(<"$state/pid"))"
fi
if [[ -n "$(ls -A "$state" 2>/dev/null)" && ! -f "$state/this-is-a-demo" ]]; then
  fail "$state is not empty and not of a demo; it would be deleted"
fi
rm -rf "$state"
mkdir -p "$state"
touch "$state/this-is-a-demo"
echo $$ >"$state/pid"
owner=1

choose_port DEMO_PORT 9464
pilotwatch_port=$port
choose_port DEMO_PROMETHEUS_PORT 9090
prometheus_port=$port
choose_port DEMO_ALERTMANAGER_PORT 9093
alertmanager_port=$port
page="http://127.0.0.1:$pilotwatch_port"
prometheus="http://127.0.0.1:$prometheus_port"
alertmanager="http://127.0.0.1:$alertmanager_port"

sed "s|http://127.0.0.1:9093|$alertmanager|" config/demo.yml >"$state/pilotwatch.yml"
cat >"$state/alertmanager.yml" <<END
route: {receiver: nobody}
receivers: [{name: nobody}]
END
cat >"$state/prometheus.yml" <<END
global: {scrape_interval: 5s, evaluation_interval: 5s}
rule_files: ['$PWD/dashboards/rules/*.rules.yml']
scrape_configs:
  - job_name: pilotwatch
    static_configs: [{targets: ['127.0.0.1:$pilotwatch_port']}]
END

# --- Start ------------------------------------------------------------------------------------------------------------
start alertmanager prometheus-alertmanager --config.file="$state/alertmanager.yml" --storage.path="$state/alertmanager" \
  --web.listen-address="127.0.0.1:$alertmanager_port" --cluster.listen-address=
start prometheus prometheus --config.file="$state/prometheus.yml" --storage.tsdb.path="$state/prometheus" \
  --web.listen-address="127.0.0.1:$prometheus_port"
start pilotwatch "$binary" serve --config.file="$state/pilotwatch.yml" --storage.path="$state/data" \
  --web.listen-address="127.0.0.1:$pilotwatch_port" --web.external-url="$page"
wait_ready alertmanager "$alertmanager/-/ready"
wait_ready prometheus "$prometheus/-/ready"
wait_ready pilotwatch "$page/-/ready"

first_day="$(date -u -d "$days days ago" +%Y-%m-%dT00:00:00Z)" # so that the last simulated day is yesterday
started=$SECONDS
start simulate "$binary" simulate --url="$page" --start="$first_day" --days="$days" --speed="$speed" \
  --drift-at="$drift_day" --complaint-surge-at="$surge_day"

cat <<END

  Page of the pilots    $page/
  Metrics, API          $page/metrics   $page/api/v1/pilots
  Prometheus            $prometheus/graph?g0.expr=pilotwatch_limit_state%7Bstate%3D%22breach%22%7D%20%3D%3D%201&g0.tab=1
  Alertmanager          $alertmanager/#/alerts

$days days from $first_day on go by at $speed times the speed. The pilot 'routing' drifts on day $drift_day
(after about $((drift_day * 86400 / speed)) s), complaints about 'chatbot' surge on day $surge_day. Ctrl-C stops everything.

END

# --- Watch ------------------------------------------------------------------------------------------------------------
# One line an alert: its labels, sorted by Alertmanager.
alerts() {
  curl -fsS --noproxy '*' "$alertmanager/api/v2/alerts" | grep -o '"labels":{[^}]*}' | sed 's/"labels":{//; s/}$//; s/"//g; s/:/=/g; s/,/ /g' | sort
}

simulating=1
declare -A known=()
while true; do
  check_running
  declare -A current=()
  while IFS= read -r alert; do
    if [[ -z "$alert" ]]; then continue; fi
    current["$alert"]=1
    if [[ -n "${known["$alert"]:-}" ]]; then continue; fi
    if ((${#known[@]} == 0)); then echo "After $((SECONDS - started)) s the first breach has arrived in Alertmanager:"; fi
    known["$alert"]=1
    echo "  $(date +%T)  breach    $alert"
  done < <(alerts || true)
  for alert in "${!known[@]}"; do
    if [[ "${known["$alert"]}" == 1 && -z "${current["$alert"]:-}" ]]; then
      echo "  $(date +%T)  resolved  $alert"
      unset 'known[$alert]'
    fi
  done
  if ((once)); then
    if ((${#known[@]} > 0)); then
      echo "Done."
      exit 0
    fi
    if ((SECONDS - started > once_timeout_s)); then fail "no breach has arrived in Alertmanager within $once_timeout_s s"; fi
  fi
  if ((simulating)) && ! kill -0 "${pids[3]}" 2>/dev/null; then
    simulating=0
    wait "${pids[3]}" || { tail -n 5 "$state/simulate.log" >&2 && fail "the simulation failed; its log: $state/simulate.log"; }
    echo "  $(date +%T)  the $days days are over ($(tail -n 1 "$state/simulate.log")); everything stays up until Ctrl-C"
  fi
  sleep 1
done
