#!/usr/bin/env python3
"""`check config --environment`: what is missing or broken is said where the file names it, nothing is changed and nobody is told."""
import contextlib
import email.utils
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import threading
import time

from dns_harness import NameServer, takers
from harness import BINARY, Daemon, as_nobody, check, check_equal, free_port, main, pilotwatch, scratch, utc
from web_harness import Authority

PILOT = "pilots: [{name: p, task: binary}]\n"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Other:
    """An Alertmanager or a receiver, as far as a look at it goes; `requests` are what it was asked, `credentials` what came with that."""

    def __init__(self, status=200, ahead_s=0, tls=None):
        self.requests, self.credentials = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(f"{self.command} {self.path}")
                outer.credentials += self.headers.get_all("Authorization", [])
                self.send_response_only(status)
                self.send_header("Date", email.utils.formatdate(time.time() + ahead_s, usegmt=True))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, tls))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None   # who only connects leaves at once
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def look(folder, config, *arguments, code=0):
    """{(line or file, level, path): message} of everything that is said."""
    file = pathlib.Path(folder) / "pilotwatch.yml"
    file.write_text(config, encoding="utf-8")
    done = pilotwatch("check", "config", "--environment", "--storage.path", pathlib.Path(folder) / "data", *arguments, file)
    check_equal(done.returncode, code, f"exit code; it says {done.stdout}{done.stderr}")
    lines = (done.stderr + done.stdout).splitlines()
    check("is valid" in lines[-1], f"no summary: {lines}")
    return [line.removeprefix(f"{folder}/") for line in lines[:-1]]


def listing(folder):
    """Of each file, and of the folder itself, its length and when it was written."""
    return {path.name: (path.stat().st_size, path.stat().st_mtime_ns) for path in [folder, *folder.iterdir()]}


def has(lines, *parts):
    found = [line for line in lines if all(part in line for part in parts)]
    check(found, f"nothing with {parts} in {lines}")
    return found[0]


def the_store():
    """no folder yet, no store yet, a whole one, one with a daemon on it, one without its key, a damaged one"""
    with scratch() as folder:
        lines = look(folder, PILOT, "--offline")
        has(lines, "data: note: does not exist yet")
        check(not (folder / "data").exists(), "the look made a folder")
        (folder / "data").mkdir(mode=0o700)
        has(look(folder, PILOT, "--offline"), "data: note: holds no store yet")
        check_equal(list((folder / "data").iterdir()), [], "what the look left in the folder")
        with Daemon(folder, PILOT) as daemon:
            daemon.send([{"type": "prediction", "pilot": "p", "id": "a", "time": utc(time.time()), "prediction": 1}])
            lines = look(folder, PILOT, "--offline")
            has(lines, "data: note: a daemon runs on this store")
            has(lines, "pilotwatch.db: note: is not checked while a daemon runs on it")
            daemon.send([{"type": "prediction", "pilot": "p", "id": "b", "time": utc(time.time()), "prediction": 1}])
        daemon.start()
        daemon.send([{"type": "prediction", "pilot": "p", "id": "c", "time": utc(time.time()), "prediction": 1}])
        daemon.kill()

        def changes_nothing():
            before = listing(folder / "data")
            lines = look(folder, PILOT, "--offline")
            has(lines, "pilotwatch.db: note: is whole")
            check(not any("a daemon runs" in line for line in lines), f"{lines}")
            check_equal(listing(folder / "data"), before, "files of the store")

        check("pilotwatch.db-wal" in listing(folder / "data"), "a daemon that is killed leaves its log")
        changes_nothing()
        (folder / "data" / "pilotwatch.db-shm").unlink()   # as a copy of the two files, or a power failure, leaves it
        changes_nothing()
        with daemon:
            check_equal(daemon.metrics().sum("pilotwatch_decisions"), 3, "decisions after a look at what a killed daemon left")
        check("pilotwatch.db-wal" not in listing(folder / "data"), "a daemon that stops leaves no log")
        changes_nothing()

        key = folder / "data" / "id.key"
        key.chmod(0o644)
        has(look(folder, PILOT, "--offline", code=1), "id.key: error: ", "chmod 600")
        key.chmod(0o600)
        key.rename(folder / "id.key")
        has(look(folder, PILOT, "--offline", code=1), "id.key: error: is missing beside a store")
        check(not key.exists(), "the look made a key")
        (folder / "id.key").rename(key)

        with open(folder / "data" / "pilotwatch.db", "r+b") as database:
            database.seek(4096)
            database.write(b"x" * 4096)
        has(look(folder, PILOT, "--offline", code=1), "pilotwatch.db: error: is damaged")


