# SPDX-License-Identifier: Apache-2.0
"""The contract of POST /v1/..., with curl as a client: packed bodies, dry runs, strict bodies, idempotency keys, tokens."""
import gzip
import json
import subprocess

from harness import Daemon, check, check_equal, main, need_programs, scratch, wait_for

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


need_programs("curl")
main(packed_bodies_count_like_plain_ones, dry_runs_change_nothing, strict_bodies_are_taken_whole_or_not,
     an_idempotency_key_names_records_without_id, tokens_bind_sources_to_pilots)
