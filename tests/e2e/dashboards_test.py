#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dashboards: lint, links and PromQL syntax; that every metric is in a panel, and that what they, the rules and the runbooks name is exported.

The lint follows grafana/dashboard-linter's rules, written anew, because neither it nor a Grafana is in Debian.
Usage: dashboards_test.py <pilotwatch binary> <source folder> <shared folder>; exit 77 = skipped.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[2])
DASHBOARDS = SOURCE / "dashboards"
RULES = sorted((DASHBOARDS / "rules").glob("*.rules.yml"))
RULE_TESTS = sorted((DASHBOARDS / "rules").glob("*.rules.test.yml"))
RUNBOOKS = sorted((DASHBOARDS / "runbooks").glob("*.md"))
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GOLDEN = SOURCE / "tests" / "metrics.golden.tsv"
UNITS = {"none", "short", "percentunit", "cps", "s", "bytes", "Bps"}
DATA_PANELS = {"stat", "table", "timeseries", "state-timeline"}
GRAPHS = {"timeseries", "state-timeline"}
COUNTER_FUNCTIONS = r"(?:rate|irate|increase)\s*\(\s*"
BUILT_IN = {"__all", "__rate_interval", "__url_time_range", "__data"}   # variables that Grafana has of its own
# Metrics that need no panel, with the reason.
NOT_SHOWN = {}

found = []


def problem(where, what):
    found.append(f"{where}: {what}")


def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions(dashboard):
    """Every PromQL expression with where it stands."""
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            yield f"panel {panel['title']!r}", target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        if "expr" in annotation:
            yield f"annotation {annotation['name']!r}", annotation["expr"]


def selectors(expr):
    """(metric, matchers) of each vector selector; ours always have matchers."""
    return re.findall(r"\b((?:pilotwatch|process)_\w+)\s*(\{[^{}]*\})?", expr)


# --- lint ---------------------------------------------------------------------------------------------------------------


def lint_frame(name, dashboard):
    for key in ("__inputs", "__requires", "id"):
        if key in dashboard:
            problem(name, f"{key} keeps Grafana from provisioning it without edits")
    if dashboard["uid"] != f"pilotwatch-{name}":
        problem(name, f"uid should be pilotwatch-{name}, so that links stay")
    if dashboard["editable"] is not False:
        problem(name, "editable should be false")
    if dashboard["schemaVersion"] != 39:
        problem(name, "schemaVersion should be 39")


def lint_variables(name, dashboard):
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    source = variables.get("datasource", {})
    if (source.get("type"), source.get("query"), source.get("label")) != ("datasource", "prometheus", "Data source"):
        problem(name, "needs a variable `datasource` of type datasource, query prometheus, label `Data source`")
    for wanted in ("job", "instance"):
        variable = variables.get(wanted, {})
        if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") == ".+"):
            problem(name, f"variable {wanted} should be multi with allValue .+")
        if variable.get("label") != wanted.capitalize():
            problem(name, f"variable {wanted} should be labelled {wanted.capitalize()}")
    for variable in variables.values():
        if variable["type"] == "query" and (variable["datasource"] != DATASOURCE or variable["refresh"] != 2):
            problem(name, f"variable {variable['name']} should ask ${{datasource}} and refresh on time change")
    for used in sorted(set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard))) - set(variables) - BUILT_IN):
        problem(name, f"${used} is no variable of this dashboard")


def lint_panel(name, panel):
    where = f"{name}, panel {panel.get('title')!r}"
    if panel["type"] not in DATA_PANELS:
        problem(where, f"type {panel['type']} is not one we know")
    if not panel.get("title") or not panel.get("description"):
        problem(where, "needs a title and a description")
    if panel.get("datasource") != DATASOURCE:
        problem(where, "datasource should be ${datasource}")
    if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
        problem(where, "needs a unit")
    for changed in panel["fieldConfig"]["overrides"]:
        for prop in changed["properties"]:
            if prop["id"] == "unit" and prop["value"] not in UNITS:
                problem(where, f"unit {prop['value']} is not one we know")
    if not panel.get("targets"):
        problem(where, "has no targets")
    refs = [target["refId"] for target in panel.get("targets", [])]
    if len(set(refs)) != len(refs):
        problem(where, "refIds repeat")
    for target in panel.get("targets", []):
        if target.get("datasource") != DATASOURCE:
            problem(where, f"target {target['refId']}: datasource should be ${{datasource}}")