def as_another_user():
    """who may not open the lock of a store beside a daemon is told so, and not that the store is whole; reasons are named"""
    with scratch() as folder:
        prefix = as_nobody(folder)
        if prefix is None:
            return
        data = folder / "data"
        with Daemon(folder, PILOT):
            modes = {data / "lock": 0, data / "id.key": 0, data: 0o555}
            for path, mode in modes.items():
                modes[path] = path.stat().st_mode & 0o777
                path.chmod(mode)
            done = subprocess.run([*prefix, BINARY, "check", "config", "--environment", "--offline", "--storage.path", data,
                                   folder / "pilotwatch.yml"], capture_output=True, encoding="utf-8", timeout=60, check=False)
            for path, mode in reversed(modes.items()):
                path.chmod(mode)
        check_equal(done.returncode, 1, f"exit code; it says {done.stdout}{done.stderr}")
        lines = (done.stderr + done.stdout).splitlines()
        has(lines, "data: error: cannot be read and written: Permission denied; the store needs both")
        has(lines, "id.key: error: cannot read ", "id.key: Permission denied")
        has(lines, "lock: warning: cannot be asked whether a daemon runs on this store: Permission denied; ask as the user of the daemon")
        has(lines, "pilotwatch.db: note: is not checked while a daemon may run on it")
        check(not any("a daemon runs on this store" in line for line in lines if "note" in line), f"{lines}")
        check(not any("is whole" in line for line in lines), f"{lines}")


def no_room_for_a_store():
    """a file in the place of the folder, a folder that cannot be made, a bound that the disk cannot hold"""
    with scratch() as folder:
        (folder / "data").write_text("")
        has(look(folder, PILOT, "--offline", code=1), "data: error: is no folder")
        file = folder / "pilotwatch.yml"
        done = pilotwatch("check", "config", "--environment", "--offline", "--storage.path", folder / "data" / "below", file)
        check_equal(done.returncode, 1, done.stderr)
        check("error: does not exist and cannot be made" in done.stderr, done.stderr)
        (folder / "data").unlink()
        line = has(look(folder, "storage: {max_bytes: 1EB}\n" + PILOT, "--offline"), "warning: storage.max_bytes: lets the store grow by 1.02e+03 PB")
        check(line.startswith("pilotwatch.yml:1:22: "), line)


