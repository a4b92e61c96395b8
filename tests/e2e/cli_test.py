#!/usr/bin/env python3
"""The command line: exit codes, help, messages, and that a simulated drift is found and nothing before it."""
import datetime
import json
import subprocess

from harness import BINARY, SOURCE, Failure, check, check_equal, main, pilotwatch, scratch

SUBCOMMANDS = ("serve", "check", "test", "simulate", "backtest", "explain", "top", "schema", "version")
DRIFT_DAY = 30
DAYS = 60
START = "2026-01-05T00:00:00Z"
DEMO = SOURCE / "config" / "demo.yml"
FAULTY = """pilots:
  - name: p
    taks: binary
    windows: [fortnight]
"""


def exits(code, *arguments, **rest):
    done = pilotwatch(*arguments, **rest)
    check_equal(done.returncode, code, f"exit code of {' '.join(map(str, arguments))}, stderr {done.stderr[:500]!r}")
    return done


def help_and_version():
    """--help of all subcommands and the version in its forms"""
    top = exits(0, "--help").stdout
    for name in SUBCOMMANDS:
        check(name in top, f"--help does not name {name}")
        check("Usage" in exits(0, name, "--help").stdout, f"{name} --help")
    for flag in ("--config.file", "--web.listen-address", "--web.external-url", "--storage.path", "--log.level", "--log.format",
                 "--web.config.file", "--web.max-connections", "--web.max-connections-per-address", "--web.max-header-bytes",
                 "--web.read-timeout", "--web.idle-timeout"):
        check(flag in exits(0, "serve", "--help").stdout, f"serve --help does not name {flag}")
    check("127.0.0.1:9464" in exits(0, "serve", "--help").stdout, "serve --help without defaults")
    check(exits(0, "--version").stdout.startswith("pilotwatch, version "), "--version")
    check_equal(exits(0, "version").stdout, exits(0, "--version").stdout, "version and --version")
    check("curl" in exits(0, "version", "--verbose").stdout, "version --verbose names no libraries")


def usage_errors_exit_2():
    """wrong flags, values and subcommands"""
    for arguments in ([], ["nonsense"], ["--nonsense"], ["serve", "--nonsense"], ["serve", "--log.level=loud"], ["check"], ["test"],
                      ["serve", "--web.listen-address=nowhere"], ["serve", "--web.read-timeout=0s"], ["serve", "--web.idle-timeout=soon"],
                      ["serve", "--web.max-connections=0"], ["serve", "--web.max-header-bytes=1"], ["check", "web-config"], ["backtest", "--format=xml"], ["simulate", "--pilot=nobody"],
                      ["simulate", "--days=many"], ["simulate", "--start=yesterday"], ["simulate", "--days=-1"],
                      ["simulate", "--out=a", "--url=http://127.0.0.1:1"]):
        done = exits(2, *arguments)
        check(done.stderr.strip() and not done.stdout.strip(), f"{arguments}: stdout {done.stdout!r}, stderr {done.stderr!r}")


def failures_exit_1():
    """what is asked for correctly but cannot be done"""
    check("cannot be read" in exits(1, "backtest", "--config.file", DEMO, "--records", "/nonexistent").stderr, "backtest")
    check(exits(1, "simulate", "--days=0.1", "--url=http://127.0.0.1:1").stderr.strip(), "simulate --url without daemon")
    check(exits(1, "simulate", "--days=0.1", "--out=/nonexistent/file").stderr.strip(), "simulate --out")


