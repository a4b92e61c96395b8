#!/usr/bin/env python3
"""`test config`: tests of limits that stand in the configuration pass, fail with place and reason, or cannot be run."""
import json
import re

from harness import SOURCE, Daemon, check, check_equal, main, pilotwatch, scratch

CONFIG = """pilots:
  - name: p
    task: binary
    outcome_horizon: 2d
    windows: [week]
    limits: [{name: errors, metric: error_rate, window: week, max: 0.1, evidence: interval}]
tests:
  - name: a fifth wrong
    pilot: p
    records:
      - {type: prediction, id: a, every: 1h, times: 100, prediction: 1}
      - {type: outcome, id: a, time: 1h, every: 1h, actual: [1*4, 0], times: 100}
    expect:
      - {limit: errors, at: 9d, state: breach}
  - name: a quarter wrong
    pilot: p
    records:
      - {type: prediction, id: a, every: 1h, times: 100, prediction: 1}
      - {type: outcome, id: a, time: 1h, every: 1h, actual: [1*3, 0], times: 100}
    expect:
      - {limit: errors, at: 9d, state: ok}
      - {limit: errors, transitions: [ok]}
"""


def passes_and_failures():
    """what passes is a line, what fails says what was expected and what came"""
    with scratch() as folder:
        file = folder / "p.yml"
        file.write_text(CONFIG, encoding="utf-8")
        done = pilotwatch("test", "config", file)
        check_equal((done.returncode, done.stderr), (1, ""), done.stdout)
        check_equal(done.stdout, f"""{file}:8:5: ok: a fifth wrong
{file}:15:5: FAILED: a quarter wrong
  {file}:21:9: errors at 2024-01-10T00:00:00Z: expected ok
      got breach: error_rate is 0.25 (95 % interval 0.175452 to 0.343045) in 100 cases, above the limit 0.1
  {file}:22:9: errors: expected ok
      got breach at 2024-01-10T00:00:00Z
1 passed, 1 failed
""", "what is printed")
        done = pilotwatch("test", "config", file, "--name", "a fifth wrong", "--verbose")
        check_equal(done.returncode, 0, done.stdout)
        check("    2024-01-10T00:00:00Z errors: collecting -> breach: error_rate is 0.2" in done.stdout, done.stdout)
        check_equal(pilotwatch("test", "config", file, "--name", "nobody's").returncode, 2, "a test that there is not")
        again = "      - {type: prediction, id: a, every: 1h, times: 7, prediction: 1}\n    expect:\n      - {limit: errors, at: 9d, state: breach}"
        file.write_text(CONFIG.replace("    expect:\n      - {limit: errors, at: 9d, state: breach}", again)
                        .replace("windows: [week]", "windows: [week]\n    bounds: {decisions: 90}"), encoding="utf-8")
        done = pilotwatch("test", "config", file, "--name", "a fifth wrong")
        check_equal(done.stdout.splitlines()[1:-1], ["  7 records repeat others and change nothing",
                                                     "  10 records are more than the pilot's bounds let in"], "notes")


def what_cannot_be_run():
    """exit 2, with the place; check config says the same and runs nothing"""
    with scratch() as folder:
        file = folder / "p.yml"
        for broken, said in ((CONFIG.replace("state: ok", "state: fine"), "21:40: tests[1].expect[0].state: must be one of"),
                             (CONFIG.replace("actual: [1*3, 0]", "actual: [1*3, many]"), "19:9: tests[a quarter wrong]: record 4 of the series: unknown_class"),
                             (CONFIG + "    file: none.ndjson\n", "15:5: tests[a quarter wrong]:")):
            file.write_text(broken, encoding="utf-8")
            for command in ("test", "check"):
                done = pilotwatch(command, "config", file)
                check_equal(done.returncode, 2, f"{command}: {done.stdout}{done.stderr}")
                check(f"{file}:{said}" in done.stderr, f"{command}: {said!r} is not in {done.stderr!r}")
        (folder / "array.ndjson").write_text('[{"type": "prediction", "id": 1, "prediction": 1},\n {"type": "prediction", "id": 2, "prediction": 1}]\n')
        file.write_text(CONFIG + "    file: array.ndjson\n", encoding="utf-8")
        for command in ("check", "test"):
            done = pilotwatch(command, "config", file)
            check_equal(done.returncode, 2, f"{command}: {done.stderr}")
            check("a JSON array" in done.stderr, f"{command}: {done.stderr!r}")
        file.write_text(CONFIG.replace("prediction: 1", "prediction: 1.e5", 1), encoding="utf-8")
        done = pilotwatch("check", "config", file)
        check_equal(done.returncode, 2, f"1.e5: {done.stderr}")
        check(f"{file}:" in done.stderr, f"1.e5: {done.stderr!r}")
        file.write_text(CONFIG, encoding="utf-8")
        done = pilotwatch("check", "config", file)
        check_equal((done.returncode, done.stdout), (0, f"{file} is valid: 1 pilot, 1 limit, 2 tests (not run)\n"), "check config")
        file.write_text(CONFIG.split("tests:")[0], encoding="utf-8")
        check_equal(pilotwatch("test", "config", file).returncode, 2, "a configuration without tests")


