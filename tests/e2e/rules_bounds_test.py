#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tests of the rules notice when a bound moves: each number of an alert up and down by a tenth, each comparison with its
neighbour, each `for` longer and shorter. Rules changed so must fail the tests of their alert, or those tests prove nothing.
"""
import concurrent.futures
import copy
import os
import re
import subprocess

from harness import SOURCE, check, check_equal, main, need_modules, need_programs, scratch

yaml = need_modules("yaml")

RULES = SOURCE / "dashboards" / "rules"
NUMBER = re.compile(r"""(?P<skip>"[^"]*"|\[[^\]]*\]|offset \w+|[a-zA-Z_:][\w:]*)|(?<![\w.])(?P<number>\d+(?:\.\d+)?)""")
COMPARISON = {r"> 0(?![.\d])": ">= 0", r"== 0$": "!= 0", r"== 1$": "!= 1"}


def minutes(duration):
    return int(duration[:-1]) * {"m": 1, "h": 60, "d": 1440}[duration[-1]]


def changed_numbers(expr):
    step = 0.5 if "changes(" in expr else 0.1   # a tenth more than three starts is three starts
    for match in NUMBER.finditer(expr):
        if match["number"] and float(match["number"]) > 0:
            for factor in (1 - step, 1 + step):
                yield f"{match['number']} * {factor}", expr[:match.start()] + f"({match['number']} * {factor})" + expr[match.end():]


def mutants(rule):
    """(what, rule) for every change that the tests must see."""
    for what, expr in changed_numbers(rule["expr"]):
        yield what, {**rule, "expr": expr}
    for old, new in COMPARISON.items():
        expr = re.sub(old, new, rule["expr"], count=1)
        if expr != rule["expr"] and "predict_linear" not in expr:   # a straight line is nowhere exactly 0
            yield new, {**rule, "expr": expr}
    wait = minutes(rule["for"])
    for changed in (wait // 2, wait * 2):
        yield f"for {changed}m", {**rule, "for": f"{changed}m"}


def units():
    """(rules, tests) of each alert, by itself: the recording rules, its own rules, its own tests."""
    recording = yaml.safe_load((RULES / "recording.rules.yml").read_text())["groups"]
    tests = [(yaml.safe_load(file.read_text()), test) for file in sorted(RULES.glob("*.rules.test.yml"))
             for test in yaml.safe_load(file.read_text())["tests"]]
    for file in sorted(RULES.glob("*.rules.yml")):
        alerts = [r for group in yaml.safe_load(file.read_text())["groups"] for r in group["rules"] if "alert" in r]
        for name in dict.fromkeys(rule["alert"] for rule in alerts):
            own = [rule for rule in alerts if rule["alert"] == name]
            of_it = [(head["evaluation_interval"], test) for head, test in tests
                     if any(case["alertname"] == name for case in test.get("alert_rule_test", []))]
            yield name, recording if "ratio_rate" in str(own) or "rate15m" in str(own) else [], own, of_it


def passes(folder, name, recording, own, tests):
    """promtool's exit code of those tests; each evaluation interval is a file."""
    rules = folder / f"{name}.rules.yml"
    groups = [*recording, {"name": "own", "rules": own}]
    rules.write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    for interval in dict.fromkeys(interval for interval, _ in tests):
        file = folder / f"{name}.{interval}.test.yml"
        file.write_text(yaml.safe_dump({"rule_files": [rules.name], "evaluation_interval": interval,
                                        "group_eval_order": [group["name"] for group in groups],
                                        "tests": [test for each, test in tests if each == interval]}), encoding="utf-8")
        done = subprocess.run(["promtool", "test", "rules", file.name], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            # Only a test may fail; a rule that cannot be read would prove nothing.
            check("exp:" in done.stdout + done.stderr, f"{name}: {done.stdout}{done.stderr}")
            return False
    return True


def moved_bounds_are_noticed():
    with scratch() as folder:
        jobs = []
        for name, recording, own, tests in units():
            check(tests, f"no test of {name}")
            jobs.append((f"{name} as it is", True, (name, recording, own, tests)))
            for at, rule in enumerate(own):
                for what, mutant in mutants(rule):
                    changed = copy.copy(own)
                    changed[at] = mutant
                    jobs.append((f"{name}, {rule['labels']['severity']}: {what}", False, (name, recording, changed, tests)))

        def run(numbered):
            number, (what, expected, job) = numbered
            home = folder / str(number)
            home.mkdir()
            return [] if passes(home, *job) == expected else [what]

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            wrong = [what for found in pool.map(run, enumerate(jobs)) for what in found]
        print(f"    {sum(not expected for _, expected, _ in jobs)} changes of {sum(expected for _, expected, _ in jobs)} alerts")
        check_equal(wrong, [], "changes that no test notices")


if __name__ == "__main__":
    need_programs("promtool")
    main(moved_bounds_are_noticed)
