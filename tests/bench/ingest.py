#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the daemon takes in, beside what its parts could do at best in the same run: ingest.py BUILD [options]

  BUILD           a build folder with pilotwatch and tests/{load,ingest_bound}, release for figures that mean anything
  --records N     predictions a run (default 1,000,000), half of them with an outcome
  --rounds N      runs of everything (default 5); the table has the least, the middle and the greatest
  --quick         one small round

The records are those of tools/gen_events.py in the folder of published data (PILOTWATCH_SHARED): predictions of about 455
bytes, 10 features, 2 segment attributes. Every feature, the score, errors and complaints have a limit with a budget.
Prints a table; nothing here fails because a machine is slow.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

FEATURES = {"monthly_income": "numeric", "age_years": "numeric", "debt_ratio": "numeric", "credit_utilisation": "numeric",
            "open_accounts": "numeric", "tenure_months": "numeric", "channel": "categorical", "occupation": "categorical",
            "product": "categorical", "home_owner": "categorical"}
SKIPPED = 77


def config():
    lines = ["ingest: {max_queue_time: 2s}", "pilots:", "  - name: pilot-000", "    task: multiclass",
             "    classes: [approve, refer, reject]", "    windows: [day, week]", "    outcome_horizon: 7d",
             "    reference: {first: 5000}", "    segments: {attributes: [region, sex]}", "    features:"]
    lines += [f"      - {{name: {name}, kind: {kind}}}" for name, kind in FEATURES.items()]
    lines += ["    limits:", "      - {name: errors, metric: error_rate, max: 0.2, window: week}",
              "      - {name: complaints, metric: complaints_per_1000, max: 10, window: week}"]
    lines += [f"      - {{name: drift_{name}, metric: drift, feature: {name}, window: week}}" for name in [*FEATURES, "score"]]
    return "\n".join(lines) + "\n"


class Daemon:
    def __init__(self, binary, config_file, folder):
        self.folder = folder
        self.log = open(folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen([binary, "serve", "--config.file", config_file, "--storage.path", folder / "data",
                                         "--web.listen-address", "127.0.0.1:0"], stderr=self.log, stdout=self.log)
        deadline = time.monotonic() + 60
        while "ready to receive" not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon did not start:\n{self.text()}")
            time.sleep(0.02)
        self.address = re.search(r"address=(127\.0\.0\.1:\d+)", self.text())[1]

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
        import sqlite3
        with sqlite3.connect(self.folder / "data" / "pilotwatch.db") as database:
            return database.execute("SELECT sum(length(body)) FROM entries").fetchone()[0]

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


def run(*command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout)


def one_load(build, config_file, records, a_request, connections):
    """A daemon of its own; what the clients saw and what it cost."""
    with tempfile.TemporaryDirectory(prefix="pilotwatch-bench-") as folder:
        daemon = Daemon(build / "pilotwatch", config_file, pathlib.Path(folder))
        try:
            before, resident = daemon.processor_seconds(), daemon.resident_bytes()
            out = run(build / "tests" / "load", daemon.address, records, a_request, connections)
            out["cpu_s"] = daemon.processor_seconds() - before
            out["resident_growth"] = daemon.resident_bytes() - resident
            out["journal_bytes"] = daemon.journal_bytes()
        finally:
            daemon.end()
    return out


def round_of(build, config_file, files):
    bound = run(build / "tests" / "ingest_bound", config_file, files["mixed"], 1000)
    bulk = one_load(build, config_file, files["mixed"], 1000, 8)
    out = {"parse alone, records/CPU s": bound["parse_per_cpu_s"],
           "parse, compress, fsync (two threads), records/s": bound["store_per_s"],
           "parse, compress, fsync, records/CPU s": bound["store_per_cpu_s"],
           "HTTP 8 x 1,000, records/s": bulk["records_per_s"],
           "HTTP 8 x 1,000, records/daemon CPU s": bulk["accepted"] / bulk["cpu_s"],
           "HTTP 8 x 1,000 / bound, by the clock": bulk["records_per_s"] / bound["store_per_s"],
           "HTTP 8 x 1,000 / bound, by CPU": bulk["accepted"] / bulk["cpu_s"] / bound["store_per_cpu_s"],
           "HTTP 8 x 1,000, p99 ms": bulk["p99_ms"], "HTTP 8 x 1,000, greatest ms": bulk["max_ms"],
           "journal, bytes/record": bulk["journal_bytes"] / bulk["accepted"]}
    for connections in (1, 64, 256):
        single = one_load(build, config_file, files["few"] if connections == 1 else files["single"], 1, connections)
        out[f"one record a request, {connections} connections, records/s"] = single["records_per_s"]
        out[f"one record a request, {connections} connections, p99 ms"] = single["p99_ms"]
    return out


def generate(folder, records, singles):
    shared = pathlib.Path(os.environ.get("PILOTWATCH_SHARED", pathlib.Path(__file__).parents[3] / "shared"))
    tool = shared / "tools" / "gen_events.py"
    if not tool.exists():
        print(f"skipped: no {tool.name} in the folder of published data (PILOTWATCH_SHARED)")
        sys.exit(SKIPPED)
    subprocess.run([sys.executable, tool, folder, "--predictions", str(records), "--outcome-share", "0.5"], check=True,
                   stderr=subprocess.DEVNULL)
    out = {"mixed": folder / "mixed.ndjson"}
    for name, count in (("single", singles), ("few", singles // 20)):
        out[name] = folder / f"{name}.ndjson"
        with open(out["mixed"], encoding="utf-8") as lines, open(out[name], "w", encoding="utf-8") as file:
            for _, line in zip(range(count), lines):
                file.write(line)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.records, options.rounds = 20_000, 1
    with tempfile.TemporaryDirectory(prefix="pilotwatch-bench-") as folder:
        folder = pathlib.Path(folder)
        files = generate(folder, options.records, min(100_000, options.records))
        config_file = folder / "bench.yml"
        config_file.write_text(config(), encoding="utf-8")
        rounds = [round_of(options.build.resolve(), config_file, files) for _ in range(options.rounds)]
    print(f"{options.records} predictions and their outcomes, {options.rounds} rounds: least, median, greatest")
    for name in rounds[0]:
        values = sorted(figures[name] for figures in rounds)
        shape = "12,.0f" if values[-1] >= 1000 else "12.3g"
        print(f"{name:58}" + "".join(f"{value:{shape}}" for value in (values[0], statistics.median(values), values[-1])))


main()
