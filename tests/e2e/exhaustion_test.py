#!/usr/bin/env python3
"""File descriptors and memory run out: connections are refused first, the store and followed files go on; what cannot get
memory is refused, or the daemon ends, and nothing that was acknowledged is missing afterwards."""
import http.client
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

from fault_harness import config, lines, predictions
from harness import Daemon, check, check_equal, main, scratch, skip, wait_for


class Kept:
    """One connection, kept open: what it is asked for while others get none."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, body=body, headers={"Content-Type": "application/x-ndjson"})
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode("utf-8")

    def metric(self, pattern):
        return float(re.search(rf"^{pattern} (\S+)$", self.ask("GET", "/metrics")[1], re.MULTILINE)[1])


def descriptors_run_out():
    limit = 120
    with scratch() as folder:
        logs = pathlib.Path(folder) / "logs"
        logs.mkdir()
        daemon = Daemon(folder, config(logs / "*"), prefix=["prlimit", f"--nofile={limit}:{limit}"]).start()
        check("too few file descriptors" in daemon.process.tail(100), "the log does not say that they are few")
        kept = Kept(daemon.port)
        most = int(kept.metric("pilotwatch_http_max_connections"))
        check(8 <= most < 120, f"{most} connections")
        idle, sent, logged = [], 0, 0
        for _ in range(400):   # many more than there are descriptors
            connection = socket.socket()
            connection.settimeout(5)
            try:
                connection.connect(("127.0.0.1", daemon.port))
                idle.append(connection)
            except OSError:
                connection.close()
        for round_ in range(60):
            with open(logs / f"{round_}.ndjson", "w", encoding="utf-8") as file:   # each a file of its own
                file.write(lines(1_000_000 + logged, 10))
            logged += 10
            status, text = kept.ask("POST", "/v1/records", lines(sent, 10))
            check_equal(status, 200, f"a record while there are no descriptors ({text[:200]})")
            sent += 10
        wait_for("all that stands in the files", lambda: kept.metric(r'pilotwatch_predictions_total\{.*\}') == sent + logged)
        check(kept.metric("process_open_fds") < limit, "all descriptors are taken")
        refused = kept.metric(r'pilotwatch_http_refused_requests_total\{reason="connections"\}')
        check(refused > 100, f"{refused} refusals counted")
        check_equal(kept.metric("pilotwatch_store_write_failures_total"), 0, "failures of the store")
        check(kept.metric("pilotwatch_store_checkpoints_total") > 0, "no checkpoint")
        for connection in idle:
            connection.close()
        wait_for("a new connection", lambda: daemon.get("/-/healthy").status == 200)
        check_equal(predictions(daemon), sent + logged, "predictions")
        daemon.stop()
        daemon.start()
        check_equal(predictions(daemon), sent + logged, "predictions after a restart")
        daemon.stop()


def memory_runs_out():
    with scratch() as folder:
        daemon = Daemon(folder, config(folder / "none")).start()
        check_equal(daemon.post(lines(0, 1000)).status, 200, "with enough memory")
        acknowledged = [(0, 1000)]
        status = pathlib.Path(f"/proc/{daemon.process.pid()}/status").read_text(encoding="utf-8")
        size = int(re.search(r"^VmSize:\s+(\d+) kB$", status, re.MULTILINE)[1]) << 10
        if size > 1 << 40:
            print("    not tried: a sanitizer's shadow memory")
            daemon.stop()
            return
        subprocess.run(["prlimit", "--pid", str(daemon.process.pid()), f"--as={size + (48 << 20)}:"], check=True)
        answers, lock = [], threading.Lock()

        def send(begin, count):
            try:
                code = daemon.post(lines(begin, count)).status
            except (OSError, http.client.HTTPException):
                code = None
            with lock:
                answers.append(code)
                if code == 200:
                    acknowledged.append((begin, count))

        began = time.monotonic()
        number = 0
        while daemon.process.running() and time.monotonic() - began < 60 and answers.count(503) + answers.count(None) < 2:
            senders = [threading.Thread(target=send, args=((number + i + 1) * 1_000_000, 100_000 if i else 1000)) for i in range(4)]
            number += len(senders)
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
        check(all(code in (200, 429, 503, None) for code in answers), f"answers {answers}")
        check(503 in answers or None in answers, "there was enough memory")
        # With memory again it goes on; unless it ends, now or before, since what is committed could not be counted.
        subprocess.run(["prlimit", "--pid", str(daemon.process.pid()), "--as=unlimited:"], check=False)
        try:
            metrics = daemon.metrics()
            counted = metrics.sum("pilotwatch_http_refused_requests_total", reason="memory") + sum(
                metrics.sum("pilotwatch_ingest_refused_requests_total", reason=reason) for reason in ("failed", "unavailable"))
            check(counted >= answers.count(503), f"{counted} refusals counted")
            check_equal(daemon.get("/-/healthy").status, 200, "healthy")
            went_on = True
        except (OSError, http.client.HTTPException):
            wait_for("the end of a daemon that does not answer", lambda: not daemon.process.running())
            went_on = False
        print(f"    answers: {({code: answers.count(code) for code in set(answers)})}, the daemon "
              f"{'goes on' if went_on else 'has ended'}")
        daemon.kill()
        daemon.start()
        known = predictions(daemon)
        check(known >= sum(count for _, count in acknowledged), f"{known} predictions; acknowledged were {acknowledged}")
        before = known
        for begin, count in acknowledged:   # each of them is known
            check_equal(daemon.send(lines(begin, count).splitlines()), (0, count), f"records from {begin} on, sent again")
        check_equal(predictions(daemon), before, "predictions after they were sent again")
        daemon.stop()


if not shutil.which("prlimit"):
    skip("no prlimit")
main(descriptors_run_out, memory_runs_out)
