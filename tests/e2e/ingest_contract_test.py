# SPDX-License-Identifier: Apache-2.0
"""The contract of POST /v1/..., with curl as a client: packed bodies, dry runs, strict bodies, idempotency keys, tokens."""
import contextlib
import gzip
import json
import sqlite3
import subprocess
import threading

from harness import BINARY, Daemon, check, check_equal, main, need_programs, scratch, wait_for

CONFIG = """
pilots:
  - {name: loans, task: binary}
  - {name: taxes, task: binary}
sources:
  - {name: portal, http: true, token_file: portal.token, pilots: [loans], pilot: loans}
  - {name: open, http: true, pilots: [taxes], pilot: taxes}
"""
FEEDBACK = '{"type":"feedback","pilot":"loans","time":"2026-01-05T12:00:00Z","audience":"staff","stance":1}'


def prediction(n, pilot="loans"):
    named = f'"pilot":"{pilot}",' if pilot else ""
    return f'{{"type":"prediction",{named}"id":"{n}","time":"2026-01-05T12:00:00Z","prediction":1}}'


def curl(daemon, path, body, *arguments):
    """(status, JSON or text) of a POST by the real client."""
    run = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "--data-binary", "@-", f"http://127.0.0.1:{daemon.port}{path}",
                          *arguments], input=body if isinstance(body, bytes) else body.encode(), capture_output=True, check=True)
    text, status = run.stdout.decode().rsplit("\n", 1)
    return int(status), json.loads(text)


def received(daemon, source):
    return daemon.metrics().sum("pilotwatch_ingest_records_total", source=source)


def packed_bodies_count_like_plain_ones():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        with Daemon(folder, CONFIG + "ingest: {anonymous: true, max_body_bytes: 1MB}\n") as daemon:
            lines = "\n".join(prediction(n) for n in range(1000))
            status, answer = curl(daemon, "/v1/records", gzip.compress(lines.encode()), "-H", "Content-Encoding: gzip")
            check_equal((status, answer["accepted"]), (200, 1000), "a gzip body")
            zstd = subprocess.run(["zstd", "-q", "-c"], input=lines.encode(), capture_output=True)
            if zstd.returncode == 0:
                status, answer = curl(daemon, "/v1/records", zstd.stdout, "-H", "Content-Encoding: zstd")
                check_equal((status, answer["duplicate"]), (200, 1000), "the same as zstd")
            status, answer = curl(daemon, "/v1/records", gzip.compress(b"\n" * (2 << 20)), "-H", "Content-Encoding: gzip")
            check_equal(status, 413, "a body that unpacks to more than max_body_bytes")
            check("1048576" in answer["detail"], answer)
            status, _ = curl(daemon, "/v1/records", b"not gzip", "-H", "Content-Encoding: gzip")
            check_equal(status, 400, "a body that is no gzip")
            for empty in (b"", b"\n \r\n"):
                plain = curl(daemon, "/v1/records", empty)
                check_equal(plain[0], 400, "an empty body")
                packed = curl(daemon, "/v1/records", gzip.compress(empty), "-H", "Content-Encoding: gzip")
                check_equal(packed, plain, "an empty body in a gzip")


def dry_runs_change_nothing():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        with Daemon(folder, CONFIG + "ingest: {anonymous: true}\n") as daemon:
            status, answer = curl(daemon, "/v1/records?dry_run=1", prediction(1) + "\n{}\n" + prediction(2))
            check_equal(status, 200, "status of a dry run")
            check_equal((answer["dry_run"], answer["would_accept"], answer["rejected"]), (True, 2, 1), "counts")
            check_equal(answer["errors"][0]["line"], 2, "the line that is to blame")
            check_equal([(r["line"], r["record"]["id"]) for r in answer["records"]], [(1, "1"), (3, "2")], "records")
            check_equal(received(daemon, "http"), 0, "records received")


def strict_bodies_are_taken_whole_or_not():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        with Daemon(folder, CONFIG + "ingest: {anonymous: true}\n") as daemon:
            status, answer = curl(daemon, "/v1/records?strict=1", prediction(1) + "\n{}\n")
            check_equal((status, answer["rejected"]), (422, 1), "a strict body with a bad line")
            check_equal(answer["errors"][0]["line"], 2, "the line that is to blame")
            check_equal(received(daemon, "http"), 0, "records received")
            check_equal(daemon.metrics().one("pilotwatch_ingest_refused_requests_total", reason="strict"), 1, "counter")
            status, answer = curl(daemon, "/v1/records?strict=1", prediction(1))
            check_equal((status, answer["accepted"]), (200, 1), "a strict body without")


