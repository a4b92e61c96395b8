#!/usr/bin/env python3
"""Clients that vanish in the middle of a body, by a close or a reset: nothing of it counts, and nothing of them stays."""
import socket
import struct

from harness import check_equal, main, scratch, wait_for
from web_harness import Authority, WebDaemon, client_context, prediction

RESET = struct.pack("ii", 1, 0)   # SO_LINGER: close() sends a reset


def vanish(daemon, wrap, polite):
    """Half a body with whole records in it, from many clients, most of them gone by a reset."""
    whole = "".join(prediction(f"lost-{i}") + "\n" for i in range(200)).encode()
    for turn in range(40):
        client = wrap(daemon.connect())
        length = f"Content-Length: {2 * len(whole)}" if turn % 2 else "Transfer-Encoding: chunked"
        framed = whole if turn % 2 else f"{len(whole):x}\r\n".encode() + whole + b"\r\n"
        client.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode() + framed)
        if turn % 4:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.close()
    wait_for("the end of the connections", lambda: daemon.metrics().one("pilotwatch_http_connections") == 1)
    metrics = daemon.metrics()
    check_equal(metrics.sum("pilotwatch_ingest_records_total"), 0, "records of bodies that never came whole")
    check_equal(metrics.sum("pilotwatch_http_requests_total", handler="ingest_records", code="200"), 0, "bodies taken")
    # Who closes in order may still read; in TLS an end that TLS was not told of is no end of a request.
    check_equal(daemon.refusals("bad_request"), polite, "requests cut short by who still listened")
    daemon.still_serves()
    check_equal(daemon.metrics().sum("pilotwatch_ingest_accepted_records_total"), 1, "records of a whole body")


def in_the_clear():
    """closed and reset"""
    with scratch() as folder, WebDaemon(folder) as daemon:
        vanish(daemon, lambda client: client, polite=10)


def within_tls():
    """without TLS being told"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        context = client_context(authority)
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n",
                       context) as daemon:
            vanish(daemon, lambda client: context.wrap_socket(client, server_hostname="localhost"), polite=0)


if __name__ == "__main__":
    main(in_the_clear, within_tls)
