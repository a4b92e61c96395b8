# SPDX-License-Identifier: Apache-2.0
"""What the tests of webhooks share: a receiver that does what it is told, a pilot that breaches, the official verifier."""
import base64
import http.server
import json
import os
import ssl
import subprocess
import threading
import time

from harness import DEADLINE_S, SOURCE, Failure, check_equal

CLIENTS = SOURCE.resolve() / ".build" / "clients"
OLD_SECRET = "whsec_" + base64.b64encode(b"canary-of-the-old-key-0123456789").decode()
NEW_SECRET = "whsec_" + base64.b64encode(b"canary-of-the-new-key-0123456789").decode()


class Receiver:
    """Answers by `answer(number, request)`: (status, headers), or None to hang until it is closed."""

    def __init__(self, answer=lambda number, request: (204, {}), tls=None):
        self.requests = []   # (headers in lower case, body, monotonic time)
        self.answer = answer
        self._seen = threading.Condition()
        self._over = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = ({name.lower(): value for name, value in self.headers.items()}, body, time.monotonic())
                with receiver._seen:
                    receiver.requests.append(request)
                    number = len(receiver.requests) - 1
                    receiver._seen.notify_all()
                answer = receiver.answer(number, request)
                if answer is None:
                    receiver._over.wait()
                    self.close_connection = True
                    return
                self.send_response(answer[0])
                for name, value in {"Content-Length": "0", **answer[1]}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass   # handshakes that fail, clients that vanish

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count, deadline_s=DEADLINE_S):
        """The requests, as soon as there are so many."""
        with self._seen:
            if not self._seen.wait_for(lambda: len(self.requests) >= count, deadline_s):
                raise Failure(f"{len(self.requests)} requests came instead of {count}")
            return list(self.requests)

    def ids(self):
        return [headers["webhook-id"] for headers, _, _ in self.requests]


def secret_file(folder, name="hook.secret", text=OLD_SECRET, mode=0o600):
    file = folder / name
    file.write_text(text + "\n", encoding="utf-8")
    file.chmod(mode)
    return file


def hook(port, name="ops", scheme="http", host="127.0.0.1", **keys):
    """One entry of notify.webhooks, as JSON, which is YAML."""
    return {"name": name, "url": f"{scheme}://{host}:{port}/hooks?key=canary-of-the-url", "secret_files": ["hook.secret"],
            "allow_networks": ["127.0.0.0/8", "::1"], "timeout": "2s", "retries": ["100ms"] * 20, **keys}


def config(*hooks):
    return f"""
evaluation: {{interval: 200ms}}
notify: {{webhooks: {json.dumps(hooks)}, external_labels: {{site: e2e}}}}
pilots:
  - name: p
    owner: team-a
    task: binary
    clock: event
    windows: [day]
    limits:
      - {{name: errors, metric: error_rate, window: day, max: 0.2, min_n: 30, severity: critical, action: Stop the pilot}}
"""


def day(number, wrong):
    """A day's 50 decisions with outcomes, so many of them wrong, and one of the next day that closes it."""
    for i in range(50):
        common = {"pilot": "p", "id": f"{number}-{i}", "time": f"2026-03-{number:02d}T{i // 3:02d}:00:00Z"}
        yield {"type": "prediction", "prediction": 1, **common}
        yield {"type": "outcome", "actual": 0 if i < wrong else 1, **common}
    yield {"type": "prediction", "pilot": "p", "id": f"close-{number}", "time": f"2026-03-{number + 1:02d}T00:05:00Z", "prediction": 1}


def verified(requests, secret=OLD_SECRET):
    """Whether the official library takes each of them, and what it makes of it."""
    lines = "".join(json.dumps({"secret": secret, "headers": headers, "body": body.decode("utf-8")}) + "\n"
                    for headers, body, _ in requests)
    done = subprocess.run(["node", SOURCE / "tests" / "clients" / "standardwebhooks.js"], input=lines, capture_output=True,
                          encoding="utf-8", check=False, timeout=120, env={**os.environ, "CLIENTS": str(CLIENTS)})
    check_equal((done.returncode, done.stderr), (0, ""), "the verifier")
    return [json.loads(line) for line in done.stdout.splitlines()]
