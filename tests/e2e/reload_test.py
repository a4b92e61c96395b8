"""Reload: what changed is said and in force, what did not goes on, a bad file changes nothing, nothing is lost meanwhile."""
import http.client
import json
import pathlib
import socket
import threading
import time

from harness import (Daemon, check, check_equal, environment_number, main, request, scratch, wait_for)

CONFIG = """
pilots:
  - name: permits
    task: binary
    clock: event
    windows: [day]
    outcome_horizon: 1h
    limits:
      - {name: errors, metric: error_rate, max: 0.2, window: day}
      - {name: volume, metric: volume, min: 1, window: day}
%s"""
MORE = "      - {name: more, metric: failure_rate, max: %s, window: day, evidence: interval}\n"
BAD = CONFIG % "      - {name: more, metric: failure_rat, max: 0.1, window: day}\n"


def predictions(first, count):
    return [{"type": "prediction", "pilot": "permits", "id": f"d{i}", "time": f"2026-03-0{1 + i // 40 % 5}T0{i % 10}:00:00Z",
             "prediction": i % 2, "score": (i % 10) / 10} for i in range(first, first + count)]


def reload(daemon):
    return request(daemon.port, "POST", "/-/reload", body=b"")


def written(daemon, text):
    daemon.config_file.write_text(text, encoding="utf-8")


def state(daemon, name):
    """Of a limit: all that /explain says but when it was asked."""
    answer = daemon.api("pilots/permits/limits")
    return [limit for limit in answer["limits"] if limit["limit"] == name]


def reloaded(daemon):
    return daemon.metrics().sum("pilotwatch_config_reloads_total", result="success")


def test_change_is_said_and_in_force():
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle"]) as daemon:
        daemon.send(predictions(0, 100))
        port, before = daemon.port, state(daemon, "errors")
        written(daemon, CONFIG % (MORE % 0.1))
        answer = reload(daemon)
        check_equal(answer.status, 200, "status")
        changes = answer.json["data"]["changes"]
        check_equal([(c["path"], c["before"]) for c in changes], [("pilots[permits].limits[more]", None)], "what differs")
        wait_for("the new configuration", lambda: reloaded(daemon) == 1)
        check_equal(daemon.port, port, "the port")
        check_equal(len(state(daemon, "more")), 1, "the new limit")
        check_equal(state(daemon, "errors"), before, "a limit that is as it was")
        written(daemon, CONFIG % (MORE % 0.3))
        changes = reload(daemon).json["data"]["changes"]
        check_equal(changes, [{"path": "pilots[permits].limits[more].max", "before": "0.1", "after": "0.3"}], "a change")
        wait_for("the second", lambda: reloaded(daemon) == 2)
        written(daemon, CONFIG % "")
        changes = reload(daemon).json["data"]["changes"]
        check_equal([(c["path"], c["after"]) for c in changes], [("pilots[permits].limits[more]", None)], "what is gone")
        wait_for("the third", lambda: reloaded(daemon) == 3)
        check_equal(daemon.send(predictions(0, 100)), (0, 100), "records from before are known")


def test_bad_file_changes_nothing_and_is_loud():
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle"]) as daemon:
        written(daemon, BAD)
        answer = reload(daemon)
        check_equal(answer.status, 400, "status")
        check("pilotwatch.yml:" in answer.json["error"] and "failure_rat" in answer.json["error"], answer.text)
        metrics = daemon.metrics()
        check_equal(metrics.one("pilotwatch_config_last_reload_successful"), 0, "told as a metric")
        check_equal(metrics.sum("pilotwatch_config_reloads_total", result="failure"), 1, "counted")
        check("could not be reloaded" in daemon.get("/").text, "told on the page")
        daemon.process.find_line("the configuration stays as it was")
        check_equal(len(state(daemon, "errors")), 1, "limits in force")
        written(daemon, CONFIG % "")  # as it was: nothing to do, and all is well again
        check_equal(reload(daemon).json["data"]["changes"], [], "nothing differs")
        check_equal(daemon.metrics().one("pilotwatch_config_last_reload_successful"), 1, "told as a metric")
        check("could not be reloaded" not in daemon.get("/").text, "the page")


