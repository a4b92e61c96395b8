#!/usr/bin/env python3
"""Decisions beyond memory.decisions: on disk, within the bound, known as all others, over kill -9; and what the metrics say of it."""
import random

from harness import Daemon, check, check_equal, main, scratch, wait_for

FIRST_DAY = 1767225600   # 2026-01-01
BOUND = 16 << 20
DECISIONS = 450_000
CONFIG = """
storage: {checkpoint_interval: 500ms}
evaluation: {interval: 50ms}
memory: {decisions: 16MB}
ingest: {max_queue_time: 60s}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
"""


def predictions(begin, count):
    return "".join(f'{{"type":"prediction","pilot":"p","id":"{n}","time":{FIRST_DAY + n // 10},"prediction":1}}\n'
                   for n in range(begin, begin + count))


def outcomes(numbers):
    return "".join(f'{{"type":"outcome","pilot":"p","id":"{n}","time":{FIRST_DAY + n // 10 + 60},"actual":{n % 2}}}\n' for n in numbers)


def use(daemon):
    metrics = daemon.metrics()
    return {where: int(metrics.one("pilotwatch_decisions", where=where)) for where in ("memory", "disk")} | {
        "bytes": int(metrics.one("pilotwatch_decisions_memory_bytes")), "read": int(metrics.one("pilotwatch_decision_blocks_read_total"))}


def old_decisions_are_on_disk_and_known_as_all_others():
    rng = random.Random(7)
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        try:
            check_equal(daemon.metrics().one("pilotwatch_decisions_memory_limit_bytes"), BOUND, "limit")
            for begin in range(0, DECISIONS, 10_000):
                check_equal(daemon.post(predictions(begin, 10_000)).json["accepted"], 10_000, "accepted")
                check(use(daemon)["bytes"] <= BOUND, "memory beyond its bound")
            wait_for("a look at all of them", lambda: use(daemon)["memory"] + use(daemon)["disk"] == DECISIONS)
            check(use(daemon)["disk"] > DECISIONS // 3, f"{use(daemon)['disk']} decisions on disk")
            # The index knows 40 bits of an id, so two of them meet now and then: a look in vain.
            looked = daemon.metrics().one("pilotwatch_decision_blocks_read_in_vain_total")
            check(use(daemon)["read"] == looked <= 5, f"blocks read for new decisions: {use(daemon)['read']}, {looked} of them in vain")
            some = rng.sample(range(DECISIONS), 2_000)
            check_equal(daemon.post(outcomes(some)).json["accepted"], len(some), "outcomes")
            wait_for("blocks to be read", lambda: use(daemon)["read"] > 100)
            daemon.kill()
            daemon.start()
            check_equal(daemon.metrics().one("pilotwatch_store_rebuilds_total"), 0, "rebuilds")
            check_equal(daemon.post(outcomes(some)).json["duplicate"], len(some), "outcomes that are known")
            check_equal(daemon.post(predictions(1_000, 1_000)).json["duplicate"], 1_000, "decisions that are known")
            check_equal(int(daemon.metrics().sum("pilotwatch_predictions_total")), DECISIONS, "predictions")
            check_equal(daemon.metrics().one("pilotwatch_store_read_failures_total"), 0, "failures")
            check(daemon.metrics().one("pilotwatch_decision_blocks_read_in_vain_total") < 100, "blocks read in vain")
        finally:
            daemon.stop()


main(old_decisions_are_on_disk_and_known_as_all_others)
