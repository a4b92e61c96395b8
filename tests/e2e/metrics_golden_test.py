#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every metric by name, type, unit, labels and help: tests/metrics.golden.tsv, dashboards/metrics.md and a live scrape agree.

UPDATE_GOLDEN=1 writes both from the scrape. Two daemons are exercised so that every family has series: the five pilots of the demo, with all
else that a configuration can have, and one whose figures have been built again after retention.
"""
import http.server
import json
import os
import re
import subprocess
import threading

from dns_harness import NameServer
from harness import SOURCE, Daemon, check, check_equal, main, need_programs, pilotwatch, scratch, wait_for
from web_harness import Authority, WebDaemon, client_context
from webhook_harness import secret_file

GOLDEN = SOURCE / "tests" / "metrics.golden.tsv"
PAGE = SOURCE / "dashboards" / "metrics.md"
UNITS = {"seconds": "seconds", "bytes": "bytes", "ratio": "ratio, 1 = all"}
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)


def unit_of(name):
    base = re.sub(r"(_total|_lower|_upper|_info)$", "", name)
    if base.endswith("timestamp_seconds"):
        return "seconds since 1970"
    return UNITS.get(base.rsplit("_", 1)[-1], "")


def families(text):
    """name -> (type, unit, labels, help) of an exposition; `le` is the histogram's own."""
    kinds, helps, labels = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kinds[name] = line.split(" ")
        elif line.startswith("# HELP "):
            _, _, name, helps[name] = line.split(" ", 3)
        else:
            name, rest = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            owner = name if name in kinds else base
            labels.setdefault(owner, set()).update(set(re.findall(r'(\w+)="', rest or "")) - {"le"})
    return {name: [kinds[name], unit_of(name), labels[name], helps[name]] for name in kinds}


def merge(into, found):
    for name, (kind, unit, labels, text) in found.items():
        if name in into:
            check_equal((kind, text), (into[name][0], into[name][3]), f"type and help of {name}")
            into[name][2] |= labels
        else:
            into[name] = [kind, unit, set(labels), text]


class Taken(http.server.BaseHTTPRequestHandler):
    """An Alertmanager that takes everything."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


QUANTILES = """
  - {name: rota, task: quantile, clock: event, windows: [day], segments: {attributes: [site], min_n: 1}}