def files():
    """followed files, tokens, secrets, authorities and references, each where it is named"""
    with scratch() as folder:
        config = """sources:
  - {name: one, file: logs/here.ndjson, pilot: p}
  - {name: two, file: [logs/none.ndjson, nowhere/x.ndjson, logs/folder], pilot: p}
  - {name: three, http: true, token_file: tokens}
notify:
  webhooks:
    - {name: h, url: "http://192.0.2.1:9/", secret_files: [good, open], ca_file: ca.crt}
pilots:
  - {name: p, task: binary, reference: {file: ref.ndjson}}
  - {name: q, task: binary, reference: {file: bad.ndjson}}
"""
        (folder / "logs" / "folder").mkdir(parents=True)
        (folder / "logs" / "here.ndjson").write_text("")
        (folder / "tokens").write_text("# none\n")
        for name, mode in (("good", 0o600), ("open", 0o644)):
            (folder / name).write_text(SECRET)
            (folder / name).chmod(mode)
        (folder / "ca.crt").write_text("nothing")
        (folder / "ref.ndjson").write_text('{"id":"a","time":1700000000,"prediction":1}\n')
        (folder / "bad.ndjson").write_text('{"id":"a","time":1700000000,"prediction":1}\n{"id":}\n')
        lines = look(folder, config, "--offline", code=1)
        has(lines, "pilotwatch.yml:2:23: note: sources[0].file", "here.ndjson: 1 file")
        has(lines, "pilotwatch.yml:3:24: note: sources[1].file[0]", "no such file yet")
        has(lines, "pilotwatch.yml:3:42: warning: sources[1].file[1]", "nowhere does not exist")
        has(lines, "pilotwatch.yml:3:60: error: sources[1].file[2]", "no regular file")
        has(lines, "pilotwatch.yml:4:43: error: sources[2].token_file")
        has(lines, "pilotwatch.yml:7:66: error: notify.webhooks[0].secret_files[1]", "open")
        check(not any("secret_files[0]" in line for line in lines), f"{lines}")
        check(SECRET not in "".join(lines), "a secret is told")
        has(lines, "pilotwatch.yml:7:82: error: notify.webhooks[0].ca_file", "holds no certificate")
        has(lines, "pilotwatch.yml:10:47: error: pilots[1].reference.file", "bad.ndjson:2: json")
        check(not any("pilots[0]" in line for line in lines), f"{lines}")


def a_reference_that_has_changed():
    """is what the daemon would not start with"""
    with scratch() as folder:
        config = "pilots: [{name: p, task: binary, reference: {file: ref.ndjson}}]\n"
        (folder / "ref.ndjson").write_text('{"id":"a","time":1700000000,"prediction":1}\n')
        with Daemon(folder, config):
            pass
        look(folder, config, "--offline")
        (folder / "ref.ndjson").write_text('{"id":"a","time":1700000000,"prediction":0}\n{"id":"b","time":1700000001,"prediction":1}\n')
        has(look(folder, config, "--offline", code=1), "error: pilots[0].reference.file", "has changed since it was frozen")


def receivers():
    """reachable, not ready, wrong, gone, by another clock; a webhook is connected to and sent nothing"""
    with scratch() as folder, contextlib.ExitStack() as others:
        (folder / "good").write_text(SECRET)
        (folder / "good").chmod(0o600)
        ready, busy, wrong, locked = (others.enter_context(Other(status)) for status in (200, 503, 404, 401))
        slow, fast, hook = others.enter_context(Other(ahead_s=-3600)), others.enter_context(Other(ahead_s=120)), others.enter_context(Other())
        exact = others.enter_context(Other(ahead_s=-25))
        gone = free_port()
        urls = "".join(f'    - {{url: "http://127.0.0.1:{port}{path}"}}\n' for port, path in
                       ((ready.port, "/prefix"), (busy.port, ""), (wrong.port, ""), (locked.port, ""), (slow.port, ""), (fast.port, ""), (gone, ""), (exact.port, "")))
        config = f"""notify:
  alertmanagers:
{urls}  webhooks:
    - {{name: in, url: "http://127.0.0.1:{hook.port}/x?secret=1", secret_files: [good], allow_networks: [127.0.0.0/8]}}
    - {{name: guarded, url: "http://127.0.0.1:{hook.port}/", secret_files: [good]}}
{PILOT}"""
        lines = look(folder, config, code=1)
        has(lines, "pilotwatch.yml:3:13: note: notify.alertmanagers[0].url", "ready")
        check_equal(ready.requests, ["GET /prefix/-/ready"], "what the Alertmanager was asked")
        has(lines, "pilotwatch.yml:4:13: warning: notify.alertmanagers[1].url", "HTTP 503", "not ready yet")
        has(lines, "pilotwatch.yml:5:13: error: notify.alertmanagers[2].url", "HTTP 404", "is it an Alertmanager")
        has(lines, "pilotwatch.yml:6:13: error: notify.alertmanagers[3].url", "HTTP 401", "credentials")
        has(lines, "pilotwatch.yml:7:13: warning: notify.alertmanagers[4].url", "s behind ours")
        has(lines, "pilotwatch.yml:8:13: warning: notify.alertmanagers[5].url", "s ahead of ours")
        has(lines, "pilotwatch.yml:9:13: error: notify.alertmanagers[6].url", "cannot be reached")
        check_equal([line for line in lines if "alertmanagers[7]" in line and "note" not in line], [], "half a minute is no skew")
        has(lines, "note: notify.webhooks[0].url", "can be connected to; nothing was sent")
        has(lines, "error: notify.webhooks[1].url", "not connected to 127.0.0.1", "allow_networks")
        check_equal(hook.requests, [], "what the webhook was sent")
        check("secret=1" not in "".join(lines), "the path of a webhook is told")
        offline = look(folder, config, "--offline")
        check(not any("notify" in line for line in offline), f"--offline connects: {offline}")
        check_equal(len(ready.requests), 1, "requests after --offline")


