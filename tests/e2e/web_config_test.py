#!/usr/bin/env python3
"""--web.config.file: checked like promtool does, headers, rate, and a file that changes while the daemon runs."""
import shutil
import subprocess

from harness import check, check_equal, main, pilotwatch, scratch, wait_for
from web_harness import CONFIG, Authority, WebDaemon, basic, bcrypt, client_context

SAMPLE = """tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: VerifyClientCertIfGiven
  client_ca_file: ca.crt
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: true
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
basic_auth_users:
  alice: HASH
"""


def is_refused(folder, text, *expected):
    """By check web-config and by serve, with the same words, exit code 2."""
    file = folder / "web.yml"
    file.write_text(text, encoding="utf-8")
    (folder / "pilotwatch.yml").write_text(CONFIG, encoding="utf-8")
    done = pilotwatch("check", "web-config", file)
    check_equal((done.returncode, done.stdout), (2, ""), f"check web-config: {done.stderr}")
    for line in expected:
        check(f"{file}:{line}" in done.stderr, f"no {line!r} in {done.stderr}")
    served = pilotwatch("serve", "--config.file", folder / "pilotwatch.yml", "--storage.path", folder / "data",
                        "--web.listen-address=127.0.0.1:0", "--web.config.file", file)
    check_equal((served.returncode, served.stderr), (2, done.stderr), "what serve says")
    check(not (folder / "data").exists(), "serve has begun before it read the file")


def is_checked():
    """what is good to exporters is good to us; what is wrong is told with its place"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        authority.issue("other")
        file = folder / "good.yml"
        file.write_text(SAMPLE.replace("HASH", bcrypt("secret")), encoding="utf-8")
        file.chmod(0o600)
        done = pilotwatch("check", "web-config", file)
        check_equal((done.returncode, done.stderr), (0, ""), "check web-config")
        check("is valid: TLS until" in done.stdout and "1 user" in done.stdout, done.stdout)
        if shutil.which("promtool"):
            by_prometheus = subprocess.run(["promtool", "check", "web-config", file], capture_output=True, check=False)
            check_equal(by_prometheus.returncode, 0, f"promtool: {by_prometheus.stderr!r}")
        key.chmod(0o644)
        warned = pilotwatch("check", "web-config", file)
        check_equal(warned.returncode, 0, "a key that all can read")
        check("warning:" in warned.stderr and "server.key" in warned.stderr, f"no warning: {warned.stderr!r}")
        pair = f"cert_file: {certificate.name}, key_file: "
        is_refused(folder, f"tls_server_config: {{{pair}other.key}}", "1:54: tls_server_config.key_file: ")
        is_refused(folder, "tls_server_config:\n  cert_file: none.crt\n  key_file: none.key\n",
                   "2:14: tls_server_config.cert_file: ", "3:13: tls_server_config.key_file: ")
        is_refused(folder, f"tls_server_config:\n  {pair.split(',')[0]}\n  key_file: {certificate.name}\n", "3:13: tls_server_config.key_file: ")
        is_refused(folder, "tls_server: {}\nbasic_auth_users: {a: hunter2}\n", "1:1: tls_server: unknown key", "2:23: basic_auth_users.a: ")
        check("hunter2" not in pilotwatch("check", "web-config", folder / "web.yml").stderr, "a password in a message")
        check("cannot be read" in pilotwatch("check", "web-config", folder / "none.yml").stderr, "a file that is not there")


def says_and_ignores_http2():
    """the log tells what is in force, and that http2 has no effect"""
    with scratch() as folder:
        authority = Authority(folder)
        authority.issue("server")
        right = basic("alice", "secret")
        with WebDaemon(folder, SAMPLE.replace("HASH", bcrypt("secret")), client_context(authority), right) as daemon:
            check(daemon.process.find_line(r'msg="http2 has no effect: the daemon speaks HTTP/1.1 only"'), "nothing about http2")
            check(daemon.process.find_line(r'msg="TLS is enabled." http2=false'), "nothing about TLS")
            headers = daemon.get("/metrics").headers
            check_equal((headers["Strict-Transport-Security"], headers["X-Frame-Options"]), ("max-age=31536000", "deny"), "headers")
            code, status, _ = daemon.curl("/-/healthy", "--http2", "--cacert", authority.certificate, "-u", "alice:secret")
            check_equal((code, status), (0, 200), "a client that would like HTTP/2")
            daemon.still_serves()


def changes_are_followed():
    """users and headers from the next request on; a bad file, and one that turns TLS on, change nothing"""
    first, second = basic("alice", "secret"), basic("bob", "other")
    with scratch() as folder, WebDaemon(folder, f"basic_auth_users: {{alice: {bcrypt('secret')}}}\n", headers=first) as daemon:
        def status_of(headers):
            return daemon.ask("GET", "/-/healthy", headers=headers).status

        def reloaded():
            return daemon.metrics().one("pilotwatch_web_config_last_reload_successful")

        check_equal((status_of(first), status_of(second)), (200, 401), "before")
        daemon.write_web_config(f"basic_auth_users: {{bob: {bcrypt('other')}}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n")
        wait_for("the new user", lambda: status_of(second) == 200)
        check_equal(status_of(first), 401, "the user who is gone, though the password was right a moment ago")
        daemon.headers = second
        check_equal(daemon.get("/metrics").headers["X-Frame-Options"], "deny", "the new header")
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        for bad in ("basic_auth_users: {bob: x}\n", "nonsense: 1\n", "[",
                    f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n"):
            daemon.write_web_config(bad)
            wait_for(f"the metric to tell of {bad!r}", lambda: reloaded() == 0)
            check_equal((status_of(first), status_of(second), status_of({})), (401, 200, 401), f"with {bad!r}")
            daemon.write_web_config(f"# {len(bad)}\nbasic_auth_users: {{bob: {bcrypt('other')}}}\n")
            wait_for("the metric to tell of the repair", lambda: reloaded() == 1)
        check(daemon.process.find_line(r"level=ERROR .*web.yml:1:1: turns TLS on or off"), "no word about TLS")
        daemon.still_serves()


def rate_is_limited():
    """beyond the burst 429 with Retry-After, counted"""
    with scratch() as folder, WebDaemon(folder, "rate_limit: {interval: 24h, burst: 40}\n") as daemon:
        statuses = [daemon.ask("GET", "/-/healthy").status for _ in range(60)]
        check_equal((statuses.count(200) + statuses.count(429), sorted(statuses) == statuses), (60, True), "answers")
        answer = daemon.ask("GET", "/metrics")
        check_equal((answer.status, answer.headers["Retry-After"]), (429, "1"), "beyond the burst")
        daemon.write_web_config("rate_limit: {interval: 0, burst: 0}\n")
        wait_for("the end of the limit", lambda: daemon.ask("GET", "/-/healthy").status == 200)
        check(daemon.refusals("rate_limit") >= statuses.count(429) + 1, "not counted")
        daemon.still_serves()


if __name__ == "__main__":
    main(is_checked, says_and_ignores_http2, changes_are_followed, rate_is_limited)
