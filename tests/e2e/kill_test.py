#!/usr/bin/env python3
"""kill -9 again and again under load: whatever was acknowledged, or stood in a followed file, is there exactly once.

Load: two clients of bulk bodies, one of single records, each of which repeats what was not acknowledged, and a file that
is written and rotated all the time. Kills come while the daemon starts, replays, takes records, writes checkpoints,
deletes old entries and stops; each start is on what the kill before left behind. The moments come from a printed seed (but
not what the daemon is at just then):

  kill_test.py BINARY SOURCE SHARED --kills 1000 --seed 7
"""
import argparse
import http.client
import json
import os
import random
import sys
import threading
import time

from harness import Daemon, check, check_equal, main, request, scratch

FIRST_DAY = 1767225600   # 2026-01-01
WRONG_EVERY = 7          # each so-manieth decision turns out wrong
KILLS_A_STORE = 50       # then all is counted, and another store begins
ROTATE_BYTES = 200_000

# Checkpoints, evaluations and deletions as often as possible, so that kills meet them too.
CONFIG = """
storage: {checkpoint_interval: 100ms, retention: 50ms}
evaluation: {interval: 50ms}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day, {count: 100}, all]
    limits:
      - {name: errors, metric: error_rate, window: day, max: 0.9}
sources:
  - {name: log, file: FOLDER/log/records.ndjson*, pilot: p, poll_interval: 50ms}
"""


class Writer(threading.Thread):
    """Makes records, counts them, and gets them there for sure."""

    def __init__(self, name, seed):
        super().__init__(name=name, daemon=True)
        self.random = random.Random(seed)
        self.decided = self.outcomes = self.wrong = self.repeats = 0
        self.finish = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.finish.is_set():
                self.deliver(self.lines(self.size()))
        except Exception as error:   # the main thread reports it
            self.error = error

    def lines(self, decisions):
        """Predictions and outcomes mixed; some outcomes come before their predictions."""
        lines = []
        for _ in range(decisions):
            number = self.decided
            self.decided += 1
            common = {"pilot": "p", "id": f"{self.name}-{number}", "time": FIRST_DAY + number * 60}
            lines.append({"type": "prediction", "prediction": 1, **common})
            if number % 3:
                wrong = number % WRONG_EVERY == 0
                self.outcomes += 1
                self.wrong += wrong
                lines.append({"type": "outcome", "actual": 0 if wrong else 1, **common})
        self.random.shuffle(lines)
        return "".join(json.dumps(line) + "\n" for line in lines)


class Client(Writer):
    """Posts bodies, each until it is acknowledged: a daemon that is dead or restarting is asked again."""

    def __init__(self, name, port, seed, most):
        super().__init__(name, seed)
        self.port, self.most = port, most

    def size(self):
        return self.random.randrange(1, self.most + 1)

    def deliver(self, body):
        while True:
            try:
                answer = request(self.port, "POST", "/v1/records", body.encode(), {"Content-Type": "application/x-ndjson"}, 20)
                if answer.status == 200:
                    check_equal(answer.json["rejected"], 0, "rejected")
                    return
                check(answer.status in (429, 503), f"HTTP {answer.status}: {answer.text[:300]}")
            except (OSError, http.client.HTTPException):
                pass
            self.repeats += 1
            time.sleep(0.01)


class Log(Writer):
    """Appends to a file, in pieces that cut lines in two, and renames it when it is large."""

    def __init__(self, name, file, seed):
        super().__init__(name, seed)
        self.file, self.rotations = file, 0
        self.file.parent.mkdir()
        self.file.touch()

    def size(self):
        return self.random.randrange(1, 20)

    def deliver(self, lines):
        cut = self.random.randrange(len(lines))
        with open(self.file, "a", encoding="utf-8") as file:
            for piece in (lines[:cut], lines[cut:]):
                file.write(piece)
                file.flush()
                time.sleep(0.005)
        if self.file.stat().st_size > ROTATE_BYTES:
            self.rotations += 1
            os.rename(self.file, f"{self.file}.{self.rotations}")
            self.file.touch()


def kill_at_random_moments(daemon, chance, kills):
    for _ in range(kills):
        # Mostly while it works, sometimes while it replays, while it opens the store, or while it stops.
        moment = chance.random()
        if moment < 0.1:
            daemon.launch()
            time.sleep(chance.uniform(0, 0.05))
        else:
            daemon.start(wait_ready=moment < 0.75)
            time.sleep(chance.uniform(0, 0.05 if chance.random() < 0.4 else 0.5))
        if moment > 0.92:
            daemon.process.terminate()
            time.sleep(chance.uniform(0, 0.1))
        daemon.kill()


