# SPDX-License-Identifier: Apache-2.0
"""`pilotwatch pause`, `resume`, `acknowledge` and their API: what they change, that they are kept, and who may not."""
import json
import re
import shlex

from harness import Daemon, check, check_equal, main, need_modules, pilotwatch, request, scratch
from web_harness import WebDaemon, basic, bcrypt

CONFIG = """evaluation: {interval: 200ms}
notify:
  alertmanagers: [{url: "http://127.0.0.1:1"}]
pilots:
  - name: routing
    task: binary
    clock: event
    windows: [day]
    segments: {min_n: 1}
    limits:
      - {name: error-rate, metric: error_rate, window: day, max: 0.2, evidence: point, severity: critical}
      - {name: evidence, metric: error_rate, window: day, max: 0.2, evidence: budget}
  - {name: other, task: binary, windows: [day]}
"""
REASON = "new scanners are being tried"


def day(number, wrong, hours=range(24)):
    """Four decisions an hour of a day in March; `wrong` of ten are wrong."""
    for hour in hours:
        for i in range(4):
            common = {"pilot": "routing", "id": f"{number}-{hour}-{i}", "time": f"2026-03-{number:02d}T{hour:02d}:{15 * i:02d}:00Z"}
            yield {"type": "prediction", "prediction": 1, **common}
            yield {"type": "outcome", "actual": 0 if (hour * 4 + i) % 10 < wrong else 1, **common}


def post(daemon, path, body, headers=None):
    text = body if isinstance(body, str) else json.dumps(body)
    return daemon.post(text, "/api/v1/" + path, {"Content-Type": "application/json", **(headers or {})})


def command(daemon, *words, code=0):
    done = pilotwatch(*words, "--url", f"http://127.0.0.1:{daemon.port}")
    check_equal(done.returncode, code, f"{words}: {done.stderr}")
    return done.stdout if code == 0 else done.stderr


def transitions(daemon, limit):
    """Oldest first."""
    found = [line["transition"] for line in daemon.api("transitions")]
    return sorted((t for t in found if t["limit"] == limit), key=lambda t: t["at"])


def paused(daemon, pilot="routing"):
    return daemon.metrics().one("pilotwatch_pilot_paused", pilot=pilot)


