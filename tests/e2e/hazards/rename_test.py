#!/usr/bin/env python3
"""Rotation by rename: the writer goes on with the old file for a while, then with a new one."""
from hazard import followed, main, settled, tail, wait_for


def rename():
    """every line arrives, from the old file and the new one"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        for generation in range(1, 6):
            with open(log, "a", encoding="utf-8") as writer:
                writer.write(lines.make(10))
                log.rename(folder / f"records.ndjson.{generation}")
                writer.write(lines.make(10))   # it has not been told yet
            lines.append(log, 50)
            settled(daemon, lines)
        wait_for("5 rotations", lambda: tail(daemon, "rotations_total", kind="rename") == 5)


def the_last_line_without_newline():
    """of a renamed file it arrives when the successor has bytes"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        log.write_text(lines.make(10).rstrip("\n"), encoding="utf-8")
        wait_for("nine lines", lambda: daemon.metrics().sum("pilotwatch_predictions_total") == 9)
        log.rename(folder / "records.ndjson.1")
        lines.append(log, 10)
        settled(daemon, lines)


def deletion():
    """a file deleted while it is open is read to its end"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        with open(log, "a", encoding="utf-8") as writer:
            writer.write(lines.make(10))
            writer.flush()
            settled(daemon, lines)
            log.unlink()
            writer.write(lines.make(10))
            writer.flush()
            settled(daemon, lines)
        lines.append(log, 10)
        settled(daemon, lines)


if __name__ == "__main__":
    main(rename, the_last_line_without_newline, deletion)
