#!/usr/bin/env python3
"""Wrong passwords: 401 with a challenge, before any body is read; many at once keep nobody else out."""
import threading

from harness import check, check_equal, main, scratch
from web_harness import WebDaemon, basic, bcrypt, prediction, read_answer

COST = 8
WEB = f"basic_auth_users:\n  alice: {bcrypt('secret', COST)}\n  bob: {bcrypt('other', COST)}\n"
STRANGERS = {"no password": {}, "a wrong password": basic("alice", "Secret"), "another's password": basic("alice", "other"),
             "an unknown user": basic("mallory", "secret"), "no name": basic("", "secret"),
             "another scheme": {"Authorization": "Bearer secret"}, "rubbish": {"Authorization": "Basic !!!"}}
PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/pilots", "/no/such/path")


def is_challenge(answer, what):
    check_equal(answer.status, 401, f"status of {what}")
    check_equal(answer.headers["WWW-Authenticate"], 'Basic realm="pilotwatch", charset="UTF-8"', f"challenge to {what}")
    check("problem+json" in answer.headers["Content-Type"], f"type of the answer to {what}")


def strangers_get_a_challenge():
    """for every path, those that do not exist too"""
    with scratch() as folder, WebDaemon(folder, WEB, headers=basic("alice", "secret")) as daemon:
        for what, headers in STRANGERS.items():
            for path in PATHS:
                is_challenge(daemon.ask("GET", path, headers=headers), f"{what} at {path}")
            is_challenge(daemon.ask("POST", "/v1/records", prediction("x"), headers=headers), f"{what}, records")
        check_equal(daemon.refusals("unauthorized"), len(STRANGERS) * (len(PATHS) + 1), "strangers counted")
        check_equal(daemon.metrics().sum("pilotwatch_ingest_records_total"), 0, "records of strangers")
        code, status, _ = daemon.curl("/metrics", "-u", "bob:other")
        check_equal((code, status), (0, 200), "curl with a password")
        code, status, _ = daemon.curl("/metrics", "-u", "bob:secret")
        check_equal((code, status), (0, 401), "curl with another's password")
        daemon.still_serves()


def bodies_stay_unread():
    """a stranger is refused by the header alone; with Expect: 100-continue nothing is asked for"""
    with scratch() as folder, WebDaemon(folder, WEB, headers=basic("alice", "secret")) as daemon:
        for expect in ("", "Expect: 100-continue\r\n"):
            with daemon.connect() as client:
                client.sendall(f"POST /v1/records HTTP/1.1\r\nHost: x\r\n{expect}Content-Length: 1000\r\n\r\n".encode())
                check_equal(read_answer(client).status, 401, f"first answer, {expect!r}")
        large = folder / "large"
        large.write_bytes(b"x" * 20_000_000)
        for expect in ("Expect:", "Expect: 100-continue"):
            code, status, _ = daemon.curl("/v1/records", "-H", expect, "--data-binary", f"@{large}")
            check_equal((code, status), (0, 401), f"curl with 20 MB, {expect}")
        daemon.still_serves()


def a_scrape_costs_no_bcrypt():
    """a password that was right is worked out once; one that was wrong each time"""
    with scratch() as folder, WebDaemon(folder, WEB, headers=basic("alice", "secret")) as daemon:
        for _ in range(100):
            daemon.get("/metrics")
        check_equal(daemon.metrics().one("pilotwatch_http_password_checks_total"), 1, "passwords worked out")
        for _ in range(3):
            daemon.ask("GET", "/metrics", headers=basic("alice", "wrong"))
        check_equal(daemon.metrics().one("pilotwatch_http_password_checks_total"), 4, "with wrong ones")


def a_flood_keeps_nobody_out():
    """wrong passwords from all sides are answered 401 or 503, all are counted, and who is known is served meanwhile"""
    with scratch() as folder, WebDaemon(folder, WEB, headers=basic("alice", "secret")) as daemon:
        statuses, lock = [], threading.Lock()

        def guess(number):
            for attempt in range(10):
                status = daemon.ask("GET", "/metrics", headers=basic("alice", f"{number}-{attempt}")).status
                with lock:
                    statuses.append(status)

        guessers = [threading.Thread(target=guess, args=(number,)) for number in range(40)]
        for thread in guessers:
            thread.start()
        served = 0
        while any(thread.is_alive() for thread in guessers):
            check_equal(daemon.get("/metrics").status, 200, "a known client during the flood")
            served += 1
        for thread in guessers:
            thread.join()
        check(served > 0, "nobody was served during the flood")
        check_equal(len(statuses), 400, "answers")
        check_equal(set(statuses) - {401, 503}, set(), "kinds of answers")
        check_equal((daemon.refusals("unauthorized"), daemon.refusals("passwords")),
                    (statuses.count(401), statuses.count(503)), "refusals counted")
        check(statuses.count(503) > 0, "as many passwords as one likes can wait")
        daemon.still_serves()


if __name__ == "__main__":
    main(strangers_get_a_challenge, bodies_stay_unread, a_scrape_costs_no_bcrypt, a_flood_keeps_nobody_out)
