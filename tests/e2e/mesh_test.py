#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two real Alertmanagers as one cluster, and whom they notify: each breach is told once when it begins and once when it ends, whatever
is restarted, reloaded or killed. Quick: a second stands for a minute. PILOTWATCH_MESH_MINUTES=20: real intervals, for so long."""
import dataclasses
import datetime
import json
import re
import subprocess
import time

from harness import (SOURCE, Daemon, check, check_equal, environment_number, main, need_programs, request, scratch, wait_for)
from mesh_harness import Mesh, Spoiler, http_server

MINUTES = environment_number("PILOTWATCH_MESH_MINUTES", 0)
WATCHDOG = "PilotwatchWatchdog"


@dataclasses.dataclass(frozen=True)
class Pace:
    """Seconds."""
    resend: int          # of the daemon
    wait: int            # group_wait
    interval: int        # group_interval; more than the peer's timeout, so that the two never speak of different looks
    peer_timeout: int
    gossip: str          # between two rounds of gossip; ten of them are one look whether the cluster has settled
    outage: int          # an Alertmanager stays away for so long at least
    whole: int           # the first breach lasts so long at least

    def deadline(self):
        return 60 + 3 * self.interval + 3 * self.resend

    def quiet(self):
        """After so long both Alertmanagers have looked at all that they know, and told it."""
        return self.wait + self.interval + self.peer_timeout + 1


PACE = Pace(60, 10, 60, 15, "200ms", 180, 60 * MINUTES) if MINUTES else Pace(1, 1, 4, 2, "50ms", 3, 20)

PILOTS = ("long", "before", "reloaded-begun", "reloaded-ended", "restarted-begun", "restarted-ended", "killed-begun", "killed-ended",
          "down-ended", "down-whole", "down-begun", "after")


def config(targets, pilots, more=""):
    return f"""
evaluation: {{interval: 200ms}}
notify:
  alertmanagers: [{", ".join(f'{{url: "{url}", name: {name}}}' for name, url in targets)}]
  resend_delay: {PACE.resend}s
  watchdog: true
  external_labels: {{site: e2e}}
pilots:
""" + "".join(f"""
  - name: {pilot}
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
        evidence: point
        severity: critical
        reason: More wrong answers than the office gives itself
        action: Stop the pilot and call its owner
        runbook_url: "https://example.org/runbooks/errors"
""" for pilot in pilots) + more


class Pilots:
    """Breaches begin and end by days of records; what should be told of is kept."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.day = {}        # pilot -> the last day that was closed
        self.breaches = {}   # pilot -> how many were begun
        self.ended = {}      # (pilot, number) -> when; only of those that have
        self.away = False    # an Alertmanager is
        # Of breaches that were out while an Alertmanager was away, or whose end it may have told without saying so to the other.
        self.knew_outage = set()

    def _close_day(self, pilot, wrong):
        day = self.day[pilot] = self.day.get(pilot, 0) + 1
        records = []
        for i in range(40):
            common = {"pilot": pilot, "id": f"{day}-{i}", "time": f"2026-03-{day:02d}T{i // 3:02d}:00:00Z"}
            records += [{"type": "prediction", "prediction": 1, **common}, {"type": "outcome", "actual": 0 if i < wrong else 1, **common}]
        records.append({"type": "prediction", "pilot": pilot, "id": f"close-{day}", "time": f"2026-03-{day + 1:02d}T00:05:00Z", "prediction": 1})
        self.daemon.send(records)

    def begin(self, *pilots):
        for pilot in pilots:
            self._close_day(pilot, wrong=20)
            self.breaches[pilot] = self.breaches.get(pilot, 0) + 1
        self._note()

    def end(self, *pilots):
        for pilot in pilots:
            self._close_day(pilot, wrong=0)
            self.ended[pilot, self.breaches[pilot]] = time.time()

    def set_away(self, away):
        self.away = away
        self._note()

    def _note(self):
        if self.away:
            begun = {(pilot, number) for pilot, count in self.breaches.items() for number in range(1, count + 1)}
            self.knew_outage |= {one for one in begun if time.time() - self.ended.get(one, time.time()) < PACE.quiet()}