def found_by_dns():
    """DNS is asked as the daemon asks it; whom it knows is asked like the others, once, and each finding has its entry's place"""
    with scratch() as folder, NameServer() as dns, takers("127.0.0.1", "127.0.0.2") as (taker, other), Other() as static:
        dns.records = {("am.test", "A"): ["127.0.0.1", "127.0.0.2"], ("_am._tcp.test", "SRV"): [("127.0.0.1", taker.port), ("127.0.0.1", 0), ("", 9093)],
                       ("bad.test", "SRV"): [("127.0.0.1", 0)], ("other.test", "AAAA"): ["::1"], ("few.test", "A"): ["127.0.0.1", "127.0.0.2"]}
        config = f"""notify:
  dns_servers: ["{dns.server}"]
  alertmanagers:
    - {{dns: am.test, type: A, port: {static.port}}}
    - {{url: "http://127.0.0.1:{free_port()}"}}
    - {{dns: _am._tcp.test, name: services}}
    - {{dns: none.test}}
    - {{dns: other.test}}
    - {{dns: bad.test}}
    - {{url: "http://127.0.0.1:{static.port}/"}}
    - {{dns: few.test, type: A, port: {static.port}, max_targets: 1}}
{PILOT}"""
        lines = look(folder, config, code=1)
        has(lines, "pilotwatch.yml:4:13: note: notify.alertmanagers[0].dns: lookup am.test", f"DNS knows 2 Alertmanagers: 127.0.0.1:{static.port}, 127.0.0.2:{static.port}")
        has(lines, "pilotwatch.yml:4:13: error: notify.alertmanagers[0].dns", f"127.0.0.2:{static.port}: cannot be reached")
        has(lines, "pilotwatch.yml:5:13: error: notify.alertmanagers[1].url", "cannot be reached")
        has(lines, "pilotwatch.yml:6:13: note: notify.alertmanagers[2].dns: lookup services", "DNS knows 1 Alertmanager:")
        has(lines, "pilotwatch.yml:6:13: warning: notify.alertmanagers[2].dns", "2 of the 3 entries of the answer cannot be used")
        has(lines, "pilotwatch.yml:6:13: error: notify.alertmanagers[2].dns", f"alertmanager 127.0.0.1:{taker.port}", "HTTP 501")
        has(lines, "pilotwatch.yml:7:13: warning: notify.alertmanagers[3].dns", "DNS knows no SRV record of that name", "nobody is told")
        has(lines, "pilotwatch.yml:8:13: warning: notify.alertmanagers[4].dns", "DNS knows no SRV record of that name")
        has(lines, "pilotwatch.yml:9:13: warning: notify.alertmanagers[5].dns", "1 of the 1 entries", "nobody is told")
        has(lines, "pilotwatch.yml:10:13: note: notify.alertmanagers[6].url", "ready")
        has(lines, "pilotwatch.yml:11:13: warning: notify.alertmanagers[7].dns", "max_targets leaves 1 ")
        check_equal(static.requests, ["GET /-/ready"], "what one that four entries name was asked")
        check_equal(taker.got + other.got, [], "notifications")

        asked = len(dns.asked)
        check(not any("notify" in line for line in look(folder, config, "--offline")), "--offline looks names up")
        check_equal(len(dns.asked), asked, "questions with --offline")
        for behave, reason in (("servfail", "server"), ("garbage", "malformed")):
            dns.behave = behave
            has(look(folder, config, code=1), "pilotwatch.yml:7:13: error: notify.alertmanagers[3].dns: lookup none.test: cannot be looked up", reason)


