#!/usr/bin/env python3
"""COMPAS by `backtest`: every published rate of all 11 groups that is a metric of ours, and the counts behind it."""
import collections
import json

from compas_test import DIGITS, PILOT, SMALL, config, published, scope
from harness import check, check_equal, main, need_shared, pilotwatch, scratch, to_events

# published -> our metric, the cells that are counted, the cells of its denominator
RATES = {"fpr": ("false_positive_rate", "fp", "fp tn"), "fnr": ("false_negative_rate", "fn", "fn tp"),
         "fdr": ("false_discovery_rate", "fp", "fp tp"), "for": ("false_omission_rate", "fn", "fn tn"),
         "tpr": ("recall", "tp", "fn tp"), "tnr": ("specificity", "tn", "fp tn"), "precision": ("precision", "tp", "fp tp"),
         "pprev": ("selection_rate", "fp tp", "fp fn tn tp")}   # pprev: predicted positive, within the group


def figures(segments):
    """{((attribute, group) or None, metric): figure} of `all`."""
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(config(segments), encoding="utf-8")
        (folder / "all.ndjson").write_text("\n".join(to_events(PILOT)) + "\n", encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "all.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr!r}")
    check(f"{2 * 7214} accepted, 0 duplicate, 0 rejected" in done.stderr, f"backtest: {done.stderr!r}")
    rows = [row for row in map(json.loads, done.stdout.splitlines())
            if row.get("metric") and row["model_version"] is None and row["compare"] is None]
    return {(scope(row), row["metric"]): row for row in rows}


def cells(figures_of_group, names):
    return sum(figures_of_group[name] for name in names.split())


def rates_as_published():
    """8 rates of 11 groups to the last digit, with the counts that they divide; the size of each group"""
    rows = figures("      min_n: 1")
    for group, theirs in published().items():
        for short, (metric, part, whole) in RATES.items():
            row = rows[group, metric]
            check_equal(row["state"], "ok", f"state of {metric} of {group}")
            check_equal(round(row["value"], DIGITS), round(theirs[short], DIGITS), f"{metric} of {group}")
            check_equal((row["n"], round(row["value"] * row["n"])), (cells(theirs, whole), cells(theirs, part)), f"counts of {metric} of {group}")
            check(0 <= row["lower"] <= row["value"] <= row["upper"] <= 1, f"interval of {metric} of {group}")
        check_equal(rows[group, "volume"]["n"], theirs["group_size"], f"size of {group}")
    check_equal(rows[None, "volume"]["value"], 7214, "cases in the whole pilot")


def small_groups_are_withheld():
    """default min_n: the two smallest groups show no rate, the largest show theirs"""
    rows = figures("")
    for group in SMALL:
        for metric, *_ in RATES.values():
            row = rows[group, metric]
            check_equal((row["state"], row["value"], row["n"]), ("suppressed", None, 0), f"{metric} of {group}")
    large = published()["race", "African-American"]
    row = rows[("race", "African-American"), "false_positive_rate"]
    check_equal(round(row["value"], DIGITS), round(large["fpr"], DIGITS), "false_positive_rate of the largest group")


def pairs_are_counted():
    """race by sex as counted here; with the default min_n small ones are withheld, and no total tells them"""
    shown, counted = figures("      min_n: 1\n      pairs: [[race, sex]]"), collections.Counter()
    for event in map(json.loads, to_events(PILOT)):
        if event["type"] == "prediction":
            counted[event["segments"]["race"] + "*" + event["segments"]["sex"]] += 1
    check_equal({scope[1]: row["n"] for (scope, metric), row in shown.items() if metric == "volume" and scope and scope[0] == "race*sex"},
                dict(counted), "cases of each race and sex")
    check(any(n < 10 for n in counted.values()), "there are small cells")
    protected = figures("      pairs: [[race, sex]]")
    states = {name: protected[("race*sex", name), "volume"]["state"] for name in counted}
    for index in (0, 1):
        gaps = collections.Counter(name.split("*")[index] for name, state in states.items() if state == "suppressed")
        for group, gap in gaps.items():
            total = protected[(("race", "sex")[index], group), "volume"]["state"]
            check(gap > 1 or total == "suppressed", f"one gap in {group}: {states}")
    for name, n in counted.items():
        check(n >= 10 or states[name] == "suppressed", f"{n} cases of {name} are shown")
    check("ok" in states.values(), "most are shown")


if __name__ == "__main__":
    need_shared("data/compas_aequitas/expected.json")
    main(rates_as_published, small_groups_are_withheld, pairs_are_counted)
