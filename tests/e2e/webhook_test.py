# SPDX-License-Identifier: Apache-2.0
"""Webhooks: verified by the official library, retried, disabled, and the same id after kill -9."""
import json
import time

from harness import SOURCE, Daemon, check, check_equal, main, need_modules, need_programs, pilotwatch, scratch, skip, wait_for
from web_harness import Authority
from webhook_harness import CLIENTS, NEW_SECRET, OLD_SECRET, Receiver, config, day, hook, secret_file, verified


def failures(daemon, reason, webhook="ops"):
    return daemon.metrics().one("pilotwatch_webhook_failures_total", webhook=webhook, reason=reason)


def deliveries(daemon, **query):
    return daemon.api("webhooks/deliveries", **query)


def official_library_verifies():
    """breach and end in both forms; another key or another byte is refused; two keys at a time"""
    with scratch() as folder, Receiver() as plain, Receiver() as events:
        secret_file(folder)
        secret_file(folder, "new.secret", NEW_SECRET)
        hooks = (hook(plain.port), hook(events.port, "events", format="cloudevents", secret_files=["new.secret", "hook.secret"]))
        with Daemon(folder, config(*hooks), ["--log.level=debug"]) as daemon:
            daemon.send(day(1, wrong=25))
            daemon.send(day(2, wrong=0))
            requests, as_events = plain.wait(2), events.wait(2)
            answers = verified(requests)
            check(all(answer["verified"] for answer in answers), f"not verified: {answers}")
            check_equal([answer["payload"]["type"] for answer in answers], ["limit.breach", "limit.resolved"], "types")
            data = answers[0]["payload"]["data"]
            check_equal((data["pilot"], data["limit"], data["to"], data["severity"], data["labels"]),
                        ("p", "errors", "breach", "critical", {"site": "e2e"}), "the breach")
            check_equal(data["episode"], answers[1]["payload"]["data"]["episode"], "the episode")
            check_equal([headers["content-type"] for headers, _, _ in requests], ["application/json"] * 2, "content types")
            for answer in verified(requests, NEW_SECRET):
                check_equal(answer["verified"], False, "another key")
            headers, body, when = requests[0]
            check_equal(verified([(headers, body.replace(b'"breach"', b'"Breach"'), when)])[0]["verified"], False, "another byte")
            for secret in (OLD_SECRET, NEW_SECRET):
                found = verified(as_events, secret)
                check(all(answer["verified"] for answer in found), f"two keys: {found}")
            event = json.loads(as_events[0][1])
            check_equal(as_events[0][0]["content-type"], "application/cloudevents+json", "content type")
            check_equal((event["specversion"], event["type"], event["id"]),
                        ("1.0", "io.pilotwatch.limit.breach.v1", as_events[0][0]["webhook-id"]), "the CloudEvent")
            check_equal(events.ids(), plain.ids(), "ids")
            wait_for("both to be done", lambda: daemon.metrics().sum("pilotwatch_webhook_events_sent_total") == 4)
            check_equal(daemon.metrics().sum("pilotwatch_webhook_queue_length"), 0, "queue")
            log = deliveries(daemon, webhook="ops")
            check_equal([(d["type"], d["state"], d["attempts"], d["status"]) for d in log],
                        [("limit.resolved", "delivered", 1, 204), ("limit.breach", "delivered", 1, 204)], "delivery log")
            check_equal(len(deliveries(daemon, limit=1)), 1, "bounded")
            for bad in ("limit=0", "limit=1001", "x=1"):
                check_equal(daemon.get("/api/v1/webhooks/deliveries?" + bad).status, 400, bad)
            check_equal(daemon.get("/api/v1/webhooks/deliveries?webhook=no").status, 404, "unknown webhook")


def killed_between_sending_and_noting():
    """kill -9 while the receiver has the event and has not answered: it comes again, under the same id"""
    with scratch() as folder, Receiver(lambda number, _: None if number == 0 else (200, {})) as receiver:
        secret_file(folder)
        daemon = Daemon(folder, config(hook(receiver.port, timeout="60s"))).start()
        daemon.send(day(1, wrong=25))
        receiver.wait(1)
        daemon.kill()
        daemon.start()
        first, second = receiver.wait(2)[:2]
        check_equal(second[0]["webhook-id"], first[0]["webhook-id"], "id after the kill")
        check_equal(second[1], first[1], "body after the kill")
        wait_for("it to be done", lambda: deliveries(daemon)[0]["state"] == "delivered")
        # Once more: the tail of the journal is replayed, and adds nothing.
        daemon.kill()
        daemon.start()
        daemon.send(day(2, wrong=0))
        requests = receiver.wait(3)
        check_equal([json.loads(body)["type"] for _, body, _ in requests], ["limit.breach", "limit.breach", "limit.resolved"], "events")
        check_equal(len(deliveries(daemon)), 2, "rows of the log")
        daemon.stop()