def dns_that_is_silent():
    """is waited for some seconds, for all names at the same time"""
    with scratch() as folder, NameServer() as dns:
        dns.behave = "silent"
        entries = "".join(f"{{dns: n{i}.test.}}, " for i in range(10))
        began = time.monotonic()
        lines = look(folder, f"notify: {{dns_servers: ['{dns.server}'], alertmanagers: [{entries}]}}\n{PILOT}", code=1)
        check_equal(len([line for line in lines if "cannot be looked up (timeout)" in line]), 10, "findings")
        check(time.monotonic() - began < 12, f"{time.monotonic() - began:.1f} s")


def credentials():
    """are looked at where they are, and never sent"""
    with scratch() as folder, NameServer() as dns, Other(401) as locked:
        dns.records = {("am.test", "A"): ["127.0.0.1"]}
        authority = Authority(folder)
        ours, over = authority.issue("ours", days=400), authority.issue("over", days=-1)
        for name, text in (("good", "s3cret-word\n"), ("two", "a\nb\n"), ("empty", " \n")):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
        (folder / "open").write_text("s3cret-word")
        (folder / "open").chmod(0o644)
        (folder / "text.crt").write_text("no certificate")
        for key in (ours[1], over[1]):
            key.chmod(0o600)
        address = f"https://127.0.0.1:{locked.port}"
        config = f"""notify:
  dns_servers: ["{dns.server}"]
  alertmanagers:
    - {{dns: am.test, type: A, port: {locked.port}, bearer_token_file: good}}
    - {{url: "http://127.0.0.1:{locked.port}/basic", name: a, basic_auth: {{username: u, password_file: good}}}}
    - {{url: "http://127.0.0.1:{locked.port}/none", name: b}}
    - {{url: "{address}/c", name: c, bearer_token_file: none, tls_config: {{ca_file: none.crt, cert_file: none.crt, key_file: none.key}}}}
    - {{dns: am.test, name: d, type: A, port: 1, scheme: https, basic_auth: {{username: u, password_file: two}}, tls_config: {{ca_file: text.crt, cert_file: over.crt, key_file: {over[1].name}}}}}
    - {{url: "{address}/e", name: e, bearer_token_file: empty, tls_config: {{cert_file: {ours[0].name}, key_file: {ours[1].name}}}}}
    - {{url: "{address}/f", name: f, bearer_token_file: open}}
{PILOT}"""

        def column(line, key):
            return f"pilotwatch.yml:{line}:{config.splitlines()[line - 1].index(key + ': ') + len(key) + 3}: "

        for arguments in (["--offline"], []):
            lines = look(folder, config, *arguments, code=1)
            has(lines, column(7, "bearer_token_file") + "error: notify.alertmanagers[3].bearer_token_file", "none: cannot be read, or is empty")
            for key in ("ca_file", "cert_file", "key_file"):
                has(lines, column(7, key) + f"error: notify.alertmanagers[3].tls_config.{key}", "none.", "No such file")
            has(lines, column(8, "password_file") + "error: notify.alertmanagers[4].basic_auth.password_file", "two: is more than one line")
            has(lines, column(8, "ca_file") + "error: notify.alertmanagers[4].tls_config.ca_file", "text.crt: holds no certificate")
            has(lines, column(8, "cert_file") + "error: notify.alertmanagers[4].tls_config.cert_file", "is over since")
            has(lines, column(9, "bearer_token_file") + "error: notify.alertmanagers[5].bearer_token_file", "empty: cannot be read, or is empty")
            has(lines, column(10, "bearer_token_file") + "warning: notify.alertmanagers[6].bearer_token_file", "every user")
            check(not any("alertmanagers[5].tls_config" in line or "s3cret" in line for line in lines), f"{lines}")
        has(lines, column(4, "dns") + "note: notify.alertmanagers[0].dns", "asks for the credentials that notifications bring", "alert test tries them")
        has(lines, column(5, "url") + "note: notify.alertmanagers[1].url", "asks for the credentials that notifications bring")
        has(lines, column(6, "url") + "error: notify.alertmanagers[2].url", "HTTP 401: it asks for credentials")
        check_equal(sorted(locked.requests), ["GET /-/ready", "GET /basic/-/ready", "GET /none/-/ready"], "requests")
        check_equal(locked.credentials, [], "credentials that were sent")
        if os.geteuid() != 0:
            (folder / "good").chmod(0)
            has(look(folder, config, "--offline", code=1), "error: notify.alertmanagers[0].bearer_token_file", "cannot be read")


