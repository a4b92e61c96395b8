#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody is told twice: our rules in a real Prometheus and our inhibit_rules in a real Alertmanager, beside a daemon that tells
it of breaches itself, until its way there breaks."""
import contextlib
import json
import re
import subprocess

from harness import (SOURCE, Daemon, check, check_equal, main, need_modules, need_programs, prometheus, request, scratch,
                     start_server, wait_for)
from mesh_harness import http_server

yaml = need_modules("yaml")

ALERTMANAGER = SOURCE / "dashboards" / "provisioning" / "alertmanager.yml"
RULES = SOURCE / "dashboards" / "rules"
BREACH = "PilotwatchLimitBreached"
OWN = "PilotErrorRateHigh"


class Receiver:
    """What Alertmanager notified people of: (alertname, status) with the group, per alert."""

    def __init__(self):
        self.got = []

    def __call__(self, path, body):
        self.got += [(alert["labels"]["alertname"], alert["labels"].get("group"), alert["status"]) for alert in json.loads(body)["alerts"]]
        return 200


class Way:
    """The daemon's way to Alertmanager; it can be broken."""

    def __init__(self, port):
        self.port, self.broken = port, False

    def __call__(self, path, body):
        if self.broken:
            return 503
        return request(self.port, "POST", path, body, {"Content-Type": "application/json"}).status


