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


if __name__ == "__main__":
    main(frozen_references)