def a_receiver_that_never_answers():
    """is waited for some seconds, all of them at the same time"""
    with scratch() as folder, socket.create_server(("127.0.0.1", 0)) as mute:
        urls = "".join(f'{{url: "http://127.0.0.1:{mute.getsockname()[1]}/{i}", name: n{i}}}, ' for i in range(10))
        began = time.monotonic()
        lines = look(folder, f"notify: {{timeout: 1s, alertmanagers: [{urls}]}}\n{PILOT}", code=1)
        check_equal(len([line for line in lines if "cannot be reached" in line]), 10, "findings")
        check(time.monotonic() - began < 8, f"{time.monotonic() - began:.1f} s")


def certificates():
    """ours and a receiver's: good, near their end, over, of nobody who is trusted"""
    with scratch() as folder:
        authority = Authority(folder)
        near, over, good = authority.issue("near"), authority.issue("over", days=-1), authority.issue("good", days=400)
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        web = folder / "web.yml"

        def of_listener(certificate, key, code=0):
            key.chmod(0o600)
            web.write_text(f"tls_server_config: {{cert_file: {certificate}, key_file: {key}}}\n")
            return look(folder, PILOT, "--offline", "--web.config.file", web, code=code)

        has(of_listener(*good), "web.yml: note: the certificate is good until")
        has(of_listener(*near), "web.yml: warning: the certificate ends", "in 0 days")
        lines = of_listener(*over, code=1)
        check_equal(len([line for line in lines if "is over since" in line]), 1, f"findings of one that is over: {lines}")
        has(of_listener(good[0], near[1], code=1), "web.yml:1:", "error: tls_server_config.key_file", "is not the key of the certificate")

        with Other(tls=near) as hook, Other(tls=good) as lasting:
            config = "notify: {webhooks: [%s]}\n" + PILOT
            one = '{name: h, url: "https://127.0.0.1:%d/", secret_files: [secret], allow_networks: [127.0.0.1]%s}'
            lines = look(folder, config % (one % (hook.port, ", ca_file: ca.crt")))
            has(lines, "note: notify.webhooks[0].url", "can be connected to")
            has(lines, "warning: notify.webhooks[0].url", "the certificate ends")
            check_equal([line for line in look(folder, config % (one % (lasting.port, ", ca_file: ca.crt"))) if "warning" in line], [], "warnings")
            has(look(folder, config % (one % (hook.port, "")), code=1), "error: notify.webhooks[0].url", "who is trusted")
            check_equal(hook.requests + lasting.requests, [], "requests")


