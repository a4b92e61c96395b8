#!/usr/bin/env python3
"""What is not TLS on a TLS port, and TLS that is too old: ended and counted, never a crash."""
import os
import random
import subprocess

from harness import check, check_equal, environment_number, main, need_programs, scratch, wait_for
from web_harness import Authority, WebDaemon, client_context, ended

SEED = environment_number("PILOTWATCH_SEED", int.from_bytes(os.urandom(4), "big"))
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(32)) + b"\x00"


def secured(folder, rest=""):
    authority = Authority(folder)
    certificate, key = authority.issue("server")
    return WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}{rest}}}\n",
                     client_context(authority))


def not_tls():
    """plain HTTP, random bytes, records that lie about their length"""
    with scratch() as folder, secured(folder) as daemon:
        print(f"    seed {SEED}")
        chance = random.Random(SEED)
        rubbish = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 5000, b"\x16\x03\x01\xff\xff" + b"\x01" * 70000,
                   b"\x16\x03\x01\x00\x00" * 100, b"\x15\x03\x01\x00\x02\x02\x28", b"\x80\x2e\x01\x00\x02" + b"\x00" * 50]
        rubbish += [chance.randbytes(chance.randrange(600, 3000)) for _ in range(60)]
        for content in rubbish:
            with daemon.connect() as client:
                try:
                    client.sendall(content)
                    client.shutdown(1)
                except ConnectionError:
                    pass  # it has seen enough
                check(ended(client), f"a connection that goes on after {content[:20]!r}")
        check_equal(daemon.refusals("tls_handshake"), len(rubbish), "rubbish counted")
        daemon.still_serves()


def plain_http():
    """is told in plain words"""
    with scratch() as folder, secured(folder) as daemon:
        with daemon.connect() as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
        check(answer.startswith(b"HTTP/1.0 400 ") and b"HTTPS" in answer, f"answer: {answer!r}")
        check_equal(daemon.refusals("tls_handshake"), 1, "counted")
        daemon.still_serves()


def broken_handshakes():
    """ClientHellos cut at every length, and with wrong bits"""
    with scratch() as folder, secured(folder) as daemon:
        chance = random.Random(SEED)
        count = 0
        for length in range(1, len(HELLO), 3):
            with daemon.connect() as client:
                client.sendall(HELLO[:length])
            count += 1
        for _ in range(60):
            changed = bytearray(HELLO)
            changed[chance.randrange(5, len(changed))] ^= 1 << chance.randrange(8)
            with daemon.connect() as client:
                client.sendall(bytes(changed))
            count += 1
        with daemon.connect():
            pass  # who only looks whether the port is open breaks nothing
        daemon.still_serves()
        wait_for("all to be counted", lambda: daemon.refusals("tls_handshake") >= count)
        check_equal(daemon.refusals("tls_handshake"), count, "broken handshakes counted")


def versions_and_ciphers():
    """as the file has them, by openssl s_client"""
    need_programs("openssl")
    with scratch() as folder, secured(folder, ", min_version: TLS13") as daemon:
        def connects(*arguments):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{daemon.port}", *arguments], input="",
                                  capture_output=True, encoding="utf-8", check=False, timeout=60)
            return done.returncode == 0 and "Cipher is (NONE)" not in done.stdout

        check(connects("-tls1_3"), "TLS 1.3")
        check(not connects("-tls1_2"), "TLS 1.2 below min_version")
        check_equal(daemon.refusals("tls_handshake"), 1, "too old, counted")
        daemon.still_serves()
    with scratch() as folder, secured(
            folder, ", max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384], curve_preferences: [CurveP384]"
    ) as daemon:
        check(connects("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), "the cipher suite that is listed")
        check(not connects("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"), "another cipher suite")
        check(not connects("-tls1_2", "-curves", "P-256"), "another curve")
        check(not connects("-tls1_3"), "TLS 1.3 above max_version")
        check_equal(daemon.refusals("tls_handshake"), 3, "nothing in common, counted")
        daemon.still_serves()


if __name__ == "__main__":
    main(not_tls, plain_http, broken_handshakes, versions_and_ciphers)