@contextlib.contextmanager
def our_alertmanager(folder, receiver_port):
    """Our configuration, with its receivers here and without waiting."""
    home = folder / "alertmanager"
    home.mkdir()
    config = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    for receiver in config["receivers"]:
        receiver["webhook_configs"] = [{"url": f"http://127.0.0.1:{receiver_port}/{receiver['name']}"}]
    (home / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    process, port = start_server(
        lambda p: ["prometheus-alertmanager", f"--config.file={home / 'alertmanager.yml'}", f"--storage.path={home / 'data'}",
                   f"--web.listen-address=127.0.0.1:{p}", "--cluster.listen-address=", "--log.level=warn"], "alertmanager", "/-/ready")
    try:
        yield port
    finally:
        process.stop()


def hurried_rules(folder):
    """Our rules; minutes of the breach's rule become seconds, so that a test can wait for it."""
    home = folder / "rules"
    home.mkdir()
    for file in RULES.glob("*.rules.yml"):
        text = file.read_text(encoding="utf-8")
        if BREACH in text:
            text, count = re.subn(r"< 300\b", "< 6", text, count=1)
            check_equal(count, 1, "the guard in the rule")
            text = text.replace("for: 2m", "for: 2s", 1)
        (home / file.name).write_text(text, encoding="utf-8")
    return [home / "*.rules.yml"]


def config(port):
    return f"""
evaluation: {{interval: 200ms}}
notify:
  alertmanagers: [{{url: "http://127.0.0.1:{port}"}}]
  resend_delay: 1s
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
    segments: {{attributes: [sex], min_n: 1}}
    limits:
      - {{name: errors, metric: error_rate, window: day, segment: sex, max: 0.2, min_n: 30, severity: critical, evidence: point}}
"""


def day(number, wrong):
    """50 decisions of each group on the day, so many of them wrong, and the decision of the next day that closes it."""
    out = []
    for group, errors in wrong.items():
        for i in range(50):
            common = {"pilot": "p", "id": f"{number}-{group}-{i}", "time": f"2026-03-{number:02d}T{i // 3:02d}:00:00Z"}
            out.append({"type": "prediction", "prediction": 1, "segments": {"sex": group}, **common})
            out.append({"type": "outcome", "actual": 0 if i < errors else 1, **common})
    return out + [{"type": "prediction", "pilot": "p", "id": f"close-{number}", "time": f"2026-03-{number + 1:02d}T00:05:00Z",
                   "prediction": 1, "segments": {"sex": "f"}}]


def at(port, alertname, group):
    return [alert for alert in request(port, "GET", "/api/v2/alerts").json
            if alert["labels"]["alertname"] == alertname and alert["labels"].get("group") == group]


def configuration_is_sound():
    """amtool accepts it, and routes each severity where it belongs"""
    done = subprocess.run(["amtool", "check-config", ALERTMANAGER], capture_output=True, text=True, check=False)
    check_equal(done.returncode, 0, done.stdout + done.stderr)
    check("3 inhibit rules" in done.stdout and "3 receivers" in done.stdout, done.stdout)
    for receiver, labels in (("page", [f"alertname={OWN}", "pilot=p", "limit=errors", "severity=critical"]),
                             ("page", ["alertname=PilotwatchDown", "job=pilotwatch", "severity=critical"]),
                             ("tickets", ["alertname=PilotwatchTailLags", "source=log", "severity=warning"]),
                             ("nobody", ["alertname=PilotwatchLogsErrors", "severity=info"]),
                             ("tickets", ["alertname=SomethingElse"])):
        done = subprocess.run(["amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"--verify.receivers={receiver}", *labels],
                              capture_output=True, text=True, check=False)
        check_equal(done.returncode, 0, f"{labels} to {receiver}: {done.stdout}{done.stderr}")


def the_daemon_tells_and_prometheus_does_not(daemon, am_port, prom_port, receiver):
    daemon.send(day(1, {"f": 25, "m": 0}))
    own = wait_for("the daemon's alert", lambda: at(am_port, OWN, "f"))[0]
    check_equal(own["status"]["state"], "active", "the daemon's alert")
    wait_for("the notification of it", lambda: (OWN, "f", "firing") in receiver.got)
    # Prometheus sees the breach, and that the daemon has told it; so it has nothing to say for as long as the guard lasts twice.
    def evaluated():
        answer = request(prom_port, "GET", "/api/v1/query?query=pilotwatch_limit_firing%5B15s%5D").json["data"]["result"]
        return any(sum(value == "1" for _, value in row["values"]) >= 12 for row in answer)
    wait_for("twelve scrapes of the breach", evaluated)
    check_equal(at(am_port, BREACH, "f"), [], "the rule, while the daemon tells it itself")
    return own


def broken_way_inhibits_what_was_told(am_port, receiver, own):
    second = wait_for("Prometheus to say it, too", lambda: at(am_port, BREACH, "f"))[0]
    wait_for("it to be kept back", lambda: at(am_port, BREACH, "f")[0]["status"]["state"] == "suppressed")
    check_equal(at(am_port, BREACH, "f")[0]["status"]["inhibitedBy"], [own["fingerprint"]], "by the daemon's own alert")
    check_equal(second["labels"]["severity"], "critical", "severity of the rule's alert")
    check_equal(at(am_port, OWN, "f")[0]["status"]["state"], "active", "the daemon's alert meanwhile")
    check_equal([got for got in receiver.got if got[0] == BREACH], [], "notifications by the rule")


def broken_way_lets_through_what_was_not(daemon, am_port, receiver):
    daemon.send(day(2, {"f": 25, "m": 25}))
    wait_for("the rule's notification of the other group", lambda: (BREACH, "m", "firing") in receiver.got)
    check_equal(at(am_port, OWN, "m"), [], "the daemon's alert of it cannot have arrived")
    check_equal(at(am_port, BREACH, "m")[0]["status"]["state"], "active", "the rule's alert of the other group")
    check_equal([got for got in receiver.got if got[:2] == (BREACH, "f")], [], "notifications by the rule of what was told")


def nobody_is_told_twice():
    """a breach that the daemon told is inhibited when the rule says it again; one that it could not tell is not"""
    receiver = Receiver()
    with scratch() as folder, http_server(receiver) as receiver_port, our_alertmanager(folder, receiver_port) as am_port:
        way = Way(am_port)
        with http_server(way) as way_port, Daemon(folder, config(way_port)) as daemon:
            with prometheus(folder, [daemon.port], rule_files=hurried_rules(folder), alertmanagers=[am_port]) as prom_port:
                own = the_daemon_tells_and_prometheus_does_not(daemon, am_port, prom_port, receiver)
                way.broken = True
                broken_way_inhibits_what_was_told(am_port, receiver, own)
                broken_way_lets_through_what_was_not(daemon, am_port, receiver)


def post(port, *alerts):
    check_equal(request(port, "POST", "/api/v2/alerts", json.dumps([{"labels": labels} for labels in alerts]),
                        {"Content-Type": "application/json"}).status, 200, "alerts taken")


def causes_and_severities():
    """critical keeps the warning of the same thing back, a store that refuses what comes of it; nothing of another instance"""
    daemon = {"job": "pilotwatch", "instance": "a"}
    lags = {"alertname": "PilotwatchTailLags", "source": "log", **daemon}
    refused = {"alertname": "PilotwatchDeliveriesRefused", "severity": "critical"}
    expected = [
        ({**lags, "severity": "critical"}, "suppressed"),          # by the store
        ({**lags, "severity": "warning"}, "suppressed"),
        ({**lags, "severity": "warning", "instance": "b"}, "active"),
        ({**lags, "severity": "critical", "instance": "c"}, "active"),
        ({**lags, "severity": "warning", "instance": "c"}, "suppressed"),   # by its own critical
        ({**lags, "severity": "warning", "instance": "c", "source": "other"}, "active"),
        ({**refused, **daemon}, "suppressed"), ({**refused, **daemon, "instance": "b"}, "active"),
        ({"alertname": "PilotwatchStoreDegraded", "severity": "critical", **daemon}, "active"),
        ({"alertname": OWN, "pilot": "p", "limit": "x", "severity": "critical"}, "active"),
        ({"alertname": BREACH, "pilot": "p", "limit": "x", "severity": "critical", "job": "pilotwatch"}, "suppressed"),
        ({"alertname": BREACH, "pilot": "p", "limit": "y", "severity": "warning", "job": "pilotwatch"}, "active"),
        ({"alertname": BREACH, "pilot": "p", "limit": "x", "attribute": "sex", "group": "f", "severity": "critical"}, "active"),
        ({"alertname": "PilotwatchLimitWarning", "pilot": "p", "limit": "x", "severity": "warning"}, "active"),
        ({"alertname": "SomethingElse", "severity": "warning", **daemon}, "active"),
    ]
    with scratch() as folder, http_server(Receiver()) as receiver_port, our_alertmanager(folder, receiver_port) as am_port:
        post(am_port, *[labels for labels, _ in expected])

        def states():
            known = {json.dumps(alert["labels"], sort_keys=True): alert["status"]["state"] for alert in request(am_port, "GET", "/api/v2/alerts").json}
            return [known.get(json.dumps(labels, sort_keys=True)) for labels, _ in expected]

        wanted = [state for _, state in expected]
        wait_for(f"the states {wanted}", lambda: states() == wanted)


if __name__ == "__main__":
    need_programs("prometheus", "prometheus-alertmanager", "amtool")
    main(configuration_is_sound, causes_and_severities, nobody_is_told_twice)
