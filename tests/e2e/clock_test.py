#!/usr/bin/env python3
"""The machine's clock steps forward and back under a daemon: time never moves back, nothing fires that should not, every
record counts once, and when the clock is right again all goes on."""
import datetime
import json
import time

from harness import Daemon, check, check_equal, main, scratch, utc, wait_for
from shim import Shim

DAY = 86400
CONFIG = """
storage: {checkpoint_interval: 100ms}
evaluation: {interval: 50ms}
pilots:
  - name: p
    task: binary
    clock: wall
    lateness: 1s
    windows: [hour, day]
    limits:
      - {name: errors, metric: error_rate, window: day, max: 0.5, min_n: 5}
      - {name: silence, metric: volume, window: day, min: 5, severity: critical}
"""


class Machine:
    """A daemon whose clock can be set. It begins at noon, so that a test is within one day."""

    def __init__(self, folder):
        self.shim = Shim(folder)
        now = time.time()
        self.noon = now - now % DAY + DAY / 2
        self.set(0)
        self.daemon = Daemon(folder, CONFIG, environment=self.shim.environment).start()
        self.sent = 0

    def set(self, days):
        """So many days from the noon of the beginning."""
        self.shim.clock_ms = int(1000 * (self.noon + days * DAY - time.time()))

    def now(self):
        return time.time() + self.shim.clock_ms / 1000

    def send(self, count=10, rejected=0):
        lines = []
        for _ in range(count):
            self.sent += 1
            at = utc(self.now())
            lines.append(json.dumps({"type": "prediction", "pilot": "p", "id": f"{self.sent}", "time": at, "prediction": 1}))
            lines.append(json.dumps({"type": "outcome", "pilot": "p", "id": f"{self.sent}", "time": at, "actual": 1}))
        answer = self.daemon.post("\n".join(lines) + "\n")
        check_equal(answer.status, 200, f"HTTP ({answer.text[:300]})")
        check_equal(answer.json["rejected"], rejected, f"rejected ({answer.text[:300]})")

    def counted_once(self):
        check_equal(self.daemon.metrics().sum("pilotwatch_predictions_total"), self.sent, "predictions")

    def breaches(self):
        return [name for name, limit in self.daemon.limits("p").items() if limit["state"] == "breach"]

    def closed_days(self):
        return {f["window"]["start"] for f in self.daemon.windows("p", kind="day", metric="volume", model_version="", segment="")}


def day_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT00:00:00Z")


def a_step_forward_closes_what_has_passed_and_a_step_back_stands_still():
    with scratch() as folder:
        machine = Machine(folder)
        daemon = machine.daemon
        machine.send()
        machine.set(1)
        wait_for("the first day to close", lambda: day_of(machine.noon) in machine.closed_days())
        machine.send()
        check_equal(machine.breaches(), [], "breaches after a step of one day forward")
        machine.set(0)   # and back: today is tomorrow until the clock is there again
        for restart in range(3):
            machine.send()
            machine.counted_once()
            check_equal(machine.breaches(), [], "breaches after a step back")
            check(day_of(machine.noon + DAY) not in machine.closed_days(), "a day has closed that has not come")
            if restart == 1:
                daemon.stop()
                daemon.start()
            else:
                daemon.kill()
                daemon.start()
        late = daemon.metrics().sum("pilotwatch_ingest_late_records_total", stream="predictions")
        check_equal(late, 30, "records of the day that has closed: late, and counted")
        machine.set(1.01)
        machine.send()
        machine.set(2)
        wait_for("the second day to close", lambda: day_of(machine.noon + DAY) in machine.closed_days())
        machine.counted_once()
        check_equal(machine.breaches(), [], "breaches in the end")
        daemon.stop()


def small_steps_change_nothing():
    """a clock that is corrected by seconds, either way, all the time"""
    with scratch() as folder:
        machine = Machine(folder)
        for step in range(40):
            machine.set((step * 7 % 5 - 2) / DAY)
            machine.send(2)
        machine.counted_once()
        check_equal(machine.breaches(), [], "breaches")
        check_equal(machine.daemon.metrics().sum("pilotwatch_ingest_late_records_total"), 0, "late records")
        machine.daemon.kill()
        machine.daemon.start()
        machine.counted_once()
        machine.daemon.stop()


main(a_step_forward_closes_what_has_passed_and_a_step_back_stands_still, small_steps_change_nothing)
