# SPDX-License-Identifier: Apache-2.0
"""What the tests of notifications share: two real Alertmanagers that are one cluster, and what they tell people."""
import collections
import contextlib
import http.server
import json
import socket
import threading
import time

from harness import DEADLINE_S, Failure, Metrics, Process, check, request, wait_for
from webhook_harness import Receiver

CONFIG = """
route:
  receiver: people
  group_by: ['...']
  group_wait: {wait}
  group_interval: {interval}
  repeat_interval: 24h
receivers:
  - name: people
    webhook_configs: [{{url: "http://127.0.0.1:{port}/", send_resolved: true}}]
"""


@contextlib.contextmanager
def http_server(answer):
    """answer(path, body) -> status, for each POST; yields the port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(answer(self.path, body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class HeldPort:
    """A free port of TCP (and UDP, as far as one can see) that nobody else is given while the program that it is for is down:
    a socket that is bound and does not listen. Go listens beside it."""

    def __init__(self):
        for _ in range(20):
            self._socket = socket.socket()
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("127.0.0.1", 0))
            self.number = self._socket.getsockname()[1]
            with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
                with contextlib.suppress(OSError):
                    datagrams.bind(("127.0.0.1", self.number))
                    return
            self._socket.close()
        raise Failure("no port that is free for TCP and UDP")

    def close(self):
        self._socket.close()


class Instance:
    """One Alertmanager; start(), stop() and kill() as often as the test likes, at the same ports."""

    def __init__(self, folder, name, config, *flags):
        self.name, self.home, self.flags = name, folder / name, flags
        self.home.mkdir()
        (self.home / "alertmanager.yml").write_text(config, encoding="utf-8")
        self._ports = HeldPort(), HeldPort()
        self.port, self.cluster_port = (p.number for p in self._ports)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self, peers):
        self.process = Process(
            ["prometheus-alertmanager", f"--config.file={self.home / 'alertmanager.yml'}", f"--storage.path={self.home / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", f"--web.external-url={self.url}",
             f"--cluster.listen-address=127.0.0.1:{self.cluster_port}", f"--cluster.advertise-address=127.0.0.1:{self.cluster_port}",
             *[f"--cluster.peer=127.0.0.1:{peer.cluster_port}" for peer in peers], *self.flags,
             "--log.level=warn"], self.name)
        wait_for(f"{self.name} /-/ready", self.is_ready)

    def is_ready(self):
        check(self.process.running(), f"{self.name} ended\n{self.process.tail()}")
        return request(self.port, "GET", "/-/ready").status == 200

    def is_settled(self, peers):
        """Whether it knows so many members of the cluster and tells people things."""
        cluster = request(self.port, "GET", "/api/v2/status").json["cluster"]
        return cluster["status"] == "ready" and len(cluster["peers"]) == peers

    def alerts(self, **labels):
        return [alert for alert in request(self.port, "GET", "/api/v2/alerts").json
                if all(alert["labels"].get(name) == value for name, value in labels.items())]

    def received(self):
        """How many alerts it was sent since its start."""
        text = request(self.port, "GET", "/metrics").text
        kept = [line for line in text.splitlines() if line.startswith("alertmanager_alerts_received_total{")]
        return int(Metrics("\n".join(kept)).sum("alertmanager_alerts_received_total", version="v2"))

    def close(self):
        if self.process:
            self.process.kill()
        for port in self._ports:
            port.close()


Told = collections.namedtuple("Told", "status starts via at")


class People:
    """What was told to people, by the key of the alert: the pilot, or the alert's name where it has none."""

    def __init__(self, receiver, names):
        self._receiver, self._names = receiver, names

    def told(self):
        out = collections.defaultdict(list)
        for _, body, at in list(self._receiver.requests):
            message = json.loads(body)
            for alert in message["alerts"]:
                labels = alert["labels"]
                out[labels.get("pilot", labels["alertname"])].append(
                    Told(alert["status"], alert["startsAt"], self._names.get(message["externalURL"], "?"), at))
        return out

    def wait(self, key, status, count, deadline_s=DEADLINE_S):
        """Until it was told so many times; returns how long that took."""
        began = time.monotonic()
        wait_for(f"{key} {status}, told {count} times", lambda: sum(t.status == status for t in self.told()[key]) >= count, deadline_s)
        return time.monotonic() - began


class Mesh:
    """Two Alertmanagers that are one cluster, and the people whom they notify."""

    def __init__(self, folder, wait, interval, peer_timeout, gossip):
        self.receiver = Receiver()
        config = CONFIG.format(wait=wait, interval=interval, port=self.receiver.port)
        self.instances = [Instance(folder, name, config, f"--cluster.peer-timeout={peer_timeout}", f"--cluster.gossip-interval={gossip}") for name in ("am1", "am2")]
        self.people = People(self.receiver, {instance.url: instance.name for instance in self.instances})

    def __enter__(self):
        for instance in self.instances:
            instance.start(self.others(instance))
        self.wait_settled()
        return self

    def __exit__(self, kind, value, traceback):
        for instance in self.instances:
            if kind and instance.process:
                print(instance.process.tail())
            instance.close()
        self.receiver.__exit__()

    def others(self, instance):
        return [other for other in self.instances if other is not instance]

    def bring_back(self, instance):
        instance.start(self.others(instance))
        self.wait_settled()

    def wait_settled(self):
        for instance in self.instances:
            wait_for(f"{instance.name} to be settled", lambda instance=instance: instance.is_settled(len(self.instances)))


class Spoiler:
    """The way to a real Alertmanager, on which two alerts are made such that it refuses them."""

    def __init__(self, port):
        self.port, self.answers = port, []

    def __call__(self, path, body):
        alerts = json.loads(body)
        for alert in alerts:
            if alert["labels"].get("pilot") == "bad-url":
                alert["generatorURL"] = "http://[no"
            if alert["labels"].get("pilot") == "bad-label":
                alert["labels"]["no-label"] = "1"
        status = request(self.port, "POST", path, json.dumps(alerts), {"Content-Type": "application/json"}).status
        self.answers.append((status, len(alerts)))
        return status
