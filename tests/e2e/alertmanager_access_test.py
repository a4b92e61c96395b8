#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way into an Alertmanager: TLS with certificates of both sides and a password, at a real one; bearer tokens that change."""
import contextlib
import http.client
import json

from harness import Daemon, Process, check, check_equal, free_port, main, need_programs, pilotwatch, scratch, wait_for
from web_harness import Authority, basic, bcrypt, client_context
from webhook_harness import Receiver

CONFIG = """
evaluation: {interval: 100ms}
notify:
  resend_delay: 200ms
  watchdog: true
  alertmanagers: [%s]
pilots: [{name: p, task: binary, clock: event, windows: [day]}]
"""


@contextlib.contextmanager
def strict_alertmanager(folder, authority):
    """TLS, a client's certificate and a password; yields (port, how to ask it)."""
    (folder / "alertmanager.yml").write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n", encoding="utf-8")
    certificate, key = authority.issue("server")
    (folder / "web.yml").write_text(
        f"tls_server_config: {{cert_file: {certificate}, key_file: {key}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: {authority.certificate}}}\n"
        f"basic_auth_users: {{pilots: '{bcrypt('canary: of a password')}'}}\n", encoding="utf-8")
    context = client_context(authority, authority.issue("test"))
    port = free_port()

    def ask(path):
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        try:
            connection.request("GET", path, headers=basic("pilots", "canary: of a password"))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    process = Process(["prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'am'}",
                       f"--web.listen-address=127.0.0.1:{port}", f"--web.config.file={folder / 'web.yml'}", "--cluster.listen-address="], "alertmanager")
    try:
        wait_for("/-/ready", lambda: ask("/-/ready")[0] == 200)
        yield port, ask
    finally:
        process.stop()


def entry(port, **more):
    fields = {"basic_auth": "{username: pilots, password_file: password}",
              "tls_config": "{ca_file: ca.crt, cert_file: daemon.crt, key_file: daemon.key}", **more}
    return f"{{url: 'https://127.0.0.1:{port}', name: strict" + "".join(f", {key}: {value}" for key, value in fields.items() if value) + "}"


def tls_and_password():
    """a real Alertmanager takes alerts of who has certificate and password; without one of them they wait"""
    with scratch() as folder:
        authority = Authority(folder)
        authority.issue("daemon")
        (folder / "password").write_text("canary: of a password\n", encoding="utf-8")
        with strict_alertmanager(folder, authority) as (port, ask):
            with Daemon(folder, CONFIG % entry(port)) as daemon:
                wait_for("the watchdog", lambda: json.loads(ask("/api/v2/alerts")[1]))
                check_equal(pilotwatch("alert", "test", "--config.file", daemon.config_file).returncode, 0, "alert test")
                (folder / "password").write_text("wrong", encoding="utf-8")
                wait_for("the wrong password to be refused", lambda: daemon.metrics().sum("pilotwatch_notifications_failed_total") >= 1)
                (folder / "password").unlink()
                done = pilotwatch("alert", "test", "--config.file", daemon.config_file)
                check_equal(done.returncode, 1, done.stdout)
                check("password: cannot be read" in done.stdout, done.stdout)
                before = daemon.metrics().sum("pilotwatch_notifications_last_success_timestamp_seconds")
                (folder / "password").write_text("canary: of a password", encoding="utf-8")
                wait_for("the right one to be taken, without a reload",
                         lambda: daemon.metrics().sum("pilotwatch_notifications_last_success_timestamp_seconds") > before)
                check_equal(daemon.metrics().sum("pilotwatch_notifications_dropped_total"), 0, "dropped")
            check("canary" not in "\n".join(daemon.process.lines), "the password is in the log")
            for without in ({"tls_config": ""}, {"basic_auth": ""}, {"tls_config": "{ca_file: ca.crt}"}):
                daemon.config_file.write_text(CONFIG % entry(port, **without), encoding="utf-8")
                done = pilotwatch("alert", "test", "--config.file", daemon.config_file)
                check_equal(done.returncode, 1, f"{without}: {done.stdout}")


def bearer_tokens_change():
    """the file is read for each request"""
    with scratch() as folder, Receiver() as receiver:
        (folder / "token").write_text("first\n", encoding="utf-8")

        def tokens():
            return {headers.get("authorization") for headers, _, _ in list(receiver.requests)}

        with Daemon(folder, CONFIG % f"{{url: 'http://127.0.0.1:{receiver.port}', bearer_token_file: token}}") as daemon:
            wait_for("the token", lambda: tokens() == {"Bearer first"})
            (folder / "new").write_text("second", encoding="utf-8")
            (folder / "new").rename(folder / "token")
            wait_for("the new token", lambda: tokens() == {"Bearer first", "Bearer second"})
            (folder / "token").write_text("two\nlines\n", encoding="utf-8")
            wait_for("a file that cannot be used to be noticed", lambda: daemon.metrics().sum("pilotwatch_notifications_failed_total") >= 1)
            check_equal(tokens(), {"Bearer first", "Bearer second"}, "tokens")


if __name__ == "__main__":
    need_programs("prometheus-alertmanager", "openssl")
    main(tls_and_password, bearer_tokens_change)