def config_is_checked():
    """every problem at once, with its place"""
    done = exits(0, "check", "config", DEMO)
    check("is valid: 5 pilots" in done.stdout, f"check config: {done.stdout!r}")
    check_equal(exits(0, "check", "config", "--config.file", DEMO).stdout, done.stdout, "flag and argument")
    with scratch() as folder:
        file = folder / "faulty.yml"
        file.write_text(FAULTY, encoding="utf-8")
        problems = exits(2, "check", "config", file).stderr.splitlines()
        check(len(problems) >= 2, f"problems: {problems}")
        for problem in problems:
            check(problem.startswith(f"{file}:"), f"no place in {problem!r}")
        misspelt = [p for p in problems if p.startswith(f"{file}:3:5:")]
        check(misspelt and "task" in misspelt[0].split("taks", 1)[1], f"no suggestion for taks: {problems}")
        check([p for p in problems if p.startswith(f"{file}:4:")], f"nothing about line 4: {problems}")
        for command in ("serve", "backtest"):
            check_equal(exits(2, command, "--config.file", file).stderr.splitlines(), problems, f"problems told by {command}")
        missing = exits(2, "check", "config", folder / "none.yml").stderr
        check("none.yml" in missing, f"a missing file: {missing!r}")


def simulation_is_deterministic():
    """the same seed gives the same bytes, to a file and to standard output; another seed does not"""
    short = ["simulate", "--days=3", "--drift-at=1"]
    with scratch() as folder:
        exits(0, *short, "--out", folder / "a")
        first = (folder / "a").read_text(encoding="utf-8")
    check_equal(exits(0, *short).stdout == first, True, "the same bytes again")
    check(exits(0, *short, "--seed=2").stdout != first, "another seed gives the same bytes")
    records = [json.loads(line) for line in first.splitlines()]
    check_equal({r["pilot"] for r in records}, {"routing", "fraud", "demand", "allocation", "chatbot"}, "pilots")
    only = exits(0, *short, "--pilot=fraud", "--pilot=demand").stdout
    check_equal({json.loads(line)["pilot"] for line in only.splitlines()}, {"fraud", "demand"}, "pilots asked for")


def at_day(text):
    start = datetime.datetime.fromisoformat(START.replace("Z", "+00:00"))
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - start).total_seconds() / 86400


def breaches(simulate_arguments):
    """Transitions to breach that `backtest` prints for a simulated run on config/demo.yml, and the number of windows."""
    with scratch() as folder:
        records = folder / "records.ndjson"
        exits(0, "simulate", f"--start={START}", f"--days={DAYS}", "--out", records, *simulate_arguments)
        lines = exits(0, "backtest", "--config.file", DEMO, "--records", records).stdout.splitlines()
    objects = [json.loads(line) for line in lines]
    found = [o["transition"] for o in objects if "transition" in o and o["transition"]["to"] == "breach"]
    check(len(objects) > 1000, f"only {len(objects)} lines from backtest")
    return found


def drift_is_found_and_nothing_before():
    """config/demo.yml: the pilot that drifts breaches after its drift day, no pilot before"""
    for seed in (1, 2, 3):
        found = breaches([f"--seed={seed}", f"--drift-at={DRIFT_DAY}", "--complaint-surge=1"])
        early = [t for t in found if at_day(t["at"]) < DRIFT_DAY]
        check_equal([(t["pilot"], t["limit"], t["at"], t["reason"]) for t in early], [], f"breaches before the drift, seed {seed}")
        routing = {t["limit"] for t in found if t["pilot"] == "routing"}
        check(routing, f"the drift is not found, seed {seed}: {found}")
        print(f"    seed {seed}: routing breaches {sorted(routing)}, first on day "
              f"{min(at_day(t['at']) for t in found if t['pilot'] == 'routing'):.1f}")


def table_is_readable():
    """--format table, from standard input"""
    records = exits(0, "simulate", "--days=10", "--pilot=routing").stdout
    table = exits(0, "backtest", "--config.file", DEMO, "--format", "table", input_text=records).stdout
    check("error_rate" in table and not table.lstrip().startswith("{"), f"table: {table[:300]!r}")


def closed_pipe():
    """a reader that goes away ends the simulation"""
    child = subprocess.Popen([str(BINARY), "simulate", "--days=365"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    child.stdout.readline()
    child.stdout.close()
    try:
        check(child.wait(60) != 0, "exit code 0 although the reader has gone")
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise Failure("goes on although the reader has gone") from None


if __name__ == "__main__":
    main(help_and_version, usage_errors_exit_2, failures_exit_1, config_is_checked, simulation_is_deterministic,
         drift_is_found_and_nothing_before, table_is_readable, closed_pipe)
