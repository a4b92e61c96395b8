#!/usr/bin/env python3
"""Presets: each finds what is planted in the demo pilot of its use, and nothing before; `check config --show` prints what results."""
import json

from harness import check, check_equal, main, pilotwatch, scratch

# Preset: demo pilot, its other keys, and limits of which one must be in breach after the planted day.
PILOTS = {
    "automation": ("routing", "classes: [permits, taxes, waste, housing, other], outcome_horizon: 5d, "
                   "features: [{name: length, kind: numeric}, {name: channel, kind: categorical}, {name: language, kind: categorical}], "
                   "segments: {attributes: [region]}", ("errors", "drift-of-length", "drift-of-language")),
    "fraud": ("fraud", "outcome_horizon: 28d, features: [{name: amount, kind: numeric}, {name: channel, kind: categorical}], "
              "segments: {attributes: [region, age_band]}", ("drift-of-score", "drift-of-amount")),
    "forecast": ("demand", "outcome_horizon: 2d, segments: {attributes: [site]}", ("far-off",)),
    "allocation": ("allocation", "outcome_horizon: 10d, features: [{name: need_index, kind: numeric}], "
                   "segments: {attributes: [district, sex]}", ("refused-wrongly-by-district", "drift-of-need_index")),
    "chatbot": ("chatbot", "outcome_horizon: 2d, features: [{name: prompt_tokens, kind: numeric}, {name: topic, kind: categorical}]",
                ("bad-answers", "drift-of-prompt_tokens", "drift-of-topic")),
}
DRIFT = "2026-02-04"   # day 30 of a simulation that starts on 2026-01-05


def config(folder, preset):
    pilot, keys, _ = PILOTS[preset]
    file = folder / "pilotwatch.yml"
    file.write_text(f"pilots: [{{name: {pilot}, preset: {preset}, {keys}}}]\n", encoding="utf-8")
    return file


def planted_problems_are_found():
    """after day 30 every limit named breaches, and none with a budget before"""
    with scratch() as folder:
        for preset, (pilot, _, limits) in PILOTS.items():
            records = folder / f"{preset}.ndjson"
            done = pilotwatch("simulate", "--pilot", pilot, "--drift-pilot", pilot, "--complaint-surge=1", "--days=75", "--out", records)
            check_equal(done.returncode, 0, f"simulate: {done.stderr!r}")
            done = pilotwatch("backtest", "--config.file", config(folder, preset), "--records", records)
            check_equal(done.returncode, 0, f"backtest: {done.stderr!r}")
            breaches = [t for t in (json.loads(line).get("transition", {}) for line in done.stdout.splitlines()) if t.get("to") == "breach"]
            early = [(t["limit"], t["group"], t["at"]) for t in breaches if t["at"] < DRIFT]
            check_equal(early, [], f"{preset}: breaches before anything was wrong")
            found = {t["limit"] for t in breaches}
            check_equal([name for name in limits if name not in found], [], f"{preset}: not found, but {sorted(found)}")


def show_prints_what_results():
    """the printed configuration is valid, and names evidence and part of the budget of each limit"""
    with scratch() as folder:
        for preset in PILOTS:
            shown = pilotwatch("check", "config", "--show", config(folder, preset))
            check_equal(shown.returncode, 0, f"--show: {shown.stderr!r}")
            check_equal(shown.stdout.count("metric:"), shown.stdout.count("evidence: budget  # share 0.") +
                        shown.stdout.count("evidence: interval  # each look") + shown.stdout.count("evidence: point  # each look"),
                        f"{preset}: limits with a word about their evidence")
            check("# It cannot see: " in shown.stdout, f"{preset}: what it cannot see")
            again = folder / "again.yml"
            again.write_text(shown.stdout, encoding="utf-8")
            done = pilotwatch("check", "config", again)
            check_equal(done.returncode, 0, f"the output of --show: {done.stderr!r}")


if __name__ == "__main__":
    main(planted_problems_are_found, show_prints_what_results)
