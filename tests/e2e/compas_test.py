#!/usr/bin/env python3
"""COMPAS over HTTP: counts and rates of all 11 groups as published, from the API and from a Prometheus that scrapes."""
import json

from harness import (Daemon, check, check_equal, main, need_programs, need_shared, prometheus, query, scratch, to_events,
                     wait_for)

PILOT = "compas_aequitas"
CELLS = ("tp", "fp", "fn", "tn")
RATES = {"fpr": "false_positive_rate", "fnr": "false_negative_rate", "fdr": "false_discovery_rate"}   # published -> ours
DISPARITIES = RATES | {"for": "false_omission_rate", "pprev": "selection_rate"}
SMALL = [("race", "Asian"), ("race", "Native American")]   # 32 and 18 people: several cells are below 10
DIGITS = 12   # of rates: both sides divide the same integers


def config(segments):
    return f"""
pilots:
  - name: {PILOT}
    task: binary
    classes: [0, 1]
    clock: event
    windows: [all]
    segments:
      attributes: [race, sex, age_cat]
{segments}
"""


def published():
    """{(attribute, group): figures}, all 11 groups."""
    values = json.loads(need_shared("data/compas_aequitas/expected.json").read_text(encoding="utf-8"))["values"]
    groups = {(attribute, group): figures for attribute, inner in values.items()
              for group, figures in inner["groups"].items()}
    check_equal(len(groups), 11, "published groups")
    return groups


def scope(row):
    """(attribute, group) of an API row; None for the whole pilot."""
    return next(iter(row["segment"].items())) if row["segment"] else None


def confusions(daemon):
    rows = daemon.api(f"pilots/{PILOT}/confusion", kind="all", model_version="")
    return {scope(row): row for row in rows}


def rates(daemon, metric):
    rows = daemon.windows(PILOT, kind="all", metric=metric, model_version="")
    return {scope(row): row for row in rows}


def send_all(daemon):
    lines = to_events(PILOT)
    accepted, duplicate = daemon.send(lines)
    check_equal((accepted, duplicate), (2 * 7214, 0), "accepted and duplicate")


def api_equals_published(daemon):
    tables = confusions(daemon)
    for key, figures in published().items():
        row = tables[key]
        check_equal({c: row[c] for c in CELLS}, {c: figures[c] for c in CELLS}, f"cells of {key}")
        check_equal((row["label"], row["state"]), ("1", "ok"), f"label and state of {key}")
        for short, metric in RATES.items():
            figure = rates(daemon, metric)[key]
            check_equal(round(figure["value"], DIGITS), round(figures[short], DIGITS), f"{metric} of {key}")
            check(figure["lower"] < figure["value"] < figure["upper"], f"interval around {metric} of {key}: {figure}")
    whole = tables[None]
    check_equal(sum(whole[c] for c in CELLS), 7214, "cases in the whole pilot")


def disparities_equal_published(daemon):
    """Ratio of each group's rate to that of the published reference group; the reference has none to itself."""
    references = ["Caucasian", "Male", "25 - 45"]
    for short, metric in DISPARITIES.items():
        ours = {scope(row): row for row in daemon.windows(PILOT, kind="all", metric=metric, compare="ratio")}
        wanted = {key: figures for key, figures in published().items() if key[1] not in references}
        check_equal(set(ours), set(wanted), f"groups with a ratio of {metric}")
        for key, figures in wanted.items():
            row = ours[key]
            check_equal((round(row["value"], DIGITS), row["formula"]),
                        (round(figures[f"{short}_disparity"], DIGITS), "group-ratio-katz/v1"), f"{short} disparity of {key}")
            check(row["against"] in references and row["state"] == "ok", f"{metric} of {key}: {row}")
            if row["lower"] is not None:
                check(row["lower"] < row["value"] < row["upper"], f"interval around {metric} of {key}: {row}")
        check(ours["race", "Native American"]["lower"] is None, "18 cases are too few for an interval")


