#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Half of what the daemon can take, for a long time, while others misbehave: soak.py BUILD [--minutes 30] [--seed 1]

  BUILD   a build folder with pilotwatch and tests/load, release for figures that mean anything

Beside the load: clients that vanish within a body, garbage, packed garbage, bodies that are too large, a file that is rotated and
truncated while it is read, scrapes every second, one that reads slowly, an Alertmanager that hangs, refuses and answers garbage by
turns, and the whole process stopped for a second now and then. Prints resident memory, descriptors, threads and the size of the
write-ahead log by tenths of the time, and whether what was acknowledged is counted; exit 1 where one of them grows after the first
third, or a record is missing or counted twice. What decisions take by the daemon's own count (pilotwatch_decisions_memory_bytes:
of each old one an entry in an index stays for ever) is taken off, and what that is a decision is printed.
"""
import argparse
import contextlib
import gzip
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import sys
import threading
import time

import parts

RECORDS = 1000   # a body
CONFIG = """
ingest: {{max_body_bytes: 16MB, max_queue_bytes: 64MB, max_queue_time: 1s}}
storage: {{retention: 1m, checkpoint_interval: 10s}}
memory: {{decisions: {memory}}}
notify: {{alertmanagers: [{{url: "http://127.0.0.1:{alertmanager}"}}]}}
sources: [{{name: log, file: {folder}/followed/*.ndjson}}]
pilots:
  - name: p
    task: binary
    windows: [day]
    features: [{features}]
    segments: {{attributes: [region, sex]}}
    reference: {{first: 5000}}
    limits:
      - {{name: drift, metric: drift, feature: feature_1, window: day}}
      - {{name: selected, metric: selection_rate, max: 0.2, window: day}}
  - name: q
    task: binary
    windows: [day]
"""


class Alertmanager(http.server.BaseHTTPRequestHandler):
    """Well, hanging, refusing and answering garbage by turns."""
    dice = random.Random()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        mood = self.dice.choice(["well", "hangs", "refuses", "garbage", "gone"])
        with contextlib.suppress(OSError):
            if mood == "hangs":
                time.sleep(self.dice.uniform(1, 15))
            if mood == "garbage":
                self.wfile.write(b"\x00\xff not HTTP at all\r\n\r\n")
            elif mood != "gone":
                self.send_response(200 if mood in ("well", "hangs") else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()
        self.close_connection = True

    def log_message(self, *arguments):
        pass


class Trouble:
    """One thread for each kind of it, until the end."""

    def __init__(self, daemon, folder, seed):
        self.daemon, self.folder = daemon, folder
        self.host, port = daemon.address.split(":")
        self.port = int(port)
        self.seed = seed
        self.end = threading.Event()
        self.done = {}
        self.written = 0   # records into the followed file
        kinds = {"vanishing clients": self.vanish, "garbage": self.garbage, "files": self.write_file, "scrapes": self.scrape,
                 "slow readers": self.read_slowly, "stops": self.stop_for_a_second}
        self.threads = [threading.Thread(target=self._often, args=(name, kind), daemon=True) for name, kind in kinds.items()]

    def _often(self, name, kind):
        dice = random.Random(f"{self.seed} {name}")
        while not self.end.is_set():
            with contextlib.suppress(OSError):
                kind(dice)
                self.done[name] = self.done.get(name, 0) + 1
            self.end.wait(dice.uniform(0, 1))

    def request(self, head, body=b""):
        with socket.create_connection((self.host, self.port), timeout=30) as client:
            client.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode() + body)
            return client.recv(4096)

    def vanish(self, dice):
        with socket.create_connection((self.host, self.port), timeout=30) as client:
            body = b'{"type":"prediction"' * dice.randrange(1, 5000)
            client.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: {2 * len(body)}\r\n\r\n".encode() + body)

    def garbage(self, dice):
        body = dice.choice([dice.randbytes(5000), b"{" * 5000, gzip.compress(b"x" * 100_000)[:50], b'{"type":"outcome"}\n' * 50])
        packed = "Content-Encoding: gzip\r\n" if dice.random() < .5 else ""
        length = 1 << 40 if dice.random() < .1 else len(body)
        self.request(f"{packed}Content-Length: {length}", body)

    def write_file(self, dice):
        folder = self.folder / "followed"
        file = folder / "log.ndjson"
        with open(file, "a", encoding="utf-8") as out:
            for _ in range(dice.randrange(100)):
                self.written += 1
                out.write(json.dumps({"type": "prediction", "pilot": "q", "id": f"file-{self.written}", "time": "2026-01-05T12:00:00Z",
                                      "prediction": 1}) + "\n")
        if dice.random() < .05:   # the old one is read to its end; it goes once nobody can miss it
            old = sorted(folder.glob("log-*"))
            file.rename(folder / f"log-{time.monotonic_ns()}.ndjson")
            for gone in old[:-20]:
                gone.unlink()

    def scrape(self, _):
        self.daemon.scrape()
        self.end.wait(1)

    def read_slowly(self, _):
        with socket.create_connection((self.host, self.port), timeout=60) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            for _ in range(20):
                client.recv(10)
                self.end.wait(.2)

    def stop_for_a_second(self, dice):
        self.end.wait(dice.uniform(10, 40))
        self.daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(1)
        self.daemon.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, value, traceback):
        self.end.set()
        for thread in self.threads:
            thread.join(120)


class Samples:
    """What the process has, every few seconds."""

    def __init__(self, daemon, seconds):
        self.daemon, self.every = daemon, max(1.0, seconds / 300)
        self.rows = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        pid, wal = self.daemon.process.pid, self.daemon.folder / "data" / "pilotwatch.db-wal"
        while not self.end.wait(self.every):
            with contextlib.suppress(OSError):   # stopped for a second
                resident, decisions = self.daemon.resident_bytes(), gauge(self.daemon, "pilotwatch_decisions_memory_bytes")
                self.rows.append({"resident MB": resident >> 20, "decisions MB": int(decisions) >> 20, "the rest MB": int(resident - decisions) >> 20,
                                  "descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": len(os.listdir(f"/proc/{pid}/task")), "WAL MB": wal.stat().st_size >> 20})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, traceback):
        self.end.set()
        self.thread.join()

    def tenths(self, name):
        """The greatest of each tenth of the time."""
        n = len(self.rows)
        return [max(row[name] for row in self.rows[n * i // 10:max(n * i // 10 + 1, n * (i + 1) // 10)]) for i in range(10)]


def counted(daemon, source):
    total = 0
    for line in daemon.scrape().splitlines():
        if line.startswith("pilotwatch_ingest_accepted_records_total{") and f'source="{source}"' in line:
            total += float(line.rsplit(" ", 1)[1])
    return int(total)


def gauge(daemon, name):
    for line in daemon.scrape().splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    raise OSError(f"no {name}")


def grows(values, slack):
    """Beyond what it was after the first third, by more than a twentieth and the slack."""
    return max(values[7:]) > max(values[2:5]) * 1.05 + slack


def soak(options, folder):
    (folder / "followed").mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Alertmanager)
    Alertmanager.dice.seed(options.seed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    body = folder / "body.ndjson"
    body.write_text(parts.template(RECORDS))
    text = CONFIG.format(alertmanager=server.server_port, folder=folder, memory=options.memory,
                         features=", ".join(f"{{name: feature_{i}, kind: numeric}}" for i in range(10)))
    build, seconds = options.build.resolve(), options.minutes * 60
    with parts.Daemon(build, text, folder) as daemon:
        calm = parts.send(build, daemon, body, RECORDS, 4, max(2, min(20, seconds / 20)), 0, 1)
        rate = calm["records_per_s"] / 2 / RECORDS
        with Samples(daemon, seconds) as samples, Trouble(daemon, folder, options.seed) as trouble:
            load = parts.send(build, daemon, body, RECORDS, 8, seconds, rate, 100_000_000)
        acknowledged = calm["accepted"] + load["accepted"]
        deadline = time.monotonic() + 60
        while counted(daemon, "log") < trouble.written and time.monotonic() < deadline:
            time.sleep(.2)
        kept, of_file = counted(daemon, "http"), counted(daemon, "log")
    server.shutdown()
    print(f"seed {options.seed}, {options.minutes:g} min at {rate * RECORDS:,.0f} records/s (half of {calm['records_per_s']:,.0f}); "
          f"answers {load['status']}, p99 {load['p99_ms']:.0f} ms, greatest {load['max_ms']:.0f} ms")
    print("trouble:", ", ".join(f"{count} {name}" for name, count in sorted(trouble.done.items())))
    broken = []
    for name in ("resident MB", "decisions MB"):
        print(f"{name:12}", *(f"{value:7}" for value in samples.tenths(name)))
    print(f"decisions take {samples.rows[-1]['decisions MB'] * 2**20 / kept:.1f} bytes each at the end")
    for name, slack in (("the rest MB", 16), ("descriptors", 8), ("threads", 0), ("WAL MB", 64)):
        values = samples.tenths(name)
        print(f"{name:12}", *(f"{value:7}" for value in values))
        if grows(values, slack):
            broken.append(f"{name} grows")
    print(f"acknowledged {acknowledged:,}, counted {kept:,}; written to the file {trouble.written:,}, counted {of_file:,}")
    if kept != acknowledged or of_file != trouble.written:
        broken.append("records are missing or counted twice")
    for problem in broken:
        print("BROKEN:", problem)
    return bool(broken)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--memory", default="64MB", help="memory.decisions")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with parts.scratch() as folder:
        sys.exit(soak(options, pathlib.Path(folder)))


main()
