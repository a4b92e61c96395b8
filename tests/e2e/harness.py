"""What the end-to-end tests share: a daemon, a Prometheus and an Alertmanager on free loopback ports, and HTTP to them.

Python 3 standard library only (but need_modules). Everything started here is stopped again; nothing waits without a deadline.
"""
import contextlib
import datetime
import http.client
import importlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

SKIPPED = 77          # what ctest takes for "skipped"
DEADLINE_S = 60       # for anything that should take a moment; sanitizers and busy machines are slow
NDJSON = "application/x-ndjson"

BINARY = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
SOURCE = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
SHARED = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None


class Failure(AssertionError):
    """A test's expectation that does not hold."""


def check(holds, message):
    if not holds:
        raise Failure(message)


def check_equal(got, expected, what):
    check(got == expected, f"{what}: expected {expected!r}, got {got!r}")


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)


def need_programs(*names):
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        skip("not installed: " + ", ".join(missing))


def need_modules(name):
    """A Python module that is not in the standard library."""
    try:
        return importlib.import_module(name)
    except ImportError:
        skip(f"no Python module {name} (packaging/install.sh --test)")


def need_shared(path):
    """A file of the shared folder with the published data sets, which is not part of this repository."""
    if SHARED is None or not (SHARED / path).exists():
        skip(f"no {path} in the folder of published data (PILOTWATCH_SHARED)")
    return SHARED / path


def as_nobody(folder):
    """What to put before a command so that permissions hold for it, also where root runs the tests; None: not here."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        print("    not tried: no setpriv")
        return None
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
    os.chmod(folder, 0o755)
    if subprocess.run([*prefix, "test", "-x", folder], check=False).returncode != 0:
        print("    not tried: nobody may not get to the temporary folder")
        return None
    return prefix


def main(*tests):
    """Runs the tests in order and stops at the first that fails."""
    for test in tests:
        started = time.monotonic()
        print(f"--- {test.__name__}: {(test.__doc__ or '').strip().splitlines()[0] if test.__doc__ else ''}", flush=True)
        test()
        print(f"    ok, {time.monotonic() - started:.1f} s", flush=True)


def wait_for(what, probe, deadline_s=DEADLINE_S, pause_s=0.05):
    """Polls until probe() is true-ish and returns that; a probe may raise what HTTP or JSON raises."""
    end = time.monotonic() + deadline_s
    last = None
    while True:
        try:
            found = probe()
            if found:
                return found
            last = found
        except (OSError, http.client.HTTPException, ValueError, KeyError, IndexError) as error:
            last = error
        if time.monotonic() > end:
            raise Failure(f"waited {deadline_s} s in vain for {what}; last: {last!r}")
        time.sleep(pause_s)


def free_port():
    """For programs that cannot be told to take any. The gap until they bind is why starting them is tried again."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, timeout_s=DEADLINE_S):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


class Process:
    """A program whose stderr and stdout are read all the time, so that it never blocks on them."""

    def __init__(self, command, name, environment=None, cwd=None):
        self.name = name
        self.lines = []
        self._seen = threading.Condition()
        self._child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd,
                                       env={**os.environ, **(environment or {})})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self._child.stdout:
            with self._seen:
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self._seen.notify_all()
        with self._seen:
            self._seen.notify_all()

    def find_line(self, pattern, deadline_s=DEADLINE_S):
        """The match of the first line that has the pattern; None when the program ended without one."""
        end = time.monotonic() + deadline_s
        compiled = re.compile(pattern)
        looked_at = 0
        with self._seen:
            while True:
                for line in self.lines[looked_at:]:
                    match = compiled.search(line)
                    if match:
                        return match
                looked_at = len(self.lines)
                if not self._reader.is_alive():
                    return None
                if time.monotonic() > end:
                    raise Failure(f"{self.name}: no line like {pattern!r} within {deadline_s} s\n{self.tail()}")
                self._seen.wait(0.2)

    def tail(self, lines=30):
        return "\n".join(f"    {self.name}| {line}" for line in self.lines[-lines:])

    def running(self):
        return self._child.poll() is None

    def pid(self):
        return self._child.pid

    def terminate(self):
        """SIGTERM, and no waiting."""
        if self.running():
            self._child.send_signal(signal.SIGTERM)

    def hang_up(self):
        """SIGHUP: read the configuration again."""
        self._child.send_signal(signal.SIGHUP)

    def kill(self):
        if self.running():
            self._child.kill()
        self._child.wait()
        self._reader.join(DEADLINE_S)

    def stop(self, deadline_s=DEADLINE_S):
        """SIGTERM, wait, exit code."""
        self.terminate()
        return self.wait(deadline_s)

    def wait(self, deadline_s=DEADLINE_S):
        """The exit code."""
        try:
            code = self._child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f"{self.name} did not stop within {deadline_s} s\n{self.tail()}") from None
        self._reader.join(DEADLINE_S)
        return code


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="pilotwatch-e2e-") as folder:
        yield pathlib.Path(folder)


