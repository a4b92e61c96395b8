"""What the tests of the listener share: certificates by openssl, a daemon behind TLS and passwords, clients that misbehave."""
import base64
import ctypes
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import time

from harness import DEADLINE_S, NDJSON, Answer, Daemon, Failure, check, check_equal, need_programs, utc

MAX_BODY = 1 << 20
CONFIG = f"""
ingest: {{max_body_bytes: {MAX_BODY}}}
pilots:
  - name: p
    task: binary
    windows: [all]
"""

def bcrypt(password, cost=5):
    """$2b$ by the C library that the daemon uses; python3-bcrypt is not needed."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    setting = f"$2b${cost:02d}$" + "abcdefghijklmnopqrstu."
    return library.crypt(password.encode(), setting.encode()).decode()


class Authority:
    """A certificate authority in a folder, and what it signs."""

    def __init__(self, folder, name="ca"):
        need_programs("openssl")
        self.folder = pathlib.Path(folder)
        self.name = name
        self.certificate = self.folder / f"{name}.crt"
        self.key = self.folder / f"{name}.key"
        self._run("req", "-x509", *self._key(self.key), "-out", self.certificate, "-subj", f"/CN={name}", "-days", "2")

    @staticmethod
    def _key(file):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)

    @staticmethod
    def _run(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            raise Failure(f"openssl {arguments[0]}: {done.stderr}")

    def issue(self, name, sans="DNS:localhost,IP:127.0.0.1", days=1):
        """(certificate, key); days < 0: it is over already."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("crt", "key", "csr"))
        self._run("req", *self._key(key), "-out", request, "-subj", f"/CN={name}", "-addext", f"subjectAltName={sans}")
        self._run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                  "-copy_extensions", "copy", "-days", days, "-out", certificate)
        return certificate, key


def client_context(authority, identity=None):
    """For Python's TLS: trusts the authority, shows the (certificate, key) given."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if identity:
        context.load_cert_chain(*map(str, identity))
    return context


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class WebDaemon(Daemon):
    """A daemon with a web configuration; get() and post() speak as its administrator does."""

    def __init__(self, folder, web_config="", context=None, headers=None, arguments=()):
        arguments = list(arguments)
        self.web_file = pathlib.Path(folder) / "web.yml"
        if web_config:
            self.write_web_config(web_config)
            arguments += ["--web.config.file", self.web_file]
        super().__init__(folder, CONFIG, arguments)
        self.context, self.headers = context, headers or {}

    def write_web_config(self, text):
        """As a careful tool does it: whole or not at all."""
        new = self.web_file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(0o600)
        new.rename(self.web_file)

    def ask(self, method, path, body=None, headers=None, context=None, timeout_s=DEADLINE_S):
        """One request on a connection of its own, without the administrator's headers."""
        context = context or self.context
        connection = (http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout_s, context=context) if context
                      else http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s))
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path, headers=None):
        return self.ask("GET", path, headers={**self.headers, **(headers or {})})

    def post(self, body, path="/v1/records", headers=None):
        body = body.encode("utf-8") if isinstance(body, str) else body
        return self.ask("POST", path, body, {"Content-Type": NDJSON, **self.headers, **(headers or {})})

    def refusals(self, reason):
        return self.metrics().one("pilotwatch_http_refused_requests_total", reason=reason)

    def connect(self):
        """A bare socket to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)

    def curl(self, path, *arguments):
        """(exit code, status, body) of the real curl."""
        need_programs("curl")
        scheme = "https" if self.context else "http"
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", "--max-time", str(DEADLINE_S), "-w", "\n%{http_code}",
                               *map(str, arguments), f"{scheme}://127.0.0.1:{self.port}{path}"],
                              capture_output=True, encoding="utf-8", check=False)
        body, _, status = done.stdout.rpartition("\n")
        return done.returncode, int(status or 0), body

    def still_serves(self):
        """Health, a record, and that received = accepted + duplicate + rejected."""
        check(self.process.running(), "the daemon has ended")
        check_equal(self.get("/-/healthy").status, 200, "/-/healthy")
        check_equal(self.send([prediction(f"still-{time.monotonic_ns()}")]), (1, 0), "a record afterwards")
        metrics = self.metrics()
        for labels, received in metrics.all("pilotwatch_ingest_records_total"):
            where = {"source": labels["source"], "stream": labels["stream"]}
            parts = {kind: metrics.sum(f"pilotwatch_ingest_{kind}_records_total", **where)
                     for kind in ("accepted", "duplicate", "rejected")}
            check_equal(received, sum(parts.values()), f"records received of {where}: {parts}")


def prediction(name):
    return json.dumps({"type": "prediction", "pilot": "p", "id": name, "time": utc(time.time()), "prediction": 1})


def read_answer(connection):
    """Status, headers and body of the next answer on a socket; what follows stays in it."""
    received = b""
    while b"\r\n\r\n" not in received:
        byte = connection.recv(1)
        check(byte, f"the connection ended after {received!r}")
        received += byte
    lines = received.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    body = b""
    while len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(int(headers["content-length"]) - len(body))
        check(more, "the connection ended within a body")
        body += more
    return Answer(int(lines[0].split(" ")[1]), headers, body)


def ended(connection):
    """That the other side ends the connection within the deadline, whatever it still sends."""
    try:
        while connection.recv(65536):
            pass
    except (ConnectionError, ssl.SSLError):
        pass
    return True