def counted_once(daemon, writers):
    decided, outcomes, wrong = (sum(getattr(writer, what) for writer in writers) for what in ("decided", "outcomes", "wrong"))
    end = time.monotonic() + 60   # for the rest of the file
    while time.monotonic() < end:
        metrics = daemon.metrics()
        if (metrics.sum("pilotwatch_predictions_total", pilot="p") >= decided
                and metrics.sum("pilotwatch_outcomes_total", pilot="p") >= outcomes):
            break
        time.sleep(0.05)
    metrics = daemon.metrics()
    check_equal(metrics.sum("pilotwatch_predictions_total", pilot="p"), decided, "predictions_total")
    check_equal(metrics.sum("pilotwatch_outcomes_total", pilot="p"), outcomes, "outcomes_total")
    check_equal(metrics.sum("pilotwatch_outcomes_matched_total", pilot="p"), outcomes, "outcomes_matched_total")
    check_equal(metrics.sum("pilotwatch_prediction_errors_total", pilot="p"), wrong, "prediction_errors_total")
    check_equal(metrics.sum("pilotwatch_predictions_awaiting_outcome", pilot="p"), decided - outcomes, "awaiting_outcome")
    check_equal(metrics.sum("pilotwatch_ingest_accepted_records_total"), decided + outcomes, "accepted records")
    check_equal(metrics.sum("pilotwatch_tail_lost_bytes_total"), 0, "bytes of files that were lost")
    check_equal(metrics.all("pilotwatch_store_figures_begin_timestamp_seconds"), [], "figures that had to begin anew")
    received = metrics.sum("pilotwatch_ingest_records_total")
    parts = [metrics.sum(f"pilotwatch_ingest_{part}_records_total") for part in ("accepted", "duplicate", "rejected")]
    check_equal(received, sum(parts), "received records")
    figures = {(f["metric"], f["formula"]): f for f in daemon.windows("p", kind="all", model_version="", segment="")}
    check_equal(figures["volume", "count/v1"]["value"], decided, "volume of `all`")
    rate = figures["error_rate", "wilson/v1"]
    check_equal((rate["n"], round(rate["value"] * rate["n"])), (outcomes, wrong), "outcomes and errors of `all`")
    return decided, outcomes, parts[1]


def exactly_once(seed, kills, folder):
    """Kills the daemon of one store; returns (decisions, outcomes, bodies sent again, duplicates)."""
    chance = random.Random(seed)
    daemon = Daemon(folder, CONFIG.replace("FOLDER", str(folder))).start()
    daemon.kill()   # it has a port now
    writers = [Client("bulk0", daemon.port, chance.random(), 60), Client("bulk1", daemon.port, chance.random(), 60),
               Client("single", daemon.port, chance.random(), 1), Log("log", folder / "log" / "records.ndjson", chance.random())]
    for writer in writers:
        writer.start()
    try:
        kill_at_random_moments(daemon, chance, kills)
        daemon.start()
    finally:
        for writer in writers:
            writer.finish.set()
        for writer in writers:
            writer.join(120)
    check(not any(writer.is_alive() for writer in writers), "a writer is stuck")
    for writer in writers:
        check(writer.error is None, f"{writer.name}: {writer.error}")
        check(writer.decided > 10, f"{writer.name}: hardly any load")
    counts = counted_once(daemon, writers)
    before = sorted(json.dumps(f) for f in daemon.windows("p"))
    daemon.stop()
    daemon.start()
    counted_once(daemon, writers)
    check_equal(sorted(json.dumps(f) for f in daemon.windows("p")), before, "windows after one more orderly restart")
    daemon.stop()
    return (*counts[:2], sum(writer.repeats for writer in writers), int(counts[2]))


def all_stores(kills, seed):
    began, done = time.monotonic(), 0
    while done < kills:
        now = min(KILLS_A_STORE, kills - done)
        with scratch() as folder:
            decided, outcomes, again, duplicates = exactly_once(seed, now, folder)
        done += now
        print(f"    seed {seed}: {now} kills, {decided} predictions, {outcomes} outcomes, {again} bodies sent again, "
              f"{duplicates} duplicates recognised: none lost, none doubled ({time.monotonic() - began:.0f} s)", flush=True)
        seed += 1


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--kills", type=int, default=24)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31),
                         help="of the first store; each further one has the next")
    chosen = options.parse_args(sys.argv[4:])

    def acknowledged_records_count_once():
        """every acknowledged record, and every line of the file, counts exactly once after the last restart"""
        print(f"    --kills {chosen.kills} --seed {chosen.seed}", flush=True)
        all_stores(chosen.kills, chosen.seed)

    main(acknowledged_records_count_once)
