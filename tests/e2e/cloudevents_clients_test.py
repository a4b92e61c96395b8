# SPDX-License-Identifier: Apache-2.0
"""The official CloudEvents SDK for JavaScript sends 10,000 requests and responses as KServe does, in all three modes."""
import json
import os
import subprocess

from harness import SOURCE, Daemon, check_equal, main, need_programs, scratch, skip, wait_for

CLIENTS = SOURCE.resolve() / ".build" / "clients"
CONFIG = """
pilots:
  - {name: credit, task: binary, clock: event, lateness: 1h, windows: [day], features: [{name: age, kind: numeric}]}
sources:
  - {name: serving, http: true, pilots: [credit], pilot: credit, preset: kserve}
"""
COUNT = 5_000   # decisions: each is two events


def counts(daemon):
    """(accepted, duplicate, rejected)"""
    metrics = daemon.metrics()
    return tuple(int(metrics.sum(f"pilotwatch_ingest_{what}_records_total", source="serving")) for what in ("accepted", "duplicate", "rejected"))


def send(daemon, mode, count=COUNT):
    return subprocess.Popen(["node", SOURCE / "tests" / "clients" / "cloudevents.js", mode,
                             f"http://127.0.0.1:{daemon.port}/v1/events?source=serving", str(count)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "CLIENTS": str(CLIENTS)})


def finish(client):
    out, errors = client.communicate(timeout=300)
    check_equal(client.returncode, 0, f"exit code of the client; {errors.decode()[-1000:]}")
    return json.loads(out)["sent"]


def decisions(daemon):
    metrics = daemon.metrics()
    return int(metrics.sum("pilotwatch_predictions_total", pilot="credit"))


def every_mode_brings_every_decision_once():
    for mode in ("binary", "structured", "batch"):
        with scratch() as folder, Daemon(folder, CONFIG) as daemon:
            check_equal(finish(send(daemon, mode)), 2 * COUNT, "events sent")
            check_equal(counts(daemon), (2 * COUNT, 0, 0), f"{mode}: events accepted, duplicate, rejected")
            check_equal(decisions(daemon), COUNT, f"{mode}: decisions")
            check_equal(daemon.metrics().one("pilotwatch_prediction_parts_waiting", pilot="credit"), 0, "parts that wait")


def a_restart_in_the_middle_loses_nothing():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        client = send(daemon, "binary")
        wait_for("some events", lambda: counts(daemon)[0] > 500)
        daemon.kill()
        daemon.start()
        finish(client)
        check_equal((counts(daemon)[0], counts(daemon)[2]), (2 * COUNT, 0), "events accepted once, rejected")
        check_equal(decisions(daemon), COUNT, "decisions")
        daemon.stop()


need_programs("node")
if not (CLIENTS / "node_modules").exists():
    skip("the test clients are not installed (packaging/install.sh --test)")
main(every_mode_brings_every_decision_once, a_restart_in_the_middle_loses_nothing)
