#!/usr/bin/env python3
"""A reference is frozen: the same file goes on, a changed one is refused, one under another name starts all figures anew."""
import json

from harness import Daemon, check, check_equal, main, pilotwatch, scratch, wait_for

CONFIG = """
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
    features: [{{name: x, kind: numeric}}]
    reference: {{file: {name}}}
"""
DAY = 86400


def prediction(number, day, value):
    return {"type": "prediction", "pilot": "p", "id": f"{day}-{number}", "time": 1767225600 + day * DAY + number, "prediction": 1,
            "features": {"x": value}}


def write_reference(path, values):
    path.write_text("".join(json.dumps(prediction(i, -9, v)) + "\n" for i, v in enumerate(values)), encoding="utf-8")


def distance(daemon):
    rows = daemon.windows("p", kind="day", metric="ks", feature="x", model_version="")
    return rows[0]["value"]


def frozen_references():
    """restart with the same, a changed and a renamed reference file"""
    with scratch() as folder:
        write_reference(folder / "ref.ndjson", range(100))
        daemon = Daemon(folder, CONFIG.format(name="ref.ndjson")).start()
        daemon.send([prediction(i, 0, i) for i in range(100)] + [prediction(0, 2, 0)])
        check_equal(distance(daemon), 0.0, "KS against the same values")
        daemon.stop()
        daemon.start()
        check_equal(distance(daemon), 0.0, "KS after a restart")
        daemon.stop()

        write_reference(folder / "ref.ndjson", range(1000, 1100))
        ended = pilotwatch("serve", "--config.file", daemon.config_file, "--web.listen-address", "127.0.0.1:0",
                           "--storage.path", folder / "data", deadline_s=60)
        check_equal(ended.returncode, 2, "exit code with a changed reference")
        check("has changed since it was frozen" in ended.stderr, "the log says that the reference has changed")

        (folder / "ref.ndjson").rename(folder / "new.ndjson")
        renamed = Daemon(folder, CONFIG.format(name="new.ndjson")).start()
        wait_for("figures against the new reference", lambda: distance(renamed) == 1.0)
        renamed.stop()


def backtest(folder, reference, records):
    """The objects that backtest prints."""
    config = folder / "backtest.yml"
    config.write_text(CONFIG.format(name="ref.ndjson").replace("{file: ref.ndjson}", reference), encoding="utf-8")
    (folder / "records.ndjson").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    ended = pilotwatch("backtest", "--config.file", config, "--records", folder / "records.ndjson", deadline_s=60)
    check_equal(ended.returncode, 0, "exit code of backtest")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def told_references():
    """backtest tells of each reference once, when it is frozen"""
    with scratch() as folder:
        write_reference(folder / "ref.ndjson", range(100))
        days = [prediction(i, day, i) for day in range(4) for i in range(100)]
        for reference, kind, n, at in [("{file: ref.ndjson, name: calm}", "file", 100, "2025-12-23T00:01:39Z"),
                                       ("{first: 150}", "first", 150, "2026-01-02T00:01:49Z"),
                                       ("{from: 2026-01-02, to: 2026-01-03}", "period", 100, "2026-01-03T00:01:00Z")]:
            objects = backtest(folder, reference, days)
            places = [i for i, o in enumerate(objects) if "reference" in o]
            check_equal(len(places), 1, f"references told of ({kind})")
            frozen = objects[places[0]]["reference"]
            check_equal((frozen["pilot"], frozen["kind"], frozen["n"], frozen["frozen_at"], frozen["model_versions"]),
                        ("p", kind, n, at, None), f"the reference of {kind}")
            check_equal(frozen["name"], "calm" if kind == "file" else None, "its name")
            before = [o["window"]["start"] for o in objects[:places[0]] if "window" in o]
            check_equal(max(before, default=None), {"file": None, "first": "2026-01-01T00:00:00Z",
                                                    "period": "2026-01-01T00:00:00Z"}[kind], f"windows before it ({kind})")
        by_version = [dict(r, model_version=str(i // 300)) for i, r in enumerate(
            prediction(i, day, i % 100) for day in range(4) for i in range(300))]
        versions = [o["reference"]["model_versions"] for o in backtest(folder, "{previous_version: 200}", by_version)
                    if "reference" in o]
        check_equal(versions, [["0"], ["1"], ["2"], ["3"]], "a reference for each version")


if __name__ == "__main__":
    main(frozen_references, told_references)
