#!/usr/bin/env python3
"""The daemon is killed while a line stands half in the file."""
from hazard import config, Daemon, Lines, main, scratch, settled, tail, wait_for


def killed_at_half_a_line():
    """its two halves arrive as one line, once"""
    with scratch() as folder:
        log, lines = folder / "records.ndjson", Lines()
        daemon = Daemon(folder, config()).start()
        for _ in range(10):
            text = lines.make(20)
            with open(log, "a", encoding="utf-8") as writer:
                writer.write(text[:-30])
                writer.flush()
                wait_for("half a line to be seen", lambda: tail(daemon, "unread_bytes") > 0)
                daemon.kill()
                writer.write(text[-30:-10])
                writer.flush()
                daemon.start()
                writer.write(text[-10:])
            settled(daemon, lines)
        daemon.stop()


if __name__ == "__main__":
    main(killed_at_half_a_line)
