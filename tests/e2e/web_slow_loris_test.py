#!/usr/bin/env python3
"""Slow clients: whoever sends byte by byte, or nothing, loses the place after --web.read-timeout; meanwhile others are told why."""
import select
import time

from harness import DEADLINE_S, check, check_equal, main, scratch, wait_for
from web_harness import Authority, WebDaemon, client_context, ended, read_answer

PLACES = 12
LIMITS = ("--web.read-timeout=2s", "--web.idle-timeout=1s", f"--web.max-connections={PLACES}", "--web.max-connections-per-address=0")


def drip(clients):
    """One byte a turn on each until all were answered; returns the statuses."""
    waiting = dict(enumerate(clients))
    statuses = []
    end = time.monotonic() + DEADLINE_S
    while waiting:
        check(time.monotonic() < end, f"{len(waiting)} slow clients still hold their places")
        ready, _, _ = select.select(list(waiting.values()), [], [], 0.05)
        for key, client in list(waiting.items()):
            if client in ready:
                statuses.append(read_answer(client).status)
                check(ended(client), "the connection goes on after a 408")
                del waiting[key]
            else:
                client.send(b"x")
    return statuses


def full_of_slow_clients(daemon, start, what):
    before = daemon.refusals("timeout")
    clients = [daemon.connect() for _ in range(PLACES)]
    for client in clients:
        client.sendall(start)
    # They hold every place: a newcomer is told so, not left alone.
    stranger = daemon.connect()
    answer = read_answer(stranger)
    check_equal((answer.status, answer.headers["retry-after"]), (503, "1"), "answer where all places are taken")
    check_equal(drip(clients), [408] * PLACES, f"answers to {what}")
    for client in clients:
        client.close()
    wait_for("free places", lambda: daemon.get("/metrics").status == 200
             and daemon.metrics().one("pilotwatch_http_connections") <= 2)
    check_equal(daemon.refusals("timeout") - before, PLACES, f"{what} counted")
    check(daemon.refusals("connections") >= 1, "nobody was counted for the lack of places")


def slow_headers_and_bodies():
    """headers and bodies byte by byte are answered 408"""
    with scratch() as folder, WebDaemon(folder, arguments=LIMITS) as daemon:
        full_of_slow_clients(daemon, b"GET /-/healthy HTTP/1.1\r\nX-Slow: ", "slow headers")
        full_of_slow_clients(daemon, b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{", "slow bodies")
        daemon.still_serves()


def silent_clients():
    """who never says anything, and who has said something and is idle, go without an answer"""
    with scratch() as folder, WebDaemon(folder, arguments=LIMITS) as daemon:
        silent = [daemon.connect() for _ in range(3)]
        idle = daemon.connect()
        idle.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        check_equal(read_answer(idle).status, 200, "first request of a connection")
        for client in (idle, *silent):
            check_equal(client.recv(1), b"", "an idle connection")
        daemon.still_serves()


def one_address_does_not_take_all():
    """one address holds --web.max-connections-per-address places, and no more"""
    with scratch() as folder, WebDaemon(folder, arguments=["--web.max-connections-per-address=3"]) as daemon:
        wait_for("the closing of earlier connections",
                 lambda: daemon.metrics().one("pilotwatch_http_connections") == 1)
        held = [daemon.connect() for _ in range(3)]
        check_equal(read_answer(daemon.connect()).status, 503, "answer to the fourth connection")
        for client in held:
            client.close()
        wait_for("a free place", lambda: daemon.get("/-/healthy").status == 200)
        check(daemon.refusals("address_connections") >= 1, "not counted")
        daemon.still_serves()


def slow_handshakes():
    """a handshake that is never finished ends after the same time"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n",
                       client_context(authority), arguments=LIMITS) as daemon:
            silent, started = daemon.connect(), daemon.connect()
            started.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # the head of a ClientHello
            for client in (silent, started):
                check(ended(client), "a handshake without end")
            check_equal(daemon.refusals("tls_timeout"), 2, "slow handshakes counted")
            daemon.still_serves()


if __name__ == "__main__":
    main(slow_headers_and_bodies, silent_clients, one_address_does_not_take_all, slow_handshakes)
