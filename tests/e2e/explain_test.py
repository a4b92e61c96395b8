#!/usr/bin/env python3
"""`pilotwatch explain` and /api/v1/pilots/{pilot}/explain of a real daemon: limits in breach, collecting, muted, of groups."""
import json
import re
import shlex

from harness import SOURCE, Daemon, check, check_equal, main, need_modules, pilotwatch, scratch

PILOT = "routing"
MIN_N = 10
# Nobody listens on port 1: what is sent again when is known all the same.
CONFIG = f"""evaluation: {{interval: 200ms}}
notify:
  alertmanagers: [{{url: "http://127.0.0.1:1"}}]
pilots:
  - name: {PILOT}
    owner: Mail room
    task: binary
    clock: event
    outcome_horizon: 1h
    windows: [day, month]
    features: [{{name: form, kind: categorical}}, {{name: pages, kind: numeric}}]
    segments: {{attributes: [district], min_n: {MIN_N}}}
    reference: {{first: 200}}
    limits:
      - name: error-rate
        metric: error_rate
        window: day
        max: 0.2
        evidence: interval
        severity: critical
        reason: By hand one in five was wrong.
        runbook_url: https://intranet.example/errors
      - {{name: evidence, metric: error_rate, window: day, max: 0.2, evidence: budget, owner: Auditors}}
      - {{name: by-district, metric: error_rate, window: day, max: 0.2, segment: district, evidence: point}}
      - {{name: forms, metric: psi, feature: form, window: day, max: 0.2}}
      - {{name: muted, metric: drift, feature: pages, window: day, evidence: budget}}
      - {{name: of-the-month, metric: error_rate, window: month, max: 0.2, evidence: interval}}
"""
LINE_OF = {name: i for i, line in enumerate(CONFIG.splitlines(), 1) for name in re.findall(r"name: ([\w-]+)", line)}
RARE, TINY = "rare-form", "tiny"   # of four people a day
ESCAPE = "\x1b[2J"


def records(days=8, bad_from=5):
    """100 decisions a day. From `bad_from` on half of them are wrong and forms are others; 4 a day are of a district and a form of
    their own, all of them wrong."""
    for day in range(1, days + 1):
        for i in range(100):
            few, bad = i < 4, day >= bad_from
            form = RARE if few else "a" if i < (24 if bad else 64) else "b"
            district = TINY if few else "north" if i < 54 else f"south{ESCAPE}"
            common = {"pilot": PILOT, "id": f"{day}-{i}", "time": f"2026-03-{day:02d}T{i // 5:02d}:{i % 5 * 10:02d}:00Z"}
            yield {"type": "prediction", "prediction": 1, "features": {"form": form}, "segments": {"district": district}, **common}
            wrong = few or (i % 2 == 0 if bad else i % 20 == 0)
            yield {"type": "outcome", "actual": 0 if wrong else 1, **common}


def explain(daemon, *arguments):
    done = pilotwatch("explain", *arguments, "--url", f"http://127.0.0.1:{daemon.port}", environment={"COLUMNS": "80"})
    check_equal((done.returncode, done.stderr), (0, ""), f"explain {arguments}")
    return done.stdout


def explained(daemon, limit, group=None):
    """The JSON of one limit and group, and its text."""
    arguments = [PILOT, limit] + (["--group", group] if group else [])
    data = json.loads(explain(daemon, *arguments, "--json"))
    check_equal(len(data["limits"]), 1, f"limits of {arguments}")
    return data["limits"][0], explain(daemon, *arguments)


def lines_fit(text, width):
    for line in text.splitlines():
        check(len(line) <= width, f"{len(line)} columns: {line!r}")
        check(line.isprintable(), f"not printable: {line!r}")


