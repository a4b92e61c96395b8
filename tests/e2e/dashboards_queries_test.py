#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Queries of the dashboards: by labels that their metrics have, narrowed by the variables above them, and with an answer once there are series.

The series come from tests/metrics.golden.tsv: of every metric one with each label, and one more for each value that a query asks for.
"""
import json
import re
import subprocess

from harness import SOURCE, check, check_equal, main, need_programs, scratch

SELECTOR = re.compile(r"\b((?:pilotwatch|process)_\w+)\{([^{}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
ADDED = {"job", "instance", "le"}   # by Prometheus, and of histograms
EVERY = "x"                         # the value of a label that no query asks for


def golden():
    """metric -> (type, labels)"""
    rows = (line.split("\t") for line in (SOURCE / "tests" / "metrics.golden.tsv").read_text(encoding="utf-8").splitlines())
    return {row[0]: (row[1], set(filter(None, row[3].split(",")))) for row in rows}


METRICS = golden()


def family(series):
    return series if series in METRICS else re.sub(r"_(bucket|sum|count)$", "", series)


def labels_of(series):
    return METRICS[family(series)][1] | ADDED


def targets():
    """(where, variables of the dashboard, expression, legend)"""
    for file in sorted((SOURCE / "dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text(encoding="utf-8"))
        variables = {variable["name"] for variable in dashboard["templating"]["list"]}
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield f"{file.name}, panel {panel['title']!r}, {target['refId']}", variables, target["expr"], target["legendFormat"]


def labels_are_there():
    """matchers, groupings and legends name labels that the metrics have"""
    for where, _, expr, legend in targets():
        asked = [(series, matchers) for series, matchers in SELECTOR.findall(expr)]
        check(asked, f"{where}: asks for nothing")
        for series, matchers in asked:
            for label, _, _ in MATCHER.findall(matchers):
                check(label in labels_of(series), f"{where}: {series} has no label {label}")
        made = set(re.findall(r'label_replace\(.*?, "(\w+)", "', expr))
        known = made.union(*(labels_of(series) for series, _ in asked))
        grouped = {label for names in re.findall(r"\b(?:by|on) \(([^)]*)\)", expr) for label in re.findall(r"\w+", names)}
        check(grouped <= known, f"{where}: groups by {sorted(grouped - known)}, which no metric of it has")
        shown = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
        check(shown <= grouped | made, f"{where}: the legend names {sorted(shown - grouped - made)}, which is not grouped by")


def variables_narrow():
    """what has a label that is a variable of the dashboard is asked for by it"""
    for where, variables, expr, _ in targets():
        for series, matchers in SELECTOR.findall(expr):
            given = {label for label, _, _ in MATCHER.findall(matchers)}
            missing = variables & labels_of(series) - given
            check(not missing, f"{where}: {series} is not narrowed by {sorted(missing)}")


def series_of(selectors):
    """Input series in which each selector finds something."""
    wanted = {(series, ()) for metric, (kind, _) in METRICS.items()
              for series in ([metric + end for end in ("_bucket", "_sum", "_count")] if kind == "histogram" else [metric])}
    for series, matchers in selectors:
        fixed = tuple(sorted((label, value.split("|")[0]) for label, _, value in MATCHER.findall(matchers) if "$" not in value))
        wanted.add((series, fixed))
    for series, fixed in sorted(wanted):
        labels = dict.fromkeys(METRICS[family(series)][1] | {"job", "instance"}, EVERY) | dict(fixed)
        kind = METRICS[family(series)][0]
        for le in ("1", "+Inf") if series.endswith("_bucket") else (None,):
            text = ",".join(f'{label}="{value}"' for label, value in sorted((labels | ({"le": le} if le else {})).items()))
            yield {"series": f"{series}{{{text}}}", "values": "1+60x20" if kind != "gauge" else "2x20"}


def substituted(expr):
    return re.sub(r"\$\w+", ".+", expr.replace("$__rate_interval", "5m"))


def every_query_answers():
    """promtool runs each panel's expression over series of all metrics"""
    need_programs("promtool")
    asked = {substituted(expr): where for where, _, expr, _ in targets()}
    series = list(series_of(pair for _, _, expr, _ in targets() for pair in SELECTOR.findall(expr)))
    tests = [{"expr": f"clamp_max(count({expr}), 1)", "eval_time": "15m", "exp_samples": [{"labels": "{}", "value": 1}]} for expr in asked]
    with scratch() as folder:
        file = folder / "panels.test.yml"
        # JSON is YAML.
        file.write_text(json.dumps({"evaluation_interval": "1m", "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": tests}]}))
        done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
        silent = [where for expr, where in asked.items() if f"count({expr}), 1)" in done.stdout + done.stderr]
        check_equal((silent, done.returncode), ([], 0), f"panels without an answer: {(done.stdout + done.stderr)[:2000]}")
    check(len(asked) > 200, f"only {len(asked)} queries")


if __name__ == "__main__":
    main(labels_are_there, variables_narrow, every_query_answers)