def disabled_by_410():
    """410 disables, over a restart; `alert enable` ends it"""
    with scratch() as folder, Receiver(lambda number, _: (410, {}) if number == 0 else (200, {})) as receiver:
        secret_file(folder)
        daemon = Daemon(folder, config(hook(receiver.port))).start()
        daemon.send(day(1, wrong=25))
        wait_for("it to be disabled", lambda: daemon.metrics().one("pilotwatch_webhook_disabled", webhook="ops") == 1)
        daemon.stop()
        daemon.start()
        check_equal(daemon.api("webhooks")[0]["state"], "disabled", "state after a restart")
        daemon.send(day(2, wrong=0))
        wait_for("the event to be dropped", lambda: len(deliveries(daemon)) == 2)
        check_equal([d["state"] for d in deliveries(daemon)], ["disabled"] * 2, "states")
        check_equal(daemon.metrics().one("pilotwatch_webhook_events_dropped_total", webhook="ops", reason="disabled"), 1, "dropped")
        url = f"http://127.0.0.1:{daemon.port}"
        check_equal(pilotwatch("alert", "enable", "nobody", "--url", url).returncode, 1, "alert enable of another")
        done = pilotwatch("alert", "enable", "ops", "--url", url)
        check_equal((done.returncode, done.stdout), (0, "webhook ops is enabled\n"), f"alert enable {done.stderr}")
        daemon.send(day(3, wrong=25))
        check_equal(json.loads(receiver.wait(2)[1][1])["type"], "limit.breach", "the event after it")
        check_equal(daemon.metrics().one("pilotwatch_webhook_disabled", webhook="ops"), 0, "disabled")
        daemon.stop()


def taken_out_while_its_receiver_is_down():
    """what waits is given up by the reload that takes it out, counted and said; one of that name later gets what comes from then on"""
    with scratch() as folder, Receiver(lambda *_: (500, {})) as down, Receiver() as up:
        secret_file(folder)
        dead, other = hook(down.port, name="dead", retries=["1h"]), hook(up.port)
        daemon = Daemon(folder, config(dead, other), arguments=["--web.enable-lifecycle"]).start()
        for number in range(1, 7):
            daemon.send(day(number, wrong=25 if number % 2 else 0))
        down.wait(6)
        up.wait(6)
        wait_for("all attempts to be noted", lambda: [d["attempts"] for d in deliveries(daemon, webhook="dead")] == [1] * 6)

        def reload(text):
            reloads = daemon.metrics().sum("pilotwatch_config_reloads_total", result="success")
            daemon.config_file.write_text(text, encoding="utf-8")
            daemon.process.hang_up()
            wait_for("the reload", lambda: daemon.get("/-/ready").status == 200
                     and daemon.metrics().sum("pilotwatch_config_reloads_total", result="success") == reloads + 1)

        def states(webhook):
            return [d["state"] for d in deliveries(daemon) if d["webhook"] == webhook]   # one that is not configured cannot be asked for

        reload(config(other))
        wait_for("them to be given up", lambda: states("dead") == ["removed"] * 6)
        check_equal(daemon.metrics().one("pilotwatch_webhook_events_dropped_total", webhook="dead", reason="removed"), 6, "dropped")
        check(daemon.process.find_line(r"not in the settings any more.*webhook=dead events=6"), "it is not said")
        check_equal(states("ops"), ["delivered"] * 6, "another's")

        reload(config(hook(up.port, name="dead"), other))
        daemon.send(day(7, wrong=25))
        check_equal(sorted(h["webhook-id"] == up.requests[-1][0]["webhook-id"] for h, _, _ in up.wait(8)[6:]), [True, True], "what comes from then on")
        check_equal(states("dead")[1:], ["removed"] * 6, "what was given up")

        reload(config())
        check_equal(daemon.metrics().all("pilotwatch_webhook_events_dropped_total"), [], "nothing waited")
        daemon.stop()