"""
SIDE = "2026-01-06T10:00:00Z"


def side_records():
    """What the simulator does not send: reviews, feedback, changes, quantiles."""
    for i in range(60):
        yield {"type": "prediction", "pilot": "fraud", "id": f"side-{i}", "time": SIDE, "prediction": i % 2, "score": 0.1 + 0.8 * (i % 2)}
        yield {"type": "outcome", "pilot": "fraud", "id": f"side-{i}", "time": SIDE, "actual": i % 2}
        yield {"type": "review", "pilot": "fraud", "prediction_id": f"side-{i}", "time": SIDE, "opened_at": "2026-01-06T09:59:00Z",
               "final": i % 3 % 2, "seeded": i % 5 == 0}
        yield {"type": "complaint", "pilot": "fraud", "id": f"complaint-{i}", "time": SIDE, "prediction_id": f"side-{i}", "severity": 3, "category": "rude"}
        yield {"type": "complaint_update", "pilot": "fraud", "id": f"complaint-{i}", "time": SIDE, "step": "decided", "found_for": "person"}
        yield {"type": "feedback", "pilot": "fraud", "audience": ["staff", "public"][i % 2], "time": SIDE, "id": f"feedback-{i}", "stance": 1}
        yield {"type": "prediction", "pilot": "rota", "id": str(i), "time": SIDE, "segments": {"site": "north"},
               "prediction": {"0.05": 1, "0.25": 2, "0.5": 3, "0.75": 4, "0.95": 5}}
        yield {"type": "outcome", "pilot": "rota", "id": str(i), "time": SIDE, "actual": i % 6}
    yield {"type": "change", "pilot": "fraud", "what": "model", "time": SIDE, "to": "9"}


def demo_config(target, dns):
    text = (SOURCE / "config" / "demo.yml").read_text(encoding="utf-8").replace("http://127.0.0.1:9093", f"http://127.0.0.1:{target}")
    hook = f'{{name: ops, url: "http://127.0.0.1:{target}", secret_files: [hook.secret], allow_networks: [127.0.0.0/8]}}'
    text, there = re.subn(r"^notify:\n", f"notify:\n  dns_servers: ['{dns}']\n  webhooks: [{hook}]\n", text, flags=re.MULTILINE)
    check_equal(there, 1, "notify in demo.yml")
    text, there = re.subn(r"^( *- )(\{url: .*\})$", rf"\1\2\n\1{{dns: am.test., type: A, port: {target}}}", text, flags=re.MULTILINE)
    check_equal(there, 1, "alertmanagers in demo.yml")
    return text.rstrip("\n") + QUANTILES + "sources: [{name: log, file: log.ndjson, pilot: routing}]\nstorage: {max_bytes: 1GB}\n"


def scrape_of_the_demo(folder):
    taken = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taken)
    threading.Thread(target=taken.serve_forever, daemon=True).start()
    records = folder / "records.ndjson"
    done = pilotwatch("simulate", "--out", records, "--days", "62", "--decisions-per-day", "60")
    check_equal(done.returncode, 0, done.stderr)
    (folder / "log.ndjson").write_text('{"type":"prediction","id":"tail","time":"2026-01-05T01:00:00Z","prediction":"taxes","private":1}\n')
    secret_file(folder)
    with NameServer() as dns, Daemon(folder, demo_config(taken.server_address[1], dns.server)) as daemon:
        dns.records = {("am.test", "A"): ["127.0.0.1"]}
        daemon.send(json.dumps(record) for record in side_records())
        daemon.send(records.read_text(encoding="utf-8").splitlines())
        wait_for("the file to be read", lambda: daemon.metrics().sum("pilotwatch_ingest_records_total", source="log") == 1)
        wait_for("a notification", lambda: daemon.metrics().all("pilotwatch_notifications_last_success_timestamp_seconds"))
        wait_for("a look-up", lambda: daemon.metrics().all("pilotwatch_dns_last_success_timestamp_seconds"))
        wait_for("an event", lambda: daemon.metrics().all("pilotwatch_webhook_last_success_timestamp_seconds"))
        pause = json.dumps({"for": "31d", "reason": "so that its end is there", "author": "a test"})
        check_equal(daemon.post(pause, "/api/v1/pilots/fraud/pause", {"Content-Type": "application/json"}).status, 200, "a pause")
        wait_for("an evaluation", lambda: daemon.metrics().all("pilotwatch_evaluation_last_success_timestamp_seconds"))
        body = daemon.get("/metrics").text
    taken.shutdown()
    taken.server_close()
    return body


def scrape_after_a_rebuild(folder):
    """Behind TLS, and with figures that begin where retention has left off."""
    text = ("storage: {{checkpoint_interval: 100ms, retention: 1s}}\nevaluation: {{interval: 100ms}}\n"
            "pilots: [{{name: p, task: binary, clock: event, windows: {windows}}}]\n")
    with Daemon(folder, text.format(windows="[day]")) as daemon:
        ids = iter(range(10_000))

        def forgotten():
            """What came after them lets old entries go."""
            daemon.send([{"type": "prediction", "pilot": "p", "id": str(next(ids)), "time": SIDE, "prediction": 1}])
            return daemon.metrics().sum("pilotwatch_store_forgotten_entries_total") >= 1

        wait_for("the first record to be forgotten", forgotten)
    authority = Authority(folder)
    certificate, key = authority.issue("server")
    web = f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n"
    again = WebDaemon(folder, web, client_context(authority))
    again.config_file.write_text(text.format(windows="[day, week]"), encoding="utf-8")
    with again as daemon:
        return daemon.get("/metrics").text


def table(found):
    out = ("# Metrics\n\nEvery family of `/metrics`. A family is there once it has a series; labels that are empty are left out. How counters differ from "
           "figures of\ncohorts, and what the figures are: [README](../README.md#metrics).\n\n| metric | type | unit | labels | what |\n|---|---|---|---|---|\n")
    for name, (kind, unit, labels, text) in sorted(found.items()):
        out += f"| `{name}` | {kind} | {unit} | {', '.join(f'`{label}`' for label in sorted(labels))} | {text.replace('|', chr(92) + '|')} |\n"
    return out


def lines(found):
    return "".join("\t".join([name, kind, unit, ",".join(sorted(labels)), text]) + "\n" for name, (kind, unit, labels, text) in sorted(found.items()))


def list_page_and_scrape_agree():
    need_programs("promtool", "openssl")
    found = {}
    for scrape in (scrape_of_the_demo, scrape_after_a_rebuild):
        with scratch() as folder:
            body = scrape(folder)
            done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True, check=False)
            check_equal((done.returncode, done.stdout + done.stderr), (0, ""), "promtool check metrics")
            merge(found, families(body))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(lines(found), encoding="utf-8")
        PAGE.write_text(table(found), encoding="utf-8")
    golden, live = GOLDEN.read_text(encoding="utf-8").splitlines(), lines(found).splitlines()
    check_equal([line for line in live if line not in golden], [], "in the scrape, not in tests/metrics.golden.tsv (UPDATE_GOLDEN=1 writes it)")
    check_equal([line for line in golden if line not in live], [], "in tests/metrics.golden.tsv, not in the scrape")
    check_equal(PAGE.read_text(encoding="utf-8"), table(found), "dashboards/metrics.md")
    print(f"    {len(found)} families")


# Figures that have no interval (README): their families can never have a series.
NEVER = {f"pilotwatch_{figure}_{side}" for figure in ("mean_absolute_error", "mean_error", "staff_stance", "public_stance") for side in ("lower", "upper")}


def list_has_what_the_code_writes():
    """no family of the metrics room is missing"""
    named = {name for file in (SOURCE / "daemon" / "sinks").glob("metrics*.cc")
             for name in re.findall(r'"((?:pilotwatch|process)_\w+)"', file.read_text(encoding="utf-8"))}
    golden = {line.split("\t")[0] for line in GOLDEN.read_text(encoding="utf-8").splitlines()}
    check_equal(sorted(named ^ golden), sorted(NEVER), "families in one of both only")


def dashboards_and_rules_keep_to_the_list():
    """what dashboards, rules and runbooks ask for is in the golden list"""
    known = set()
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        name, kind = line.split("\t")[:2]
        known |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    folder = SOURCE / "dashboards"
    files = [*folder.glob("*.json"), *folder.glob("rules/*.yml"), *folder.glob("runbooks/*.md")]
    check(len(files) > 50, f"only {len(files)} files")
    for file in files:
        text = "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
        text = re.sub(r"\w+:\w+:\w+", "", text)   # recorded
        for name in set(re.findall(r"\b(?:pilotwatch|process)_\w+", text)):
            check(name in known, f"{file.name}: {name} is not in tests/metrics.golden.tsv")


if __name__ == "__main__":
    main(list_page_and_scrape_agree, list_has_what_the_code_writes, dashboards_and_rules_keep_to_the_list)