def lint_expression(where, expr):
    for metric, matchers in selectors(expr):
        for label in ("job", "instance"):
            if f'{label}=~"${label}"' not in matchers:
                problem(where, f"{metric} lacks {label}=~\"${label}\"")
        if metric.endswith("_total") and not re.search(COUNTER_FUNCTIONS + metric, expr):
            problem(where, f"{metric} is a counter and needs rate() or increase()")
    for window in re.findall(r"\[([^\]]+)\]", expr):
        if window != "$__rate_interval":
            problem(where, f"[{window}] should be [$__rate_interval]")


def lint_twins(name, dashboard):
    """Each graph has a table with the same queries: for those who cannot see it, and for exact numbers."""
    panels = list(panels_of(dashboard))
    tables = {p["title"]: [t["expr"] for t in p["targets"]] for p in panels if p["type"] == "table"}
    for panel in panels:
        if panel["type"] in GRAPHS and tables.get(panel["title"] + ", as a table") != [t["expr"] for t in panel["targets"]]:
            problem(f"{name}, panel {panel['title']!r}", "has no table with the same queries")


def lint_grid(name, dashboard):
    taken = set()
    ids = set()
    for panel in panels_of(dashboard):
        grid = panel["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        if cells & taken or grid["x"] + grid["w"] > 24:
            problem(f"{name}, panel {panel['title']!r}", "overlaps another or leaves the grid")
        taken |= cells
        if panel["id"] in ids:
            problem(f"{name}, panel {panel['title']!r}", "id repeats")
        ids.add(panel["id"])


def lint(name, dashboard):
    lint_frame(name, dashboard)
    lint_variables(name, dashboard)
    for panel in panels_of(dashboard):
        if panel["type"] != "row":
            lint_panel(name, panel)
    for where, expr in expressions(dashboard):
        lint_expression(f"{name}, {where}", expr)
    lint_twins(name, dashboard)
    lint_grid(name, dashboard)


# --- all together -------------------------------------------------------------------------------------------------------


def read_dashboards():
    """Name -> dashboard. Written as json.dump(indent=2) does, so that a script's edit changes only what it means to."""
    dashboards = {}
    for file in sorted(DASHBOARDS.rglob("*.json")):
        if file.parent != DASHBOARDS:
            problem(file.name, "lies in a folder of its own: provisioning takes every file, the tests only those of dashboards/")
            continue
        text = file.read_text(encoding="utf-8")
        dashboards[file.stem] = json.loads(text)
        if text != json.dumps(dashboards[file.stem], indent=2) + "\n":
            problem(file.name, "is not as json.dump(indent=2) writes it")
    return dashboards


def urls(dashboard):
    return set(re.findall(r'"(/d/[^"]*)"', json.dumps(dashboard)))


def check_url(name, url, targets):
    """A link to another dashboard, with variables that are there."""
    uid, _, query = url.removeprefix("/d/").partition("?")
    if uid not in targets:
        problem(name, f"link to {uid}, which is no dashboard")
        return
    given = set(re.findall(r"(?:^|&)var-(\w+)=", query)) | set(re.findall(r"\$\{(\w+):queryparam\}", query))
    for variable in sorted(given - {v["name"] for v in targets[uid]["templating"]["list"]}):
        problem(name, f"link to {uid} with var-{variable}, which is no variable there")
    if "${__url_time_range}" not in query or "${datasource:queryparam}" not in query:
        problem(name, f"link to {uid} loses the time or the data source")


def check_links(dashboards):
    """Each leads to all others by tag and takes its variables along, so a variable means the same in all of them."""
    for key in ("uid", "title"):
        values = [d[key] for d in dashboards.values()]
        for value in sorted({v for v in values if values.count(v) > 1}):
            problem("dashboards", f"{key} {value!r} repeats")
    targets = {d["uid"]: d for d in dashboards.values()}
    shared = {}
    for name, dashboard in dashboards.items():
        links = [link for link in dashboard["links"] if link["type"] == "dashboards" and link["tags"] == ["pilotwatch"]]
        if "pilotwatch" not in dashboard["tags"] or not any(link["includeVars"] and link["keepTime"] for link in links):
            problem(name, "needs the tag pilotwatch and a link to all that have it, with includeVars and keepTime")
        for url in sorted(urls(dashboard)):
            check_url(name, url, targets)
        for variable in dashboard["templating"]["list"]:
            meant = {key: value for key, value in variable.items() if key != "current"}
            if shared.setdefault(variable["name"], meant) != meant:
                problem(name, f"variable {variable['name']} is another one in another dashboard, and links carry it over")


def check_shown(dashboards):
    """Every metric of the golden list is in a panel."""
    exprs = " ".join(t["expr"] for d in dashboards.values() for panel in panels_of(d) for t in panel.get("targets", []))
    shown = {metric for metric, _ in selectors(exprs)}
    golden = dict(line.split("\t")[:2] for line in GOLDEN.read_text(encoding="utf-8").splitlines())
    for metric, kind in golden.items():
        if metric not in NOT_SHOWN and not shown & series_names({metric: kind}):
            problem("dashboards", f"{metric} is in no panel")
    for metric in sorted(NOT_SHOWN):
        if metric in shown or metric not in golden:
            problem("NOT_SHOWN", f"{metric} is no exception")


# --- promtool -----------------------------------------------------------------------------------------------------------


def promtool(*arguments, cwd=None):
    run = subprocess.run(["promtool", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        problem("promtool " + " ".join(arguments), run.stdout + run.stderr)


def substituted(expr):
    """Variables as the linter puts them in: intervals as durations, the others as their name."""
    expr = expr.replace("$__rate_interval", "8869990787ms")
    return re.sub(r"\$\{?(\w+)\}?", r"\1", expr)


def check_syntax(dashboards):
    """promtool has no `check expr`, but it parses the expressions of rules."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "panels.yml"
        rules = [
            {"record": f"panel:expression{number}:test", "expr": substituted(expr)}
            for number, (_, expr) in enumerate(e for d in dashboards.values() for e in expressions(d))
        ]
        # JSON is YAML.
        file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
        promtool("check", "rules", str(file))


# --- names --------------------------------------------------------------------------------------------------------------


def exported_families():
    """Name -> type, as the sources of the metrics room write them."""
    families = {}
    for file in sorted((SOURCE / "daemon" / "sinks").glob("metrics*.cc")):
        text = file.read_text(encoding="utf-8")
        for kind, name in re.findall(r'add_(\w+)\(\s*"((?:pilotwatch|process)_\w+)"', text):
            families[name] = kind
        for name in re.findall(r'"((?:pilotwatch|process)_\w+)"', text):
            families.setdefault(name, "gauge")
    return families


def series_names(families):
    out = set()
    for name, kind in families.items():
        out |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    return out


def check_names(dashboards):
    families = exported_families()
    if len(families) < 80:
        problem("daemon/sinks", f"only {len(families)} families found: has the way they are written changed?")
    known = series_names(families)
    texts = {file.name: "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
             for file in RULES + RULE_TESTS + RUNBOOKS}
    recorded = {name for file in RULES for name in re.findall(r"record: (\S+)", file.read_text(encoding="utf-8"))}
    for name, dashboard in dashboards.items():
        texts[name] = json.dumps(dashboard)
    for where, text in texts.items():
        for name in recorded:
            text = text.replace(name, "")
        for metric in sorted(set(re.findall(r"\b(?:pilotwatch|process)_\w+", text))):
            if metric not in known:
                problem(where, f"{metric} is not exported")


def main():
    if shutil.which("promtool") is None:
        print("skipped: no promtool")
        sys.exit(77)
    dashboards = read_dashboards()
    if not dashboards:
        problem("dashboards", "none found")
    for name, dashboard in dashboards.items():
        lint(name, dashboard)
    check_links(dashboards)
    check_shown(dashboards)
    promtool("check", "config", "--syntax-only", str(DASHBOARDS / "provisioning" / "prometheus.yml"))
    check_syntax(dashboards)
    check_names(dashboards)
    print("\n".join(found) if found else f"{len(dashboards)} dashboard(s), {len(RULES)} files of rules: nothing to complain about")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
