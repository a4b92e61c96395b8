#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--web.route-prefix and --web.external-url: every path, link and client under a prefix, behind a proxy that keeps it and one that takes
it away."""
import contextlib
import html.parser
import http.server
import json
import re
import threading
import urllib.parse

from harness import (NDJSON, SOURCE, Daemon, check, check_equal, main, pilotwatch, request, scratch)
from webhook_harness import Receiver

CONFIG = """
evaluation: {interval: 100ms}
ingest: {tap: true}
notify: {alertmanagers: [{url: "http://127.0.0.1:ALERTMANAGER"}]}
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
    limits: [{name: errors, metric: error_rate, window: day, max: 0.2, min_n: 30, evidence: point}]
"""


class Prefixed(Daemon):
    prefix_path, alertmanager = "", None

    def generator_url(self):
        """Of the first alert that an Alertmanager was sent."""
        return json.loads(self.alertmanager.wait(1)[0][1])[0]["generatorURL"]

    def get(self, path, headers=None):
        return request(self.port, "GET", self.prefix_path + path, headers=headers)

    def post(self, body, path="/v1/records", headers=None):
        return request(self.port, "POST", self.prefix_path + path, body.encode(), {"Content-Type": NDJSON, **(headers or {})})


@contextlib.contextmanager
def daemon_at(prefix, *arguments):
    with scratch() as folder, Receiver() as alertmanager:
        daemon = Prefixed(folder, CONFIG.replace("ALERTMANAGER", str(alertmanager.port)), ["--web.enable-lifecycle", *arguments])
        daemon.prefix_path, daemon.alertmanager = prefix, alertmanager
        with daemon:
            yield daemon


@contextlib.contextmanager
def proxy(backend, take_away):
    """Forwards /watch/..., with the prefix or without it; yields the URL under which people reach the daemon."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.removeprefix("/watch") if take_away else self.path
            if not self.path.startswith("/watch/"):
                return self.send_error(404)
            answer = request(backend(), self.command, path, body or None, {"Content-Type": self.headers.get("Content-Type", "")})
            self.send_response(answer.status)
            for name in ("Content-Type", "Location"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = forward

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/watch"
    finally:
        server.shutdown()
        server.server_close()


def get(url):
    parts = urllib.parse.urlsplit(url)
    return request(parts.port, "GET", parts.path + (f"?{parts.query}" if parts.query else ""))


def breach(daemon):
    records = []
    for i in range(40):
        common = {"pilot": "p", "id": str(i), "time": f"2026-03-01T{i // 3:02d}:00:00Z"}
        records += [{"type": "prediction", "prediction": 1, **common}, {"type": "outcome", "actual": i % 2, **common}]
    daemon.send(records + [{"type": "prediction", "pilot": "p", "id": "close", "time": "2026-03-02T00:05:00Z", "prediction": 1}])


def documented_paths(episode):
    """GET paths of the README's table of interfaces that need no parameter but those in them."""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| path | what |"):].split("\n\n")[0]
    paths = [path for row in table.splitlines()[2:] for path in re.findall(r"`([^`]+)`", row.split("|")[1])]
    out = [path for path in paths if path.startswith("/")]
    for name, value in {"{pilot}": "p", "{source}": "http", "{limit}": "errors", "{episode}": episode}.items():
        out = [path.replace(name, value) for path in out]
    check(len(out) > 15, f"paths of the README: {out}")
    return out


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src", "action") and value and not value.startswith(("#", "data:")):
                self.found.append(value)


def every_path_is_under_the_prefix():
    """and nothing else, but for what leads there"""
    with daemon_at("/wat%20ch", "--web.route-prefix=wat%20ch/") as daemon:
        breach(daemon)
        for path in documented_paths(daemon.generator_url().rsplit("/", 1)[1]):
            check_equal(daemon.get(path).status, 200, f"under the prefix: {path}")
            check_equal(request(daemon.port, "GET", path).status, 302 if path == "/" else 404, f"without it: {path}")
        for path in ("/", "/wat%20ch"):
            answer = request(daemon.port, "GET", path)
            check_equal((answer.status, answer.headers.get("Location")), (302, "/wat%20ch/"), path)
        for path in ("/wat", "/wat%20chx/", "/wat%20ch/wat%20ch/"):
            check_equal(request(daemon.port, "GET", path).status, 404, path)
        check_equal(request(daemon.port, "POST", "/v1/records", b"").status, 404, "records without the prefix")
        check_equal(request(daemon.port, "POST", "/-/reload", b"").status, 404, "/-/reload without the prefix")
        check_equal(request(daemon.port, "POST", "/wat%20ch/-/reload", b"").status, 200, "/-/reload")
        check(daemon.generator_url().startswith(f"http://127.0.0.1:{daemon.port}/wat%20ch/breaches/"), f"generatorURL: {daemon.generator_url()}")


def people_and_clients_reach_it(take_away):
    port = []
    with proxy(lambda: port[0], take_away) as url:
        arguments = [f"--web.external-url={url}/"] + (["--web.route-prefix=/"] if take_away else [])
        with daemon_at("" if take_away else "/watch", *arguments) as daemon:
            port.append(daemon.port)
            breach(daemon)
            page = get(url + "/")
            check_equal(page.status, 200, "the page")
            links = Links(page.text).found
            check(len(links) >= 7, f"links: {links}")
            for link in links:
                check_equal(get(urllib.parse.urljoin(url + "/", link)).status, 200, f"link {link}")
            its = daemon.generator_url()
            check(its.startswith(url + "/breaches/"), f"generatorURL: {its}")
            page = get(its)
            check("Pilot p is beyond its limit errors." in page.text, f"what the generatorURL names: {page.status}")
            for link in Links(page.text).found:
                check_equal(get(urllib.parse.urljoin(its, link)).status, 200, f"link {link} of the breach's page")
            clients(url)


def clients(url):
    for arguments in (["alert", "list"], ["explain", "p"], ["top", "--once"], ["rejects"]):
        done = pilotwatch(*arguments, "--url", url + "/")
        check_equal(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
    line = '{"type":"prediction","pilot":"p","id":"by-ingest","time":"2026-03-02T01:00:00Z","prediction":1}\n'
    done = pilotwatch("ingest", "--url", url, input_text=line)
    check_equal(done.returncode, 0, done.stdout + done.stderr)
    done = pilotwatch("simulate", "--url", url, "--pilot", "fraud", "--days", "1", "--decisions-per-day", "3")
    check("rejected" in done.stdout + done.stderr, f"simulate: {done.stdout}{done.stderr}")   # no such pilot here, and that is an answer


def a_proxy_that_keeps_the_prefix():
    """the default: paths begin with the external URL's"""
    people_and_clients_reach_it(take_away=False)


def a_proxy_that_takes_the_prefix_away():
    """--web.route-prefix=/"""
    people_and_clients_reach_it(take_away=True)


def bad_urls_are_told_at_the_start():
    """a URL that every Alertmanager would refuse never gets that far"""
    with scratch() as folder:
        (folder / "pilotwatch.yml").write_text(CONFIG.replace("ALERTMANAGER", "1"), encoding="utf-8")
        for flags in (["--web.external-url=watch.example"], ["--web.external-url=http://[no"], ["--web.external-url=http://a/?q"],
                      ["--web.external-url=http://a/%zz"], ["--web.route-prefix=/a?b"]):
            done = pilotwatch("serve", "--config.file", folder / "pilotwatch.yml", "--storage.path", folder / "data",
                              "--web.listen-address=127.0.0.1:0", *flags)
            check_equal(done.returncode, 2, f"{flags}: {done.stderr}")
            check(flags[0].split("=")[0] in done.stderr, f"{flags}: {done.stderr}")
        done = pilotwatch("alert", "test", "--config.file", folder / "pilotwatch.yml", "--web.external-url=watch.example")
        check_equal(done.returncode, 2, done.stderr)


if __name__ == "__main__":
    main(every_path_is_under_the_prefix, a_proxy_that_keeps_the_prefix, a_proxy_that_takes_the_prefix_away, bad_urls_are_told_at_the_start)
