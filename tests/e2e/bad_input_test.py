#!/usr/bin/env python3
"""Bad input: each kind gets its documented answer and its counter, the daemon lives, and no line is unaccounted for."""
import gzip
import json
import select
import socket
import time

from harness import Daemon, check, check_equal, main, request, scratch, utc, wait_for

CONFIG = """
pilots:
  - name: p
    task: binary
    features: [{name: x, kind: numeric}]
    segments: {attributes: [g], min_n: 1}
    windows: [all]
  - name: strict
    task: binary
    unknown_fields: reject
    windows: [all]
"""

MIB = 1 << 20
sent = {"accepted": 0, "duplicate": 0, "rejected": 0}   # what the answers said, over all bodies


def good(name, **more):
    return json.dumps({"type": "prediction", "pilot": "p", "id": name, "time": utc(time.time()), "prediction": 1, **more})


def line(**more):
    return json.dumps({"type": "prediction", "pilot": "p", "id": "bad", "time": utc(time.time()), "prediction": 1, **more})


def post(daemon, body, status, **rest):
    answer = daemon.post(body, **rest)
    check_equal(answer.status, status, f"status, answer {answer.text[:300]!r}")
    if answer.headers["Content-Type"] == "application/json":
        for key in sent:
            sent[key] += answer.json[key]
    return answer


def refused_line(daemon, bad, reason, stream):
    """Alone: 400. Between good lines: 200, the good ones count. Each time the counter of its reason rises by one."""
    labels = {"source": "http", "stream": stream, "reason": reason}
    bad = bad.encode("utf-8") if isinstance(bad, str) else bad
    what = repr(bad[:80])
    before = daemon.metrics().sum("pilotwatch_ingest_rejected_records_total", **labels)
    alone = post(daemon, bad + b"\n", 400).json
    check_equal((alone["accepted"], alone["duplicate"], alone["rejected"]), (0, 0, 1), f"counts of {what}")
    check_equal((alone["errors"][0]["line"], alone["errors"][0]["reason"]), (1, reason), f"error of {what}")
    check(alone["errors"][0]["detail"], f"no detail for {what}")
    refused_line.count += 1
    first, second = good(f"a{refused_line.count}"), good(f"b{refused_line.count}")
    mixed = post(daemon, first.encode() + b"\n" + bad + b"\n" + second.encode() + b"\n", 200).json
    check_equal((mixed["accepted"], mixed["duplicate"], mixed["rejected"]), (2, 0, 1), f"counts around {what}")
    check_equal((mixed["errors"][0]["line"], mixed["errors"][0]["reason"]), (2, reason), f"error within a body of {what}")
    after = daemon.metrics().sum("pilotwatch_ingest_rejected_records_total", **labels)
    check_equal(after - before, 2, f"pilotwatch_ingest_rejected_records_total{labels}")


refused_line.count = 0


def lines_are_refused(daemon):
    now = utc(time.time())
    cases = [
        ('{"type":"prediction","pilot":"p"', "json", "unknown"),
        ("not json at all", "json", "unknown"),
        ('{"type":"prediction","pilot":"p","id":"n","time":"%s","score":NaN}' % now, "json", "unknown"),
        ('{"type":"prediction","pilot":"p","id":"n","time":"%s","score":Infinity}' % now, "json", "unknown"),
        ('{"type":"prediction","pilot":"p","id":"n","time":"%s","score":-Infinity}' % now, "number", "unknown"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "depth", "unknown"),
        (b'{"type":"prediction","pilot":"p","id":"\xff\xfe","time":"2026-01-01T00:00:00Z"}', "utf8", "unknown"),
        ('"a string"', "schema", "unknown"),
        ('{"pilot":"p","id":"1"}', "schema", "unknown"),
        (line(type="vote"), "unknown_type", "unknown"),
        (line(type=7), "schema", "unknown"),
        (line(pilot="nobody"), "unknown_pilot", "predictions"),
        (line(id=None), "schema", "predictions"),
        (line(id=["x"]), "schema", "predictions"),
        (line(id="x" * 1000), "schema", "predictions"),
        (line(prediction="maybe"), "unknown_class", "predictions"),
        (line(prediction={"0.5": 1}), "schema", "predictions"),
        (line(score="0.3"), "schema", "predictions"),
        (line(score=1.5), "number", "predictions"),
        (line(weight=0), "number", "predictions"),
        (line(weight=1.5), "number", "predictions"),
        (line(features=[1]), "schema", "predictions"),
        (line(features={"x": "text"}), "schema", "predictions"),
        (line(segments={"g": {"deep": 1}}), "schema", "predictions"),
        (line(failed="yes"), "schema", "predictions"),
        (line(latency_ms=-1), "number", "predictions"),
        (line(time="yesterday"), "time", "predictions"),
        (line(time="2026-02-30T00:00:00Z"), "time", "predictions"),
        (line(time=utc(time.time() + 86400)), "time", "predictions"),
        (line(time="1066-10-14T09:00:00Z"), "time", "predictions"),
        (line(pilot="strict", surplus=1), "unknown_field", "predictions"),
        (line(type="outcome"), "schema", "outcomes"),
        (line(type="outcome", actual="maybe"), "unknown_class", "outcomes"),
        (line(type="complaint", severity=9), "number", "complaints"),
        (line(type="complaint", prediction_id={}), "schema", "complaints"),
        (line(type="complaint_update"), "schema", "complaint_updates"),
        (line(type="complaint_update", step="lost"), "schema", "complaint_updates"),
        (line(type="complaint_update", step="decided", found_for="us"), "schema", "complaint_updates"),
        (line(type="review", final=1), "schema", "reviews"),
        (line(type="review", prediction_id="1"), "schema", "reviews"),
        (line(type="review", prediction_id="1", final="maybe"), "unknown_class", "reviews"),
        (line(type="review", prediction_id="1", final=1, opened_at="never"), "time", "reviews"),
        (line(type="review", prediction_id="1", final=1, ai_shown="no"), "schema", "reviews"),
        (line(type="review", prediction_id="1", final=1, seeded="no"), "schema", "reviews"),
        (line(type="feedback"), "schema", "feedback"),
        (line(type="feedback", audience="me"), "schema", "feedback"),
        (line(type="feedback", audience="staff", stance=7), "number", "feedback"),
        (line(type="feedback", audience="staff", value=[]), "schema", "feedback"),
        (line(type="feedback", audience="staff", pilot="strict", name="x"), "unknown_field", "feedback"),
        (line(type="change"), "schema", "changes"),
        (line(type="change", what="all"), "schema", "changes"),
        (line(type="change", what="model", announced=1), "schema", "changes"),
        ('{"id":"%s"}' % ("y" * (2 * MIB)), "line_too_long", "unknown"),
    ]
    for bad, reason, stream in cases:
        refused_line(daemon, bad, reason, stream)


