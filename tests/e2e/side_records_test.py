#!/usr/bin/env python3
"""All seven types of records go in by HTTP; every figure that they make comes out of the API and of /metrics."""
import json
import math

from harness import Daemon, check, check_equal, main, pilotwatch, scratch

CONFIG = """
pilots:
  - name: fraud
    task: binary
    clock: event
    outcome_horizon: 1d
    review_min_time: 30s
    windows: [day, all]
    limits:
      - {name: overrides, metric: override_rate, window: day, max: 0.01, min_n: 20}
      - {name: angry-staff, metric: staff_stance, window: day, min: 0, min_n: 10}
"""
DAY = "2026-03-02"


def record(kind, clock="12:00:00", day=DAY, **members):
    return {"type": kind, "pilot": "fraud", "time": f"{day}T{clock}Z", **members}


def records():
    """1,000 decisions of one day (every fourth positive) and what people said about them."""
    for i in range(1000):
        yield record("prediction", id=i, prediction=int(i % 4 == 0), model_version="1" if i < 500 else "2",
                     clock="08:00:00" if i < 500 else "16:00:00")
        yield record("outcome", id=i, actual=int(i % 4 == 0), day="2026-03-03")
    # 10 complaints of 5 incidents: c0..c5 are one, c6..c9 name none; 3 of 8 found for the person
    for i in range(10):
        yield record("complaint", id=f"c{i}", prediction_id=i, **({"incident": "letter"} if i < 6 else {}))
    for i in range(8):
        yield record("complaint_update", id=f"c{i}", step="decided", day="2026-03-03",
                     found_for=["person", "partly_person", "person", "body", "none", "body", "body", "body"][i])
    # 40 reviews: 4 relieve, 2 aggravate; 10 of all take 20 s
    for i in range(40):
        ai = int(i % 4 == 0)
        changed = i in (0, 4, 8, 12) or i in (1, 2)
        yield record("review", prediction_id=i, final=1 - ai if changed else ai, day="2026-03-03",
                     opened_at=f"2026-03-03T11:5{9 if i < 10 else 0}:40Z", reason="policy")
    for i in range(100, 120):  # 20 seeded errors, 19 caught
        ai = int(i % 4 == 0)
        yield record("review", id=f"s{i}", prediction_id=i, final=ai if i == 100 else 1 - ai, seeded=True, day="2026-03-03")
    for i in range(12):
        yield record("feedback", id=f"f{i}", audience="staff", theme="workload", stance=-1 if i % 2 else -2)
    for i in range(9):
        yield record("feedback", id=f"p{i}", audience="public", stance=2)
    yield record("change", what="model", **{"from": "0", "to": "1"}, announced=True, clock="07:00:00")
    yield record("change", what="ui", clock="09:00:00")


def advance():
    """Decisions of later days, which close the day and let it mature."""
    yield record("prediction", id="n1", prediction=0, model_version="2", day="2026-03-05", clock="00:02:00")
    yield record("prediction", id="n2", prediction=0, model_version="2", day="2026-03-05", clock="00:03:00")


# metric: (value, lower, upper, n), the intervals of 95 % as an independent implementation gives them
EXPECTED = {
    "complaints_per_1000": (10.0, 4.795388696, 18.39035604, 1000),
    "incidents_per_1000": (5.0, 1.62348639, 11.66833208, 1000),
    "complaint_finding_rate": (3 / 8, 0.0852334141, 0.7551367836, 8),
    "override_rate": (6 / 40, 0.0571022582, 0.2983526668, 40),
    "override_relieving_rate": (4 / 40, 0.0279254153, 0.2366373999, 40),
    "override_aggravating_rate": (2 / 40, 0.0061136466, 0.1691968640, 40),
    "seeded_catch_rate": (19 / 20, 0.7512672372, 0.9987349105, 20),
    "short_review_rate": (10 / 40, 0.1269147989, 0.4119619802, 40),
    "feedback_per_1000": (21.0, None, None, 1000),
    "staff_stance": (-1.5, None, None, 12),
}
EXPORTED = {
    "complaint_finding_rate": ("pilotwatch_complaint_finding_ratio", 1), "incidents_per_1000": ("pilotwatch_incidents_per_prediction", 1e-3),
    "override_rate": ("pilotwatch_override_ratio", 1), "override_relieving_rate": ("pilotwatch_override_relieving_ratio", 1),
    "override_aggravating_rate": ("pilotwatch_override_aggravating_ratio", 1), "seeded_catch_rate": ("pilotwatch_seeded_catch_ratio", 1),
    "short_review_rate": ("pilotwatch_short_review_ratio", 1), "feedback_per_1000": ("pilotwatch_feedback_per_prediction", 1e-3),
    "staff_stance": ("pilotwatch_staff_stance", 1),
}


def close(got, expected, what):
    check(got is not None and math.isclose(got, expected, rel_tol=1e-6), f"{what}: expected {expected}, got {got}")


