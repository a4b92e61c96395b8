#!/usr/bin/env python3
"""README.md says what is so: its configuration is valid, its records are accepted, its tables name what the code names."""
import json
import re

from harness import SOURCE, Daemon, check, check_equal, main, pilotwatch, scratch
from web_harness import Authority

README = (SOURCE / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def names(header, array):
    """The strings of a constexpr array in a header."""
    text = (SOURCE / "daemon" / header).read_text(encoding="utf-8")
    return re.findall(r'"(\w+)"', re.search(array + r"\[\] = \{(.*?)\};", text, re.DOTALL)[1])


def configuration_is_valid():
    """every YAML block passes `check config`, every JSON record is accepted by it"""
    with scratch() as folder:
        file = folder / "pilotwatch.yml"
        for block in blocks("yaml"):
            file.write_text(block, encoding="utf-8")
            done = pilotwatch("check", "config", file)
            check_equal((done.returncode, done.stderr), (0, ""), "check config of the README's example")
        file.write_text(blocks("yaml")[0], encoding="utf-8")   # the pilot that the records are of
        lines = [line for block in blocks("json") for line in block.splitlines()]
        records = folder / "records.ndjson"
        records.write_text("".join(json.dumps({"pilot": "permits", **json.loads(line)}) + "\n" for line in lines), encoding="utf-8")
        done = pilotwatch("backtest", "--config.file", file, "--records", records)
        check_equal(done.returncode, 0, "backtest of the README's records")
        check(f"{len(lines)} accepted, 0 duplicate, 0 rejected" in done.stderr, f"backtest: {done.stderr!r}")


def web_configuration_is_valid():
    """the YML block passes `check web-config`, with the files that it names"""
    with scratch() as folder:
        authority = Authority(folder)
        authority.issue("server")
        file = folder / "web.yml"
        file.write_text(blocks("yml")[0], encoding="utf-8")
        file.chmod(0o600)
        done = pilotwatch("check", "web-config", file)
        check_equal((done.returncode, done.stderr), (0, ""), "check web-config of the README's example")


def tables_are_complete():
    """all reasons, metrics, limit states, flags and pilot tasks are named"""
    wanted = names("record/record.h", "reason_names") + names("settings/settings.h", "metric_names")
    wanted += names("judge/status.h", "state_names") + names("settings/settings.h", "task_names")
    wanted += names("runtime/http.h", "refusal_reasons")
    missing = [name for name in wanted if f"`{name}`" not in README]
    check_equal(missing, [], "not in README.md")
    flags = re.findall(r"--[a-z.-]+", pilotwatch("serve", "--help").stdout + pilotwatch("backtest", "--help").stdout)
    check_equal([flag for flag in flags if flag != "--help" and flag not in README], [], "flags not in README.md")


def scripts_exist():
    """the files it names are there"""
    for path in re.findall(r"\b(?:packaging|config|dashboards|daemon)/[\w./-]*\w", README):
        check((SOURCE / path).exists(), f"{path} does not exist")


def paths_answer():
    """every path of Interfaces answers 200"""
    table = README.split("## Interfaces", 1)[1].split("Answers of", 1)[0]
    with scratch() as folder:
        with Daemon(folder, "pilots: [{name: permits, task: binary, limits: [{name: errors, metric: error_rate, window: day, max: 0.1}]}]\ningest: {tap: true}\n") as daemon:
            paths = [path for row in re.findall(r"^\| (`/.*?) \|", table, re.MULTILINE) for path in re.findall(r"`(/[^`]*)`", row)]
            check(len(paths) > 10, f"paths: {paths}")
            for path in paths:
                if "{episode}" in path:  # there has been none
                    check_equal(daemon.get(path.replace("{episode}", "none")).status, 404, f"status of {path}")
                    continue
                for name, value in {"{pilot}": "permits", "{source}": "http", "{limit}": "errors"}.items():
                    path = path.replace(name, value)
                check_equal(daemon.get(path).status, 200, f"status of {path}")
            windows = daemon.windows("permits")
            check_equal(windows, [], "windows of a pilot without records")


if __name__ == "__main__":
    main(configuration_is_valid, web_configuration_is_valid, tables_are_complete, scripts_exist, paths_answer)
