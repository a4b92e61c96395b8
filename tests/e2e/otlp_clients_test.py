# SPDX-License-Identifier: Apache-2.0
"""The official OpenTelemetry SDK for JavaScript exports 10,000 records by OTLP/HTTP, JSON and protobuf, logs and traces."""
import json
import os
import subprocess

from harness import SOURCE, Daemon, check, check_equal, main, need_programs, request, scratch, skip, wait_for

CLIENTS = SOURCE.resolve() / ".build" / "clients"
CONFIG = """
pilots:
  - {name: chatbot, task: generative, lateness: 1h, outcome_horizon: 1h, windows: [day],
     features: [{name: input_tokens, kind: numeric}, {name: output_tokens, kind: numeric}]}
sources:
  - {name: agents, otlp: true, token_file: agents.token, pilots: [chatbot], pilot: chatbot, preset: otel-genai}
"""
TOKEN = "agents-1"
COUNT = 10_000


class Receiver(Daemon):
    """A daemon with an OTLP listener whose port stays the same over restarts."""

    def __init__(self, folder):
        super().__init__(folder, CONFIG)
        (folder / "agents.token").write_text(TOKEN + "\n")
        self.otlp_port = 0

    def start(self, wait_ready=True):
        self.arguments = [f"--otlp.listen-address=127.0.0.1:{self.otlp_port}"]
        super().start(wait_ready)
        self.otlp_port = int(self.process.find_line(r'msg="Listening for OTLP" .*address=127\.0\.0\.1:(\d+)')[1])
        return self

    def counts(self, stream):
        """(accepted, duplicate, rejected)"""
        metrics = self.metrics()
        return tuple(int(metrics.sum(f"pilotwatch_ingest_{what}_records_total", source="agents", stream=stream))
                     for what in ("accepted", "duplicate", "rejected"))


def export(daemon, signal, form, token=TOKEN, count=COUNT, batch=500):
    return subprocess.Popen(["node", SOURCE / "tests" / "clients" / "otlp.js", signal, form,
                             f"http://127.0.0.1:{daemon.otlp_port}", str(count), str(batch), token],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "CLIENTS": str(CLIENTS)})


def finish(client):
    out, errors = client.communicate(timeout=300)
    check_equal(client.returncode, 0, f"exit code of the client; {errors.decode()[-1000:]}")
    return json.loads(out)


def logs_arrive(form):
    with scratch() as folder, Receiver(folder) as daemon:
        finish(export(daemon, "logs", form))
        check_equal(daemon.counts("predictions"), (COUNT, 0, 0), "predictions accepted, duplicate, rejected")
        check_equal(daemon.counts("outcomes"), (COUNT // 2, 0, 0), "outcomes")
        check_equal(daemon.metrics().sum("pilotwatch_ingest_ignored_records_total", source="agents"), 0, "ignored")
        check_equal(daemon.metrics().sum("pilotwatch_outcomes_matched_total", pilot="chatbot")
                    or daemon.api("pilots")[0]["counters"]["outcomes_matched"], COUNT // 2, "outcomes matched")
        # The same once more: every record is known.
        finish(export(daemon, "logs", form))
        check_equal(daemon.counts("predictions"), (COUNT, COUNT, 0), "predictions after a repeat")


def logs_by_json():
    logs_arrive("json")


def logs_by_protobuf():
    logs_arrive("proto")


def spans_by_json_and_protobuf():
    for form in ("json", "proto"):
        with scratch() as folder, Receiver(folder) as daemon:
            finish(export(daemon, "traces", form))
            check_equal(daemon.counts("predictions"), (COUNT, 0, 0), f"predictions by {form}")


def a_restart_in_the_middle_loses_nothing():
    with scratch() as folder:
        daemon = Receiver(folder).start()
        for kill in (True, False):
            client = export(daemon, "logs", "proto", batch=100)
            before = daemon.counts("predictions")
            wait_for("some records", lambda: sum(daemon.counts("predictions")) > sum(before))
            daemon.kill() if kill else daemon.stop()
            daemon.start()
            finish(client)
            accepted, _, rejected = daemon.counts("predictions")
            check_equal((accepted, rejected), (COUNT, 0), "predictions accepted once")
            check_equal(daemon.counts("outcomes")[0], COUNT // 2, "outcomes accepted once")
        daemon.stop()


def refusals_are_as_the_specification_says():
    """a Status in the form of the request; a partial success where records are refused"""
    with scratch() as folder, Receiver(folder) as daemon:
        def post(body, kind="application/json", path="/v1/logs", token=TOKEN, **headers):
            return request(daemon.otlp_port, "POST", path, body, {"Content-Type": kind, "Authorization": f"Bearer {token}", **headers})

        check_equal(post(b"{}", token="wrong").status, 401, "a wrong token")
        check_equal(post(b"{}", kind="text/plain").status, 415, "another type")
        answer = post(b"no JSON")
        check_equal((answer.status, answer.headers["Content-Type"]), (400, "application/json"), "a body that is no JSON")
        check_equal(answer.json["code"], 3, "INVALID_ARGUMENT")
        answer = post(b"\xff\xff", kind="application/x-protobuf")
        check_equal((answer.status, answer.headers["Content-Type"]), (400, "application/x-protobuf"), "a body that is no protobuf")
        answer = post(b"{}")
        check_equal((answer.status, answer.json), (200, {}), "nothing in it")
        event = {"eventName": "gen_ai.client.inference.operation.details", "timeUnixNano": "1767614400000000000",
                 "attributes": [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]}
        other = {"timeUnixNano": "1767614400000000000", "body": {"stringValue": "something else"}}
        body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [event, other]}]}]}
        answer = post(json.dumps(body).encode())
        check_equal(answer.status, 200, "status of a partial success")
        partial = answer.json["partialSuccess"]
        check_equal(partial["rejectedLogRecords"], "1", "an inference that no id names")
        check("record 1" in partial["errorMessage"], partial)
        check_equal(daemon.metrics().sum("pilotwatch_ingest_ignored_records_total", source="agents"), 1, "a log line about something else")
        check_equal(post(b"{}", path="/v1/metrics").status, 404, "metrics are not taken")


need_programs("node")
if not (CLIENTS / "node_modules").exists():
    skip("the test clients are not installed (packaging/install.sh --test)")
main(logs_by_json, logs_by_protobuf, spans_by_json_and_protobuf, a_restart_in_the_middle_loses_nothing,
     refusals_are_as_the_specification_says)
