# SPDX-License-Identifier: Apache-2.0
"""What the chapters of the benchmark table share: records, configurations, a daemon and what it costs."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

FEATURES = {"monthly_income": "numeric", "age_years": "numeric", "debt_ratio": "numeric", "credit_utilisation": "numeric",
            "open_accounts": "numeric", "tenure_months": "numeric", "channel": "categorical", "occupation": "categorical",
            "product": "categorical", "home_owner": "categorical"}
SKIPPED = 77


def pilot(name="pilot-000", features=None, limits=True):
    """Lines of one pilot: errors, complaints, and every feature and the score have a limit with a budget."""
    features = FEATURES if features is None else features
    lines = [f"  - name: {name}", "    task: multiclass", "    classes: [approve, refer, reject]", "    windows: [day, week]",
             "    outcome_horizon: 7d", "    reference: {first: 5000}", "    segments: {attributes: [region, sex]}", "    features:"]
    lines += [f"      - {{name: {feature}, kind: {kind}}}" for feature, kind in features.items()]
    if limits:
        lines += ["    limits:", "      - {name: errors, metric: error_rate, max: 0.2, window: week}",
                  "      - {name: complaints, metric: complaints_per_1000, max: 10, window: week}"]
        lines += [f"      - {{name: drift_{feature}, metric: drift, feature: {feature}, window: week}}" for feature in [*features, "score"]]
    return lines


def config(pilots, *head):
    return "\n".join(["ingest: {max_queue_time: 2s}", *head, "pilots:", *(line for lines in pilots for line in lines)]) + "\n"


class Daemon:
    """A daemon with a store of its own in the folder, which is kept."""

    def __init__(self, build, text, folder):
        self.folder = pathlib.Path(folder)
        config_file = self.folder / "bench.yml"
        config_file.write_text(text, encoding="utf-8")
        self.log = open(self.folder / "log", "w+", encoding="utf-8")
        started = time.monotonic()
        self.process = subprocess.Popen([build / "pilotwatch", "serve", "--config.file", config_file, "--storage.path", self.folder / "data",
                                         "--web.listen-address", "127.0.0.1:0"], stderr=self.log, stdout=self.log)
        deadline = time.monotonic() + 600
        while "ready to receive" not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon did not start:\n{self.text()}")
            time.sleep(0.01)
        self.start_s = time.monotonic() - started
        self.address = re.search(r"address=(127\.0\.0\.1:\d+)", self.text())[1]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.process.terminate()
        self.process.wait(600)
        self.log.close()

    def text(self):
        return (self.folder / "log").read_text(encoding="utf-8")

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def journal_bytes(self):
        """Of the entries alone, by SQLite itself."""
        with sqlite3.connect(self.folder / "data" / "pilotwatch.db") as database:
            return database.execute("SELECT sum(length(body)) FROM entries").fetchone()[0]

    def scrape(self):
        with urllib.request.urlopen(f"http://{self.address}/metrics") as answer:
            return answer.read().decode("utf-8")

    def accepted(self):
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.scrape().splitlines()
                   if line.startswith("pilotwatch_ingest_accepted_records_total{"))


def template(records):
    """A body in which the load program gives each record an id of its own."""
    lines = []
    for i in range(records):
        features = ", ".join(f'"feature_{f}": {(i * 37 + f * 101) % 9973 / 10}' for f in range(10))
        lines.append(f'{{"type": "prediction", "pilot": "p", "id": "{"x" * 12}", "time": "2026-01-05T12:00:{i % 60:02}Z", "model_version": "7", '
                     f'"prediction": {i % 2}, "score": {i % 100 / 100}, "features": {{{features}}}, '
                     f'"segments": {{"region": "r{i % 7}", "sex": "{"mf"[i % 2]}"}}}}')
    return "\n".join(lines) + "\n"


def scratch():
    return tempfile.TemporaryDirectory(prefix="pilotwatch-bench-")


def run(*command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout)


def send(build, daemon, file, records_a_request, connections, *more):
    """What the clients saw, and what it cost the daemon."""
    before, resident = daemon.processor_seconds(), daemon.resident_bytes()
    out = run(build / "tests" / "load", daemon.address, file, records_a_request, connections, *more)
    out["cpu_s"] = daemon.processor_seconds() - before
    out["resident_growth"] = daemon.resident_bytes() - resident
    return out


def generate(folder, predictions, pilots=1):
    """mixed.ndjson: predictions of tools/gen_events.py with 10 features and 2 attributes, half of them with an outcome."""
    shared = pathlib.Path(os.environ.get("PILOTWATCH_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
    tool = shared / "tools" / "gen_events.py"
    if not tool.exists():
        print(f"skipped: no {tool.name} in the folder of published data (PILOTWATCH_SHARED)")
        sys.exit(SKIPPED)
    folder.mkdir(exist_ok=True)
    subprocess.run([sys.executable, tool, folder, "--predictions", str(predictions), "--outcome-share", "0.5", "--pilots", str(pilots)],
                   check=True, stderr=subprocess.DEVNULL)
    return folder / "mixed.ndjson"


def head(file, lines, name):
    """Its first lines, as a file beside it."""
    out = file.with_name(name)
    with open(file, encoding="utf-8") as source, open(out, "w", encoding="utf-8") as target:
        for _, line in zip(range(lines), source):
            target.write(line)
    return out