def breach(daemon):
    """a limit in breach: value, interval, place, owner, windows, alert, what would end it"""
    it, text = explained(daemon, "error-rate")
    check_equal(it["state"], "breach", "state")
    check(it["lower"] > 0.2 and it["value"] > it["lower"] and it["n"] == 100, f"value: {it}")
    check_equal((it["set"]["line"], it["owner"], it["why"]), (LINE_OF["error-rate"], "Mail room", "By hand one in five was wrong."), "set in")
    check_equal([w["value"] for w in it["windows"]], [0.08 if d < 5 else 0.52 for d in range(1, 8)], "windows")
    check_equal((it["window"]["start"], it["window"]["mature"]), ("2026-03-07T00:00:00Z", True), "window")
    check_equal([t["to"] for t in it["transitions"]], ["breach", "ok"], "transitions, the newest first")
    check(it["alert"]["firing"] and it["alert"]["next_send"] and it["alert"]["alertmanagers"] == 1, f"alert: {it['alert']}")
    for wanted in ("BREACH", f"pilotwatch.yml:{LINE_OF['error-rate']}", "Mail room", "https://intranet.example/errors", "sent again at",
                   "Ends with the first judged day window of at least 30", "ok -> breach", "Last windows (day) against 0.2"):
        check(wanted in re.sub(r"\s+", " ", text), f"no {wanted!r} in\n{text}")
    lines_fit(text, 80)


def evidence(daemon):
    """a limit with a budget: its evidence climbs to what a breach takes"""
    it, text = explained(daemon, "evidence")
    check_equal((it["state"], it["owner"]), ("breach", "Auditors"), "state, owner")
    ratios = [point["ratio"] for point in it["course"]]
    check(len(ratios) > 10 and 1 in ratios and min(ratios) < 0.5, f"course: {ratios}")
    check(max(ratios[:ratios.index(1)]) < 1, "the first alarm")
    check("Evidence over time, against" in text and "100 %  ####################" in text, text)
    check("Ends when evidence that the mean loss is within the limit" in re.sub(r"\s+", " ", text), text)
    lines_fit(text, 80)


def feature(daemon):
    """a limit on a feature: which of its values moved, and none of few people"""
    it, text = explained(daemon, "forms")
    check_equal(it["state"], "breach", "state")
    check_equal(len(it["moved"]), 2, f"parts: {it['moved']}")
    by_name = {part["name"]: part for part in it["moved"]}
    check_equal((by_name["b"]["value"], by_name["b"]["before"]), (0.76, 0.36), "the form that is sent more often")
    for part in it["moved"]:
        check(part["value"] * part["n"] >= MIN_N and part["before"] * 200 >= MIN_N, f"a part of few: {part}")
    check("What moved" in text and "reference" in text and RARE not in text, text)


def collecting_and_muted(daemon):
    """one that collects says when it speaks, one that is muted why it cannot"""
    it, text = explained(daemon, "of-the-month")
    check_equal((it["state"], it["value"], it["alert"], it["window"]), ("collecting", None, None, None), "collecting")
    check("COLLECTING" in text and "Judged with the first month window that is mature" in text, text)
    it, text = explained(daemon, "muted")
    check_equal(it["state"], "insufficient", "muted")
    check("the reference has no value of it" in it["reason"] and "another reference" in it["clears"], f"muted: {it}")
    check("INSUFFICIENT" in text, text)