def bodies_are_refused(daemon):
    def refusals(reason):
        return daemon.metrics().sum("pilotwatch_http_refused_requests_total", reason=reason)

    def answered(code):
        return daemon.metrics().sum("pilotwatch_http_requests_total", handler="ingest_records", code=str(code))

    before = answered(400)
    for body in ("", "\n\n  \n"):
        answer = post(daemon, body, 400)
        check_equal(answer.headers["Content-Type"], "application/problem+json", "type of the answer to an empty body")
    check_equal(answered(400) - before, 2, "pilotwatch_http_requests_total of empty bodies")

    before = answered(415)
    post(daemon, good("brotli"), 415, headers={"Content-Encoding": "br"})
    post(daemon, "<x/>", 415, headers={"Content-Type": "text/xml"})
    check_equal(answered(415) - before, 2, "pilotwatch_http_requests_total of what is not supported")

    def unpacking(reason):
        return daemon.metrics().sum("pilotwatch_ingest_refused_requests_total", reason=reason)

    packed = gzip.compress(good("zipped").encode())
    post(daemon, packed[:-1], 400, headers={"Content-Encoding": "gzip"})
    check_equal(unpacking("damaged"), 1, "pilotwatch_ingest_refused_requests_total of a body cut short")
    bomb = gzip.compress(b" " * (200 * MIB), 1)
    post(daemon, bomb, 413, headers={"Content-Encoding": "gzip"})
    check_equal(unpacking("unpacked_too_large"), 1, "pilotwatch_ingest_refused_requests_total of a bomb")

    before = refusals("body_too_large")
    check_equal(huge_line(daemon.port, 100 * MIB, chunked=False), 413, "status of a line of 100 MB")
    check_equal(huge_line(daemon.port, 100 * MIB, chunked=True), 413, "status of a line of 100 MB in chunks")
    check_equal(refusals("body_too_large") - before, 2, "pilotwatch_http_refused_requests_total")
    check_equal(daemon.get("/v1/records").status, 405, "status of a GET")
    check_equal(daemon.post(good("lost"), path="/v1/nowhere").status, 404, "status of a wrong path")


def huge_line(port, size, chunked):
    """Streams one line until the daemon answers; a client that sends on regardless would see only a reset."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    part = b"y" * (1 << 16)
    framed = f"{len(part):x}\r\n".encode() + part + b"\r\n" if chunked else part
    with socket.create_connection(("127.0.0.1", port), timeout=60) as s:
        s.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n{length}\r\n\r\n".encode())
        for _ in range(size // len(part)):
            if select.select([s], [], [], 0)[0]:
                break
            s.sendall(framed)
        received = b""
        while b"\r\n" not in received:
            more = s.recv(4096)
            check(more, f"the connection ended with {received!r}")
            received += more
    return int(received.split(b" ", 2)[1])


def slow_and_broken_clients(daemon):
    """A request cut off in the middle, and rubbish instead of HTTP, disturb nobody."""
    for start in (b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n" * 10):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=10) as s:
            s.sendall(start)
    check_equal(daemon.get("/-/healthy").status, 200, "/-/healthy")


def everything_is_accounted_for(daemon):
    """received = accepted + duplicate + rejected, by source and stream, and in sum what the answers said"""
    repeated = good("again")
    post(daemon, repeated, 200)
    post(daemon, repeated, 200)
    metrics = daemon.metrics()
    streams = {(labels["source"], labels["stream"]) for labels, _ in metrics.all("pilotwatch_ingest_records_total")}
    check(("http", "predictions") in streams, f"streams: {streams}")
    totals = dict.fromkeys(sent, 0)
    for source, stream in streams:
        counts = {key: metrics.sum(f"pilotwatch_ingest_{key}_records_total", source=source, stream=stream) for key in sent}
        received = metrics.one("pilotwatch_ingest_records_total", source=source, stream=stream)
        check_equal(received, sum(counts.values()), f"records received from {source}, {stream}: {counts}")
        totals = {key: totals[key] + counts[key] for key in sent}
    check_equal(totals, sent, "what /metrics counts against what the answers said")
    accepted = metrics.sum("pilotwatch_predictions_total", pilot="p")
    check_equal(accepted, sent["accepted"], "predictions counted")


def bad_input():
    """the daemon answers, counts and lives"""
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        lines_are_refused(daemon)
        bodies_are_refused(daemon)
        slow_and_broken_clients(daemon)
        everything_is_accounted_for(daemon)
        check(daemon.process.running(), "the daemon has ended")
        wait_for("/-/ready", lambda: request(daemon.port, "GET", "/-/ready").status == 200)


if __name__ == "__main__":
    main(bad_input)
