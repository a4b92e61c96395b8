#!/usr/bin/env python3
"""The path is a symbolic link that is pointed at another file, and back."""
import os

from hazard import config, Daemon, followed, Lines, main, scratch, settled


def point(link, target):
    new = link.with_name("link.new")
    new.symlink_to(target)
    os.replace(new, link)


def swapped():
    """lines of both targets arrive, those too that come to the old one for a while"""
    with followed() as (folder, daemon, lines):
        link, there = folder / "records.ndjson", folder / "targets"
        there.mkdir()
        lines.append(there / "a", 100)
        point(link, there / "a")
        settled(daemon, lines)
        with open(there / "a", "a", encoding="utf-8") as writer:
            writer.write(lines.make(10))
            lines.append(there / "b", 20)
            point(link, there / "b")
            writer.write(lines.make(10))
        settled(daemon, lines)
        point(link, there / "a")
        lines.append(there / "a", 10)
        settled(daemon, lines)
        lines.append(there / "b", 5)   # nobody points at it now, but it is still open
        settled(daemon, lines)


def swapped_while_down():
    """the old target is found where it was"""
    with scratch() as folder:
        link, there, lines = folder / "records.ndjson", folder / "targets", Lines()
        there.mkdir()
        lines.append(there / "a", 100)
        point(link, there / "a")
        daemon = Daemon(folder, config()).start()
        settled(daemon, lines)
        daemon.stop()
        lines.append(there / "a", 10)
        lines.append(there / "b", 20)
        point(link, there / "b")
        with daemon:
            settled(daemon, lines)


if __name__ == "__main__":
    main(swapped, swapped_while_down)
