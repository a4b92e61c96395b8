# SPDX-License-Identifier: Apache-2.0
"""Chapter of the table: the same records, as there are more pilots, more features, and more that has come before."""
import json
import time
import urllib.request

import parts


def rate(build, daemon, file):
    seen = parts.send(build, daemon, file, 1000, 8)
    return seen["records_per_s"], seen["cpu_s"] / seen["accepted"] * 1e6


def of_pilots(build, folder, records):
    out = {}
    for pilots in (1, 10, 100):
        file = parts.generate(folder / f"pilots-{pilots}", records, pilots)
        text = parts.config([parts.pilot(f"pilot-{i:03}") for i in range(pilots)])
        with parts.scratch() as own, parts.Daemon(build, text, own) as daemon:
            out[f"{pilots} pilots, records/s"], out[f"{pilots} pilots, CPU us a record"] = rate(build, daemon, file)
    out["CPU a record, 100 pilots / 1 pilot"] = out["100 pilots, CPU us a record"] / out["1 pilots, CPU us a record"]
    return out


def widened(file, times):
    """Every feature so many times, under names of its own."""
    wide = file.with_name(f"wide-{times}.ndjson")
    with open(file, encoding="utf-8") as lines, open(wide, "w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            if "features" in record:
                record["features"] = {f"{name}_{i}": value for i in range(times) for name, value in record["features"].items()}
            out.write(json.dumps(record, separators=(",", ":")) + "\n")
    return wide


def of_features(build, folder, records):
    out = {}
    file = parts.generate(folder / "features", records)
    for times in (1, 10):
        features = {f"{name}_{i}": kind for i in range(times) for name, kind in parts.FEATURES.items()}
        text = parts.config([parts.pilot(features=features)])
        with parts.scratch() as own, parts.Daemon(build, text, own) as daemon:
            out[f"{10 * times} features, records/s"], out[f"{10 * times} features, CPU us a record"] = rate(build, daemon, widened(file, times))
    return out


def of_scrapes(build, folder, records):
    """A scrape of many series, and what one a second costs those who send."""
    pilots = 40
    file = parts.generate(folder / "scrapes", records, pilots)
    text = parts.config([parts.pilot(f"pilot-{i:03}") for i in range(pilots)])
    with parts.scratch() as own, parts.Daemon(build, text, own) as daemon:
        alone, _ = rate(build, daemon, file)
        times = []
        for _ in range(20):
            started = time.monotonic()
            series = sum(1 for line in daemon.scrape().splitlines() if line and line[0] != "#")
            times.append(1e3 * (time.monotonic() - started))
    with parts.scratch() as own, parts.Daemon(build, text, own) as daemon, Scraper(daemon.address):
        scraped, _ = rate(build, daemon, file)
    times.sort()
    return {"scrape: series": series, "scrape, ms (median of 20)": times[10], "scrape, us a series": 1e3 * times[10] / series,
            "ingest with one scrape a second / without": scraped / alone}


class Scraper:
    def __init__(self, address):
        import threading
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(address,))

    def _run(self, address):
        while not self._end.wait(1):
            with urllib.request.urlopen(f"http://{address}/metrics") as answer:
                answer.read()

    def __enter__(self):
        self._thread.start()

    def __exit__(self, kind, value, traceback):
        self._end.set()
        self._thread.join()


def figures(build, folder, records):
    return {**of_pilots(build, folder, records), **of_features(build, folder, records // 5), **of_scrapes(build, folder, records)}