def groups(daemon):
    """of a limit on groups each is explained; a hidden one, and what it follows from, is nowhere"""
    shown, text = explained(daemon, "by-district", "north")
    check_equal((shown["state"], shown["value"], shown["n"]), ("breach", 0.5, 50), "a group that is shown")
    check("district north" in text, text)
    hidden, text = explained(daemon, "by-district", TINY)
    check_equal((hidden["state"], hidden["value"], hidden["n"], hidden["evidence"]), ("insufficient", None, 0, None), "a hidden group")
    check_equal({(w["value"], w["lower"], w["n"], w["state"]) for w in hidden["windows"]}, {(None, None, 0, "suppressed")}, "its windows")
    check("suppressed" in text, text)
    everything = json.loads(explain(daemon, PILOT, "--json"))
    published = {(f["segment"]["district"], f["value"], f["n"]) for f in daemon.windows(PILOT, metric="error_rate", segment="district")
                 if f["state"] in ("ok", "immature")}
    check_equal({group for group, _, _ in published}, {"north"}, "groups that are published at all")
    for limit in everything["limits"]:
        for part in limit["moved"]:
            check(TINY not in part["name"] and RARE not in part["name"], f"{limit['limit']}: {part}")
            if part["what"] == "group":
                check((part["name"].removeprefix("district "), part["value"], part["n"]) in published, f"not published: {part}")
        if limit["group"] in (TINY, f"south{ESCAPE}"):
            check_equal((limit["value"], limit["n"], limit["course"]), (None, 0, []), f"hidden group {limit['group']}")
    south = explain(daemon, PILOT, "by-district", "--group", f"south{ESCAPE}")
    check(ESCAPE not in south and "south?[2J" in south, f"an escape sequence of a record: {south!r}")


def whole_pilot(daemon):
    """without a limit: in full what is not calm, a line each of the rest; the answer follows the schema"""
    text = explain(daemon, PILOT)
    check(text.index("routing / error-rate: BREACH") < text.index("The other limits:") < text.index("of-the-month"), text)
    for width in (60, 80, 120):
        lines_fit(explain(daemon, PILOT, "--width", width), width)
    jsonschema = need_modules("jsonschema")
    schema = json.loads((SOURCE / "daemon" / "sinks" / "schema" / "backtest.json").read_text(encoding="utf-8"))
    del schema["anyOf"]
    validator = jsonschema.Draft202012Validator({**schema, "$ref": "#/$defs/explanation"})
    limits = json.loads(explain(daemon, PILOT, "--json"))["limits"]
    check_equal(len(limits), 8, "limits and groups")
    for limit in limits:
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(limit)]
        check_equal(errors, [], f"{limit['limit']} {limit['group']}")
        check(next(validator.iter_errors({**limit, "extra": 1}), None), "a member that nobody knows is valid")


def what_is_not_there(daemon):
    """unknown names exit 1 and say so"""
    url = ("--url", f"http://127.0.0.1:{daemon.port}")
    for arguments, wanted in (([PILOT, "nothing"], "has no limit"), (["nobody"], "unknown pilot"),
                              ([PILOT, "by-district", "--group", "west"], "no group")):
        done = pilotwatch("explain", *arguments, *url)
        check(done.returncode == 1 and wanted in done.stderr and not done.stdout, f"{arguments}: {done}")
    check_equal(pilotwatch("explain", *url).returncode, 2, "without a pilot")
    check_equal(pilotwatch("explain", PILOT, "--url", "http://127.0.0.1:1").returncode, 1, "without a daemon")


def example_of_help(daemon):
    """the example of --help does what it says"""
    example = re.search(r"Example: pilotwatch (.*)", pilotwatch("explain", "--help").stdout)[1]
    check("http://127.0.0.1:9464" in example, f"example: {example}")
    done = pilotwatch(*shlex.split(example.replace("9464", str(daemon.port))))
    check(done.returncode == 0 and done.stdout.startswith("routing / error-rate: BREACH"), f"{example}: {done}")


def restart_keeps_it(daemon):
    """after a restart the same is told: evidence over time is in the checkpoint"""
    before = explained(daemon, "evidence")[0]
    daemon.stop()
    daemon.start()
    after = explained(daemon, "evidence")[0]
    for member in ("course", "windows", "moved", "transitions", "state", "set"):
        check_equal(after[member], before[member], member)


def all_of_it():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.send(list(records()))
        for test in (breach, evidence, feature, collecting_and_muted, groups, whole_pilot, what_is_not_there, example_of_help, restart_keeps_it):
            print(f"    {test.__name__}: {test.__doc__}")
            test(daemon)


if __name__ == "__main__":
    main(all_of_it)