class Daemon:
    """`pilotwatch serve` in a folder of its own; start() and stop() as often as the test likes."""

    def __init__(self, folder, config, arguments=(), prefix=(), environment=None):
        """`prefix`: a program that becomes the daemon, such as `prlimit --nofile=64`."""
        self.folder = pathlib.Path(folder)
        self.config_file = self.folder / "pilotwatch.yml"
        self.config_file.write_text(config, encoding="utf-8")
        self.arguments = list(arguments)
        self.prefix, self.environment = list(prefix), environment
        self.process = None
        self.port = None

    def launch(self):
        """Begins to start, and waits for nothing."""
        command = [*self.prefix, BINARY, "serve", "--config.file", self.config_file,
                   "--web.listen-address", f"127.0.0.1:{self.port or 0}",
                   "--storage.path", self.folder / "data", *self.arguments]
        self.process = Process(command, "pilotwatch", self.environment)

    def start(self, wait_ready=True):
        self.launch()
        match = self.process.find_line(r'msg="?Listening"? .*address=127\.0\.0\.1:(\d+)')
        if match is None:
            raise Failure(f"the daemon ended at its start\n{self.process.tail()}")
        self.port = int(match[1])   # kept over restarts, so that others find it again
        if wait_ready:
            wait_for("/-/ready", lambda: self.get("/-/ready").status == 200)
        return self

    def stop(self):
        code = self.process.stop()
        check(code == 0, f"the daemon's exit code is {code}\n{self.process.tail()}")

    def kill(self):
        self.process.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, traceback):
        if kind is None:
            self.stop()
        else:
            print(self.process.tail())
            self.process.kill()

    def get(self, path, headers=None):
        return request(self.port, "GET", path, headers=headers)

    def post(self, body, path="/v1/records", headers=None):
        if isinstance(body, str):
            body = body.encode("utf-8")
        return request(self.port, "POST", path, body, {"Content-Type": NDJSON, **(headers or {})})

    def send(self, records, expect_rejected=0):
        """Posts records (dicts or lines) in bodies of some thousand and returns (accepted, duplicate)."""
        accepted = duplicate = rejected = 0
        lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
        for begin in range(0, len(lines), 5000):
            answer = self.post("\n".join(lines[begin:begin + 5000]) + "\n")
            check(answer.status == 200, f"HTTP {answer.status}: {answer.text[:500]}")
            counts = answer.json
            accepted, duplicate = accepted + counts["accepted"], duplicate + counts["duplicate"]
            rejected += counts["rejected"]
            check(rejected <= expect_rejected, f"rejected lines: {counts['errors'][:3]}")
        return accepted, duplicate

    def api(self, path, **query):
        """The "data" of an answer of /api/v1/..."""
        answer = self.get("/api/v1/" + path + ("?" + urllib.parse.urlencode(query) if query else ""))
        check(answer.status == 200, f"{path}: HTTP {answer.status}: {answer.text[:500]}")
        return answer.json["data"]

    def pages(self, path, **query):
        """The answers of /api/v1/... that comes in pages, one by one."""
        while True:
            answer = self.get("/api/v1/" + path + ("?" + urllib.parse.urlencode(query) if query else ""))
            check(answer.status == 200, f"{path}: HTTP {answer.status}: {answer.text[:500]}")
            yield answer.json
            if answer.json["next"] is None:
                return
            query["next"] = answer.json["next"]

    def windows(self, pilot, **query):
        """All window objects, from all pages."""
        return [figure for page in self.pages(f"pilots/{pilot}/windows", **query) for figure in page["data"]]

    def limits(self, pilot):
        """Limit name -> its standing."""
        for entry in self.api("pilots"):
            if entry["pilot"] == pilot:
                return {limit["limit"]: limit for limit in entry["limits"]}
        raise Failure(f"no pilot {pilot}")

    def metrics(self):
        return Metrics(self.get("/metrics").text)