def prometheus_equals_published(port):
    wanted = published()
    wait_for("the scrape", lambda: len(query(port, "pilotwatch_group_window_confusion")) == 4 * len(wanted))
    ratios = {(m["group"], m["against"], m["metric"]): value for m, value in query(port, "pilotwatch_group_ratio")}
    check_equal(round(ratios["African-American", "Caucasian", "false_positive_rate"], DIGITS),
                round(wanted["race", "African-American"]["fpr_disparity"], DIGITS), "FPR disparity in Prometheus")
    cells = {(m["attribute"], m["group"], m["cell"]): value for m, value in query(port, "pilotwatch_group_window_confusion")}
    criteria = {(m["attribute"], m["group"], m["criterion"]): value for m, value in query(port, "pilotwatch_group_rate")}
    for (attribute, group), figures in wanted.items():
        for cell in CELLS:
            check_equal(cells[attribute, group, cell], figures[cell], f"{cell} of {group} in Prometheus")
        for short, metric in RATES.items():
            check_equal(round(criteria[attribute, group, metric], DIGITS), round(figures[short], DIGITS),
                        f"{metric} of {group} in Prometheus")
    check_equal([value for _, value in query(port, "up")], [1], "up")


def counts_as_published():
    """min_n 1, public data: API and Prometheus equal the published tables"""
    references = "\n      reference_groups: {race: Caucasian, sex: Male, age_cat: 25 - 45}"
    with scratch() as folder, Daemon(folder, config("      min_n: 1" + references)) as daemon:
        send_all(daemon)
        api_equals_published(daemon)
        disparities_equal_published(daemon)
        with prometheus(folder, [daemon.port]) as port:
            prometheus_equals_published(port)


def small_cells_are_suppressed():
    """default min_n: what would show fewer than ten people is in neither"""
    with scratch() as folder, Daemon(folder, config("")) as daemon:
        send_all(daemon)
        # Groups are published over closed days only: one later decision, of no group, closes the last.
        daemon.send([{"type": "prediction", "pilot": PILOT, "id": "last", "time": "2024-01-09T00:00:00Z", "prediction": 0}])
        tables = confusions(daemon)
        for key in SMALL:
            check_equal([tables[key][c] for c in CELLS], [None] * 4, f"cells of {key}")
            check_equal(tables[key]["state"], "suppressed", f"state of {key}")
            for metric in RATES.values():
                row = rates(daemon, metric)[key]
                check_equal((row["state"], row["value"], row["lower"], row["upper"], row["n"]),
                            ("suppressed", None, None, None, 0), f"{metric} of {key}")
        for row in daemon.windows(PILOT, kind="all", segment="race", compare="any"):
            if row["compare"] and scope(row) in SMALL and row["metric"] in RATES.values():
                check_equal((row["state"], row["value"], row["lower"], row["upper"], row["n"]),
                            ("suppressed", None, None, None, 0), f"comparison of {scope(row)}: {row['metric']}")
        shown = [row[c] for key, row in tables.items() if key for c in CELLS if row[c] is not None]
        check(shown and not [n for n in shown if 0 < n < 10], f"cells below ten are shown: {sorted(shown)[:5]}")
        hidden = {key for key, row in tables.items() if row["state"] == "suppressed"}
        with prometheus(folder, [daemon.port]) as port:
            wait_for("the scrape", lambda: query(port, "pilotwatch_group_window_confusion"))
            seen = {(m["attribute"], m["group"]) for m, _ in query(port, "pilotwatch_group_window_confusion")}
            check_equal(seen & hidden, set(), "suppressed groups in Prometheus")
            seen_rates = {(m["attribute"], m["group"]) for m, _ in query(port, "pilotwatch_group_rate")}
            check_equal(seen_rates & set(SMALL), set(), "rates of small groups in Prometheus")
            check(query(port, 'pilotwatch_group_suppressed{attribute="race"}')[0][1] >= 2, "pilotwatch_group_suppressed")


if __name__ == "__main__":
    need_shared("data/compas_aequitas/expected.json")
    need_programs("prometheus")
    main(counts_as_published, small_cells_are_suppressed)
