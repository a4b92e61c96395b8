#!/usr/bin/env python3
"""Requests sent without waiting for answers: each is answered, in order, and each needs its password."""
from harness import check_equal, main, scratch
from web_harness import Authority, WebDaemon, basic, bcrypt, client_context, prediction, read_answer

ROUNDS = 60


def records(name, header=""):
    body = (prediction(name) + "\n").encode()
    return f"POST /v1/records HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path, header=""):
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode()


def order_is_kept(daemon, client, header=""):
    client.sendall(b"".join(records(f"r{i}", header) + get("/-/healthy", header) + records(f"r{i}", header) + get("/no", header)
                            for i in range(ROUNDS)))
    for i in range(ROUNDS):
        first, healthy, again, missing = (read_answer(client) for _ in range(4))
        check_equal((first.status, first.json["accepted"], first.json["duplicate"]), (200, 1, 0), f"first of {i}")
        check_equal((healthy.status, healthy.text), (200, "Pilotwatch is Healthy.\n"), f"second of {i}")
        check_equal((again.status, again.json["accepted"], again.json["duplicate"]), (200, 0, 1), f"third of {i}")
        check_equal(missing.status, 404, f"fourth of {i}")


def in_the_clear():
    """240 requests in one write, then one that is no HTTP"""
    with scratch() as folder, WebDaemon(folder) as daemon:
        with daemon.connect() as client:
            order_is_kept(daemon, client)
            client.sendall(get("/-/healthy") + b"no HTTP at all\r\n\r\n" + get("/-/healthy"))
            check_equal([read_answer(client).status for _ in range(2)], [200, 400], "answers around rubbish")
            check_equal(client.recv(1), b"", "what follows the rubbish")
        metrics = daemon.metrics()
        check_equal(metrics.sum("pilotwatch_ingest_accepted_records_total"), ROUNDS, "accepted")
        check_equal(metrics.sum("pilotwatch_ingest_duplicate_records_total"), ROUNDS, "duplicates")
        check_equal(daemon.refusals("bad_request"), 1, "rubbish counted")
        daemon.still_serves()


def with_passwords_in_tls():
    """a password given once on a connection does not count for the next request"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        context, right = client_context(authority), basic("alice", "secret")
        header = f"Authorization: {right['Authorization']}\r\n"
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n"
                       f"basic_auth_users: {{alice: {bcrypt('secret')}}}\n", context, right) as daemon:
            with context.wrap_socket(daemon.connect(), server_hostname="localhost") as client:
                order_is_kept(daemon, client, header)
                client.sendall(get("/-/healthy", header) + get("/-/healthy") + get("/-/healthy", header))
                check_equal([read_answer(client).status for _ in range(3)], [200, 401, 200], "with, without, with password")
            check_equal(daemon.refusals("unauthorized"), 1, "a request without password counted")
            daemon.still_serves()


if __name__ == "__main__":
    main(in_the_clear, with_passwords_in_tls)
