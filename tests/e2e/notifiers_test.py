#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an operator sees of an Alertmanager that refuses, fails, or goes by another clock: API, page, log; never a secret."""
import contextlib
import email.utils
import html
import http.server
import json
import threading
import time
import urllib.parse

from harness import Daemon, check, check_equal, main, scratch, wait_for

TOKEN = '"&/canary-of-a-token-' + "x" * 22
FORMS = [json.dumps(TOKEN), html.escape(TOKEN), urllib.parse.quote(TOKEN, safe="")]
CONFIG = """
evaluation: {interval: 100ms}
notify:
  resend_delay: 200ms
  external_labels: {site: "<script>alert(1)</script>"}
  alertmanagers: [{url: "http://127.0.0.1:%d/am", name: am-1, bearer_token_file: token}]
pilots:
  - {name: good, task: binary, clock: event, windows: [day], limits: [&limit {name: errors, metric: error_rate, window: day, max: 0.2, min_n: 30, evidence: point}]}
  - {name: bad, task: binary, clock: event, windows: [day], limits: [*limit]}
"""


class Answers(http.server.BaseHTTPRequestHandler):
    """Refuses whatever holds an alert of the pilot `bad`, and repeats what it was sent, as some proxies do."""

    def do_POST(self):
        alerts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        status, text = 200, ""
        if server.broken:
            status, text = (403, "who is " + TOKEN[::-1] + "?") if server.broken == 403 else (503, "no leader")
        elif any(alert["labels"]["pilot"] == "bad" for alert in alerts):
            status, text = 400, "<b>bad</b> label " + self.headers["Authorization"] + " " + " ".join(FORMS) + TOKEN * 20
        self.send_response_only(status)
        self.send_header("Date", email.utils.formatdate(time.time() + server.ahead, usegmt=True))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def strange_alertmanager():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.broken, server.ahead = False, 120
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def breach(daemon, pilot):
    records = []
    for i in range(40):
        common = {"pilot": pilot, "id": str(i), "time": f"2026-03-01T{i // 3:02d}:00:00Z"}
        records += [{"type": "prediction", "prediction": 1, **common}, {"type": "outcome", "actual": i % 2, **common}]
    daemon.send(records + [{"type": "prediction", "pilot": pilot, "id": "close", "time": "2026-03-02T00:05:00Z", "prediction": 1}])


def target_of(daemon):
    (found,) = daemon.api("notifiers")["alertmanagers"]
    return found


def said(daemon, text):
    return [line for line in daemon.process.lines if text in line]


def refused_alerts_are_seen(daemon, server):
    breach(daemon, "good")
    breach(daemon, "bad")
    target = wait_for("both to be answered", lambda: (lambda it: it if it["sent"] >= 2 and it["dropped"]["rejected"] >= 2 else None)(target_of(daemon)))
    check_equal((target["target"], target["url"], target["lookups"], target["state"], target["waiting"] <= 2),
                ("am-1", f"http://127.0.0.1:{server.server_port}/am", [], "ok", True), "the target")
    (refused,) = target["refused"]
    check_equal((refused["labels"]["pilot"], refused["labels"]["site"], refused["status"]), ("bad", "<script>alert(1)</script>", 400), "what is refused")
    check(refused["times"] >= 2 and refused["first"] <= refused["last"], f"how often and when: {refused}")
    check(refused["answer"].startswith("<b>bad</b> label Bearer ***"), f"its answer: {refused['answer']}")
    check(target["last_error"].startswith("HTTP 400: <b>bad</b>") and target["last_error_time"], f"the last error: {target}")
    check(abs(target["clock_skew_seconds"] - 120) < 10, f"skew: {target['clock_skew_seconds']}")
    page = daemon.get("/").text
    for text in ("Where alerts go", "am-1", "Refused alerts", "&lt;b&gt;bad&lt;/b&gt; label Bearer ***", "site=&quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;", " ahead"):
        check(text in page, f"the page has no {text!r}")
    check("<script" not in page and "<b>bad" not in page, "markup from outside is on the page")
    lines = said(daemon, "an Alertmanager refuses an alert")
    check(len(lines) == 1 and 'pilot=\\"bad\\"' in lines[0] and "target=am-1" in lines[0] and "status=400" in lines[0], f"log: {lines}")
    lines = said(daemon, "Alertmanager differ")
    check(len(lines) == 1 and "skew_seconds=1" in lines[0], f"log: {lines}")


def failing_is_seen(daemon, server):
    server.broken = True
    target = wait_for("the target to fail", lambda: (lambda it: it if it["state"] == "failing" else None)(target_of(daemon)))
    check_equal((target["last_error"], bool(target["failing_since"])), ("HTTP 503: no leader", True), "the error")
    page = daemon.get("/").text
    check("failing</span><small>since" in page and "HTTP 503: no leader" in page, "failing is not on the page")
    server.broken = 403  # its text may be the credentials in whatever form
    wait_for("the other failure", lambda: target_of(daemon)["last_error"] == "HTTP 403")
    server.broken, server.ahead = False, 0
    wait_for("the target to work", lambda: target_of(daemon)["state"] == "ok" and abs(target_of(daemon)["clock_skew_seconds"]) < 10)
    for text in ("alerts cannot be sent to an Alertmanager", "alerts can be sent to an Alertmanager again", "agree again"):
        check_equal(len(said(daemon, text)), 1, f"lines with {text!r}")


def what_goes_wrong_is_seen():
    """refused alerts, a clock that differs, a target that fails: in API, page and log; the token is nowhere"""
    with scratch() as folder, strange_alertmanager() as server:
        (folder / "token").write_text(TOKEN + "\n", encoding="utf-8")
        with Daemon(folder, CONFIG % server.server_port) as daemon:
            check_equal(target_of(daemon)["state"], "idle", "state before anything was sent")
            refused_alerts_are_seen(daemon, server)
            everything = daemon.get("/").text + daemon.get("/api/v1/notifiers").text + daemon.get("/metrics").text
            failing_is_seen(daemon, server)
        check("canary" not in everything + "\n".join(daemon.process.lines), "the token is shown")


if __name__ == "__main__":
    main(what_goes_wrong_is_seen)
