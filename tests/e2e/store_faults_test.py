#!/usr/bin/env python3
"""A store that cannot be written, for real processes: read-only, full in the middle of a commit, syncs that fail, a folder
that may not be entered any more. Records are refused, all else goes on, and so do records when the fault is over."""
import errno
import os
import pathlib
import random
import shutil
import subprocess
import time

from fault_harness import config, lines, predictions
from harness import Daemon, Failure, as_nobody, check, check_equal, main, scratch, wait_for
from shim import Shim

SEED = 20261126


class Bench:
    """A daemon over a shim, a log that it follows, and how many records must be there."""

    def __init__(self, folder):
        self.log = pathlib.Path(folder) / "log.ndjson"
        self.log.touch()
        self.shim = Shim(folder)
        self.daemon = Daemon(folder, config(self.log), environment=self.shim.environment).start()
        self.taken = self.logged = 0

    def post(self, count=100):
        """True: acknowledged."""
        answer = self.daemon.post(lines(self.taken, count))
        check(answer.status in (200, 503), f"HTTP {answer.status}: {answer.text[:300]}")
        if answer.status == 200:
            self.taken += count
        else:
            check(answer.headers.get("Retry-After"), "no Retry-After")
        return answer.status == 200

    def write(self, count=50):
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(lines(10_000_000 + self.logged, count))
        self.logged += count

    def all_there(self, what):
        wait_for(f"all records {what}", lambda: predictions(self.daemon) >= self.taken + self.logged)
        check_equal(predictions(self.daemon), self.taken + self.logged, f"predictions {what}")

    def everything_else_goes_on(self):
        metrics = self.daemon.metrics()
        check_equal(metrics.one("pilotwatch_store_degraded"), 1, "degraded")
        check(metrics.one("pilotwatch_store_write_failures_total") > 0, "no failure was counted")
        check(metrics.one("pilotwatch_ingest_refused_requests_total", reason="unavailable") > 0, "no refusal was counted")
        for path in ("/-/healthy", "/-/ready", "/api/v1/pilots", "/"):
            check_equal(self.daemon.get(path).status, 200, path)
        check("The store refuses writes" in self.daemon.get("/").text, "the page does not say it")


def a_store_that_becomes_read_only():
    with scratch() as folder:
        bench = Bench(folder)
        check(bench.post(), "refused")
        bench.write()
        bench.all_there("before")
        bench.shim.write_errno = errno.EROFS
        for _ in range(5):
            check(not bench.post(), "acknowledged by a store that cannot be written")
        bench.write()
        time.sleep(0.3)   # for the log to be tried; nothing depends on it
        bench.everything_else_goes_on()
        check(bench.shim.failures > 0, "nothing failed")
        bench.shim.write_errno = 0
        wait_for("records again", bench.post)
        bench.all_there("afterwards")
        check_equal(bench.daemon.metrics().one("pilotwatch_store_degraded"), 0, "degraded")
        bench.shim.write_errno = errno.EROFS
        bench.post()
        bench.daemon.kill()
        bench.daemon.launch()
        check(bench.daemon.process.find_line("pilotwatch.db may not be written"), "a start does not say why it cannot")
        bench.shim.write_errno = 0
        bench.daemon.start()
        bench.all_there("after kill -9 and a start in vain")
        bench.daemon.stop()


def no_room_in_the_middle_of_a_commit():
    """so many writes work, then there is no room; whatever number that is"""
    chance = random.Random(SEED)
    with scratch() as folder:
        bench = Bench(folder)
        refused = 0
        for left in [*range(12), *(chance.randrange(40) for _ in range(30))]:
            bench.shim.writes_left = left
            bench.shim.write_errno = errno.ENOSPC
            bench.write(5)
            refused += not bench.post(chance.choice([1, 100, 2000]))
            if chance.random() < 0.2:
                bench.daemon.kill()
                bench.shim.write_errno = 0
                bench.daemon.start()
            bench.shim.write_errno = 0
            wait_for("room again", bench.post)
            bench.all_there(f"after {left} writes and no more")
        check(refused > 10, f"{refused} refusals")
        bench.daemon.kill()
        bench.daemon.start()
        bench.all_there("after kill -9")
        bench.daemon.stop()


def syncs_that_fail():
    with scratch() as folder:
        bench = Bench(folder)
        for round_ in range(5):
            bench.shim.sync_errno = errno.EIO
            check(not bench.post(), "acknowledged without being durable")
            check(not bench.post(), "acknowledged without being durable")
            bench.write()
            bench.everything_else_goes_on()
            bench.shim.sync_errno = 0
            wait_for("records again", bench.post)
            bench.all_there("afterwards")
            if round_ % 2:
                bench.daemon.kill()
                bench.daemon.start()
                bench.all_there("after kill -9")
        bench.daemon.stop()


def files_that_may_not_grow():
    """as by ulimit -f: a write that fails, not a signal that ends the daemon"""
    with scratch() as folder:
        bench = Bench(folder)
        check(bench.post(), "refused")
        pid = str(bench.daemon.process.pid())
        if not shutil.which("prlimit"):
            print("    not tried: no prlimit")
            bench.daemon.stop()
            return
        subprocess.run(["prlimit", "--pid", pid, "--fsize=16384:unlimited"], check=True)
        for _ in range(3):
            check(not bench.post(5000), "acknowledged without room for it")
        bench.everything_else_goes_on()
        subprocess.run(["prlimit", "--pid", pid, "--fsize=unlimited:unlimited"], check=True)
        wait_for("records again", bench.post)
        bench.all_there("afterwards")
        bench.daemon.stop()


def a_folder_that_may_not_be_entered_any_more():
    """what is open stays open; a start without permission says so, and changes nothing"""
    with scratch() as folder:
        prefix = as_nobody(folder)
        if prefix is None:
            return
        home = pathlib.Path(folder) / "home"
        home.mkdir()
        if prefix:
            os.chown(home, 65534, 65534)
        daemon = Daemon(home, config(home / "none.ndjson"), prefix=prefix).start()
        check_equal(daemon.post(lines(0, 10)).status, 200, "before")
        os.chmod(home / "data", 0)
        for n in range(1, 20):
            check_equal(daemon.post(lines(n * 10, 10)).status, 200, "while the folder may not be entered")
        check_equal(predictions(daemon), 200, "predictions")
        daemon.kill()
        try:
            daemon.start()
            raise AssertionError("it started")
        except Failure as failure:
            check("ermission" in str(failure) or "cannot open" in str(failure), str(failure))
        os.chmod(home / "data", 0o700)
        daemon.start()
        check_equal(predictions(daemon), 200, "predictions with permission again")
        daemon.stop()


main(a_store_that_becomes_read_only, no_room_in_the_middle_of_a_commit, syncs_that_fail, files_that_may_not_grow,
     a_folder_that_may_not_be_entered_any_more)
