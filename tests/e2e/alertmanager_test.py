#!/usr/bin/env python3
"""A breach on its way: daemon, a real Prometheus that scrapes it and a real Alertmanager that is told."""
import subprocess

from harness import (Daemon, alertmanager, check, check_equal, main, need_programs, prometheus, query, request, scratch,
                     wait_for)

BREACH = 'pilotwatch_limit_state{pilot="p",limit="errors",state="breach"}'


def config(alertmanager_port):
    return f"""
evaluation: {{interval: 200ms}}
notify:
  alertmanagers: [{{url: "http://127.0.0.1:{alertmanager_port}"}}]
  external_labels: {{site: e2e}}
  resend_delay: 1s
  watchdog: true
pilots:
  - name: p
    description: A pilot that fails on its first day
    owner: team-a
    task: binary
    clock: event
    windows: [day]
    limits:
      - name: errors
        metric: error_rate
        window: day
        max: 0.2
        min_n: 30
        severity: critical
        reason: More wrong answers than the office gives itself
        action: Stop the pilot and call its owner
"""


def day_of_records(day, wrong):
    """50 decisions with outcomes on the day, so many of them wrong."""
    out = []
    for i in range(50):
        common = {"pilot": "p", "id": f"{day}-{i}", "time": f"2026-03-{day:02d}T{i // 3:02d}:00:00Z"}
        out.append({"type": "prediction", "prediction": 1, **common})
        out.append({"type": "outcome", "actual": 0 if i < wrong else 1, **common})
    return out


def close_day(day):
    return [{"type": "prediction", "pilot": "p", "id": f"close-{day}", "time": f"2026-03-{day + 1:02d}T00:05:00Z", "prediction": 1}]


def all_alerts_at(port):
    return request(port, "GET", "/api/v2/alerts").json


def alerts_at(port):
    return [a for a in all_alerts_at(port) if "pilot" in a["labels"]]


def the_alert(port):
    found = wait_for("the alert in Alertmanager", lambda: alerts_at(port))
    check_equal(len(found), 1, "alerts")
    return found[0]


def breach_arrives(daemon, am_port, prom_port):
    daemon.send(day_of_records(1, wrong=25) + close_day(1))
    alert = the_alert(am_port)
    labels = alert["labels"]
    check_equal({k: labels.get(k) for k in ("alertname", "pilot", "limit", "severity", "site")},
                {"alertname": "PilotErrorRateHigh", "pilot": "p", "limit": "errors", "severity": "critical", "site": "e2e"},
                "labels of the alert")
    for name in ("summary", "description"):
        check(alert["annotations"].get(name), f"no annotation {name}: {alert['annotations']}")
    check(alert["generatorURL"].startswith("http://"), f"generatorURL: {alert['generatorURL']!r}")
    check_equal(alert["status"]["state"], "active", "state in Alertmanager")
    wait_for("the breach in Prometheus", lambda: [v for _, v in query(prom_port, BREACH)] == [1])
    check_equal([v for _, v in query(prom_port, 'up{job="pilotwatch"}')], [1], "up")
    targets = request(prom_port, "GET", "/api/v1/targets").json["data"]["activeTargets"]
    check_equal([(t["health"], t["lastError"]) for t in targets], [("up", "")], "targets of Prometheus")
    rules = [r for group in daemon.api("rules")["groups"] for r in group["rules"]]
    check_equal([(r["name"], r["state"]) for r in rules], [("PilotErrorRateHigh", "firing")], "/api/v1/rules")
    check_equal([a["state"] for a in daemon.api("alerts")["alerts"]], ["firing"], "/api/v1/alerts")
    return alert


def restart_keeps_the_episode(daemon, am_port, prom_port, alert):
    episode = daemon.limits("p")["errors"]["episode"]
    check(episode, "the breach has no episode")
    daemon.stop()
    check(the_alert(am_port), "stopping the daemon resolved the alert")
    daemon.start()
    limit = daemon.limits("p")["errors"]
    check_equal((limit["state"], limit["episode"]), ("breach", episode), "state and episode after the restart")
    # The resend of the new process is seen by a later updatedAt.
    again = wait_for("the resend after the restart",
                     lambda: [a for a in alerts_at(am_port) if a["updatedAt"] > alert["updatedAt"]])[0]
    check_equal((again["startsAt"], again["fingerprint"]), (alert["startsAt"], alert["fingerprint"]), "startsAt and identity")
    wait_for("Prometheus to see the daemon again",
             lambda: [v for _, v in query(prom_port, 'up{job="pilotwatch"}')] == [1] and [v for _, v in query(prom_port, BREACH)] == [1])