def a_pause_leaves_out_and_counts():
    """decisions of a pause are in every figure and no evidence; its day is not judged; the next one is"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send(day(1, wrong=0))
        daemon.send(day(2, wrong=0, hours=range(1)))
        check_equal(paused(daemon), 0, "before")
        said = command(daemon, "pause", "routing", "--for", "8h", "--reason", REASON, "--author", "ann")
        check_equal(said, "routing is paused until 2026-03-02T08:45:00.001Z\n", "what pause prints")   # behind the newest event
        check_equal(paused(daemon), 1, "paused")
        check_equal(paused(daemon, "other"), 0, "the other pilot")
        daemon.send(day(2, wrong=9, hours=range(1, 9)))
        daemon.send(day(2, wrong=0, hours=range(9, 24)))
        daemon.send(day(3, wrong=0))
        check_equal(paused(daemon), 0, "its time is over")
        metrics = daemon.metrics()
        check_equal(metrics.one("pilotwatch_pause_decisions_left_out_total", pilot="routing"), 32, "decisions left out")
        check_equal(metrics.one("pilotwatch_pause_looks_left_out_total", pilot="routing"), 1, "looks left out")
        volumes = [w["value"] for w in daemon.windows("routing", metric="volume", kind="day")]
        check_equal(volumes, [96, 96], "every decision counts")
        changes = transitions(daemon, "error-rate")
        check_equal([t["to"] for t in changes], ["ok", "insufficient"], "states")
        check(REASON in changes[-1]["reason"] and "not judged" in changes[-1]["reason"], changes[-1]["reason"])
        check_equal([t["to"] for t in transitions(daemon, "evidence")], ["ok"], "no alarm by evidence")
        daemon.send(day(4, wrong=0, hours=range(1)))
        check_equal(daemon.limits("routing")["error-rate"]["state"], "ok", "the day after")


def it_is_shown_and_kept():
    """API, page, top, explain and metrics say that a pilot is paused, also after kill -9; resume ends it"""
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        daemon.send(day(1, wrong=0))
        command(daemon, "pause", "routing", "--for", "2h", "--reason", REASON, "--author", "ann")
        daemon.kill()
        with daemon:
            pilot = next(p for p in daemon.api("pilots") if p["pilot"] == "routing")
            check_equal((pilot["pause"]["author"], pilot["pause"]["reason"], pilot["pause"]["running"]), ("ann", REASON, True), "pilots")
            check_equal(daemon.api("pauses"), [pilot["pause"]], "pauses")
            check_equal(daemon.api("pauses", pilot="other"), [], "of the other")
            check_equal(daemon.get("/api/v1/pauses?pilot=no").status, 404, "unknown pilot")
            check_equal(daemon.get("/api/v1/pauses?x=1").status, 400, "unknown parameter")
            page = daemon.get("/").text
            check("Paused until" in page and REASON in page, "the page")
            check("paused" in command(daemon, "top", "--once", "--interval", "0s"), "top")
            explained = command(daemon, "explain", "routing", "error-rate")
            check(re.search(r"Paused +until 2026-03-02 01:45Z by ann: new", explained), explained)
            end = daemon.metrics().one("pilotwatch_pilot_pause_end_timestamp_seconds", pilot="routing")
            check_equal(end, 1772415900.001, "when it ends")
            validated(daemon)
            said = command(daemon, "resume", "routing", "--author", "bob")
            check_equal(said, "routing was paused until 2026-03-01T23:45:00.001Z\n", "what resume prints")
            check_equal(paused(daemon), 0, "resumed")
            check("not paused" in command(daemon, "resume", "routing", code=1), "resumed twice")
            pause, = daemon.api("pauses")
            check_equal((pause["ended_by"], pause["running"]), ("bob", False), "ended")
            check(pause["ended_wall"] is not None, "when it was ended")


def validated(daemon):
    """The answer of explain against the schema that is documented."""
    jsonschema = need_modules("jsonschema")
    schema = daemon.get("/api/v1/schema/backtest").json
    of_explanation = {**schema, "$ref": "#/$defs/explanation"}
    of_explanation.pop("anyOf", None)
    for limit in daemon.api("pilots/routing/explain")["limits"]:
        jsonschema.validate(limit, of_explanation)


def an_acknowledgement_stands_beside_its_episode():
    """in API, page, explain and the alert's annotations; another one adds to it; it survives kill -9"""
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        daemon.send(day(1, wrong=5))
        daemon.send(day(2, wrong=5, hours=range(1)))
        episode = daemon.limits("routing")["error-rate"]["episode"]
        check(episode, "no episode")
        said = command(daemon, "acknowledge", episode, "--note", "the mail room looks into it", "--author", "ann")
        check_equal(said, f"episode {episode} is acknowledged by ann\n", "what acknowledge prints")
        daemon.kill()
        with daemon:
            command(daemon, "acknowledge", episode, "--note", "mended", "--author", "bob")
            seen = daemon.limits("routing")["error-rate"]["acknowledgements"]
            check_equal([(a["author"], a["note"]) for a in seen], [("ann", "the mail room looks into it"), ("bob", "mended")], "of the limit")
            check_equal([a["note"] for a in daemon.api("acknowledgements", episode=episode)], ["mended", "the mail room looks into it"], "all")
            check_equal(daemon.api("acknowledgements", episode="no"), [], "of none")
            check("seen by bob" in daemon.get("/").text, "the page")
            check(re.search(r"Seen by +bob, ", command(daemon, "explain", "routing", "error-rate")), "explain")
            validated(daemon)
            check_equal(daemon.limits("routing")["error-rate"]["state"], "breach", "nothing else has changed")
            check("unknown episode" in command(daemon, "acknowledge", "0000", "--note", "x", code=1), "another episode")