def test_signal_and_looks_at_the_file():
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--config.auto-reload-interval=100ms"]) as daemon:
        check_equal(reload(daemon).status, 403, "/-/reload without --web.enable-lifecycle")
        written(daemon, CONFIG % (MORE % 0.1))
        wait_for("what the file says now", lambda: reloaded(daemon) == 1)
        written(daemon, BAD)
        wait_for("the bad file", lambda: daemon.metrics().sum("pilotwatch_config_reloads_total", result="failure") == 1)
    with scratch() as folder, Daemon(folder, CONFIG % "") as daemon:
        written(daemon, CONFIG % (MORE % 0.1))
        daemon.process.hang_up()
        wait_for("what the file says now", lambda: reloaded(daemon) == 1)
        daemon.process.find_line(r"changed.*limits\[more\]")


def test_what_cannot_begin_is_taken_back():
    with scratch() as folder, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"--otlp.listen-address=127.0.0.1:{taken.getsockname()[1]}"
        with Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle", address]) as daemon:
            daemon.send(predictions(0, 100))
            written(daemon, "sources: [{name: traces, otlp: true}]\n" + CONFIG % "")
            check_equal(reload(daemon).status, 200, "the file itself is sound")
            wait_for("the old configuration", lambda: daemon.metrics().sum("pilotwatch_config_reloads_total", result="failure") == 1)
            check_equal(daemon.metrics().one("pilotwatch_config_last_reload_successful"), 0, "told")
            wait_for("/-/ready", lambda: daemon.get("/-/ready").status == 200)
            check_equal(daemon.send(predictions(0, 100)), (0, 100), "records from before are known")


def test_changed_reference_changes_nothing():
    with scratch() as folder:
        reference = pathlib.Path(folder) / "reference.ndjson"
        rows = [dict(p, features={"age": i % 50}) for i, p in enumerate(predictions(0, 200))]
        reference.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        text = (CONFIG % "").replace("    windows: [day]", "    windows: [day]\n    features: [{name: age, kind: numeric}]\n"
                                     "    reference: {file: reference.ndjson}")
        with Daemon(folder, text, arguments=["--web.enable-lifecycle"]) as daemon:
            reference.write_text("".join(json.dumps(row) + "\n" for row in rows[:150]), encoding="utf-8")
            written(daemon, text.replace("max: 0.2", "max: 0.3"))
            answer = reload(daemon)
            check_equal(answer.status, 400, "status")
            check("has changed since it was frozen" in answer.text, answer.text)
            check_equal(daemon.send(predictions(0, 10)), (10, 0), "goes on")


def test_store_that_is_gone_for_a_while_ends_nothing():
    """Neither the new nor the old settings can begin: it is tried again"""
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle"]) as daemon:
        daemon.send(predictions(0, 100))
        lock, aside = folder / "data" / "lock", folder / "aside"
        lock.rename(aside)
        lock.mkdir()
        written(daemon, CONFIG % (MORE % 0.1))
        daemon.process.hang_up()
        check(daemon.process.find_line("cannot begin again"), "the daemon ended")
        lock.rmdir()
        aside.rename(lock)
        wait_for("the old settings", lambda: daemon.get("/-/ready").status == 200)
        check_equal(daemon.metrics().one("pilotwatch_config_last_reload_successful"), 0, "told")
        check_equal(state(daemon, "more"), [], "the new settings")
        check_equal(daemon.send(predictions(0, 100)), (0, 100), "records from before are known")


def test_stopping_daemon_is_not_ended_by_a_hang_up():
    """with an Alertmanager that does not answer, so that the stop takes its time"""
    with scratch() as folder, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        notify = f"notify: {{watchdog: true, alertmanagers: [{{url: 'http://127.0.0.1:{silent.getsockname()[1]}'}}]}}\n"
        daemon = Daemon(folder, "evaluation: {interval: 100ms}\n" + notify + CONFIG % "").start()
        connection, _ = silent.accept()   # an alert is under way
        daemon.process.terminate()
        daemon.process.find_line("stopping")
        daemon.process.hang_up()

        def refused():
            try:
                socket.create_connection(("127.0.0.1", daemon.port), timeout=5).close()
            except ConnectionRefusedError:
                return True
            return False
        wait_for("who connects to be refused", refused, deadline_s=4)  # and not to wait for a daemon that never comes
        check(daemon.process.running(), "the stop takes its time")
        check_equal(daemon.process.wait(), 0, "exit code")
        connection.close()


