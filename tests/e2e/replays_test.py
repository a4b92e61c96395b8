#!/usr/bin/env python3
"""Failures that were, played again by `simulate --scenario` and found by `backtest` with config/scenarios/."""
import json

from harness import SOURCE, check, check_equal, main, pilotwatch, scratch

SCENARIOS = SOURCE / "config" / "scenarios"


def replay(scenario, *arguments):
    """Everything that backtest prints of a scenario, by kind."""
    with scratch() as folder:
        records = folder / "records.ndjson"
        done = pilotwatch("simulate", "--scenario", scenario, "--out", records, *arguments)
        check_equal(done.returncode, 0, f"simulate {scenario}: {done.stderr[:300]!r}")
        done = pilotwatch("backtest", "--config.file", SCENARIOS / f"{scenario}.yml", "--records", records)
        check_equal(done.returncode, 0, f"backtest {scenario}: {done.stderr[:300]!r}")
        check(" 0 rejected" in done.stderr, f"{scenario}: {done.stderr[-200:]!r}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for line in lines if "metric" in line], [line["transition"] for line in lines if "transition" in line]


def breach(transitions, limit, group=""):
    """The first breach of the limit."""
    found = [t for t in transitions if t["limit"] == limit and t["to"] == "breach" and (t["group"] or "") == group]
    check(found, f"{limit} {group}: no breach among {[(t['limit'], t['to']) for t in transitions]}")
    return found[0]


def every_scenario_has_a_configuration():
    """and the other way round"""
    names = sorted(file.stem for file in SCENARIOS.glob("*.yml"))
    check_equal(names, sorted(("midas", "dwp", "robodebt", "toeslagen", "mycity", "healthy", "season")), "config/scenarios")
    for name in names:
        done = pilotwatch("check", "config", SCENARIOS / f"{name}.yml")
        check_equal(done.returncode, 0, f"check config {name}: {done.stderr!r}")
    done = pilotwatch("simulate", "--scenario", "midas", "--drift", "2")
    check_equal(done.returncode, 2, "a scenario has its own course")


def volumes_speak_first():
    """five and fifty times as many, in the first week"""
    for scenario, limit in (("midas", "five-times-as-many"), ("robodebt", "fifty-times-as-many")):
        _, transitions = replay(scenario, "--days=30")
        check(breach(transitions, limit)["at"] < "2026-01-13", f"{limit}: {breach(transitions, limit)['at']}")


def failures_are_found():
    """with the budget, and by the classical limits beside it"""
    for scenario, limits in (("midas", ("overturned", "overturned-evidence")), ("dwp", ("promised-precision", "promised-precision-weekly")),
                             ("robodebt", ("no-debt", "no-debt-monthly"))):
        _, transitions = replay(scenario)
        for limit in limits:
            found = breach(transitions, limit)
            print(f"    {scenario}: {limit} in breach at {found['at']}, {found['reason'][:100]}")


def toeslagen_is_found():
    """12 complaints about 800 decisions beside 10 about 3,200: ratio and interval as computed beforehand, and in breach"""
    figures, transitions = replay("toeslagen", "--seed=5")
    found = [f for f in figures if f["metric"] == "complaints_per_1000" and f["window"]["kind"] == "all"
             and f["segment"] == {"nationality": "second"} and f["compare"] == "ratio"]
    check_equal(len(found), 1, "ratios of complaints of the whole time")
    check_equal([round(found[0][key], digits) for key, digits in (("value", 10), ("lower", 9), ("upper", 8))],
                [4.8, 1.900616691, 12.40272859], "ratio of complaints and its interval")
    check_equal((found[0]["n"], found[0]["state"]), (800, "ok"), "its cases and state")
    print(f"    {breach(transitions, 'complaints-by-nationality', 'second')['reason']}")
    breach(transitions, "picked-by-nationality", "second")
    check_equal([t["limit"] for t in transitions if t["to"] == "breach" and t["group"] == "one"], [], "breaches of the others")


def mycity_is_found():
    """one kind of complaint surges on day 42: found by itself within two weeks, under the budget within four, and nothing before"""
    surge = "2026-02-16"
    _, transitions = replay("mycity")
    weekly, evidence = breach(transitions, "information-wrong-weekly"), breach(transitions, "information-wrong")
    together = breach(transitions, "complaints")["at"]
    print(f"    information-wrong: weekly {weekly['at']}, budget {evidence['at']}; all complaints together {together}")
    check(surge < weekly["at"] < "2026-03-03", f"information-wrong-weekly: {weekly['at']}")
    check(surge < evidence["at"] < min("2026-03-16", together), f"information-wrong: {evidence['at']}")
    check_equal([(t["limit"], t["at"]) for t in transitions if t["to"] == "breach" and t["at"] < surge], [], "breaches before the surge")


def healthy_is_quiet():
    """no limit with a budget breaches where nothing is wrong"""
    for scenario in ("healthy", "season"):
        _, transitions = replay(scenario)
        loud = [(t["limit"], t["at"]) for t in transitions if t["to"] == "breach" and t.get("evidence")]
        check_equal(loud, [], f"{scenario}: breaches under the budget")


if __name__ == "__main__":
    main(every_scenario_has_a_configuration, volumes_speak_first, failures_are_found, toeslagen_is_found, mycity_is_found, healthy_is_quiet)
