#!/usr/bin/env python3
"""`simulate --url`: what is sent arrives once, refusals are tried again, the pace is kept."""
import http.server
import json
import re
import threading
import time

from harness import SOURCE, Daemon, check, check_equal, main, pilotwatch, scratch

DAYS = ("--days=2", "--start=2025-01-06T00:00:00Z")
SUMMARY = re.compile(r"(\d+) lines sent: (\d+) accepted, (\d+) duplicate, (\d+) rejected, in ([0-9.]+) s")


def demo_config():
    """config/demo.yml without the Alertmanager, which is not there."""
    text = (SOURCE / "config" / "demo.yml").read_text(encoding="utf-8")
    return re.sub(r"alertmanagers:\n +- \{url.*\n", "alertmanagers: []\n", text)


def simulate(port, *arguments):
    """(lines, accepted, duplicate, rejected, seconds) of the summary."""
    done = pilotwatch("simulate", f"--url=http://127.0.0.1:{port}/", *arguments)
    check_equal(done.returncode, 0, f"exit code, stderr {done.stderr!r}")
    found = SUMMARY.search(done.stderr)
    check(found, f"no summary in {done.stderr!r}")
    return [*map(int, found.groups()[:4]), float(found[5])]


def all_arrives_once():
    """every line is accepted, and all are duplicates the second time"""
    with scratch() as folder, Daemon(folder, demo_config()) as daemon:
        lines, accepted, duplicate, rejected, _ = simulate(daemon.port, *DAYS)
        check_equal((accepted, duplicate, rejected), (lines, 0, 0), "accepted, duplicate, rejected")
        check_equal(daemon.metrics().sum("pilotwatch_ingest_accepted_records_total"), lines, "records in /metrics")
        check_equal(daemon.metrics().sum("pilotwatch_ingest_dropped_fields_total"), 0, "fields that no allow-list names")
        check_equal(simulate(daemon.port, *DAYS)[1:4], [0, lines, 0], "the second time")


def pace_is_kept():
    """half a day at 21600 times the speed takes about two seconds"""
    with scratch() as folder, Daemon(folder, demo_config()) as daemon:
        started = time.monotonic()
        simulate(daemon.port, "--days=0.5", DAYS[1], "--speed=21600", "--decisions-per-day=2000")
        took = time.monotonic() - started
        check(1.5 < took < 30, f"took {took:.1f} s")


class Moody(http.server.BaseHTTPRequestHandler):
    """Refuses the first two bodies, then takes everything; or answers 500 always."""
    refusals = [503, 429]
    broken = False
    bodies = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.broken or self.refusals:
            self.send_response(500 if self.broken else self.refusals.pop(0))
            self.send_header("Retry-After", "1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.bodies.append(body)
        answer = json.dumps({"accepted": body.count("\n"), "duplicate": 0, "rejected": 0, "errors": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


def refusals_are_tried_again():
    """429 and 503 with Retry-After; anything else ends with exit code 1"""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        port = server.server_address[1]
        lines, accepted, *_, seconds = simulate(port, *DAYS)
        check_equal(accepted, lines, "accepted after refusals")
        check(seconds >= 2, f"Retry-After was not honoured: {seconds} s")
        check(max(body.count("\n") for body in Moody.bodies) <= 500, "a body of more than 500 lines")
        check_equal("".join(Moody.bodies), pilotwatch("simulate", *DAYS).stdout, "what was sent against what is written")
        Moody.broken = True
        done = pilotwatch("simulate", f"--url=http://127.0.0.1:{port}", *DAYS)
        check_equal(done.returncode, 1, "exit code after a 500")
        check("500" in done.stderr, f"message after a 500: {done.stderr!r}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    main(all_arrives_once, pace_is_kept, refusals_are_tried_again)
