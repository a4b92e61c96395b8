#!/usr/bin/env python3
"""The published schema holds: every line of every `backtest` below and every answer of a daemon is valid, wrong ones are not."""
import copy
import json
import re

import california_test
import compas_test
import covid_test
import nfl_test
import nhs_test
import side_records_test
import yardstick_test
from harness import SHARED, SOURCE, Daemon, check, check_equal, main, need_modules, pilotwatch, scratch, to_events

jsonschema = need_modules("jsonschema")

FILE = SOURCE / "daemon" / "sinks" / "schema" / "backtest.json"
ID = "urn:pilotwatch:schema:backtest:1"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
LINE = jsonschema.Draft202012Validator(SCHEMA)

# name of the data set, its part, the configuration that its own test uses
DATA_SETS = (("compas_aequitas", "", compas_test.config("      min_n: 1")), ("compas_aequitas", "", compas_test.config("")),
             ("covid_forecasts_scoringutils", "", covid_test.CONFIG), ("nfl_elo_538", "", nfl_test.CONFIG),
             ("nhs_ae_attendances", "", nhs_test.CONFIG), ("yardstick", "two_class_example", yardstick_test.TWO_CLASSES),
             ("yardstick", "hpc_cv", yardstick_test.FOUR_CLASSES))

# Every kind of window, evidence and record, in few records.
ALL_KINDS = """
pilots:
  - name: fraud
    task: binary
    clock: event
    outcome_horizon: 1d
    review_min_time: 30s
    windows: [hour, day, week, month, {days: 3}, {count: 300}, all]
    guarantee: {over: 10d, false_alarm_probability: 0.1}
    segments: {attributes: [district, sex], pairs: [[district, sex]]}
    features: [{name: amount, kind: numeric}, {name: form, kind: categorical}]
    reference: {first: 400}
    limits:
      - {name: overrides, metric: override_rate, window: day, max: 0.01, min_n: 20}
      - {name: angry-staff, metric: staff_stance, window: day, min: 0, min_n: 10}
      - {name: errors, metric: error_rate, window: day, max: 0.05, evidence: budget}
      - {name: errors-by-district, metric: error_rate, window: day, max: 0.05, evidence: budget, segment: district}
      - {name: other-amounts, metric: drift, feature: amount, window: day, evidence: budget}
      - {name: other-forms, metric: drift, feature: form, window: day, evidence: budget}
      - {name: forms, metric: psi, feature: form, window: {days: 3}, max: 0.2}
      - {name: silence, metric: volume, window: hour, min: 1}
      - {name: unusual, metric: error_rate, window: day, evidence: reference_chunks, chunks: 3}
      - {name: amounts, metric: psi, feature: amount, window: day, evidence: reference_chunks, chunks: 2}
"""


def rich_records():
    """The records of side_records_test, and two weeks of decisions that go wrong and look different from the fourth day on."""
    yield from side_records_test.records()
    for i in range(4000):
        day, wrong = 3 + i // 300, int(i > 900 and i % 3 == 0)
        yield {"type": "prediction", "pilot": "fraud", "id": f"r{i}", "time": f"2026-03-{day:02d}T{8 + i % 2:02d}:30:00Z",
               "model_version": "2" if i < 1000 else "3", "prediction": i % 2, "score": 0.9 if i % 2 else 0.2,
               "failed": i % 97 == 0, "segments": {"district": "ns"[i % 2] if i % 500 else "tiny"},
               "features": {"amount": i % 50 + 100 * wrong, "form": "AB"[i % 2] if not wrong else "C"}}
        yield {"type": "outcome", "pilot": "fraud", "id": f"r{i}", "time": f"2026-03-{day:02d}T{8 + i % 2:02d}:45:00Z",
               "actual": i % 2 ^ wrong}


def ndjson(records):
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in records)