def what_cannot_be():
    """bad bodies, unknown pilots, no JSON, a body that a page of another site could send"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        good = {"for": "1h", "reason": "why", "author": "ann"}
        for body, told in (({**good, "for": "no"}, "for: "), ({**good, "for": "500ms"}, "from 1s to 31d"), ({**good, "for": "32d"}, "from 1s to 31d"),
                           ({**good, "reason": " "}, "reason: must be given"), ({**good, "reason": "a\nb"}, "one line"),
                           ({**good, "reason": "x" * 1001}, "at most 1000"), ({**good, "author": "x" * 101}, "at most 100"),
                           ({"for": "1h", "reason": "why"}, "author: "), ({**good, "more": "x"}, "unknown member \"more\""),
                           ({**good, "for": 3600}, "must be a text"), ("[]", "JSON object"), ("{", "JSON object")):
            answer = post(daemon, "pilots/routing/pause", body)
            check_equal(answer.status, 400, f"{body}: {answer.text}")
            check(told in answer.json["error"], f"{body}: {answer.text}")
        check_equal(post(daemon, "pilots/routing/pause", good, {"Content-Type": "text/plain"}).status, 415, "as a form could send it")
        check_equal(post(daemon, "pilots/no/pause", good).status, 404, "unknown pilot")
        check_equal(post(daemon, "pilots/routing/resume", {"author": "ann"}).status, 409, "not paused")
        check_equal(post(daemon, "pilots/routing/pause", {**good, "reason": "x" * 20_000}).status, 413, "too large")
        check_equal(daemon.get("/api/v1/pilots/routing/pause").status, 405, "GET")
        check_equal(daemon.api("pauses"), [], "nothing has changed")
        check_equal(post(daemon, "pilots/routing/pause", good).status, 409, "a pilot by events without any")
        daemon.send(day(1, wrong=0, hours=range(1)))
        check_equal(post(daemon, "pilots/routing/pause", good).status, 200, "the good one")
        check_equal(post(daemon, "pilots/routing/pause", good, {"Content-Type": "Application/JSON ; charset=utf-8"}).status, 200, "the same, spelled otherwise")
        check_equal(len(daemon.api("pauses")), 1, "one that came to nothing is none")
        check_equal(post(daemon, "pilots/routing/pause", {**good, "author": "ann (user eve)"}).status, 400, "somebody else's name")
        daemon.send(list(day(1, wrong=0, hours=range(1, 2)))[:2])
        again = post(daemon, "pilots/routing/pause", {**good, "for": "3h"}).json["data"]
        first, second = reversed(daemon.api("pauses"))
        check_equal(second, again, "the newest")
        check_equal((first["ended_by"], first["running"], second["running"]), ("ann", False, True), "one at a time")


def nobody_is_named_without_a_password():
    """where no password is asked for, none that is sent names anybody"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        answer = post(daemon, "pilots/other/pause", {"for": "1h", "reason": "why"}, basic("root\n\x1b[31m evil", "x"))
        check_equal(answer.status, 400, answer.text)
        answer = post(daemon, "pilots/other/pause", {"for": "1h", "reason": "why", "author": "ann"}, basic("root", "x"))
        check_equal(answer.json["data"]["author"], "ann", "author")


def who_signs_in_is_named():
    """with passwords nobody pauses without one, and the user's name is kept beside the author's"""
    good = {"for": "1h", "reason": "why", "author": "ann"}
    eve = basic("eve", "secret")
    with scratch() as folder, WebDaemon(folder, f"basic_auth_users: {{eve: {bcrypt('secret')}}}\n", headers=eve) as daemon:
        pilot = daemon.api("pilots")[0]["pilot"]
        answer = request(daemon.port, "POST", f"/api/v1/pilots/{pilot}/pause", json.dumps(good), {"Content-Type": "application/json"})
        check_equal(answer.status, 401, "nobody")
        url = ["--url", f"http://127.0.0.1:{daemon.port}", "--user", "eve:secret"]
        done = pilotwatch("pause", pilot, "--for", "1h", "--reason", "why", "--author", "ann", *url)
        check_equal(done.returncode, 0, done.stderr)
        check_equal(daemon.api("pauses")[0]["author"], "ann (user eve)", "author")
        check_equal(post(daemon, f"pilots/{pilot}/resume", {}).json["data"]["ended_by"], "eve", "without author")


def examples_of_the_help():
    """the example of each --help runs as it is printed, but for the port and the episode"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send(day(1, wrong=5))
        daemon.send(day(2, wrong=5, hours=range(1)))
        episode = daemon.limits("routing")["error-rate"]["episode"]
        for name in ("pause", "resume", "acknowledge"):
            help_text = " ".join(pilotwatch(name, "--help").stdout.split())
            words = shlex.split(re.search(r"Example: pilotwatch (.*)$", help_text)[1])
            words = [f"http://127.0.0.1:{daemon.port}" if w.startswith("http://") else episode if w == "0123456789abcdef" else w for w in words]
            done = pilotwatch(*words)
            check_equal(done.returncode, 0, f"{words}: {done.stderr}")


main(a_pause_leaves_out_and_counts, it_is_shown_and_kept, an_acknowledgement_stands_beside_its_episode, what_cannot_be,
     nobody_is_named_without_a_password, who_signs_in_is_named,
     examples_of_the_help)