def an_idempotency_key_names_records_without_id():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        with Daemon(folder, CONFIG + "ingest: {anonymous: true}\n") as daemon:
            two = FEEDBACK + "\n" + FEEDBACK
            _, answer = curl(daemon, "/v1/records", two)
            check_equal((answer["accepted"], answer["duplicate"]), (1, 1), "the same twice, known by its content")
            for expected in ((2, 0), (0, 2)):
                _, answer = curl(daemon, "/v1/records", two, "-H", "Idempotency-Key: \"k-1\"")
                check_equal((answer["accepted"], answer["duplicate"]), expected, "two answers of one request, and it again")
            daemon.kill()
            daemon.start()
            _, answer = curl(daemon, "/v1/records", two, "-H", "Idempotency-Key: k-1")
            check_equal((answer["accepted"], answer["duplicate"]), (0, 2), "the same request after a crash")
            _, answer = curl(daemon, "/v1/records", two, "-H", "Idempotency-Key: k-2")
            check_equal((answer["accepted"], answer["duplicate"]), (2, 0), "another request")


def one_clients_keys_are_not_anothers():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        config = CONFIG.replace("{name: open, http: true, pilots: [taxes], pilot: taxes}", "{name: open, http: true, pilot: loans}")
        with Daemon(folder, config) as daemon:
            key = ("-H", "Idempotency-Key: batch-1")
            _, answer = curl(daemon, "/v1/records", FEEDBACK, *key, "-H", "Authorization: Bearer secret-1")
            check_equal((answer["accepted"], answer["duplicate"]), (1, 0), "the portal's")
            _, answer = curl(daemon, "/v1/records?source=open", FEEDBACK, *key)
            check_equal((answer["accepted"], answer["duplicate"]), (1, 0), "another source's of the same key")


def large_bodies_get_their_turn():
    """a body that takes longer than max_queue_time by itself is taken while small ones keep coming"""
    with scratch() as folder, Daemon(folder, "pilots: [{name: loans, task: binary}]\ningest: {max_queue_time: 1ms}\n") as daemon:
        large = "\n".join(prediction(f"l{n}") for n in range(20000))
        done = threading.Event()

        def keep_sending():
            n = 0
            while not done.is_set():
                daemon.post(prediction(f"s{n}"))
                n += 1

        small = threading.Thread(target=keep_sending)
        small.start()
        try:
            wait_for("the large body", lambda: daemon.post(large).status == 200)
        finally:
            done.set()
            small.join()
        check(received(daemon, "http") > 20000, "small ones were taken beside it")


def tokens_bind_sources_to_pilots():
    """A token is its source's, a source writes to its pilots only, and a new token needs no restart."""
    with scratch() as folder:
        token = folder / "portal.token"
        token.write_text("secret-1\n")
        with Daemon(folder, CONFIG) as daemon:
            bearer = ("-H", "Authorization: Bearer secret-1")
            status, answer = curl(daemon, "/v1/records", prediction(1, None), *bearer)
            check_equal((status, answer["accepted"]), (200, 1), "with the token, the pilot from the source")
            status, answer = curl(daemon, "/v1/records", prediction(2, "taxes") + "\n" + prediction(2), *bearer)
            check_equal((status, answer["accepted"], answer["errors"][0]["reason"]), (200, 1, "forbidden_pilot"), "another's pilot")
            status, answer = curl(daemon, "/v1/records?pilot=taxes", prediction(3, None), *bearer)
            check_equal((status, answer["errors"][0]["reason"]), (400, "forbidden_pilot"), "another's pilot in the URL")
            for wrong in (("-H", "Authorization: Bearer secret-2"), ()):
                status, answer = curl(daemon, "/v1/records", prediction(4), *wrong)
                check_equal(status, 401, f"status with {wrong}")
                check("secret" not in json.dumps(answer), "an answer repeats a token")
            check_equal(curl(daemon, "/v1/records?source=open", prediction(5, None))[0], 200, "a source that asks for no token")
            check_equal(curl(daemon, "/v1/records?source=open", prediction(5), *bearer)[0], 403, "its name with another's token")
            check_equal(curl(daemon, "/v1/records?source=nobody", prediction(6))[0], 404, "a source that is not there")
            check_equal(received(daemon, "portal"), 4, "received from the portal")

            token.write_text("secret-2\nsecret-3\n")
            wait_for("the new token", lambda: curl(daemon, "/v1/records", prediction(7),
                                                   "-H", "Authorization: Bearer secret-2")[0] == 200)
            check_equal(curl(daemon, "/v1/records", prediction(8), *bearer)[0], 401, "the old token")
            token.unlink()
            wait_for("the lost file to be noticed", lambda: daemon.metrics().one(
                "pilotwatch_ingest_token_file_failures_total") > 0
                or curl(daemon, "/v1/records", prediction(9), "-H", "Authorization: Bearer secret-3")[0] != 200)
            check_equal(curl(daemon, "/v1/records", prediction(9), "-H", "Authorization: Bearer secret-3")[0], 200,
                        "the last tokens stay in force")
            log = "\n".join(daemon.process.lines)
            check("secret-" not in log, "a token is in the log")