def backtest(folder, config, records):
    """Lines of backtest; a pilot's other files lie in the folder already."""
    (folder / "pilotwatch.yml").write_text(config, encoding="utf-8")
    (folder / "records.ndjson").write_text(ndjson(records), encoding="utf-8")
    done = pilotwatch("backtest", "--config.file", folder / "pilotwatch.yml", "--records", folder / "records.ndjson")
    check_equal(done.returncode, 0, f"exit code of backtest, stderr {done.stderr[:500]!r}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def reason_of(line):
    """Why a line is not valid, as near to the fault as the validator can say; None where it is."""
    error = jsonschema.exceptions.best_match(LINE.iter_errors(line))
    return error and f"{error.json_path}: {error.message[:300]} in {json.dumps(line)[:600]}"


def all_valid(lines, what):
    check_equal(lines[0], {"schema": ID}, f"first line of {what}")
    for line in lines[1:]:
        if not LINE.is_valid(line):
            check(False, f"{what}: {reason_of(line)}")
    check(len(lines) > 10, f"{what}: hardly any line")
    print(f"    {what}: {len(lines)} lines")
    return lines


def schema_is_published():
    """the file, `pilotwatch schema` and the daemon have the same bytes; it is a schema of its draft"""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    check_equal((SCHEMA["$schema"], SCHEMA["$id"]), ("https://json-schema.org/draft/2020-12/schema", ID), "draft and id")
    done = pilotwatch("schema")
    check_equal((done.returncode, done.stdout), (0, FILE.read_text(encoding="utf-8")), "pilotwatch schema")
    with scratch() as folder, Daemon(folder, "pilots: [{name: p, task: binary}]\n") as daemon:
        answer = daemon.get("/api/v1/schema/backtest")
        check_equal((answer.status, answer.body), (200, FILE.read_bytes()), "/api/v1/schema/backtest")


def data_sets():
    """backtest of every published data set that the tests use"""
    if SHARED is None or not (SHARED / "data").exists():
        print("    left out: no folder of published data")
        return
    for name, part, config in DATA_SETS:
        arguments = ["--part", part] if part else []
        with scratch() as folder:
            all_valid(backtest(folder, config, to_events(name, *arguments, "--pilot", name)), f"{name} {part}")
    with scratch() as folder:
        california_test.prepare(folder)
        records = (folder / "all.ndjson").read_text(encoding="utf-8").splitlines()
        all_valid(backtest(folder, california_test.CONFIG, records), california_test.PILOT)


def configurations():
    """backtest of every configuration in config/ over simulated records"""
    for file in sorted((SOURCE / "config").glob("*.yml")):
        config = file.read_text(encoding="utf-8")
        pilots = re.findall(r"^  - name: ([\w-]+)\n", config.split("\npilots:", 1)[1], re.MULTILINE)
        known = [name for name in pilots if name != "my-pilot"] or ["fraud"]
        with scratch() as folder:
            flags = [flag for name in known for flag in ("--pilot", name)]
            records = pilotwatch("simulate", "--days", 15, "--decisions-per-day", 100, "--drift-at", 8, *flags).stdout
            if pilots == ["my-pilot"]:
                records = records.replace('"pilot":"fraud"', '"pilot":"my-pilot"')
            lines = records.splitlines()
            for reference in re.findall(r"reference: \{file: ([\w.-]+)", config):
                first = [line for line in lines if '"type":"prediction"' in line][:1000]
                (folder / reference).write_text(ndjson(first), encoding="utf-8")
            all_valid(backtest(folder, config, lines), file.name)


def every_kind():
    """all types of records, kinds of windows and of evidence: all kinds of lines, and most states, occur and are valid"""
    with scratch() as folder:
        lines = all_valid(backtest(folder, ALL_KINDS, rich_records()), "all kinds")
    names = {next(iter(line)) for line in lines}
    check_equal(names, {"schema", "pilot", "transition", "change", "finding", "reference", "limit"}, "kinds of lines")
    states = {line["state"] for line in lines if "state" in line}
    check_equal(states, {"ok", "insufficient", "suppressed", "undefined"}, "states of figures")
    kinds = {line["window"]["kind"] for line in lines if "metric" in line}
    check_equal(kinds, {"hour", "day", "week", "month", "days:3", "count:300", "all"}, "kinds of windows")
    transitions = [line["transition"] for line in lines if "transition" in line]
    check({"breach", "ok"} <= {t["to"] for t in transitions}, f"transitions to {sorted({t['to'] for t in transitions})}")
    check_equal({t["evidence"] is None for t in transitions}, {True, False}, "transitions with evidence, and without")
    return lines


def daemon_answers():
    """windows in all their pages, and transitions, of a running daemon"""
    with scratch() as folder, Daemon(folder, ALL_KINDS) as daemon:
        daemon.send(rich_records())
        pages = list(daemon.pages("pilots/fraud/windows"))
        figures = [figure for page in pages for figure in page["data"]]
        check(len(pages) > 1, f"{len(figures)} figures on one page")
        check("immature" in {figure["state"] for figure in figures}, "no figure is immature")
        transitions = daemon.get("/api/v1/transitions").json
        check(transitions["data"], "no transitions")
        for answer in [*pages, transitions]:
            check_equal(answer["schema"], ID, "schema that an answer names")
            for element in answer["data"]:
                if not LINE.is_valid(element):
                    check(False, f"the daemon: {reason_of(element)}")


def places(value, path=()):
    """The path of every object in it whose members are ours, the outermost first."""
    if isinstance(value, dict) and path[-1:] != ("segment",):
        yield path
        for key, child in value.items():
            yield from places(child, (*path, key))


# What a member of that name can never be; `from` and `to` of a change are versions.
WRONG = {"state": "fine", "metric": "luck", "n": -1, "formula": "wilson", "coverage": 1.5, "to": 3, "from": 3, "at": "yesterday",
         "what": "weather", "kind": "fortnight", "value": "much", "share": 0, "ratio": 2, "clock": "weeks", "block": 0.5, "threshold": "x"}


def mutations(line):
    """(what was done, the line after it), each with one thing that the schema must not let pass."""
    def mutant(path, do):
        copied = copy.deepcopy(line)
        node = copied
        for key in path:
            node = node[key]
        do(node)
        return copied

    for path in places(line):
        where = ".".join(path) or "the line"
        node = line
        for key in path:
            node = node[key]
        yield f"an unknown member of {where}", mutant(path, lambda n: n.update(undocumented=1))
        for key, value in node.items():
            if path[-1:] != ("definition",) or key in ("metric", "window", "evidence"):  # a limit has what it was given
                yield f"no {key} in {where}", mutant(path, lambda n, key=key: n.pop(key))
            yield f"a list as {key} of {where}", mutant(path, lambda n, key=key, value=value: n.update({key: [value]}))
            if key in WRONG and value is not None and not isinstance(value, dict):
                yield f"{WRONG[key]} as {key} of {where}", mutant(path, lambda n, key=key: n.update({key: WRONG[key]}))


def mutants_are_refused():
    """a missing, unknown, mistyped or impossible member, in each kind of line"""
    with scratch() as folder:
        lines = backtest(folder, ALL_KINDS, rich_records())
    samples = {}
    for line in lines:   # one of each kind and state
        name = next(iter(line))
        key = line["state"] if name == "pilot" else f"{name} {line[name]['evidence'] is None}" if name == "transition" else name
        samples.setdefault(key, line)
    tried = 0
    for line in samples.values():
        check(LINE.is_valid(line), f"a sample: {reason_of(line)}")
        for what, mutant in mutations(line):
            check(not LINE.is_valid(mutant), f"the schema lets pass: {what}: {json.dumps(mutant)}")
            tried += 1
    ok = next(line for line in lines if line.get("metric") == "error_rate" and line["state"] == "ok")
    for what in ({"value": None}, {"value": 1.5}, {"lower": None}, {"reason": "why"}, {"state": "suppressed"}, {"state": "insufficient"}):
        check(not LINE.is_valid({**ok, **what}), f"the schema lets pass: {what}")
    check(not LINE.is_valid({"schema": "urn:pilotwatch:schema:backtest:2"}), "another version")
    check(tried > 200, f"only {tried} mutants")
    print(f"    {tried} mutants of {len(samples)} lines")


if __name__ == "__main__":
    main(schema_is_published, every_kind, mutants_are_refused, daemon_answers, configurations, data_sets)
