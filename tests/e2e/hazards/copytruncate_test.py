#!/usr/bin/env python3
"""Rotation by copy and truncation: what was not read yet is in the copy; without a copy it is lost, and counted."""
import os

from hazard import copytruncate, followed, main, settled, stalled, tail, wait_for


def unread_lines_are_in_the_copy():
    """they are read from there"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        with stalled(daemon):
            lines.append(log, 50)
            copytruncate(log, folder / "records.ndjson.1")
            lines.append(log, 5)
        settled(daemon, lines)
        wait_for("one truncation", lambda: tail(daemon, "rotations_total", kind="truncate") == 1)


def grown_past_the_old_place():
    """a file that is larger than before when it is looked at again is still known to be another"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        with stalled(daemon):
            lines.append(log, 50)
            copytruncate(log, folder / "records.ndjson.1")
            lines.append(log, 1000)
        settled(daemon, lines)


def the_same_head():
    """the same with first lines that do not change"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        head = "".join(" " * 100 + "\n" for _ in range(3))   # blank lines are no records
        log.write_text(head + lines.make(100), encoding="utf-8")
        settled(daemon, lines)
        with stalled(daemon):
            copytruncate(log, folder / "records.ndjson.1")
            log.write_text(head + lines.make(200), encoding="utf-8")
        settled(daemon, lines)


def the_copy_is_followed_too():
    """a pattern that matches the copy brings nothing twice"""
    with followed(file='"records.ndjson*"') as (folder, daemon, lines):
        log = folder / "records.ndjson"
        for generation in range(1, 4):
            lines.append(log, 100)
            settled(daemon, lines)
            copytruncate(log, folder / f"records.ndjson.{generation}")
            lines.append(log, 10)
            settled(daemon, lines)


def no_copy():
    """what had been seen and not read is counted, byte by byte"""
    with followed() as (folder, daemon, lines):
        log = folder / "records.ndjson"
        lines.append(log, 100)
        settled(daemon, lines)
        half = '{"half of a line": '
        with open(log, "a", encoding="utf-8") as out:
            out.write(half)
        wait_for("half a line to be seen", lambda: tail(daemon, "unread_bytes") == len(half))
        os.truncate(log, 0)
        lines.append(log, 10)
        settled(daemon, lines, lost_bytes=len(half))


if __name__ == "__main__":
    main(unread_lines_are_in_the_copy, grown_past_the_old_place, the_same_head, the_copy_is_followed_too, no_copy)