def rejects(daemon, *arguments):
    run = subprocess.run([BINARY, "rejects", f"--url=http://127.0.0.1:{daemon.port}", "--format=ndjson", *arguments],
                         capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def rejected_lines_are_kept_without_what_they_said():
    with scratch() as folder:
        config = "pilots: [{name: loans, task: binary, classes: [0, 1], unknown_fields: reject}]\ningest: {dead_letters: 5}\n"
        daemon = Daemon(folder, config).start()
        secret = "J. Doe, 12 Main Street"
        body = "\n".join(json.dumps(line) for line in (
            {"type": "prediction", "pilot": "loans", "id": 1, "time": "2026-01-05T12:00:00Z", "prediction": secret},
            {"type": "outcome", "pilot": secret, "id": 1, "time": "2026-01-05T12:00:00Z", "actual": 1},
            {"type": "outcome", "pilot": "loans", "id": 1, "time": "2026-01-05T12:00:00Z", "actual": 1, secret: 2},
            {"type": secret, "pilot": "loans"}))
        check_equal(curl(daemon, "/v1/records", body)[0], 400, "a body without a good line")
        daemon.kill()
        daemon.start()   # they are in the store
        letters = rejects(daemon)
        check_equal([(l["source"], l["line"], l["reason"]) for l in letters],
                    [("http", 4, "unknown_type"), ("http", 3, "unknown_field"), ("http", 2, "unknown_pilot"), ("http", 1, "unknown_class")],
                    "rejected lines, newest first")
        check(secret not in json.dumps(letters) and "Doe" not in json.dumps(letters), letters)
        check_equal([l["stream"] for l in rejects(daemon, "--reason=unknown_class")], ["predictions"], "by reason")
        check_equal(rejects(daemon, "--source=nobody"), [], "of another source")
        curl(daemon, "/v1/records", "x\n" * 7)
        check_equal([l["line"] for l in rejects(daemon)], [7, 6, 5, 4, 3], "the newest five")
        check_equal(daemon.metrics().one("pilotwatch_ingest_dead_letters"), 5, "gauge")
        curl(daemon, "/v1/records", "x\n" * 300)
        check_equal(daemon.metrics().one("pilotwatch_ingest_dead_letters_dropped_total"), 100, "beyond 200 of one body")
        store = b"".join(file.read_bytes() for file in (folder / "data").iterdir() if file.is_file())
        check(b"Doe" not in store, "the store holds what was refused")
        daemon.stop()


def what_is_kept_no_longer_goes_from_the_disk():
    """rejected lines of a run that kept their text lose it when the settings no longer ask for it"""
    with scratch() as folder:
        secret = "J. Doe 12345678"
        pilots = "pilots: [{name: loans, task: binary}]\n"
        daemon = Daemon(folder, pilots + "ingest: {dead_letter_text: true}\n").start()
        curl(daemon, "/v1/records", f'{{"type":"outcome","pilot":"{secret}"}}')
        check(secret in json.dumps(rejects(daemon)), "the line is not kept")
        daemon.stop()
        daemon.config_file.write_text(pilots)
        daemon.start()
        letter, = rejects(daemon)
        check("text" not in letter and secret not in letter["detail"], letter)
        daemon.stop()
        store = b"".join(file.read_bytes() for file in (folder / "data").iterdir() if file.is_file())
        check(secret.encode() not in store, "the store still holds the line")
        daemon.config_file.write_text(pilots + "ingest: {dead_letters: 0}\n")
        daemon.start()
        check_equal(rejects(daemon), [], "with dead_letters: 0")
        daemon.stop()


def rejected_lines_are_kept_whole_where_it_is_asked_for():
    with scratch() as folder:
        with Daemon(folder, "pilots: [{name: loans, task: binary}]\ningest: {dead_letter_text: true}\n") as daemon:
            curl(daemon, "/v1/records", '{"type":"outcome","pilot":"x y"}')
            letter, = rejects(daemon)
            check_equal(letter["text"], '{"type":"outcome","pilot":"x y"}', "the line")
            check("'x y'" in letter["detail"], letter)


def rejected_lines_of_a_mapping_are_kept_as_they_came():
    """with what the mapping made of them, if anything; over restarts, and no longer than it is asked for"""
    with scratch() as folder:
        config = "pilots: [{name: loans, task: binary}]\n"
        daemon = Daemon(folder, config + "ingest: {dead_letter_text: true}\n").start()
        table = 'type,id,time,prediction\nprediction,1,never,"no\nclass"\nprediction,2\nprediction,3,2026-01-01T00:00:00Z,1\n'
        status, answer = curl(daemon, "/v1/records?pilot=loans", table, "-H", "Content-Type: text/csv")
        check_equal((status, answer["accepted"], answer["rejected"]), (200, 1, 2), "a table")
        for _ in range(2):
            short, mapped = rejects(daemon)
            check_equal(mapped["text"], 'prediction,1,never,"no\nclass"', "the row")
            check_equal(json.loads(mapped["made"])["time"], "never", "the record made of it")
            check_equal((short["text"], "made" in short), ("prediction,2", False), "a row of which nothing was made")
            daemon.stop()
            daemon.start()
        daemon.stop()
        store, = (folder / "data").glob("*.db")
        with contextlib.closing(sqlite3.connect(store)) as database:   # as an earlier version left it
            database.execute("ALTER TABLE dead_letters DROP COLUMN made")
        daemon.start()
        check_equal(["text" in letter and "made" not in letter for letter in rejects(daemon)], [True, True], "an older store")
        curl(daemon, "/v1/records?pilot=loans", table, "-H", "Content-Type: text/csv")
        check("made" in rejects(daemon)[1], "what is kept from now on")
        daemon.stop()
        daemon.config_file.write_text(config)
        daemon.start()
        check(all("text" not in letter and "made" not in letter for letter in rejects(daemon)), "both are gone")
        daemon.stop()
        check_equal([file.name for file in (folder / "data").iterdir() if b"never" in file.read_bytes()], [], "files that hold it")


def a_tap_shows_what_becomes_of_lines():
    with scratch() as folder:
        (folder / "portal.token").write_text("secret-1\n")
        command = [BINARY, "tap", "http", "--lines=3"]
        with Daemon(folder, CONFIG + "ingest: {anonymous: true}\n") as daemon:
            run = subprocess.run([*command, f"--url=http://127.0.0.1:{daemon.port}"], capture_output=True, text=True)
            check_equal(run.returncode, 1, "exit code while ingest.tap is off")
            check("ingest.tap" in run.stderr, run.stderr)
        with Daemon(folder, CONFIG + "ingest: {anonymous: true, tap: true}\n") as daemon:
            onlooker = subprocess.Popen([*command, f"--url=http://127.0.0.1:{daemon.port}"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
            onlooker.stderr.readline()   # it looks on
            curl(daemon, "/v1/records", prediction(1) + "\nno JSON\n" + prediction(2))
            out, _ = onlooker.communicate()
            seen = [json.loads(line) for line in out.splitlines()]
            check_equal(sorted(event["line"] for event in seen), [1, 2, 3], "lines")
            check_equal([event["record"]["id"] for event in seen if "record" in event], ["1", "2"], "records")
            check_equal([event["reason"] for event in seen if "reason" in event], ["json"], "the reason of the other")
            check_equal(received(daemon, "http"), 3, "looking on changes nothing")
            # Lines are numbered as without a tap: a key with a blank line between stays the same request.
            body, key = FEEDBACK + "\n\n" + FEEDBACK, ("-H", "Idempotency-Key: k")
            check_equal(curl(daemon, "/v1/records", body, *key)[1]["accepted"], 2, "with the tap open")
            wait_for("the tap to close", lambda: "accepted" in curl(daemon, "/v1/records", body, *key)[1], deadline_s=20)
            check_equal(curl(daemon, "/v1/records", body, *key)[1]["duplicate"], 2, "again")
            status, answer = curl(daemon, "/v1/records?dry_run=1", '[' + prediction(7) + ', {"a":}]')
            check_equal((answer["would_accept"], answer["rejected"]), (0, 1), "a broken array, as it would be taken")


need_programs("curl")
main(packed_bodies_count_like_plain_ones, dry_runs_change_nothing, strict_bodies_are_taken_whole_or_not,
     an_idempotency_key_names_records_without_id, one_clients_keys_are_not_anothers,
     large_bodies_get_their_turn, what_is_kept_no_longer_goes_from_the_disk, tokens_bind_sources_to_pilots, rejected_lines_are_kept_without_what_they_said,
     rejected_lines_are_kept_whole_where_it_is_asked_for, rejected_lines_of_a_mapping_are_kept_as_they_came,
     a_tap_shows_what_becomes_of_lines)
