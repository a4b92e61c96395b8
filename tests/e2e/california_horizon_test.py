#!/usr/bin/env python3
"""California housing with labels that come late: up to the horizon nothing changes, after it only what is shown does."""
import datetime
import json
import random

from california_test import PILOT
from harness import (Daemon, check, check_equal, environment_number, main, need_shared, pilotwatch, scratch, to_events,
                     utc)

SEED = environment_number("PILOTWATCH_SEED", 1)
HOUR, DAY = 3600, 86400
HORIZON = 30 * DAY

# Evidence of several kinds: on labels, and on what is known at once.
CONFIG = f"""
pilots:
  - name: {PILOT}
    task: binary
    clock: event
    outcome_horizon: 30d
    features: [{{name: MedInc, kind: numeric}}, {{name: Longitude, kind: numeric}}]
    segments: {{attributes: [period], min_n: 1}}
    reference: {{file: reference.ndjson}}
    windows: [day, week, month, {{count: 500}}, all]
    guarantee: {{over: 90d, false_alarm_probability: 0.01}}
    limits:
      - {{name: errors-budget, metric: error_rate, window: week, max: 0.4, evidence: budget}}
      - {{name: misses-budget, metric: false_negative_rate, window: month, max: 0.45, evidence: budget, segment: period}}
      - {{name: errors-interval, metric: error_rate, window: week, max: 0.4, evidence: interval}}
      - {{name: auc-interval, metric: roc_auc, window: month, min: 0.8, evidence: interval}}
      - {{name: brier-point, metric: brier, window: month, max: 0.2, evidence: point}}
      - {{name: errors-point, metric: error_rate, window: {{count: 500}}, max: 0.4, evidence: point}}
      - {{name: labels, metric: coverage, window: month, min: 0.9, evidence: interval}}
      - {{name: longitude-drift, metric: drift, feature: Longitude, window: month, evidence: budget}}
      - {{name: income-psi, metric: psi, feature: MedInc, window: month, max: 0.2}}
"""


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


def data():
    """(predictions, labels): records by time; the labels' times are those of their predictions."""
    lines = [json.loads(line) for line in to_events(PILOT, "--part", "all", "--pilot", PILOT)]
    return [r for r in lines if r["type"] == "prediction"], [r for r in lines if r["type"] == "outcome"]


def stream(predictions, labels, delays, moved):
    """Records in the order in which they arrive, and one long after them, so that every horizon passes. `moved`: a label bears the time
    at which it comes; else the time of its decision."""
    arrivals = []
    for record, delay in zip(labels, delays, strict=True):
        arrival = seconds(record["time"]) + delay
        arrivals.append((arrival, 1, record["id"], {**record, "time": utc(arrival)} if moved else record))
    first = [(seconds(record["time"]), 0, record["id"], record) for record in predictions]
    last = max(time for time, *_ in first + arrivals) + 200 * DAY
    end = {"type": "prediction", "pilot": PILOT, "id": "end", "time": utc(last - last % DAY), "prediction": 0}
    return [record for *_, record in sorted(first + arrivals, key=lambda a: a[:3])] + [end]


def prepare(folder):
    (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
    reference = [line for line in to_events(PILOT, "--part", "reference", "--pilot", PILOT) if '"type":"prediction"' in line]
    (folder / "reference.ndjson").write_text("\n".join(reference) + "\n", encoding="utf-8")


def backtest(folder, records):
    (folder / "records.ndjson").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "records.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr[:500]!r}")
    check(f"{len(records)} accepted, 0 duplicate, 0 rejected" in done.stderr, f"backtest: {done.stderr!r}")
    return done.stdout


def transitions(output):
    return [line for line in output.splitlines() if line.startswith('{"transition"')]