def damaged_while_the_daemon_was_stopped():
    """what a damaged page of the outbox took is in the log and the metrics of the start that meets it; the rest waits"""
    with scratch() as folder, Receiver(lambda *_: (500, {})) as down:
        secret_file(folder)
        daemon = Daemon(folder, config(hook(down.port, retries=["1h"]))).start()
        for number in range(1, 25):
            daemon.send(day(number, wrong=25 if number % 2 else 0))
        down.wait(24)
        wait_for("all attempts to be noted", lambda: [d["attempts"] for d in deliveries(daemon)] == [1] * 24)
        daemon.stop()
        store = daemon.folder / "data" / "pilotwatch.db"
        bytes_of = store.read_bytes()
        leaves = [n for n in range(0, len(bytes_of), 4096) if bytes_of[n] == 13 and b'"limit.breach"' in bytes_of[n:n + 4096]]
        check(len(leaves) > 2, f"leaves with events: {leaves}")
        with open(store, "r+b") as file:
            file.seek(leaves[-1])
            file.write(b"x" * 4096)
        with daemon:
            lost = 24 - len(deliveries(daemon))
            check(0 < lost < 24, f"{lost} are gone")
            wait_for("it to be counted", lambda: daemon.metrics().one("pilotwatch_webhook_events_dropped_total", webhook="ops", reason="damaged") == lost)
            check(daemon.process.find_line(rf'the outbox of webhooks was damaged in the store.*lost="ops {lost}"'), "it is not said")


def asked_to_wait():
    """429 and 503 with Retry-After: not before that, and the same id"""
    def answer(number, _):
        return [(429, {"Retry-After": "1"}), (503, {"Retry-After": "1"}), (200, {})][min(number, 2)]
    with scratch() as folder, Receiver(answer) as receiver:
        secret_file(folder)
        with Daemon(folder, config(hook(receiver.port))) as daemon:
            daemon.send(day(1, wrong=25))
            requests = receiver.wait(3)
            pauses = [later[2] - earlier[2] for earlier, later in zip(requests, requests[1:])]
            check(all(pause >= 0.9 for pause in pauses), f"pauses: {pauses}")
            check_equal(len(set(receiver.ids())), 1, "ids")
            wait_for("it to be done", lambda: deliveries(daemon)[0]["state"] == "delivered")
            check_equal((failures(daemon, "throttled"), deliveries(daemon)[0]["attempts"]), (2, 3), "throttled, attempts")


def a_redirect_is_a_failure():
    """and is not followed; after the last attempt the event is given up"""
    with scratch() as folder, Receiver() as target:
        with Receiver(lambda *_: (307, {"Location": f"http://127.0.0.1:{target.port}/"})) as receiver:
            secret_file(folder)
            with Daemon(folder, config(hook(receiver.port, retries=["10ms", "10ms"]))) as daemon:
                daemon.send(day(1, wrong=25))
                wait_for("it to be given up", lambda: (deliveries(daemon) or [{}])[0].get("state") == "exhausted")
                check_equal((len(receiver.requests), len(target.requests)), (3, 0), "requests")
                check_equal((failures(daemon, "http_3xx"), deliveries(daemon)[0]["error"]), (3, "HTTP 307"), "failures, error")
                check_equal(daemon.metrics().one("pilotwatch_webhook_events_dropped_total", reason="exhausted"), 1, "given up")


def a_receiver_that_hangs():
    """holds nobody: another webhook and the daemon go on, and stopping takes no longer than the grace"""
    with scratch() as folder, Receiver(lambda *_: None) as stuck, Receiver() as well:
        secret_file(folder)
        with Daemon(folder, config(hook(stuck.port, "stuck", timeout="300ms"), hook(well.port, "well"))) as daemon:
            daemon.send(day(1, wrong=25))
            well.wait(1)
            wait_for("timeouts", lambda: failures(daemon, "timeout", "stuck") >= 2)
            check_equal(daemon.metrics().one("pilotwatch_webhook_queue_length", webhook="stuck"), 1, "queue")
            check(daemon.metrics().one("pilotwatch_webhook_oldest_age_seconds", webhook="stuck") > 0, "age")
            began = time.monotonic()
        check(time.monotonic() - began < 20, "the stop took too long")


def addresses_and_certificates():
    """private addresses by number or by name are refused unless allowed; a certificate must be known"""
    with scratch() as folder:
        secret_file(folder)
        authority = Authority(folder)
        with Receiver() as plain, Receiver(tls=authority.issue("server")) as tls:
            hooks = (hook(plain.port, "number", allow_networks=[]), hook(plain.port, "name", host="localhost", allow_networks=[]),
                     hook(plain.port, "mapped", host="[::ffff:127.0.0.1]", allow_networks=["10.0.0.0/8"]),
                     hook(tls.port, "stranger", scheme="https"), hook(tls.port, "known", scheme="https", ca_file="ca.crt"))
            with Daemon(folder, config(*hooks)) as daemon:
                daemon.send(day(1, wrong=25))
                tls.wait(1)
                for name in ("number", "name", "mapped"):
                    wait_for(f"{name} to be refused", lambda: failures(daemon, "address_refused", name) >= 1)
                wait_for("the certificate to be refused", lambda: failures(daemon, "tls", "stranger") >= 1)
                wait_for("the known one", lambda: daemon.metrics().one("pilotwatch_webhook_events_sent_total", webhook="known") == 1)
                check_equal((len(plain.requests), len(tls.requests)), (0, 1), "requests")


