#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More records than the daemon can take: overload.py BINARY [SECONDS] [RECORDS A BODY]

BINARY lies in a build folder that has tests/load beside it.

First the capacity: clients that wait for each answer. Then three times as much, offered by a clock whatever the answers are.
Prints one JSON object: capacity and accepted records a second, answers by status, latencies in ms (of answers of any kind),
resident memory, and whether every acknowledged record is there after a kill -9. Exit 1 where a bound of the README is broken.
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import urllib.request

import parts

BINARY = pathlib.Path(sys.argv[1]).resolve()
LOAD = BINARY.parent / "tests" / "load"
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 60
RECORDS = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
CONNECTIONS = 32
CALM_CONNECTIONS = 4   # as many as keep the daemon busy and are never refused
FACTOR = 3
CONFIG = """
ingest: {max_body_bytes: 16MB, max_queue_bytes: 64MB}
pilots:
  - name: p
    task: binary
    windows: [day]
    features: [%s]
    segments: {attributes: [region, sex]}
""" % ", ".join(f"{{name: feature_{i}, kind: numeric}}" for i in range(10))


def drive(port, body, connections, seconds, rate, first):
    """What the load program saw: bodies by the clock, or with rate 0 as the answers come."""
    done = subprocess.run([LOAD, f"127.0.0.1:{port}", body, str(RECORDS), str(connections), str(seconds), str(rate), str(first)],
                          check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def metric(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return sum(float(line.rsplit(b" ", 1)[1]) for line in answer if line.startswith(name.encode()))


def start(folder, port=0):
    daemon = subprocess.Popen([BINARY, "serve", f"--config.file={folder}/p.yml", f"--storage.path={folder}/data",
                               f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.PIPE, text=True)
    for line in daemon.stderr:
        if "msg=Listening " in line:
            port = int(line.rsplit(":", 1)[1])
        if "ready to receive" in line:
            break
    import threading
    threading.Thread(target=lambda: daemon.stderr.read(), daemon=True).start()
    return daemon, port


def resident(pid, what="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024


def main():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "p.yml").write_text(CONFIG)
        body = pathlib.Path(folder, "body.ndjson")
        body.write_text(parts.template(RECORDS))
        daemon, port = start(folder)
        calm = drive(port, body, CALM_CONNECTIONS, max(3.0, SECONDS / 6), 0, 1_000_000)
        capacity = calm["records_per_s"]
        offered = FACTOR * capacity / RECORDS
        before = resident(daemon.pid)
        storm = drive(port, body, CONNECTIONS, SECONDS, offered, 5_000_000)
        peak, after = resident(daemon.pid, "VmHWM"), resident(daemon.pid)
        acknowledged = calm["accepted"] + storm["accepted"]
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        daemon, port = start(folder, port)
        kept = metric(port, "pilotwatch_ingest_accepted_records_total")
        daemon.terminate()
        daemon.wait()
    decision_bytes = 400   # what a decision may keep in memory; README, "Memory"
    out = {"capacity_records_s": round(capacity), "offered_bodies_s": round(offered, 1),
           "really_offered_bodies_s": round(storm["requests"] / storm["wall_s"], 1),
           "accepted_records_s": round(storm["records_per_s"]), "share_of_capacity": round(storm["records_per_s"] / capacity, 3),
           "answers": storm["status"], "answers_for_capacity": calm["status"],
           "latency_ms": {name: round(storm[f"{name}_ms"], 1) for name in ("p50", "p99", "max")},
           "resident_mb": {"before": before >> 20, "after": after >> 20, "peak": peak >> 20},
           "acknowledged": acknowledged, "kept_after_kill": int(kept)}
    print(json.dumps(out), flush=True)
    broken = [name for name, holds in {
        "acknowledged records are lost": kept >= acknowledged,
        "memory beyond the settings": peak <= before + storm["accepted"] * decision_bytes + (64 << 20) * 3,
        "bodies without an answer": storm["status"].get("0", 0) == 0,
        "answers other than 200 and 429": set(storm["status"]) <= {"0", "200", "429"},
    }.items() if not holds]
    for problem in broken:
        print("BROKEN:", problem, flush=True)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
