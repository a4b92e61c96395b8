#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More records than the daemon can take: overload.py BINARY [SECONDS] [RECORDS A BODY]

First the capacity: clients that wait for each answer. Then three times as much, offered by a clock whatever the answers are.
Prints one JSON object: capacity and accepted records a second, answers by status, latencies in ms (of answers of any kind),
resident memory, and whether every acknowledged record is there after a kill -9. Exit 1 where a bound of the README is broken.
"""
import json
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 60
RECORDS = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
CLIENTS = 2        # processes; the machine has few cores, and the daemon needs them
CONNECTIONS = 8    # of each; for the capacity as many as keep the daemon busy
CALM_CONNECTIONS = 2
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


def template():
    """A body and where its records' ids are; ids are 12 bytes that are overwritten for each body."""
    lines = []
    for i in range(RECORDS):
        features = ", ".join(f'"feature_{f}": {(i * 37 + f * 101) % 9973 / 10}' for f in range(10))
        lines.append(f'{{"type": "prediction", "pilot": "p", "id": "{"x" * 12}", "time": "2026-01-05T12:00:{i % 60:02}Z", "model_version": "7", '
                     f'"prediction": {i % 2}, "score": {i % 100 / 100}, "features": {{{features}}}, '
                     f'"segments": {{"region": "r{i % 7}", "sex": "{"mf"[i % 2]}"}}}}')
    body = bytearray("\n".join(lines).encode())
    places, at = [], body.find(b"x" * 12)
    while at >= 0:
        places.append(at)
        at = body.find(b"x" * 12, at + 12)
    return body, places


class Connection:
    def __init__(self, port):
        self.port, self.socket = port, None

    def exchange(self, body):
        """(status, accepted): one request and its answer, which may come before all of the body has gone."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port))
        head = f"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            self.socket.sendall(head.encode())
            self.socket.sendall(body)
        except OSError:
            pass   # refused meanwhile: the answer is there all the same
        answer = b""
        try:
            while b"\r\n\r\n" not in answer:
                piece = self.socket.recv(65536)
                if not piece:
                    raise OSError("closed")
                answer += piece
            header, rest = answer.split(b"\r\n\r\n", 1)
            fields = dict(line.lower().split(b": ", 1) for line in header.split(b"\r\n")[1:])
            length = int(fields[b"content-length"])
            while len(rest) < length:
                rest += self.socket.recv(65536)
            status = int(header.split(b" ", 2)[1])
            if fields.get(b"connection") == b"close":
                self.close()
            return status, json.loads(rest)["accepted"] if status == 200 else 0
        except (OSError, ValueError, KeyError):
            self.close()
            return 0, 0

    def close(self):
        self.socket.close()
        self.socket = None


def stamp(body, places, number):
    """Gives a body ids of its own."""
    for i, at in enumerate(places):
        body[at:at + 12] = b"%07d%05d" % (number, i)


def worker(arguments):
    """One client: `rate` bodies a second by the clock (None: as the answers come) until `seconds` have passed."""
    port, first, seconds, rate = arguments
    connections = CONNECTIONS if rate else CALM_CONNECTIONS
    import threading
    results, lock = [], threading.Lock()
    counter = [first]
    start = time.monotonic()

    def run(index):
        body, places = template()
        connection = Connection(port)
        due = start + (index / (rate or 1) if rate else 0)
        while time.monotonic() - start < seconds:
            with lock:
                number = counter[0]
                counter[0] += 1
            stamp(body, places, number)
            if rate:
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due + connections / rate, time.monotonic() - 0.1)
            sent = time.monotonic()
            status, accepted = connection.exchange(body)
            with lock:
                results.append((status, accepted, time.monotonic() - sent))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, time.monotonic() - start


def drive(pool, port, first, seconds, rate):
    each = None if rate is None else rate / CLIENTS
    parts = pool.map(worker, [(port, first + c * 1_000_000, seconds, each) for c in range(CLIENTS)])
    return [r for results, _ in parts for r in results], max(elapsed for _, elapsed in parts)


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
        daemon, port = start(folder)
        with multiprocessing.Pool(CLIENTS) as pool:
            calm, calm_s = drive(pool, port, 1_000_000, max(3.0, SECONDS / 6), None)
            capacity = sum(a for _, a, _ in calm) / calm_s
            offered = FACTOR * capacity / RECORDS
            before = resident(daemon.pid)
            storm, storm_s = drive(pool, port, 5_000_000, SECONDS, offered)
        peak, after = resident(daemon.pid, "VmHWM"), resident(daemon.pid)
        acknowledged = sum(a for _, a, _ in calm + storm)
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        daemon, port = start(folder, port)
        kept = metric(port, "pilotwatch_ingest_accepted_records_total")
        daemon.terminate()
        daemon.wait()
    latencies = sorted(seconds * 1000 for _, _, seconds in storm)

    def by_status(results):
        out = {}
        for status, _, _ in results:
            out[status] = out.get(status, 0) + 1
        return out

    statuses = by_status(storm)

    def quantile(q):
        return round(latencies[min(len(latencies) - 1, int(q * len(latencies)))], 1)

    taken = sum(a for _, a, _ in storm)
    decision_bytes = 400   # what a decision may keep in memory; README, "Memory"
    out = {"capacity_records_s": round(capacity), "offered_bodies_s": round(offered, 1),
           "really_offered_bodies_s": round(len(storm) / storm_s, 1),
           "accepted_records_s": round(taken / storm_s), "share_of_capacity": round(taken / storm_s / capacity, 3),
           "answers": statuses, "answers_for_capacity": by_status(calm), "latency_ms": {"p50": quantile(.5), "p99": quantile(.99), "max": quantile(1)},
           "resident_mb": {"before": before >> 20, "after": after >> 20, "peak": peak >> 20},
           "acknowledged": acknowledged, "kept_after_kill": int(kept)}
    print(json.dumps(out), flush=True)
    broken = [name for name, holds in {
        "acknowledged records are lost": kept >= acknowledged,
        "memory beyond the settings": peak <= before + taken * decision_bytes + (64 << 20) * 3,
        "answers without a status": statuses.get(0, 0) == 0,
        "answers other than 200 and 429": set(statuses) <= {0, 200, 429},
    }.items() if not holds]
    for problem in broken:
        print("BROKEN:", problem, flush=True)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
