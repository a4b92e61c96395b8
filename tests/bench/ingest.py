# SPDX-License-Identifier: Apache-2.0
"""Chapter of the table: what the daemon takes in, beside what its parts could do at best in the same round."""
import time

import parts


def by_http(build, file, records_a_request, connections):
    with parts.scratch() as folder, parts.Daemon(build, parts.config([parts.pilot()]), folder) as daemon:
        out = parts.send(build, daemon, file, records_a_request, connections)
        out["journal_bytes"] = daemon.journal_bytes()
    return out


def by_tail(build, file, records):
    """From the start, with the file lying there, until every record is counted. Looking at the metrics costs a little."""
    source = f"sources: [{{name: log, file: {file}}}]"
    with parts.scratch() as folder, parts.Daemon(build, parts.config([parts.pilot()], source), folder) as daemon:
        started = time.monotonic() - daemon.start_s
        while daemon.accepted() < records:
            if time.monotonic() - started > 600:
                raise SystemExit("the file is not read to its end")
            time.sleep(0.05)
        return {"records_per_s": records / (time.monotonic() - started), "cpu_s": daemon.processor_seconds()}


def figures(build, files, count):
    bound = parts.run(build / "tests" / "ingest_bound", files["config"], files["mixed"], 1000)
    bulk = by_http(build, files["mixed"], 1000, 8)
    tail = by_tail(build, files["mixed"], count)
    out = {"parse alone, records/CPU s": bound["parse_per_cpu_s"],
           "parse, compress, fsync (two threads), records/s": bound["store_per_s"],
           "parse, compress, fsync, records/CPU s": bound["store_per_cpu_s"]}
    for name, seen in (("HTTP 8 x 1,000", {**bulk, "n": bulk["accepted"]}), ("file tail", {**tail, "n": count})):
        out |= {f"{name}, records/s": seen["records_per_s"],
                f"{name}, records/daemon CPU s": seen["n"] / seen["cpu_s"],
                f"{name} / bound, by the clock": seen["records_per_s"] / bound["store_per_s"],
                f"{name} / bound, by CPU": seen["n"] / seen["cpu_s"] / bound["store_per_cpu_s"]}
    out |= {"HTTP 8 x 1,000, p99 ms": bulk["p99_ms"], "HTTP 8 x 1,000, greatest ms": bulk["max_ms"],
            "journal, bytes/record": bulk["journal_bytes"] / bulk["accepted"]}
    for connections in (1, 64, 256):
        single = by_http(build, files["few"] if connections == 1 else files["single"], 1, connections)
        out[f"one record a request, {connections} connections, records/s"] = single["records_per_s"]
        out[f"one record a request, {connections} connections, p99 ms"] = single["p99_ms"]
        if connections == 1:
            out["one client's wait, ms (mean)"] = 1e3 / single["records_per_s"]
            out["bare SQLite commit of the same bytes, ms (mean)"] = bound["bare_commit_ms"]
            out["one client's wait / bare commit"] = out["one client's wait, ms (mean)"] / bound["bare_commit_ms"]
    return out
