#!/usr/bin/env python3
"""A file system that fills up under the daemon, for real: writes are refused, everything else goes on, and when there is
room again so do they. In a mount namespace of its own; skipped where that is not allowed."""
import json
import os
import pathlib
import subprocess
import sys

from harness import Daemon, check, check_equal, main, scratch, skip, wait_for

INSIDE = "PILOTWATCH_INSIDE_NAMESPACE"
FIRST_DAY = 1767225600   # 2026-01-01
CONFIG = """
storage: {checkpoint_interval: 200ms}
evaluation: {interval: 100ms}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
    features: [{name: note, kind: categorical}]
"""


def prediction(number):
    """The note does not compress: the disk must fill."""
    return {"type": "prediction", "pilot": "p", "id": f"case {number}", "time": FIRST_DAY + number, "prediction": number % 2,
            "features": {"note": os.urandom(90).hex()}}


def post(daemon, begin, count):
    body = "\n".join(json.dumps(prediction(n)) for n in range(begin, begin + count))
    return daemon.post(body + "\n")


def fill(folder):
    """Leaves no byte."""
    with open(folder / "filler", "ab", buffering=0) as file:
        piece = b"x" * (1 << 20)
        while piece:
            try:
                file.write(piece)
            except OSError:
                piece = piece[:len(piece) // 2]


def a_full_disk_refuses_and_then_goes_on():
    with scratch() as folder:
        small = pathlib.Path(folder) / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", small], check=True)
        try:
            fill_and_free(small)
        finally:
            subprocess.run(["umount", "--lazy", small], check=True)


def fill_and_free(small):
    daemon = Daemon(small, CONFIG)
    acknowledged = 0
    with daemon:
        for begin in range(0, 10000, 500):
            check_equal(post(daemon, begin, 500).status, 200, "while there is room")
            acknowledged += 500
        fill(small)
        refused = wait_for("a refusal", lambda: (lambda a: a if a.status != 200 else None)(post(daemon, acknowledged, 500)))
        check_equal(refused.status, 503, "a full disk")
        check(refused.headers.get("Retry-After"), "no Retry-After")
        for _ in range(20):
            check_equal(post(daemon, acknowledged, 500).status, 503, "a disk that stays full")
        metrics = daemon.metrics()
        check_equal(metrics.one("pilotwatch_store_degraded"), 1, "degraded")
        check(metrics.one("pilotwatch_store_write_failures_total") > 0, "no failure was counted")
        known = int(metrics.sum("pilotwatch_predictions_total"))
        check_equal(daemon.get("/-/healthy").status, 200, "healthy")
        check("The store refuses writes" in daemon.get("/").text, "the page does not say it")
        checkpoints = daemon.metrics().one("pilotwatch_store_checkpoints_total")
        (small / "filler").unlink()
        wait_for("room again", lambda: post(daemon, known, 500).status == 200)
        check_equal(daemon.metrics().one("pilotwatch_store_degraded"), 0, "degraded, with room again")
        wait_for("a checkpoint", lambda: daemon.metrics().one("pilotwatch_store_checkpoints_total") > checkpoints)
        daemon.kill()
        daemon.start()
        check_equal(int(daemon.metrics().sum("pilotwatch_predictions_total")), known + 500, "after kill -9")


def checkpoints_that_do_not_fit_do_not_stop_records():
    """The state is about as large as the disk: no checkpoint fits, every record does."""
    with scratch() as folder:
        small = pathlib.Path(folder) / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", small], check=True)
        try:
            daemon = Daemon(small, CONFIG.replace("features: [{name: note, kind: categorical}]", "lateness: 30d"))
            with daemon:
                sent = 0
                while sent < 150_000:
                    body = "\n".join(f'{{"type":"prediction","pilot":"p","id":"{n}","time":{FIRST_DAY},"prediction":1}}'
                                     for n in range(sent, sent + 5000))
                    answer = daemon.post(body + "\n")
                    check_equal(answer.status, 200, f"after {sent} records: {answer.text[:300]}")
                    sent += 5000
                check_equal(int(daemon.metrics().sum("pilotwatch_predictions_total")), sent, "predictions")
                wait_for("a checkpoint that does not fit",
                         lambda: daemon.metrics().one("pilotwatch_store_write_failures_total") > 0)
                check_equal(daemon.metrics().one("pilotwatch_store_degraded"), 0, "degraded: entries do fit")
                daemon.kill()
                daemon.start()
                check_equal(int(daemon.metrics().sum("pilotwatch_predictions_total")), sent, "after kill -9")
        finally:
            subprocess.run(["umount", "--lazy", small], check=True)


if INSIDE not in os.environ:
    probe = subprocess.run(["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False,
                           capture_output=True)
    if probe.returncode != 0:
        skip("no mount namespace may be made here")
    os.execvpe("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})

main(a_full_disk_refuses_and_then_goes_on, checkpoints_that_do_not_fit_do_not_stop_records)
