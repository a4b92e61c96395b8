# SPDX-License-Identifier: Apache-2.0
"""A DNS server on loopback that answers what it is told, well or badly; a real dnsmasq; and Alertmanagers that take everything."""
import contextlib
import getpass
import http.server
import json
import pathlib
import socket
import socketserver
import struct
import threading

from harness import Failure, Process, free_port

TYPES = {"A": 1, "SRV": 33, "AAAA": 28}
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5


def encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label) + b"\0"


class NameServer:
    """UDP and TCP. `records`: (name, type) -> addresses, or (host, port) of SRV. `behave`: "well", "servfail", "refused", "silent",
    "garbage", "truncated" (everything over TCP)."""

    def __init__(self):
        self.records, self.behave, self.asked = {}, "well", []
        server = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                answer = server.answer(self.request[0], udp=True)
                if answer is not None:
                    self.request[1].sendto(answer, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                (size,) = struct.unpack("!H", self.rfile.read(2))
                answer = server.answer(self.rfile.read(size), udp=False)
                if answer is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)

        for _ in range(20):
            self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp)
            self.port = self._tcp.server_address[1]
            try:
                self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Udp)
                break
            except OSError:
                self._tcp.server_close()
        else:
            raise Failure("no port that is free for TCP and UDP")
        self.server = f"127.0.0.1:{self.port}"
        for listener in (self._tcp, self._udp):
            listener.daemon_threads = True
            threading.Thread(target=listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in (self._tcp, self._udp):
            listener.shutdown()
            listener.server_close()

    def answer(self, request, udp):
        number = request[:2]
        at, labels = 12, []
        while request[at]:
            labels.append(request[at + 1:at + 1 + request[at]].decode())
            at += 1 + request[at]
        question = request[12:at + 5]
        kind = struct.unpack("!H", request[at + 1:at + 3])[0]
        name = ".".join(labels)
        self.asked.append((name, kind, "udp" if udp else "tcp"))
        if self.behave == "silent":
            return None
        if self.behave == "garbage":
            return number + b"\x81\x80\0\1\0\5\0\0\0\0" + question + b"\xc0\xff\0\x21\0\1"
        code = {"servfail": SERVFAIL, "refused": REFUSED}.get(self.behave)
        found = next((values for (known, of), values in self.records.items() if known == name and TYPES[of] == kind), [])
        known_name = any(known == name for known, _ in self.records)
        if code is None:
            code = 0 if known_name else NXDOMAIN
        cut = self.behave == "truncated" and udp
        records = b"" if cut or code else b"".join(self._record(kind, value) for value in found)
        count = 0 if cut or code else len(found)
        flags = 0x8180 | (0x0200 if cut else 0) | code
        return number + struct.pack("!HHHHH", flags, 1, count, 0, 0) + question + records

    @staticmethod
    def _record(kind, value):
        if kind == TYPES["SRV"]:
            data = struct.pack("!HHH", 10, 10, value[1]) + encoded(value[0])
        else:
            data = socket.inet_pton(socket.AF_INET if kind == TYPES["A"] else socket.AF_INET6, value)
        return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


class Taker:
    """An Alertmanager that takes everything and keeps the names of the pilots, or hangs."""

    def __init__(self, address="127.0.0.1", port=0):
        self.got, self.hang = [], threading.Event()
        self._go = threading.Event()
        taker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                if taker.hang.is_set():
                    taker._go.wait()
                    self.close_connection = True
                    return
                taker.got += [(self.path, alert["labels"].get("pilot"), alert["endsAt"]) for alert in body]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

        self._server = Server((address, port), Handler)
        self.port = self._server.server_address[1]
        self.target = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def pilots(self):
        return [pilot for _, pilot, _ in self.got]

    def close(self):
        self._go.set()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def takers(*addresses):
    """One at each address, all at one port."""
    for _ in range(20):
        made = []
        try:
            for address in addresses:
                made.append(Taker(address, made[0].port if made else 0))
            break
        except OSError:
            for taker in made:
                taker.close()
    else:
        raise Failure(f"no port that is free at {addresses}")
    try:
        yield made
    finally:
        for taker in made:
            taker.close()


class Dnsmasq:
    """Debian's dnsmasq; hosts() is taken over while it runs, start() and stop() as often as the test likes, at one port."""

    def __init__(self, folder, *arguments):
        self.folder = pathlib.Path(folder) / "dnsmasq"
        self.folder.mkdir()
        self.hosts_file = self.folder / "hosts"
        self.hosts_file.write_text("", encoding="utf-8")
        self.arguments, self.port, self.process = arguments, None, None

    def hosts(self, *lines):
        self.hosts_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if self.process:
            self.process.hang_up()

    def start(self):
        for _ in range(5):
            port = self.port or free_port()
            self.process = Process(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-negcache",
                                    f"--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces", f"--user={getpass.getuser()}",
                                    "--log-facility=-", f"--addn-hosts={self.hosts_file}", "--pid-file=", *self.arguments], "dnsmasq")
            if self.process.find_line(r"started, version"):
                self.port = port
                return self
        raise Failure(f"dnsmasq does not start\n{self.process.tail()}")

    def stop(self):
        self.process.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.process.kill()