def bodies_keep_to_the_schema():
    """what is sent, and the golden files, are what the published schema says; what lacks a member is not"""
    jsonschema = need_modules("jsonschema")
    with scratch() as folder, Receiver() as plain, Receiver() as events:
        secret_file(folder)
        every = {"events": ["breach", "resolved", "no_data", "state"]}
        with Daemon(folder, config(hook(plain.port, **every), hook(events.port, "events", format="cloudevents", **every))) as daemon:
            validator = jsonschema.Draft202012Validator(daemon.get("/api/v1/schema/webhook").json)
            daemon.send(day(1, wrong=25))
            daemon.send(day(2, wrong=0))
            bodies = [json.loads(body) for _, body, _ in plain.wait(2) + events.wait(2)]
    bodies += [json.loads(file.read_text(encoding="utf-8")) for file in (SOURCE / "tests" / "sinks" / "golden").glob("webhook_*.json")]
    check(len(bodies) >= 9, f"only {len(bodies)} bodies")
    for body in bodies:
        check_equal([error.message for error in validator.iter_errors(body)], [], f"errors in {body}")
        for member in list(body["data"]):
            less = {**body, "data": {name: value for name, value in body["data"].items() if name != member}}
            check(not validator.is_valid(less), f"valid without {member}: {less}")


def alert_commands():
    """`alert test` tells each and says what it answered; `alert list` says what fires"""
    with scratch() as folder, Receiver() as well, Receiver(lambda *_: (500, {})) as ill:
        secret_file(folder)
        file = folder / "test.yml"
        file.write_text(config(hook(well.port, "well")), encoding="utf-8")
        done = pilotwatch("alert", "test", "--config.file", file)
        check(done.returncode == 0 and "webhook well: taken, HTTP 204" in done.stdout, f"alert test: {done}")
        check_equal(verified(well.requests)[0]["payload"]["type"], "test", "the test")
        file.write_text(config(hook(well.port, "well"), hook(ill.port, "ill"), hook(1, "none")), encoding="utf-8")
        done = pilotwatch("alert", "test", "--config.file", file)
        check_equal(done.returncode, 1, "exit code")
        check("webhook ill: NOT taken, HTTP 500" in done.stdout and "webhook none: NOT taken, " in done.stdout, done.stdout)
        check_equal(pilotwatch("alert", "test", "well", "--config.file", file).returncode, 0, "only one")
        check_equal(pilotwatch("alert", "test", "nobody", "--config.file", file).returncode, 2, "nobody")
        with Daemon(folder, config(hook(well.port, "well"))) as daemon:
            url = f"http://127.0.0.1:{daemon.port}"
            check_equal(pilotwatch("alert", "list", "--url", url).stdout, "nothing fires\n", "alert list")
            daemon.send(day(1, wrong=25))
            done = pilotwatch("alert", "list", "--url", url)
            check(done.returncode == 0 and "critical  p/errors" in done.stdout, f"alert list: {done}")
            line = pilotwatch("alert", "list", "--format", "ndjson", "--url", url).stdout
            check_equal(json.loads(line)["labels"]["limit"], "errors", "alert list as ndjson")


def secrets_must_be_ours():
    """a start with a secret that others can read says so"""
    with scratch() as folder, Receiver() as receiver:
        secret_file(folder, mode=0o644)
        daemon = Daemon(folder, config(hook(receiver.port)))
        daemon.launch()
        check(daemon.process.find_line(r"webhook ops: .*hook\.secret: can be read by others"), daemon.process.tail())
        check(daemon.process.stop() == 1, "exit code")


if __name__ == "__main__":
    need_programs("node", "openssl")
    if not (CLIENTS / "node_modules" / "standardwebhooks").exists():
        skip("the test clients are not installed (packaging/install.sh --test)")
    main(official_library_verifies, killed_between_sending_and_noting, disabled_by_410, taken_out_while_its_receiver_is_down,
         damaged_while_the_daemon_was_stopped, asked_to_wait, a_redirect_is_a_failure, a_receiver_that_hangs,
         bodies_keep_to_the_schema, addresses_and_certificates, alert_commands, secrets_must_be_ours)