class Story:
    def __init__(self, mesh, daemon):
        self.mesh, self.daemon, self.pilots = mesh, daemon, Pilots(daemon)
        self.reloads = 0
        self.received = 0    # by Alertmanagers that are gone

    def begin(self, *pilots):
        self.pilots.begin(*pilots)

    def end(self, *pilots):
        self.pilots.end(*pilots)

    def told(self, status, *pilots):
        for pilot in pilots:
            took = self.mesh.people.wait(pilot, status, self.pilots.breaches[pilot], PACE.deadline())
            print(f"      {pilot} {status} told after {took:.1f} s", flush=True)

    def beats(self, instances, seconds):
        """Until the daemon's alerts have come to all of these again, from so long after now on."""
        until = time.time() + seconds
        for instance in instances:
            wait_for(f"alerts sent to {instance.name} again",
                     lambda instance=instance: [a for a in instance.alerts(alertname=WATCHDOG) if moment(a["updatedAt"]) >= until],
                     PACE.deadline() + seconds)

    def reload(self, how):
        text = self.daemon.config_file.read_text(encoding="utf-8")
        changed = re.sub(r"interval: \d+ms", f"interval: {201 + self.reloads}ms", text)
        self.daemon.config_file.write_text(changed, encoding="utf-8")
        before = self.daemon.metrics().sum("pilotwatch_config_reloads_total", result="success")
        how()
        self.reloads += 1
        wait_for("the reload", lambda: self.daemon.metrics().sum("pilotwatch_config_reloads_total", result="success") == before + 1)

    def outage(self, instance, go, during):
        print(f"      {instance.name} goes", flush=True)
        self.received += instance.received()
        self.pilots.set_away(True)
        go(instance.process)
        began = time.time()
        during()
        self.beats(self.mesh.others(instance), max(0.0, PACE.outage - (time.time() - began)))
        self.mesh.bring_back(instance)
        self.beats(self.mesh.instances, 0)
        self.pilots.set_away(False)
        print(f"      {instance.name} is back after {time.time() - began:.0f} s", flush=True)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def hang_up(story):
    return story.daemon.process.hang_up


def post_reload(story):
    return lambda: check_equal(request(story.daemon.port, "POST", "/-/reload", b"").status, 200, "/-/reload")


def trouble(story):
    """Each of ours: something begins and something ends at the very moment."""
    story.begin("reloaded-begun")
    story.end("reloaded-ended")
    story.reload(hang_up(story))
    story.told("firing", "reloaded-begun")
    story.told("resolved", "reloaded-ended")
    story.end("reloaded-begun")
    story.reload(post_reload(story))
    story.told("resolved", "reloaded-begun")

    story.begin("restarted-begun")
    story.end("restarted-ended")
    story.daemon.stop()
    story.daemon.start()
    story.told("firing", "restarted-begun")
    story.told("resolved", "restarted-ended")

    story.begin("killed-begun")
    story.end("killed-ended", "restarted-begun")
    story.daemon.kill()
    story.daemon.start()
    story.told("firing", "killed-begun")
    story.told("resolved", "killed-ended", "restarted-begun")


def while_one_is_down(story):
    story.end("down-ended")
    story.begin("down-begun", "down-whole")
    story.told("firing", "down-begun", "down-whole")
    story.told("resolved", "down-ended")
    story.daemon.kill()
    story.daemon.start()
    story.end("down-whole")
    story.told("resolved", "down-whole")


def told_exactly(story):
    """Begin and end of each breach: at least once, and once where no Alertmanager was away meanwhile."""
    extra = notifications = 0
    told = story.mesh.people.told()
    for pilot, breaches in story.pilots.breaches.items():
        by_breach = {}
        for one in told[pilot]:
            by_breach.setdefault(one.starts, []).append(one.status)
        story_of_it = f"{pilot}: {[(t.status, t.starts, t.via) for t in told[pilot]]}"
        check_equal(len(by_breach), breaches, f"breaches told of; {story_of_it}")
        for number, statuses in enumerate(by_breach.values(), 1):
            notifications += len(statuses)
            extra += len(statuses) - 2
            if len(statuses) > 2:
                print(f"      more than one of each: {story_of_it}")
            check(statuses[0] == "firing" and statuses[-1] == "resolved", story_of_it)
            if (pilot, number) not in story.pilots.knew_outage:
                check_equal(statuses, ["firing", "resolved"], story_of_it)
    dogs = [t.status for t in told[WATCHDOG]]
    check(dogs and set(dogs) == {"firing"}, f"the watchdog: {dogs}")
    extra += len(dogs) - 1
    check_equal(set(told) - set(story.pilots.breaches), {WATCHDOG}, "what else was told")
    return notifications + len(dogs), extra


def nothing_was_dropped(daemon):
    metrics = daemon.metrics()
    check_equal(metrics.sum("pilotwatch_notifications_dropped_total"), 0, "pilotwatch_notifications_dropped_total")
    check_equal(metrics.sum("pilotwatch_notifications_queue_length"), 0, "pilotwatch_notifications_queue_length")


