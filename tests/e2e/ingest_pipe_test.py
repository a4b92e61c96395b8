# SPDX-License-Identifier: Apache-2.0
"""`pilotwatch ingest`: a pipe into a running daemon, whatever happens to the daemon meanwhile."""
import json
import subprocess

from harness import BINARY, Daemon, check, check_equal, main, scratch, wait_for

CONFIG = "pilots: [{name: loans, task: binary}]\n"


def prediction(n):
    return json.dumps({"type": "prediction", "id": n, "time": "2026-01-05T12:00:00Z", "prediction": n % 2}) + "\n"


def start(daemon, *arguments):
    return subprocess.Popen([BINARY, "ingest", f"--url=http://127.0.0.1:{daemon.port}", "--pilot=loans", "--flush-ms=20", *arguments],
                            stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def accepted(daemon):
    return daemon.metrics().sum("pilotwatch_ingest_accepted_records_total")


def lines_go_on_without_waiting_for_the_end():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        pipe = start(daemon)
        pipe.stdin.write(prediction(1).encode())
        pipe.stdin.flush()
        wait_for("the first line, while the pipe is open", lambda: accepted(daemon) == 1)
        pipe.stdin.write(prediction(1).encode() + b"no JSON\n" + prediction(2).rstrip().encode())  # no newline at the end
        _, said = pipe.communicate()
        check_equal(pipe.returncode, 1, "exit code after a bad line")
        check(b"2 accepted, 1 duplicate, 1 rejected" in said, said)
        check(b"json" in said, "why the line was rejected")


def a_daemon_that_is_killed_and_comes_back_gets_every_line_once():
    with scratch() as folder:
        daemon = Daemon(folder, CONFIG).start()
        pipe = start(daemon, "--batch-bytes=2000")
        for n in range(500):
            pipe.stdin.write(prediction(n).encode())
        pipe.stdin.flush()
        wait_for("some lines", lambda: accepted(daemon) > 0)
        daemon.kill()
        for n in range(500, 1000):
            pipe.stdin.write(prediction(n).encode())
        daemon.start()
        _, said = pipe.communicate()
        check_equal(pipe.returncode, 0, f"exit code; {said}")
        check_equal(accepted(daemon), 1000, "accepted records")
        daemon.stop()


def refusals_for_good_end_it():
    with scratch() as folder, Daemon(folder, CONFIG) as daemon:
        pipe = start(daemon, "--source=nobody")
        _, said = pipe.communicate(prediction(1).encode())
        check_equal(pipe.returncode, 1, "exit code")
        check(b"404" in said and b"/v1/records?pilot=loans&source=nobody" in said, said)


main(lines_go_on_without_waiting_for_the_end, a_daemon_that_is_killed_and_comes_back_gets_every_line_once,
     refusals_for_good_end_it)
