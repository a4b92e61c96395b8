#!/usr/bin/env python3
"""kill -9 again and again under load: whatever was acknowledged is there exactly once.

The moments come from a printed seed; PILOTWATCH_KILL_SEED repeats a run, PILOTWATCH_KILLS asks for more kills than 22.
"""
import http.client
import json
import random
import threading
import time

from harness import Daemon, check, check_equal, environment_number, main, request, scratch, wait_for

KILLS = environment_number("PILOTWATCH_KILLS", 22)
SEED = environment_number("PILOTWATCH_KILL_SEED", random.SystemRandom().randrange(1 << 32))
FIRST_DAY = 1767225600   # 2026-01-01
WRONG_EVERY = 7          # each so-manieth decision turns out wrong

# Checkpoints and evaluations as often as possible, so that kills meet them too.
CONFIG = """
storage: {checkpoint_interval: 100ms}
evaluation: {interval: 50ms}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day, {count: 100}, all]
    limits:
      - {name: errors, metric: error_rate, window: day, max: 0.9}
"""


class Client(threading.Thread):
    """Posts batches, each until it is acknowledged: a daemon that is dead or restarting is asked again."""

    def __init__(self, name, port, seed):
        super().__init__(name=name)
        self.port, self.random = port, random.Random(seed)
        self.decided = self.outcomes = self.wrong = self.repeats = 0
        self.finish = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.finish.is_set():
                self.deliver(self.batch())
        except Exception as error:   # the main thread reports it
            self.error = error

    def batch(self):
        """Predictions and outcomes mixed; some outcomes come before their predictions."""
        lines = []
        for _ in range(self.random.randrange(1, 60)):
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


def kill_at_random_moments(daemon, chance):
    for kill in range(KILLS):
        # Sometimes while it starts, mostly while it works.
        time.sleep(chance.choice([chance.uniform(0, 0.05), chance.uniform(0, 0.5), chance.uniform(0, 0.5)]))
        daemon.kill()
        daemon.start(wait_ready=kill == KILLS - 1 or chance.random() < 0.7)
    wait_for("/-/ready", lambda: daemon.get("/-/ready").status == 200)


def counted_once(daemon, clients):
    decided, outcomes, wrong = (sum(getattr(client, what) for client in clients) for what in ("decided", "outcomes", "wrong"))
    metrics = daemon.metrics()
    check_equal(metrics.sum("pilotwatch_predictions_total", pilot="p"), decided, "predictions_total")
    check_equal(metrics.sum("pilotwatch_outcomes_total", pilot="p"), outcomes, "outcomes_total")
    check_equal(metrics.sum("pilotwatch_outcomes_matched_total", pilot="p"), outcomes, "outcomes_matched_total")
    check_equal(metrics.sum("pilotwatch_prediction_errors_total", pilot="p"), wrong, "prediction_errors_total")
    check_equal(metrics.sum("pilotwatch_predictions_awaiting_outcome", pilot="p"), decided - outcomes, "awaiting_outcome")
    check_equal(metrics.sum("pilotwatch_ingest_accepted_records_total"), decided + outcomes, "accepted records")
    received = metrics.sum("pilotwatch_ingest_records_total")
    parts = [metrics.sum(f"pilotwatch_ingest_{part}_records_total") for part in ("accepted", "duplicate", "rejected")]
    check_equal(received, sum(parts), "received records")
    figures = {(f["metric"], f["formula"]): f for f in daemon.windows("p", kind="all", model_version="", segment="")}
    check_equal(figures["volume", "count/v1"]["value"], decided, "volume of `all`")
    rate = figures["error_rate", "wilson/v1"]
    check_equal((rate["n"], round(rate["value"] * rate["n"])), (outcomes, wrong), "outcomes and errors of `all`")
    return decided, outcomes, parts[1]


def exactly_once():
    """every acknowledged record counts exactly once after the last restart"""
    print(f"    PILOTWATCH_KILL_SEED={SEED}, {KILLS} kills")
    chance = random.Random(SEED)
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        clients = [Client(f"client{i}", daemon.port, chance.random()) for i in range(2)]
        for client in clients:
            client.start()
        try:
            kill_at_random_moments(daemon, chance)
        finally:
            for client in clients:
                client.finish.set()
            for client in clients:
                client.join(120)
        check(not any(client.is_alive() for client in clients), "a client is stuck")
        for client in clients:
            check(client.error is None, f"{client.name}: {client.error}")
        decided, outcomes, duplicates = counted_once(daemon, clients)
        print(f"    {decided} predictions, {outcomes} outcomes, {sum(c.repeats for c in clients)} bodies sent again, "
              f"{duplicates:.0f} duplicates recognised")
        check(decided > 100, "hardly any load")
        before = sorted(json.dumps(f) for f in daemon.windows("p"))
        daemon.stop()
        daemon.start()
        counted_once(daemon, clients)
        check_equal(sorted(json.dumps(f) for f in daemon.windows("p")), before, "windows after one more orderly restart")
        daemon.stop()


if __name__ == "__main__":
    main(exactly_once)
