#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bounds of the settings, pushed past over HTTP: what is refused is told and counted, what is acknowledged is accounted for, over kill -9."""
import subprocess
import tempfile

from harness import BINARY, Daemon, check, check_equal, main, scratch

DAY = 1767225600   # 2026-01-01
CONFIG = """
bounds: {series: 1000, pilots: 12}
storage: {checkpoint_interval: 200ms}
pilots:
  - name: p
    task: binary
    clock: event
    segments: {attributes: [g], min_n: 1}
    windows: [day, week]
    bounds: {parked: 100, kept: 20}
""" + "".join(f"  - {{name: p{i}, task: binary, clock: event}}\n" for i in range(11))


def line(kind, number, rest, **more):
    return f'{{"type":"{kind}","pilot":"p","id":"{number}","time":{DAY + number}{rest}}}\n'


def outcomes(begin, count):
    return "".join(line("outcome", n, ',"actual":1') for n in range(begin, begin + count))


def account(daemon):
    metrics = daemon.metrics()
    return {"accepted": metrics.sum("pilotwatch_outcomes_total", pilot="p"), "matched": metrics.sum("pilotwatch_outcomes_matched_total", pilot="p"),
            "parked": metrics.one("pilotwatch_outcomes_parked", pilot="p"),
            "dropped": metrics.one("pilotwatch_parked_dropped_total", pilot="p", stream="outcomes")}


def what_waits_too_long_is_given_up_and_accounted_for():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        try:
            for begin in range(0, 1000, 50):
                check_equal(daemon.post(outcomes(begin, 50)).json["accepted"], 50, "accepted")
            expected = {"accepted": 1000, "matched": 0, "parked": 100, "dropped": 900}
            check_equal(account(daemon), expected, "while they wait")
            daemon.kill()
            daemon.start()
            check_equal(account(daemon), expected, "after kill -9")
            answer = daemon.post("".join(line("prediction", n, ',"prediction":1') for n in range(850, 1000)))
            check_equal(answer.json["accepted"], 150, "predictions")
            check_equal(account(daemon), {"accepted": 1000, "matched": 100, "parked": 0, "dropped": 900}, "when predictions have come")
        finally:
            daemon.stop()


def what_there_is_no_room_for_is_rejected():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        try:
            answer = daemon.post("".join(line("complaint", n, "") for n in range(30))).json
            check_equal((answer["accepted"], answer["rejected"]), (20, 10), "complaints")
            check_equal(answer["errors"][0]["line"], 21, "the line of the first error")
            check_equal({error["reason"] for error in answer["errors"]}, {"full"}, "reasons")
            check_equal(daemon.post(line("complaint", 3, "")).json["duplicate"], 1, "one that is known")
            check_equal(daemon.post(line("complaint", 99, "")).status, 400, "nothing of it was taken")
            metrics = daemon.metrics()
            check_equal(metrics.one("pilotwatch_ingest_rejected_records_total", stream="complaints", reason="full"), 11, "rejected")
            check_equal(metrics.one("pilotwatch_bound_used", pilot="p", bound="kept"), 20, "kept")
            check_equal(metrics.one("pilotwatch_bound_limit", pilot="p", bound="kept"), 20, "may be kept")
            total = {name: metrics.sum(f"pilotwatch_ingest_{name}_total", stream="complaints", source="http")
                     for name in ("records", "accepted_records", "duplicate_records", "rejected_records")}
            check_equal(total["records"], total["accepted_records"] + total["duplicate_records"] + total["rejected_records"], "received")
        finally:
            daemon.stop()


def series_beyond_the_bound_are_left_out():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        try:
            before = daemon.metrics()
            groups = "".join(line("prediction", n, f',"prediction":1,"segments":{{"g":"{n % 45}"}}') for n in range(900))
            check_equal(daemon.post(groups + line("prediction", 20 * 86400, ',"prediction":1')).json["accepted"], 901, "predictions")
            metrics = daemon.metrics()
            check(metrics.one("pilotwatch_series_left_out", of="groups") > 100, "nothing was left out")
            check(metrics.one("pilotwatch_series") <= max(1000, before.one("pilotwatch_series") + 100), "more series than the bound")
            check_equal(metrics.sum("pilotwatch_group_window_predictions"), 0, "groups that do not fit")
            check_equal(metrics.sum("pilotwatch_predictions_total", pilot="p"), 901, "counters stay")
            check("/metrics leaves series out" in daemon.process.tail(100), "the log does not say it")
            check_equal(daemon.process.tail(100).count("/metrics leaves series out"), 1, "said more than once")
            windows = daemon.get("/api/v1/pilots/p/windows?kind=day&metric=volume&segment=g").json["data"]
            check(len(windows) >= 45, "the API has all groups")
        finally:
            daemon.stop()


def more_pilots_than_the_bound_are_refused():
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(CONFIG.replace("pilots: 12", "pilots: 11"))
        file.flush()
        done = subprocess.run([BINARY, "check", "config", file.name], capture_output=True, text=True, check=False)
        check_equal(done.returncode, 2, "exit code")
        check_equal(done.stderr, f"{file.name}:5:3: pilots: are 12, more than bounds.pilots (11): each takes memory of its own\n", "error")


main(what_waits_too_long_is_given_up_and_accounted_for, what_there_is_no_room_for_is_rejected, series_beyond_the_bound_are_left_out,
     more_pilots_than_the_bound_are_refused)
