# SPDX-License-Identifier: Apache-2.0
"""Tokens of sources and passwords of people, on one listener: who has which, and that strangers send no bodies."""
import json
import socket

from harness import check, check_equal, main, request, scratch
from web_harness import WebDaemon, basic, bcrypt

CONFIG = """
pilots: [{name: p, task: binary}]
sources: [{name: portal, http: true, token_file: portal.token, pilots: [p], pilot: p}]
"""
RECORD = json.dumps({"type": "outcome", "id": 1, "time": "2026-01-05T12:00:00Z", "actual": 1}).encode()


class Portal(WebDaemon):
    def __init__(self, folder, *arguments, **named):
        super().__init__(folder, *arguments, **named)
        self.config_file.write_text(CONFIG, encoding="utf-8")
        (folder / "portal.token").write_text("token-1\n")


def send(daemon, **headers):
    return request(daemon.port, "POST", "/v1/records", RECORD, headers)


def header_only(daemon, *headers):
    """The status line of the answer to a request whose body is announced and never sent."""
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as client:
        lines = ["POST /v1/records HTTP/1.1", "Host: x", "Content-Length: 900000", *headers]
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return client.makefile("rb").readline().decode().strip()


def a_token_needs_no_password_and_a_password_no_token():
    with scratch() as folder:
        right = basic("alice", "secret")
        with Portal(folder, f"basic_auth_users: {{alice: {bcrypt('secret')}}}\n", headers=right) as daemon:
            check_equal(send(daemon, Authorization="Bearer token-1").status, 200, "the source's token")
            check_equal(send(daemon, Authorization="Bearer token-2").status, 401, "another token")
            check_equal(send(daemon).status, 401, "nothing")
            answer = send(daemon, **right)
            check_equal(answer.status, 401, "a password where a source asks for its token")
            check_equal(daemon.get("/-/healthy").status, 200, "a password elsewhere")
            check_equal(request(daemon.port, "GET", "/metrics", headers={"Authorization": "Bearer token-1"}).status, 401,
                        "a token where a password is asked for")
            metrics = daemon.metrics()
            check_equal(metrics.sum("pilotwatch_ingest_records_total", source="portal"), 1, "records received")


def strangers_send_no_bodies():
    with scratch() as folder, Portal(folder) as daemon:
        check("401" in header_only(daemon), "no token")
        check("401" in header_only(daemon, "Authorization: Bearer token-2"), "a wrong token")
        check("401" in header_only(daemon, "Expect: 100-continue"), "no token, asking first")
        check("100" in header_only(daemon, "Authorization: Bearer token-1", "Expect: 100-continue"), "the right one, asking first")


main(a_token_needs_no_password_and_a_password_no_token, strangers_send_no_bodies)
