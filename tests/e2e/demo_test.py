#!/usr/bin/env python3
"""The demo of the README, faster and with the binary under test: it ends by itself once the breach is in Alertmanager."""
import os
import signal
import socket
import subprocess
import time

from harness import (BINARY, SOURCE, Failure, check, check_equal, free_port, main, need_programs, request, scratch,
                     wait_for)

SPEED = 86400   # a simulated day a second
DEADLINE_S = 240


def start_demo(folder, *arguments, **environment):
    return subprocess.Popen([str(SOURCE / "packaging" / "demo.sh"), *arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                            env={**os.environ, "DEMO_BINARY": str(BINARY), "DEMO_STATE": str(folder / "state"),
                                 "DEMO_SPEED": str(SPEED), **environment})


def ports():
    return {name: str(free_port()) for name in ("DEMO_PORT", "DEMO_PROMETHEUS_PORT", "DEMO_ALERTMANAGER_PORT")}


def output_of(demo):
    try:
        return demo.communicate(timeout=DEADLINE_S)[0]
    except subprocess.TimeoutExpired:
        demo.terminate()
        raise Failure(f"the demo does not end: {demo.communicate()[0]}") from None


def nobody_listens(chosen):
    for port in chosen.values():
        with socket.socket() as s:
            check(s.connect_ex(("127.0.0.1", int(port))) != 0, f"somebody still listens on port {port}")


def breach_arrives():
    """--once: exit 0 after the first breach has been seen in Alertmanager"""
    with scratch() as folder:
        chosen = ports()
        demo = start_demo(folder, "--once", **chosen)
        text = output_of(demo)
        check_equal(demo.returncode, 0, f"exit code; output:\n{text}")
        check("the first breach has arrived in Alertmanager" in text and "pilot=routing" in text, f"output:\n{text}")
        print("    " + next(line for line in text.splitlines() if line.startswith("After")))
        nobody_listens(chosen)


def taken_port_is_told():
    """a port that was asked for and is taken: exit 1 and its name"""
    with scratch() as folder, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        chosen = {**ports(), "DEMO_PROMETHEUS_PORT": str(s.getsockname()[1])}
        demo = start_demo(folder, **chosen)
        text = output_of(demo)
        check_equal(demo.returncode, 1, f"exit code; output:\n{text}")
        check("is taken" in text and "DEMO_PROMETHEUS_PORT" in text, f"output:\n{text}")


def signal_stops_everything():
    """SIGTERM (as Ctrl-C) stops all that was started"""
    with scratch() as folder:
        chosen = ports()
        demo = start_demo(folder, **chosen)
        wait_for("the demo's daemon", lambda: request(int(chosen["DEMO_PORT"]), "GET", "/-/ready").status == 200)
        time.sleep(1)
        demo.send_signal(signal.SIGTERM)
        text = output_of(demo)
        check_equal(demo.returncode, 0, f"exit code; output:\n{text}")
        nobody_listens(chosen)


if __name__ == "__main__":
    need_programs("bash", "curl", "prometheus", "prometheus-alertmanager")
    main(breach_arrives, taken_port_is_told, signal_stops_everything)