def the_same_as_backtest():
    """a test's records, as backtest gets them, bring the same transitions"""
    with scratch() as folder:
        file, records = folder / "p.yml", folder / "records.ndjson"
        file.write_text(CONFIG, encoding="utf-8")
        verbose = pilotwatch("test", "config", file, "--verbose").stdout
        ours = re.findall(r"^    (\S+) (\S+): (\w+) -> (\w+): ", verbose, re.MULTILINE)
        theirs = []
        for every in (5, 4):
            lines = []
            for i in range(100):
                lines.append({"type": "prediction", "pilot": "p", "id": str(i), "time": 1704067200 + 3600 * i, "prediction": 1})
                lines.append({"type": "outcome", "pilot": "p", "id": str(i), "time": 1704070800 + 3600 * i, "actual": int(i % every != every - 1)})
            records.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            for line in pilotwatch("backtest", "--config.file", file, "--records", records).stdout.splitlines():
                transition = json.loads(line).get("transition")
                if transition:
                    theirs.append(tuple(transition[key] for key in ("at", "limit", "from", "to")))
        check_equal(ours, theirs, "transitions")


def shipped_tests_pass():
    """those of config/, and every configuration is without a warning"""
    tested = 0
    for file in sorted((SOURCE / "config").rglob("*.yml")):
        done = pilotwatch("check", "config", "--strict", file)
        check_equal((done.returncode, done.stderr), (0, ""), f"check config --strict {file.name}")
        if "\ntests:" in file.read_text(encoding="utf-8"):
            tested += 1
            done = pilotwatch("test", "config", file)
            check_equal(done.returncode, 0, done.stdout + done.stderr)
    check(tested > 0, "no configuration of config/ has tests")


def the_readme_s_example():
    """passes, and so does what --help shows"""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if "\ntests:" in block]
    check_equal(len(blocks), 1, "examples with tests in the README")
    example = re.search(r"Example: pilotwatch (.*)", pilotwatch("test", "config", "--help").stdout)[1].split()
    with scratch() as folder:
        file = folder / "pilotwatch.yml"
        file.write_text(blocks[0], encoding="utf-8")
        done = pilotwatch(*[file if word == file.name else word for word in example])
        check_equal(done.returncode, 0, done.stdout + done.stderr)
        printed = done.stdout.replace(str(file), file.name)
        check(f"$ pilotwatch test config {file.name}\n{printed}```" in text, f"the README says something else than {printed!r}")


def a_daemon_ignores_them():
    """it starts with tests that fail, and other tests are no reason to rebuild"""
    with scratch() as folder:
        with Daemon(folder, CONFIG, ["--web.enable-lifecycle"]) as daemon:
            daemon.config_file.write_text(CONFIG.replace("at: 9d, state: ok", "at: 10d, state: ok"), encoding="utf-8")
            answer = daemon.post("", "/-/reload")
            check_equal((answer.status, answer.json["data"]["rebuild"]), (200, False), "reload")
            check([c["path"] for c in answer.json["data"]["changes"]] and all(c["path"].startswith("tests[") for c in answer.json["data"]["changes"]),
                  f"changes: {answer.json}")


if __name__ == "__main__":
    main(passes_and_failures, what_cannot_be_run, the_same_as_backtest, shipped_tests_pass, the_readme_s_example, a_daemon_ignores_them)