def reload_keeps_the_episode(daemon, am_port, alert):
    episode = daemon.limits("p")["errors"]["episode"]
    daemon.config_file.write_text(config(am_port).replace("interval: 200ms", "interval: 300ms"), encoding="utf-8")
    updated = the_alert(am_port)["updatedAt"]
    daemon.process.hang_up()
    wait_for("the reload", lambda: daemon.metrics().sum("pilotwatch_config_reloads_total", result="success") == 1)
    limit = daemon.limits("p")["errors"]
    check_equal((limit["state"], limit["episode"]), ("breach", episode), "state and episode after the reload")
    again = wait_for("the resend after the reload", lambda: [a for a in alerts_at(am_port) if a["updatedAt"] > updated])[0]
    check_equal((again["startsAt"], again["fingerprint"]), (alert["startsAt"], alert["fingerprint"]), "startsAt and identity")


def watchdog_fires(am_port):
    dogs = wait_for("the watchdog", lambda: [a for a in all_alerts_at(am_port) if "pilot" not in a["labels"]])
    check_equal([a["labels"] for a in dogs], [{"alertname": "PilotwatchWatchdog", "severity": "none", "site": "e2e"}], "the watchdog")


def good_records_resolve(daemon, am_port, prom_port):
    daemon.send(day_of_records(2, wrong=0) + close_day(2))
    check_equal(daemon.limits("p")["errors"]["state"], "ok", "state of the limit")
    wait_for("Alertmanager to know it is over", lambda: not alerts_at(am_port))
    wait_for("Prometheus to see it", lambda: [v for _, v in query(prom_port, BREACH)] == [0])
    transitions = [(t["transition"]["from"], t["transition"]["to"]) for t in daemon.api("transitions")]
    check_equal(transitions, [("collecting", "breach"), ("breach", "ok")], "transitions, also those before the restart")
    metrics = daemon.metrics()
    check(metrics.sum("pilotwatch_notifications_total") >= 2, "pilotwatch_notifications_total")
    check_equal(metrics.sum("pilotwatch_notifications_dropped_total"), 0, "pilotwatch_notifications_dropped_total")


def what_goes_with_its_limit_is_resolved():
    """other labels, and a limit that is taken out: the old alert ends at once, the day that it began stays"""
    with scratch() as folder, alertmanager(folder) as am_port, Daemon(folder, config(am_port)) as daemon:
        daemon.send(day_of_records(1, wrong=25) + close_day(1))
        first = the_alert(am_port)
        daemon.stop()
        daemon.config_file.write_text(config(am_port).replace("severity: critical", "severity: warning"), encoding="utf-8")
        daemon.start()
        wait_for("the alert by its new labels alone", lambda: [a["labels"]["severity"] for a in alerts_at(am_port)] == ["warning"])
        check_equal(the_alert(am_port)["startsAt"], first["startsAt"], "startsAt")
        without = config(am_port).split("    limits:")[0]
        daemon.config_file.write_text(without, encoding="utf-8")
        daemon.process.hang_up()
        wait_for("the alert of a limit that was taken out to end", lambda: not alerts_at(am_port))


def exposition_is_clean(daemon):
    """`promtool check metrics` has nothing to say"""
    done = subprocess.run(["promtool", "check", "metrics"], input=daemon.get("/metrics").body, capture_output=True, check=False)
    check_equal((done.returncode, done.stdout + done.stderr), (0, b""), "promtool check metrics")


def breach_and_back():
    """breach, arrival, restart and reload in between, recovery"""
    with scratch() as folder, alertmanager(folder) as am_port, Daemon(folder, config(am_port)) as daemon:
        with prometheus(folder, [daemon.port]) as prom_port:
            alert = breach_arrives(daemon, am_port, prom_port)
            exposition_is_clean(daemon)
            watchdog_fires(am_port)
            restart_keeps_the_episode(daemon, am_port, prom_port, alert)
            reload_keeps_the_episode(daemon, am_port, alert)
            good_records_resolve(daemon, am_port, prom_port)
            exposition_is_clean(daemon)


if __name__ == "__main__":
    need_programs("prometheus", "prometheus-alertmanager", "promtool")
    main(breach_and_back, what_goes_with_its_limit_is_resolved)