def any_order_within_the_horizon():
    """labels shuffled and delayed up to the horizon: the same bytes; a breach of each kind of evidence is among them"""
    chance = random.Random(SEED)
    print(f"    PILOTWATCH_SEED={SEED}")
    predictions, labels = data()
    with scratch() as folder:
        prepare(folder)
        end = stream(predictions, labels, [HORIZON] * len(labels), False)[-1]   # the same last record in all runs

        def run(delays, moved):
            return backtest(folder, stream(predictions, labels, delays, moved)[:-1] + [end])

        at_once = run([0] * len(labels), False)
        breached = {t["limit"] for t in (json.loads(line)["transition"] for line in transitions(at_once)) if t["to"] == "breach"}
        for limit in ("errors-budget", "misses-budget", "errors-interval", "brier-point", "errors-point", "longitude-drift"):
            check(limit in breached, f"no breach of {limit}, only of {sorted(breached)}")
        print(f"    {len(at_once.splitlines())} lines, {len(transitions(at_once))} transitions, breaches of {sorted(breached)}")
        for moved in (False, True):
            delays = [chance.randrange(HORIZON // HOUR) * HOUR for _ in labels]
            output = run(delays, moved)
            for one, other in zip(at_once.splitlines(), output.splitlines()):
                check_equal(other, one, f"line of labels {'with their own time' if moved else 'out of order'}")
            check(output == at_once, "the outputs differ")
        windows = [line for line in at_once.splitlines() if '"metric"' in line]
        check_equal(len(windows), len(set(windows)), "window lines: each is printed once")


def after_the_horizon():
    """a twentieth of the labels later than any window matures: no transition and no printed window is another; they are counted"""
    chance = random.Random(SEED + 1)
    predictions, labels = data()
    late = set(chance.sample([r["id"] for r in labels], len(labels) // 20))
    # Months mature `horizon` after their end, so these come after every window that holds their decision.
    delays = [31 * DAY + HORIZON + chance.randrange(1, 60) * DAY if r["id"] in late else 0 for r in labels]
    with scratch() as folder:
        prepare(folder)
        records = stream(predictions, labels, delays, True)
        known = [r for r in records if r["type"] == "prediction" or r["id"] not in late]
        with_late, without = backtest(folder, records), backtest(folder, known)
        check_equal(transitions(with_late), transitions(without), "transitions")

        def printed(output):   # `all` is printed at the end, re-scored by whatever came
            return [line for line in output.splitlines() if '"metric"' in line and '"kind":"all"' not in line]

        check_equal(printed(with_late), printed(without), "window lines")
        check(len(transitions(without)) > 20, "hardly any transition")
        shown_by_daemon(folder, records, late, with_late)


def shown_by_daemon(folder, records, late, output):
    """The daemon counts them late, shows windows with them, and says the same transitions."""
    with Daemon(folder, CONFIG) as daemon:
        daemon.send(records)
        counted = daemon.metrics()
        check_equal(counted.one("pilotwatch_ingest_late_records_total", source="http", stream="outcomes"), len(late), "late outcomes")
        check_equal(counted.one("pilotwatch_ingest_late_records_total", source="http", stream="predictions"), 0, "late predictions")
        check_equal(counted.one("pilotwatch_late_records_total", pilot=PILOT), len(late), "late records of the pilot")
        check_equal(daemon.api("pilots")[0]["counters"]["late_records"], len(late), "late records in the API")

        def of_labels(lines):   # conformal ranks break ties by the hashed id, and every daemon has a key of its own
            found = [{k: v for k, v in line["transition"].items() if k != "at_wall"} for line in lines]
            return [transition for transition in found if transition["limit"] != "longitude-drift"]

        said, expected = of_labels(daemon.api("transitions")), of_labels(map(json.loads, transitions(output)))
        check(len(said) > 50, f"the daemon lists {len(said)} transitions")
        begin = expected.index(said[0])   # backtest goes on to the end of the last window
        for one, other in zip(said, expected[begin:begin + len(said)], strict=True):
            check_equal(one, other, "transition of the daemon")
        months = daemon.windows(PILOT, kind="month", metric="error_rate", model_version="", segment="")
        printed = {f["window"]["start"]: f for f in map(json.loads, (line for line in output.splitlines() if '"kind":"month"' in line))
                   if f["metric"] == "error_rate" and f["formula"] == "wilson/v1" and f["model_version"] is None and f["segment"] is None}
        for month in (m for m in months if m["formula"] == "wilson/v1" and m["window"]["start"] < "2022-06"):
            before = printed[month["window"]["start"]]
            check_equal(month["coverage"], 1.0, f"coverage of {month['window']} once all labels are there")
            check(before["coverage"] < 1 and before["n"] < month["n"], f"the printed window was not re-scored: {before}")


def between_horizon_and_maturity():
    """labels later than their own horizon, in windows that are not mature yet: windows have them, evidence with a budget has not"""
    chance = random.Random(SEED + 2)
    predictions, labels = data()
    late = set(chance.sample([r["id"] for r in labels], len(labels) // 20))
    delays = [HORIZON + chance.randrange(1, 20) * DAY if r["id"] in late else 0 for r in labels]
    with scratch() as folder:
        prepare(folder)
        records = stream(predictions, labels, delays, True)
        known = [r for r in records if r["type"] == "prediction" or r["id"] not in late]

        def evidence(output):   # what the windows show stands beside it
            found = [json.loads(line)["transition"] for line in transitions(output)]
            return [{k: t[k] for k in ("limit", "group", "from", "to", "at", "reason", "evidence")} for t in found if t["evidence"]]

        one = evidence(backtest(folder, records))
        check(one, "no evidence")
        check_equal(one, evidence(backtest(folder, known)), "transitions with evidence")


if __name__ == "__main__":
    need_shared("data/nannyml_california/expected.json")
    main(any_order_within_the_horizon, after_the_horizon, between_horizon_and_maturity)
