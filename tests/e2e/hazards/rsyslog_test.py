#!/usr/bin/env python3
"""rsyslog receives lines over TCP and writes them to a file that the daemon tails; it is told to reopen it after a rotation."""
import os
import signal
import socket

from hazard import config, Daemon, Lines, main, need_programs, scratch, settled, wait_for
from harness import Process, free_port

CONFIG = """
module(load="imtcp" MaxSessions="10")
template(name="asis" type="string" string="%rawmsg%\\n")
ruleset(name="in") {{ action(type="omfile" file="{log}" template="asis" createMode="0644") }}
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="in" SupportOctetCountedFraming="off")
"""


def through_rsyslog():
    """10,000 lines, two rotations with SIGHUP, a restart of the daemon in the middle: nothing lost"""
    with scratch() as folder:
        log, lines, port = folder / "records.ndjson", Lines(), free_port()
        (folder / "rsyslog.conf").write_text(CONFIG.format(log=log, port=port), encoding="utf-8")
        rsyslog = Process(["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "rsyslog.pid"], "rsyslogd")
        try:
            sender = wait_for("rsyslog to listen", lambda: socket.create_connection(("127.0.0.1", port), timeout=5))
            daemon = Daemon(folder, config()).start()
            for part in range(4):
                sender.sendall(lines.make(2500).encode())
                settled(daemon, lines)
                if part in (0, 2):
                    log.rename(folder / f"records.ndjson.{part}")
                    os.kill(rsyslog._child.pid, signal.SIGHUP)
                if part == 1:
                    daemon.stop()
                    sender.sendall(lines.make(2500).encode())
                    daemon.start()
            settled(daemon, lines)
            sender.close()
            daemon.stop()
        finally:
            rsyslog.stop()


if __name__ == "__main__":
    need_programs("rsyslogd")
    main(through_rsyslog)
