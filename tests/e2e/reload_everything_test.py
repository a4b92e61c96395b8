# SPDX-License-Identifier: Apache-2.0
"""A reload with all that a daemon can have: TLS and passwords, a file that is followed, a webhook that is down, a pause, an acknowledgement."""
import json

from harness import check, check_equal, main, scratch, wait_for
from web_harness import Authority, WebDaemon, basic, bcrypt, client_context
from webhook_harness import Receiver, config, day, hook, secret_file

FILE = "sources: [{name: log, file: followed.ndjson, pilot: p}]\n"
RIGHT = basic("alice", "secret")


def line(number):
    return json.dumps({"type": "prediction", "id": f"file-{number}", "time": "2026-03-01T00:00:30Z", "prediction": 1}) + "\n"


def reload(daemon, text):
    """Asks for it, and waits until the daemon that follows has said that it is one."""
    before = daemon.metrics().sum("pilotwatch_config_reloads_total", result="success")
    daemon.config_file.write_text(text, encoding="utf-8")
    answer = daemon.post("", "/-/reload")
    check_equal(answer.status, 200, f"reload: {answer.text}")
    wait_for("the reload", lambda: daemon.metrics().sum("pilotwatch_config_reloads_total", result="success") == before + 1)
    return answer.json["data"]["changes"]


def from_file(daemon):
    metrics = daemon.metrics()
    return [metrics.sum(f"pilotwatch_ingest_{kind}_records_total", source="log") for kind in ("accepted", "duplicate")]


def everything_goes_on():
    """no line of the file is read twice or missed, the webhook gets each event once and under its first id, TLS and passwords stay"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        web = f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\nbasic_auth_users: {{alice: {bcrypt('secret')}}}\n"
        secret_file(folder)
        followed = folder / "followed.ndjson"
        followed.write_text("".join(line(i) for i in range(10)), encoding="utf-8")
        up = []
        with Receiver(lambda *_: (204, {}) if up else (503, {})) as receiver:
            text = config(hook(receiver.port)) + FILE
            daemon = WebDaemon(folder, web, client_context(authority), RIGHT, ["--web.enable-lifecycle"])
            daemon.config_file.write_text(text, encoding="utf-8")
            with daemon:
                wait_for("the file", lambda: from_file(daemon) == [10, 0])
                daemon.send(day(1, wrong=25))
                receiver.wait(1)   # refused, and tried again
                episode = daemon.limits("p")["errors"]["episode"]
                head = {"Content-Type": "application/json"}
                check_equal(daemon.post('{"for": "2h", "reason": "why"}', "/api/v1/pilots/p/pause", head).status, 200, "pause")
                check_equal(daemon.post('{"note": "seen"}', f"/api/v1/episodes/{episode}/acknowledge", head).status, 200, "acknowledge")
                pauses, seen = daemon.api("pauses"), daemon.api("acknowledgements")
                with open(followed, "a", encoding="utf-8") as file:
                    file.write(line(10) + line(11)[:20])   # half a line is under way while it reloads
                wait_for("the line", lambda: from_file(daemon) == [11, 0])
                changes = reload(daemon, text.replace("min_n: 30", "min_n: 31"))
                check_equal([c["path"] for c in changes], ["pilots[p].limits[errors].min_n"], "what differs")
                with open(followed, "a", encoding="utf-8") as file:
                    file.write(line(11)[20:] + line(12))
                wait_for("the rest of the file", lambda: from_file(daemon)[0] == 13)
                check_equal(from_file(daemon), [13, 0], "lines of the file")
                check_equal((daemon.api("pauses"), daemon.api("acknowledgements")), (pauses, seen), "what people decided")
                check_equal(daemon.ask("GET", "/api/v1/pauses").status, 401, "without a password")
                up.append(True)
                wait_for("the webhook to be done", lambda: daemon.metrics().sum("pilotwatch_webhook_queue_length") == 0)
                answered = [json.loads(body)["type"] for _, body, _ in receiver.requests]
                check("limit.breach" in answered, f"events: {answered}")
                ids = {headers["webhook-id"] for headers, body, _ in receiver.requests if json.loads(body)["type"] == "limit.breach"}
                check_equal(len(ids), 1, "ids of the breach")
                taken = [d for d in daemon.api("webhooks/deliveries") if d["type"] == "limit.breach"]
                check_equal([d["state"] for d in taken], ["delivered"], "deliveries of the breach")


main(everything_goes_on)
