#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prometheus rules and their runbooks: complete, tested by promtool, and with commands that work against the daemon."""
import json
import re
import shlex
import shutil
import subprocess

from harness import BINARY, SOURCE, Daemon, check, check_equal, main, need_modules, need_programs, pilotwatch, scratch

yaml = need_modules("yaml")

RULES = SOURCE / "dashboards" / "rules"
RUNBOOKS = SOURCE / "dashboards" / "runbooks"
RUNBOOK_URL = "file:///usr/share/pilotwatch/dashboards/runbooks/"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
HERE = "http://127.0.0.1:9464"


def rule_files():
    return sorted(RULES.glob("*.rules.yml"))


def test_files():
    return sorted(RULES.glob("*.rules.test.yml"))


def rules(kind):
    return [rule for file in rule_files() for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
            if kind in rule]


def severity_of(rule):
    """None: that of the limit."""
    severity = rule["labels"]["severity"]
    return None if "{{" in severity else severity


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)


def promtool(*arguments, **more):
    done = run("promtool", *arguments, **more)
    check_equal(done.returncode, 0, f"promtool {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")


def pages():
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(RUNBOOKS.glob("*.md"))}


def blocks(page, language):
    return [line for block in re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL) for line in block.splitlines()]


def promtool_is_content():
    """`promtool check rules` and `test rules` have nothing to say"""
    promtool("check", "rules", "--lint-fatal", *rule_files())
    for file in test_files():
        promtool("test", "rules", file.name, cwd=RULES)


def rules_load_where_they_are_installed():
    """the example for Prometheus names them all by its glob"""
    example = (SOURCE / "dashboards" / "provisioning" / "prometheus.yml").read_text(encoding="utf-8")
    with scratch() as folder:
        shutil.copytree(SOURCE / "dashboards", folder / "dashboards")
        config = folder / "prometheus.yml"
        config.write_text(example.replace("/usr/share/pilotwatch", str(folder)), encoding="utf-8")
        done = run("promtool", "check", "config", config)
        check_equal(done.returncode, 0, f"promtool check config: {done.stdout}{done.stderr}")
        check(f"SUCCESS: {len(rule_files())} rule files found" in done.stdout, done.stdout)


def alerts_say_what_to_do():
    """every alert has a severity, a time, a sentence, a description with its value, and its page"""
    for rule in rules("alert"):
        name, notes = rule["alert"], rule["annotations"]
        check(name.startswith("Pilotwatch"), f"{name}: should begin with Pilotwatch")
        check(severity_of(rule) in (None, "critical", "warning", "info"), f"{name}: severity {rule['labels']}")
        check(rule.get("for"), f"{name}: has no `for`")
        check(notes["summary"].endswith(".") and "{{" not in notes["summary"], f"{name}: the summary is one sentence that does not change")
        # A state is 1 or 0, and no value; where there is one behind it, the description asks for it.
        state = re.search(r"== [01]$", rule["expr"].strip()) or rule["expr"].startswith("absent(")
        check(state or "$value" in notes["description"], f"{name}: the description does not say the value")
        check(notes["description"].endswith(".") and notes["description"].count(". ") >= 1, f"{name}: the description says what is and what to do")
        check_equal(notes["runbook_url"], f"{RUNBOOK_URL}{name}.md", f"runbook_url of {name}")


def records_are_named_by_convention():
    """level:metric:operations, and grouped by `without`"""
    for rule in rules("record"):
        check(re.fullmatch(r"[a-z]+(_[a-z]+)*:pilotwatch_\w+:[a-z0-9_]+", rule["record"]), f"{rule['record']}: not level:metric:operations")
        check("sum by" not in rule["expr"] and "max by" not in rule["expr"], f"{rule['record']}: says `by`")


def every_rule_has_tests():
    """each alert and severity fires in one test and does not in another; each record has an expected value"""
    fires, silent, values = set(), set(), ""
    for file in test_files():
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                severities = {alert["exp_labels"]["severity"] for alert in case.get("exp_alerts", [])}
                fires |= {(case["alertname"], severity) for severity in severities}
                silent |= {(case["alertname"], severity) for severity in {"critical", "warning", "info"} - severities}
            values += " ".join(case["expr"] for case in test.get("promql_expr_test", [])) + " "
    for rule in rules("alert"):
        wanted = ["critical", "warning"] if severity_of(rule) is None else [severity_of(rule)]
        for severity in wanted:
            check((rule["alert"], severity) in fires, f"no test in which {rule['alert']} fires as {severity}")
            check((rule["alert"], severity) in silent, f"no test in which {rule['alert']} does not fire as {severity}")
    for rule in rules("record"):
        check(re.search(re.escape(rule["record"]) + r"(?!\w)", values), f"no test of {rule['record']}")