def what_the_help_says():
    """the example of --help runs, and what is not asked for is not looked at"""
    text = pilotwatch("check", "config", "--help").stdout
    example = re.search(r"Example: pilotwatch (.*)", text)[1].split()
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text("notify: {alertmanagers: [{url: http://127.0.0.1:1}]}\n" + PILOT)
        where = {"data": folder / "data", "pilotwatch.yml": folder / "pilotwatch.yml"}
        done = pilotwatch(*[where.get(word, word) for word in example])
        check_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
        check("data: note: does not exist yet" in done.stdout, done.stdout)
        plain = pilotwatch("check", "config", folder / "pilotwatch.yml")
        check_equal((plain.returncode, plain.stderr, len(plain.stdout.splitlines())), (0, "", 1), "without --environment")
        check_equal(pilotwatch("check", "config", "--offline", folder / "pilotwatch.yml").returncode, 2, "--offline alone")


def warnings():
    """limits that can never speak: told, and with --strict an exit code of their own"""
    with scratch() as folder:
        file = folder / "pilotwatch.yml"
        file.write_text("pilots:\n- name: p\n  task: binary\n  outcome_horizon: 1d\n  limits:\n  - {name: l, metric: error_rate, window: week, max: 1, evidence: interval}\n")
        done = pilotwatch("check", "config", file)
        check_equal((done.returncode, done.stderr), (0, f"{file}:6:54: warning: pilots[0].limits[0].max: limit l: can never be exceeded: error_rate is at most 1\n"), "a warning")
        check("1 limit, 1 warning" in done.stdout, done.stdout)
        check_equal(pilotwatch("check", "config", "--strict", file).returncode, 3, "--strict")
        file.write_text(PILOT)
        check_equal(pilotwatch("check", "config", "--strict", file).returncode, 0, "--strict without a warning")


def warnings_of_pilots():
    """outcomes that come after the look, where nobody said when they do; a pilot whose records nobody may write"""
    with scratch() as folder:
        file = folder / "pilotwatch.yml"
        (folder / "tokens").write_text("x" * 40)

        def said(text):
            file.write_text(text)
            done = pilotwatch("check", "config", file)
            check_equal(done.returncode, 0, done.stderr)
            return done.stderr.splitlines()

        pilot = "pilots:\n- name: p\n  task: binary\n  windows: [day, all]%s\n  limits: [%s]\n"
        wrong = "{name: wrong, metric: error_rate, window: day, max: 0.1, evidence: point}"
        many = "{name: many, metric: volume, window: day, min: 1}"
        ever = "{name: ever, metric: recall, window: all, min: 0.1, evidence: point}"
        budget = "{name: budget, metric: error_rate, window: all, max: 0.1, evidence: budget}"
        (line,) = said(pilot % ("", f"{wrong}, {many}, {ever}, {budget}"))
        check(line.startswith(f"{file}:2:3: warning: pilots[0]: outcome_horizon is not given") and "(wrong, budget)" in line and "lateness (1m)" in line, line)
        for given, limits in (("\n  outcome_horizon: 0s", wrong), ("\n  outcome_horizon: 1d", wrong), ("", many), ("", ever)):
            check_equal(said(pilot % (given, limits)), [], f"warnings of {given} {limits}")

        two = "sources: [%s]\npilots: [{name: p, task: binary}, {name: q, task: binary}]\n"
        tokens = "{name: app, http: true, token_file: tokens, pilots: [p]}"
        (line,) = said(two % tokens)
        check(line.startswith(f"{file}:2:35: warning: pilots[1]: pilot q: no source may write its records"), line)
        for sources in (tokens.replace(", pilots: [p]", ""), tokens + ", {name: log, file: x.ndjson, pilots: [q]}", tokens.replace(", token_file: tokens", "")):
            check_equal(said(two % sources), [], f"warnings of {sources}")
        check_equal(said("ingest: {anonymous: true}\n" + two % tokens), [], "warnings where HTTP without a token is let in")


if __name__ == "__main__":
    main(the_store, as_another_user, no_room_for_a_store, files, a_reference_that_has_changed, receivers, found_by_dns, dns_that_is_silent, credentials, a_receiver_that_never_answers,
         certificates,
         what_the_help_says, warnings, warnings_of_pilots)