def each_breach_is_told_once():
    """resends, reloads, restarts, kill -9, and an Alertmanager that is away"""
    with scratch() as folder, Mesh(folder, f"{PACE.wait}s", f"{PACE.interval}s", f"{PACE.peer_timeout}s", PACE.gossip) as mesh:
        targets = [(instance.name, instance.url) for instance in mesh.instances]
        with Daemon(folder, config(targets, PILOTS), ["--web.enable-lifecycle"]) as daemon:
            story, began = Story(mesh, daemon), time.time()
            first = [p for p in PILOTS if p in ("long", "before") or p.endswith("-ended")]
            story.begin(*first)
            story.told("firing", *first)
            amtool_shows_what_is_documented(mesh.instances)
            story.end("before")
            trouble(story)
            story.told("resolved", "before")
            am1, am2 = mesh.instances
            story.outage(am1, lambda process: process.kill(), lambda: while_one_is_down(story))
            story.begin("after")
            story.told("firing", "after")
            story.outage(am2, lambda process: process.stop(), lambda: story.end("down-begun"))
            story.told("resolved", "down-begun")
            story.end("after", "killed-begun")
            story.begin("before")
            story.told("firing", "before")
            story.told("resolved", "after", "killed-begun")
            story.end("before")
            story.beats(mesh.instances, max(0.0, PACE.whole - (time.time() - began)))
            story.end("long")
            story.told("resolved", "before", "long")
            story.beats(mesh.instances, PACE.quiet())
            notifications, extra = told_exactly(story)
            nothing_was_dropped(daemon)
            sent = story.received + sum(instance.received() for instance in mesh.instances)
            took = time.time() - began
            check(took >= 20 * PACE.resend, f"only {took:.0f} s")
            print(f"    {sum(story.pilots.breaches.values())} breaches in {took:.0f} s ({took / PACE.resend:.0f} resends), {sent} alerts received by "
                  f"Alertmanagers, {notifications} notifications, {extra} of them beyond one firing and one resolved each; "
                  f"{len(story.pilots.knew_outage)} breaches knew an Alertmanager's outage")


def documented(heading):
    """The names of the first column of the README's table with that heading."""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    table = text[text.index(f"| {heading} |"):].split("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def amtool_shows_what_is_documented(instances):
    for instance in instances:
        done = subprocess.run(["amtool", f"--alertmanager.url={instance.url}", "--output=json", "alert", "query", "pilot=long"],
                              capture_output=True, text=True, check=False)
        check_equal(done.returncode, 0, done.stderr)
        (alert,) = json.loads(done.stdout)
        check_equal(alert["labels"], {"alertname": "PilotErrorRateHigh", "pilot": "long", "limit": "errors", "severity": "critical",
                                      "site": "e2e"}, "labels by amtool")
        check_equal(set(alert["labels"]) - {"site"} - documented("label of an alert"), set(), "labels that the README does not name")
        notes = alert["annotations"]
        check_equal(set(notes) - documented("annotation"), set(), "annotations that the README does not name")
        check_equal({name: notes.get(name) for name in ("summary", "value", "threshold", "samples", "window", "owner", "reason", "action", "runbook_url")},
                    {"summary": "Pilot long is beyond its limit errors.", "value": "0.5", "threshold": "0.2", "samples": "40",
                     "window": "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", "owner": "team-a",
                     "reason": "More wrong answers than the office gives itself", "action": "Stop the pilot and call its owner",
                     "runbook_url": "https://example.org/runbooks/errors"}, "annotations by amtool")
        check(notes["description"], "no description")
        check(re.fullmatch(r"http://127\.0\.0\.1:\d+/breaches/[0-9a-f]{16}", alert["generatorURL"]), f"generatorURL: {alert['generatorURL']}")


def what_is_bad_is_lost_alone():
    """an Alertmanager that refuses one alert of a batch gets all others"""
    pilots = ("good-1", "bad-url", "good-2", "bad-label", "good-3")
    with scratch() as folder, Mesh(folder, "1s", "4s", "2s", "50ms") as mesh:
        am1, am2 = mesh.instances
        spoiler = Spoiler(am1.port)
        with http_server(spoiler) as way, \
                Daemon(folder, config([("spoiled", f"http://127.0.0.1:{way}"), ("plain", am2.url)], pilots)) as daemon:
            daemon_pilots = Pilots(daemon)
            daemon_pilots.begin(*pilots)
            wait_for("the good ones", lambda: {a["labels"].get("pilot") for a in am1.alerts(limit="errors")} >= {"good-1", "good-2", "good-3"})
            wait_for("all of them where nothing is spoiled", lambda: len(am2.alerts(limit="errors")) == len(pilots))
            wait_for("the bad ones to be counted", lambda: daemon.metrics().sum(
                "pilotwatch_notifications_dropped_total", target="spoiled", reason="rejected") >= 4)
            check({422, 400, 200} <= {status for status, _ in spoiler.answers}, f"answers: {spoiler.answers}")
            check_equal({a["labels"].get("pilot") for a in am1.alerts(limit="errors")}, {"good-1", "good-2", "good-3"}, "in that Alertmanager")
            metrics = daemon.metrics()
            check_equal(metrics.sum("pilotwatch_notifications_dropped_total"),
                        metrics.sum("pilotwatch_notifications_dropped_total", target="spoiled", reason="rejected"), "what was dropped")
            for pilot in pilots:
                mesh.people.wait(pilot, "firing", 1)


if __name__ == "__main__":
    need_programs("prometheus-alertmanager", "amtool")
    main(*([each_breach_is_told_once] if MINUTES else [each_breach_is_told_once, what_is_bad_is_lost_alone]))