def alerts_and_pages_belong_together():
    """a page for each alert, an alert for each page, all sections, links that lead somewhere"""
    severities = {}
    for rule in rules("alert"):
        severities.setdefault(rule["alert"], []).append(f"{severity_of(rule) or 'own'} after {rule['for']}")
    check_equal(sorted(pages()), sorted(severities), "pages and alerts")
    for name, page in pages().items():
        check(page.startswith(f"# {name}\n"), f"{name}: other title")
        check_equal(re.findall(r"^## (.*)$", page, re.MULTILINE), SECTIONS, f"sections of {name}")
        check(blocks(page, "promql") or blocks(page, "sh"), f"{name}: no command")
        head = page.split("\n\n")[1].replace("`", "")
        for severity in severities[name]:
            check(severity in head, f"{name}: does not say {severity!r}")
        for target in re.findall(r"\]\(([^)]*)\)", page):
            check((RUNBOOKS / target).exists(), f"{name}: link to {target}")


def options_of(words):
    """Subcommand and its options as --help names them, or None."""
    for depth in (2, 1):
        subcommand = words[:depth]
        done = pilotwatch(*subcommand, "--help")
        if len(subcommand) == depth and done.returncode == 0 and not subcommand[-1].startswith("-"):
            return depth, set(re.findall(r"--[a-z.-]+", done.stdout))
    return None


def commands_exist():
    """every `pilotwatch ...` in a page is a subcommand with its options"""
    known = {}
    for name, page in pages().items():
        inline = re.findall(r"`(pilotwatch [^`]*)`", page)
        for command in blocks(page, "sh") + [" ".join(text.split()) for text in inline]:
            words = shlex.split(command)
            if words[0] != "pilotwatch":
                continue
            key = tuple(word for word in words[1:3] if re.fullmatch("[a-z-]+", word) and not word.startswith("-"))
            if key not in known:
                known[key] = options_of(words[1:])
            check(known[key], f"{name}: no subcommand {command!r}")
            _, options = known[key]
            for word in words[1:]:
                check(not word.startswith("--") or word in options, f"{name}: no option {word} in {command!r}")


CONFIG = """
evaluation: {interval: 200ms}
pilots:
  - {name: permits, task: binary, clock: event, limits: [{name: errors, metric: error_rate, window: day, max: 0.1}]}
sources:
  - {name: permits-log, file: permits.ndjson, pilot: permits}
"""


def filled_in(text, daemon, folder):
    """The words that stand for the reader's own."""
    return (text.replace(HERE, f"http://127.0.0.1:{daemon.port}").replace("PILOT", "permits").replace("SOURCE", "permits-log")
            .replace(" data", f" {daemon.folder / 'data'}").replace("--to DIR", f"--to {folder / 'backup'}")
            .replace("pilotwatch.yml", str(daemon.config_file)))


def commands_work():
    """what the pages have in `sh` for curl and pilotwatch is run against a daemon"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        daemon.post('{"type":"prediction","pilot":"permits","id":"1","time":"2026-03-01T08:00:00Z","prediction":1}\nnot JSON\n')
        lines = sorted({line for page in pages().values() for line in blocks(page, "sh")})
        ran = 0
        for line in lines:
            words = shlex.split(filled_in(line, daemon, folder))
            if words[0] == "curl" and HERE in line:
                done = run(*words, "-w", r"\n%{http_code}")
                check(re.search(r"\b200\W*$", done.stdout), f"{line}: {done.stdout[-300:]}")
            elif words[0] == "pilotwatch" and words[2] != "web-config":
                if words[1] == "rejects" or words[1:3] == ["alert", "list"]:
                    words += ["--url", f"http://127.0.0.1:{daemon.port}"]
                done = run(BINARY, *words[1:])
                check_equal(done.returncode, 0, f"{line}: {done.stdout}{done.stderr}")
            elif words[0] in ("ls", "df"):
                check_equal(run(*words).returncode, 0, line)
            else:
                check(words[0] in ("systemctl", "journalctl", "timedatectl", "promtool", "curl") or words[2] == "web-config", f"{line}: not known")
                continue
            ran += 1
        check(ran > 10, f"only {ran} commands were run")
        print(f"    {ran} of {len(lines)} different commands")


def queries_parse():
    """what the pages have in `promql` parses"""
    with scratch() as folder:
        queries = sorted({line for page in pages().values() for line in blocks(page, "promql")})
        file = folder / "queries.yml"
        file.write_text(json.dumps({"groups": [{"name": "queries", "rules": [
            {"record": f"runbook:query{number}:test", "expr": query} for number, query in enumerate(queries)]}]}), encoding="utf-8")
        promtool("check", "rules", file)


if __name__ == "__main__":
    need_programs("promtool", "curl")
    main(promtool_is_content, rules_load_where_they_are_installed, alerts_say_what_to_do, records_are_named_by_convention,
         every_rule_has_tests, alerts_and_pages_belong_together, commands_exist, queries_parse, commands_work)