class Metrics:
    """Samples of a text exposition."""

    LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = self.LINE.match(line)
                check(match, f"not a sample: {line!r}")
                self.samples.append((match[1], dict(self.LABEL.findall(match[2] or "")), float(match[3])))

    def all(self, name, **labels):
        return [(have, value) for sample, have, value in self.samples
                if sample == name and all(have.get(k) == v for k, v in labels.items())]

    def sum(self, name, **labels):
        return sum(value for _, value in self.all(name, **labels))

    def one(self, name, **labels):
        found = self.all(name, **labels)
        check(len(found) == 1, f"{name}{labels}: {len(found)} samples instead of one")
        return found[0][1]


def start_server(make_command, name, ready_path, attempts=5):
    """Starts a program that must be told its port: (process, port)."""
    for attempt in range(attempts):
        port = free_port()
        process = Process(make_command(port), name)

        def answers():
            return not process.running() or request(port, "GET", ready_path, timeout_s=5).status == 200

        try:
            wait_for(f"{name} {ready_path}", answers)
        except Failure:
            process.kill()
            raise
        if process.running():
            return process, port
        print(f"{name} did not start (attempt {attempt + 1})\n{process.tail(5)}")
    raise Failure(f"{name} does not start")


@contextlib.contextmanager
def prometheus(folder, targets, interval="1s", rule_files=(), alertmanagers=()):
    """A Prometheus that scrapes the ports given, and tells the Alertmanagers at those; yields its own port."""
    folder = pathlib.Path(folder) / "prometheus"
    folder.mkdir()
    listed = ", ".join(f"'127.0.0.1:{port}'" for port in targets)
    rules = "".join(f"  - '{file}'\n" for file in rule_files)
    told = ", ".join(f"'127.0.0.1:{port}'" for port in alertmanagers)
    (folder / "prometheus.yml").write_text(
        f"global:\n  scrape_interval: {interval}\n  evaluation_interval: {interval}\n"
        + (f"rule_files:\n{rules}" if rules else "")
        + (f"alerting: {{alertmanagers: [{{static_configs: [{{targets: [{told}]}}]}}]}}\n" if told else "")
        + f"scrape_configs:\n  - job_name: pilotwatch\n    static_configs:\n      - targets: [{listed}]\n", encoding="utf-8")
    process, port = start_server(
        lambda p: ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
                   f"--web.listen-address=127.0.0.1:{p}", "--log.level=warn"], "prometheus", "/-/ready")
    try:
        yield port
    finally:
        process.stop()


@contextlib.contextmanager
def alertmanager(folder):
    """An Alertmanager that notifies nobody; yields its port."""
    folder = pathlib.Path(folder) / "alertmanager"
    folder.mkdir()
    (folder / "alertmanager.yml").write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n", encoding="utf-8")
    process, port = start_server(
        lambda p: ["prometheus-alertmanager", f"--config.file={folder / 'alertmanager.yml'}",
                   f"--storage.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{p}", "--cluster.listen-address=",
                   "--log.level=warn"], "alertmanager", "/-/ready")
    try:
        yield port
    finally:
        process.stop()


def query(prometheus_port, expression):
    """Instant vector of a Prometheus: list of (labels, value)."""
    answer = request(prometheus_port, "GET", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    check(answer.status == 200, f"{expression}: HTTP {answer.status}: {answer.text[:300]}")
    return [(row["metric"], float(row["value"][1])) for row in answer.json["data"]["result"]]


def to_events(name, *arguments):
    """Lines of a published data set in the wire format."""
    tool = need_shared("tools/to_events.py")
    done = subprocess.run([sys.executable, str(tool), name, *arguments], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode("utf-8").splitlines()


def pilotwatch(*arguments, input_text=None, deadline_s=300, environment=None):
    """Runs a subcommand to its end, with `environment` beside the test's own."""
    return subprocess.run([str(BINARY), *[str(a) for a in arguments]], input=input_text, capture_output=True,
                          encoding="utf-8", timeout=deadline_s, check=False, env={**os.environ, **(environment or {})})


def utc(seconds):
    """RFC 3339 of a Unix time, to the millisecond."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def environment_number(name, default):
    return int(os.environ.get(name, default))
