#!/usr/bin/env python3
"""A body larger than the limit: 413 before it is read whole, however it is announced, plain and in TLS."""
import contextlib

from harness import check, check_equal, main, scratch
from web_harness import MAX_BODY, Authority, WebDaemon, client_context, prediction, read_answer

SIZE = 30 * MAX_BODY


@contextlib.contextmanager
def plain():
    with scratch() as folder, WebDaemon(folder) as daemon:
        yield folder, daemon, ()


@contextlib.contextmanager
def tls():
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n",
                       client_context(authority)) as daemon:
            yield folder, daemon, ("--cacert", authority.certificate)


def large_bodies(daemon_of):
    with daemon_of() as (folder, daemon, trust):
        large = folder / "large"
        large.write_bytes(b"x" * SIZE)
        ways = (("--data-binary", f"@{large}", "-H", "Expect:"), ("--data-binary", f"@{large}", "-H", "Expect: 100-continue"),
                ("--data-binary", f"@{large}", "-H", "Expect:", "-H", "Transfer-Encoding: chunked"))
        for arguments in ways:
            code, status, body = daemon.curl("/v1/records", *trust, *arguments)
            check_equal((code, status), (0, 413), f"curl {arguments}: {body}")
            check(str(MAX_BODY) in body, f"the limit is not in the answer: {body}")
        check_equal(daemon.refusals("body_too_large"), len(ways), "large bodies counted")
        just_right = (prediction("edge") + "\n").encode()
        just_right += b" " * (MAX_BODY - len(just_right) - 1) + b"\n"
        check_equal(daemon.post(just_right).json["accepted"], 1, "a body of just the limit")
        check_equal(daemon.post(just_right + b"\n").status, 413, "one byte more")
        daemon.still_serves()


def in_the_clear():
    """by curl, with and without a length"""
    large_bodies(plain)


def within_tls():
    """the same, where the answer must not be overtaken by the end of the connection"""
    large_bodies(tls)


def the_announcement_is_enough():
    """a length beyond the limit is refused before one byte of the body has come"""
    with scratch() as folder, WebDaemon(folder) as daemon:
        with daemon.connect() as client:
            client.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: {10 * SIZE}\r\n\r\n".encode())
            check_equal(read_answer(client).status, 413, "answer to the announcement")
        daemon.still_serves()


if __name__ == "__main__":
    main(in_the_clear, within_tls, the_announcement_is_enough)
