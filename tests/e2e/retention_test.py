#!/usr/bin/env python3
"""A store that forgets and a store with a bound, in real processes: the file stays small under load, counters never fall,
kills do no harm, and what is refused for want of room is taken again when there is some."""
import json
import os
import pathlib
import random
import time

from harness import Daemon, check, check_equal, main, scratch, wait_for

FIRST_DAY = 1767225600   # 2026-01-01
CONFIG = """
storage: {checkpoint_interval: 200ms, STORAGE}
evaluation: {interval: 100ms}
pilots:
  - name: p
    task: binary
    clock: event
    windows: WINDOWS
    features: [{name: note, kind: categorical}]
    limits:
      - {name: errors, metric: error_rate, window: day, max: 0.9}
"""


def config(storage, windows="[day]"):
    return CONFIG.replace("STORAGE", storage).replace("WINDOWS", windows)


def post(daemon, begin, count):
    """The note does not compress: 180 bytes a record, 90 packed."""
    return daemon.post("".join(json.dumps({
        "type": "prediction", "pilot": "p", "id": f"case {n}", "time": FIRST_DAY + n, "prediction": n % 2,
        "features": {"note": os.urandom(90).hex()}}) + "\n" for n in range(begin, begin + count)))


def file_bytes(daemon):
    return sum(file.stat().st_size for file in pathlib.Path(daemon.folder / "data").glob("pilotwatch.db*"))


def records(daemon):
    metrics = daemon.metrics()
    return int(metrics.sum("pilotwatch_predictions_total")), int(metrics.sum("pilotwatch_ingest_records_total"))


def forgetting_keeps_the_file_small_and_the_figures_whole():
    chance = random.Random(20261126)
    with scratch() as folder:
        daemon = Daemon(folder, config("retention: 2s")).start()
        sent, slowest, end = 0, 0.0, time.monotonic() + 12
        while time.monotonic() < end:
            began = time.monotonic()
            check_equal(post(daemon, sent, 1000).status, 200, "a body while old ones are deleted")
            slowest = max(slowest, time.monotonic() - began)
            sent += 1000
            check_equal(records(daemon), (sent, sent), "predictions and records")
            if chance.random() < 0.02:
                daemon.kill()
                daemon.start()
                check_equal(records(daemon), (sent, sent), "predictions and records after kill -9")
        written = sent * 90
        metrics = daemon.metrics()
        check(metrics.one("pilotwatch_store_reusable_bytes") >= 0, "free pages")
        print(f"    {sent} records, {written >> 20} MB of notes, store {file_bytes(daemon) >> 20} MB, slowest body {slowest:.3f} s, "
              f"{metrics.one('pilotwatch_store_forgotten_entries_total'):.0f} entries forgotten")
        check(metrics.one("pilotwatch_store_forgotten_entries_total") > 0, "nothing was forgotten")
        wait_for("all but the newest entries gone", lambda: daemon.metrics().one("pilotwatch_store_entries") <= 3)
        check_equal(daemon.send([f'{{"type":"prediction","pilot":"p","id":"case 0","time":{FIRST_DAY},"prediction":0}}']), (0, 1),
                    "a record of a forgotten entry sent again")
        daemon.stop()
        # Another window: everything would have to be built anew, of entries that are gone.
        daemon.config_file.write_text(config("retention: 2s", "[day, week]"), encoding="utf-8")
        daemon.start()
        predictions, received = records(daemon)
        check(predictions < sent, f"{predictions} predictions, of entries that are gone?")
        check_equal(received, sent + 1, "records received: what came has come")
        begin = daemon.metrics().one("pilotwatch_store_figures_begin_timestamp_seconds")
        check(abs(time.time() - begin) < 600, f"figures begin at {begin}")
        check("Figures begin" in daemon.get("/").text, "the page does not say it")
        check(any("figures begin anew" in line for line in daemon.process.lines), "the log does not say it")
        daemon.stop()


def a_bound_refuses_and_lets_in_again():
    with scratch() as folder:
        log = pathlib.Path(folder) / "log.ndjson"
        log.touch()
        sources = f"sources: [{{name: log, file: {log}, pilot: p, poll_interval: 50ms}}]\n"
        daemon = Daemon(folder, config("retention: 1h, max_bytes: 16MB") + sources).start()
        taken = 0

        def fill():
            nonlocal taken
            while True:
                answer = post(daemon, taken, 1000)
                if answer.status != 200:
                    return answer
                taken += 1000

        refused = wait_for("a refusal", fill)
        check_equal(refused.status, 503, "a full store")
        check("full" in refused.text, refused.text)
        check(refused.headers.get("Retry-After"), "no Retry-After")
        wait_for("a store that stays full", lambda: post(daemon, taken, 1000).status == 503)
        metrics = daemon.metrics()
        check(metrics.one("pilotwatch_ingest_refused_requests_total", reason="store_full") >= 2, "refusals are not counted")
        check_equal(metrics.one("pilotwatch_store_write_failures_total"), 0, "failures: there were none")
        check_equal(metrics.one("pilotwatch_store_max_bytes"), 16 << 20, "the bound")
        check(13 << 20 < metrics.one("pilotwatch_store_used_bytes") <= 16 << 20, "bytes in use")
        check(file_bytes(daemon) <= (16 << 20) + (1 << 20), f"{file_bytes(daemon)} bytes in files")   # -shm is beside it
        check_equal(daemon.get("/-/healthy").status, 200, "healthy")
        with open(log, "a", encoding="utf-8") as file:   # files wait for room
            file.write("".join(f'{{"type":"prediction","id":"{n}","time":{FIRST_DAY},"prediction":1}}\n' for n in range(5000)))
        # What copies the log meanwhile can make room for it.
        wait_for("the file to be tried", lambda: daemon.metrics().one("pilotwatch_tail_unread_bytes") > 0 or
                 records(daemon)[0] >= taken + 5000)
        daemon.kill()
        daemon.start()
        # The start copies the log back, which can make room for what waits in the file and for one more body.
        check(taken <= records(daemon)[0] <= taken + 6000, f"{records(daemon)[0]} predictions after kill -9, {taken} were acknowledged")
        daemon.stop()
        # Retention makes room, by itself.
        daemon.config_file.write_text(config("retention: 1s, max_bytes: 16MB") + sources, encoding="utf-8")
        daemon.start()
        wait_for("room again", lambda: post(daemon, taken, 1000).status == 200)
        wait_for("what the file holds", lambda: records(daemon)[0] >= taken + 6000)
        check_equal(records(daemon)[0], taken + 6000, "predictions")
        wait_for("no more trouble", lambda: daemon.metrics().one("pilotwatch_store_degraded") == 0)
        daemon.stop()


main(forgetting_keeps_the_file_small_and_the_figures_whole, a_bound_refuses_and_lets_in_again)