def figures_are_right(daemon):
    figures = {f["metric"]: f for f in daemon.windows("fraud", kind="day", to="2026-03-03T00:00:00Z", model_version="")
               if f["formula"] != "wilson/v1"}
    for metric, (value, lower, upper, n) in EXPECTED.items():
        figure = figures[metric]
        check_equal((figure["state"], figure["n"]), ("ok", n), f"state and n of {metric}")
        close(figure["value"], value, metric)
        if lower is not None:
            close(figure["lower"], lower, f"lower of {metric}")
            close(figure["upper"], upper, f"upper of {metric}")
    few = figures["public_stance"]
    check_equal((few["value"], few["n"], few["state"]), (None, 9, "insufficient"), "public_stance")
    check("fewer than 10" in few["reason"], f"reason: {few['reason']}")
    by_version = {f["model_version"]: f["n"] for f in daemon.windows("fraud", kind="day", to="2026-03-03T00:00:00Z", metric="override_rate")}
    check_equal(by_version, {None: 40, "1": 40, "2": 0}, "reviews by version")
    metrics = daemon.metrics()
    for metric, (name, factor) in EXPORTED.items():
        value, lower, _, _ = EXPECTED[metric]
        close(metrics.one(name, pilot="fraud", window="day"), value * factor, name)
        if lower is not None:
            close(metrics.one(name + "_lower", pilot="fraud", window="day"), lower * factor, name + "_lower")
    check_equal(metrics.all("pilotwatch_public_stance"), [], "pilotwatch_public_stance of 9 answers")
    limits = daemon.limits("fraud")
    check_equal((limits["overrides"]["state"], limits["angry-staff"]["state"]), ("breach", "breach"), "limits")


def counters_are_right(daemon):
    metrics = daemon.metrics()
    for name, value, labels in (("complaint_updates_total", 8, {}), ("complaint_updates_parked", 0, {}), ("reviews_total", 60, {}),
                                ("reviews_parked", 0, {}), ("reviews_corrected_total", 0, {}), ("feedback_total", 12, {"audience": "staff"}),
                                ("feedback_total", 9, {"audience": "public"}), ("changes_total", 1, {"what": "model"}),
                                ("changes_total", 1, {"what": "ui"}), ("changes_total", 0, {"what": "data"}),
                                ("findings_total", 1, {"kind": "unannounced_version_change"})):
        check_equal(metrics.one("pilotwatch_" + name, pilot="fraud", **labels), value, f"{name} {labels}")
    for stream in ("predictions", "outcomes", "complaints", "complaint_updates", "reviews", "feedback", "changes"):
        counts = [metrics.one(f"pilotwatch_ingest_{kind}records_total", source="http", stream=stream) for kind in ("", "accepted_", "duplicate_")]
        rejected = metrics.sum("pilotwatch_ingest_rejected_records_total", source="http", stream=stream)
        check(counts[0] > 0 and counts[2] == counts[0] / 2, f"{stream}: {counts}")
        check_equal(counts[0], counts[1] + counts[2] + rejected, f"{stream}: received")


def changes_are_listed(daemon):
    listed = daemon.api("pilots/fraud/changes")
    check_equal(listed["changes"], [
        {"time": f"{DAY}T07:00:00Z", "what": "model", "from": "0", "to": "1", "announced": True},
        {"time": f"{DAY}T09:00:00Z", "what": "ui", "from": None, "to": None, "announced": None}], "changes")
    findings = listed["findings"]
    check_equal([(f["kind"], f["model_version"], f["time"]) for f in findings],
                [("unannounced_version_change", "2", f"{DAY}T16:00:00Z")], "findings")
    check_equal(daemon.api("pilots")[0]["findings"], findings, "findings of /api/v1/pilots")
    check_equal(daemon.get("/api/v1/pilots/nobody/changes").status, 404, "status for a pilot that is not there")
    check_equal(daemon.get("/api/v1/pilots/fraud/changes?kind=day").status, 400, "status for an unknown parameter")
    page = daemon.get("/").text
    check("Changes of fraud" in page and "nobody announced it" in page, "the page does not show the changes")


def seven_types():
    """post, read, repeat, kill, read again"""
    lines = list(records())
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        # Reviews, updates and what else may come early come first.
        order = {"complaint_update": 0, "review": 1, "change": 2, "feedback": 3, "complaint": 4, "outcome": 5, "prediction": 6}
        early = sorted(lines, key=lambda line: order[line["type"]])
        midnight = [line for line in early if not line["time"].startswith("2026-03-03")]
        late = [line for line in early if line["time"].startswith("2026-03-03")]
        check_equal(daemon.send(midnight), (len(midnight), 0), "first")
        check_equal(daemon.send(late), (len(late), 0), "then")
        check_equal(daemon.send(lines), (0, len(lines)), "again")
        daemon.send(advance())
        daemon.send(advance())
        figures_are_right(daemon)
        counters_are_right(daemon)
        changes_are_listed(daemon)
        before = daemon.windows("fraud")
        daemon.kill()
        daemon.start()
        check_equal(daemon.windows("fraud"), before, "windows after kill -9 and replay")
        changes_are_listed(daemon)
        daemon.stop()
        daemon.start()
        check_equal(daemon.windows("fraud"), before, "windows after a checkpoint")
        counters_are_right(daemon)


def backtest_shows_changes():
    """backtest prints the same changes and findings"""
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
        (folder / "records.ndjson").write_text("".join(json.dumps(line) + "\n" for line in records()), encoding="utf-8")
        arguments = ("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "records.ndjson")
        objects = [json.loads(line) for line in pilotwatch(*arguments).stdout.splitlines()]
        changes = [o["change"] for o in objects if "change" in o]
        check_equal([(c["pilot"], c["what"], c["to"]) for c in changes], [("fraud", "model", "1"), ("fraud", "ui", None)], "changes")
        check_equal([o["finding"]["model_version"] for o in objects if "finding" in o], ["2"], "findings")
        table = pilotwatch(*arguments, "--format", "table").stdout
        check("finding: unannounced_version_change: 2" in table and "change of model: 0 -> 1, announced" in table, table[-600:])


if __name__ == "__main__":
    main(seven_types, backtest_shows_changes)