def format_max(i):
    return f"{0.1 + i / 100:.12g}"


def test_many_ask_at_once():
    """and one that has connected and says nothing: nobody waits for it"""
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle"]) as daemon:
        for i in range(5):
            written(daemon, CONFIG % (MORE % format_max(i)))
            with socket.create_connection(("127.0.0.1", daemon.port)):
                statuses = []

                def ask_until_answered():
                    answer = wait_for("an answer", lambda: (lambda a: a if a.status != 503 else None)(reload(daemon)))
                    statuses.append(answer.status)
                threads = [threading.Thread(target=ask_until_answered) for _ in range(12)]
                started = time.monotonic()
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                took = time.monotonic() - started
            check_equal(statuses, [200] * 12, "everybody is answered")
            wait_for("what was asked for to be in force", lambda: state(daemon, "more")[0]["definition"]["max"] == format_max(i))
            check(took < 2, f"took {took} s")
        print(f"12 at once: the last took {took:.2f} s")


class Sender(threading.Thread):
    """Sends batches until it is told to end; what was not acknowledged is sent again."""

    def __init__(self, daemon):
        super().__init__()
        self.daemon_, self.ends, self.sent, self.again, self.failure = daemon, threading.Event(), 0, 0, None

    def run(self):
        while not self.ends.is_set():
            batch = "\n".join(json.dumps(p) for p in predictions(self.sent, 20)) + "\n"
            try:
                answer = request(self.daemon_.port, "POST", "/v1/records", batch.encode(), {"Content-Type": "application/x-ndjson"})
            except (http.client.RemoteDisconnected, ConnectionResetError):  # accepted by the one that went
                self.again += 1
                continue
            except OSError as error:
                self.failure = error
                return
            if answer.status in (429, 503):
                self.again += 1
                continue
            if answer.status != 200:
                self.failure = answer.text
                return
            self.sent += 20


def test_reloads_under_load():
    """PILOTWATCH_RELOADS of them, half of them bad files"""
    count = environment_number("PILOTWATCH_RELOADS", 20)
    with scratch() as folder, Daemon(folder, CONFIG % "", arguments=["--web.enable-lifecycle"]) as daemon:
        daemon.send(predictions(0, 200))
        before = state(daemon, "errors")
        sender = Sender(daemon)
        sender.sent = 200
        sender.start()
        sizes, good = [], 0
        try:
            for i in range(count):
                bad = i % 2 == 1
                written(daemon, BAD if bad else CONFIG % (MORE % (0.1 + i / 1e4)))
                check_equal(reload(daemon).status, 400 if bad else 200, f"reload {i}")
                good += 0 if bad else 1
                wait_for("it to be over", lambda: reloaded(daemon) == good)
                metrics = daemon.metrics()
                sizes.append(metrics.one("process_resident_memory_bytes") - metrics.one("pilotwatch_decisions_memory_bytes"))
        finally:
            sender.ends.set()
            sender.join()
        check(sender.failure is None, f"a sender was turned away: {sender.failure!r}")
        check(sender.sent > 200, "something was sent meanwhile")
        row = daemon.api("pilots")[0]
        check_equal(row["counters"]["predictions"], sender.sent, "each acknowledged record, once")
        check_equal([limit["since"] for limit in state(daemon, "errors")], [limit["since"] for limit in before], "a limit as it was")
        late = sizes[len(sizes) // 2:]
        print(f"{count} reloads, {sender.sent} records, {sender.again} times sent again, {sizes[0] / 1e6:.1f}, later {min(late) / 1e6:.1f} to {max(late) / 1e6:.1f} MB without decisions")
        if count >= 200:
            check(max(late) < 1.1 * min(late) + 4e6, f"memory grows: {sizes[::len(sizes) // 50]}")


main(test_change_is_said_and_in_force, test_bad_file_changes_nothing_and_is_loud, test_signal_and_looks_at_the_file,
     test_what_cannot_begin_is_taken_back, test_changed_reference_changes_nothing, test_store_that_is_gone_for_a_while_ends_nothing,
     test_stopping_daemon_is_not_ended_by_a_hang_up, test_many_ask_at_once, test_reloads_under_load)
