# SPDX-License-Identifier: Apache-2.0
"""Every subcommand's --help has an example, and the example runs as it stands: in a folder with the files that it names, beside a daemon."""
import json
import os
import re
import subprocess
import threading

from harness import BINARY, DEADLINE_S, Daemon, Process, check, check_equal, main, pilotwatch, scratch
from webhook_harness import Receiver, secret_file

ADDRESS = "http://127.0.0.1:9464"
CONFIG = """ingest: {tap: true}
notify:
  alertmanagers: [{name: site, url: "http://127.0.0.1:%(port)s"}]
  webhooks: [{name: ops, url: "http://127.0.0.1:%(port)s/hook", secret_files: [hook.secret], allow_networks: [127.0.0.0/8]}]
sources: [{name: log, file: followed.ndjson, pilot: routing}]
pilots:
  - name: routing
    task: binary
    clock: event
    windows: [day]
    segments: {min_n: 1}
    limits: [{name: error-rate, metric: error_rate, window: day, max: 0.2, evidence: point}]
tests: [{name: nothing comes, pilot: routing, end: 3d, expect: [{limit: error-rate, transitions: []}]}]
"""


def subcommands(*path):
    """Every path of subcommands that does something by itself."""
    text = pilotwatch(*path, "--help").stdout
    names = re.findall(r"^  (\w[\w-]*) {2,}\S", text.partition("Subcommands:")[2], re.MULTILINE)
    if not names:
        return [path]
    return [leaf for name in names for leaf in subcommands(*path, name)]


def record(kind, day, i, **more):
    return {"type": kind, "pilot": "routing", "id": f"{day}-{i}", "time": f"2026-03-{day:02d}T{i // 4:02d}:{15 * (i % 4):02d}:00Z", **more}


def fill(folder, daemon, receiver):
    """What examples take for granted: files, an episode, a paused pilot, somebody who sends on."""
    lines = [json.dumps(r) for day in (1, 2) for i in range(90)
             for r in (record("prediction", day, i, prediction=1), record("outcome", day, i, actual=i % 2))]
    (folder / "records.ndjson").write_text("\n".join(lines) + "\n")
    (folder / "sample.json").write_text(lines[0] + "\n")
    (folder / "web.yml").write_text("{}\n")
    daemon.send(lines)
    receiver.wait(1)


def example_of(path):
    text = " ".join(pilotwatch(*path, "--help").stdout.split())
    found = re.search(r"Example: (pilotwatch .*)$", text)
    check(found, f"{' '.join(path)} --help has no example")
    check(found[1].startswith("pilotwatch " + " ".join(path)), f"{path}: another subcommand's example: {found[1]}")
    return found[1]


def run(command, folder, daemon):
    """As a shell runs it, with the daemon at its own port and the episode that there is."""
    episode = daemon.limits("routing")["error-rate"]["episode"]
    words = command.replace(ADDRESS, f"http://127.0.0.1:{daemon.port}").replace("0123456789abcdef", episode)
    return subprocess.run(["sh", "-c", words], cwd=folder, capture_output=True, encoding="utf-8", timeout=DEADLINE_S, check=False,
                          env={**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "80"})


def serves(command, folder):
    """`serve` does not end by itself."""
    words = command.split()[1:] + ["--web.listen-address=127.0.0.1:0", "--otlp.listen-address=127.0.0.1:0"]
    process = Process([BINARY.resolve(), *words], "serve", cwd=folder)
    check(process.find_line("Server is ready"), process.tail())
    check_equal(process.stop(), 0, "its exit code")


def examples_run():
    """each of them, once"""
    with scratch() as folder, Receiver() as receiver:
        (folder / "bin").mkdir()
        (folder / "bin" / "pilotwatch").symlink_to(BINARY.resolve())
        secret_file(folder)
        served = folder / "served"
        served.mkdir()
        (served / "pilotwatch.yml").write_text("pilots: [{name: routing, task: binary, windows: [day]}]\n")
        with Daemon(folder, CONFIG % {"port": receiver.port}) as daemon:
            fill(folder, daemon, receiver)
            over = threading.Event()

            def send_on():
                i = 0
                while not over.wait(0.05):
                    daemon.send([{**record("prediction", 2, 0, prediction=1), "id": f"on-{i}"}])   # the pilot's clock stands still
                    i += 1

            sender = threading.Thread(target=send_on, daemon=True)
            sender.start()
            paths = sorted(subcommands(), key=lambda path: path == ("resume",))   # behind pause
            check(len(paths) > 15, f"subcommands: {paths}")
            for path in paths:
                command = example_of(path)
                print("   ", command, flush=True)
                if path == ("serve",):
                    serves(command, served)
                    continue
                done = run(command, folder, daemon)
                check_equal(done.returncode, 0, f"{command}: {done.stderr[:500]}{done.stdout[:500]}")
            over.set()
            sender.join()


main(examples_run)
