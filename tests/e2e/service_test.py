# SPDX-License-Identifier: Apache-2.0
"""What systemd is told (sd_notify): ready, reloading, what is wrong, stopping; and the unit that we ship."""
import configparser
import pathlib
import re
import socket
import threading

from harness import SOURCE, Daemon, check, check_equal, main, pilotwatch, scratch, wait_for

CONFIG = "pilots: [{name: p, task: binary, windows: [day]}, {name: q, task: binary, windows: [day]}]\n"


class Manager:
    """The socket of $NOTIFY_SOCKET, and what has come."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "notify"
        self.told = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            try:
                message = self._socket.recv(65536).decode()
            except OSError:
                return
            self.told.append(dict(line.split("=", 1) for line in message.split("\n") if line))

    def has(self, **wanted):
        return any(all(re.search(pattern, message.get(key, "")) for key, pattern in wanted.items()) for message in self.told)


def told_what_happens():
    """ready, a reload, a bad file, and the end"""
    with scratch() as folder:
        manager = Manager(folder)
        with Daemon(folder, CONFIG, environment={"NOTIFY_SOCKET": str(manager.path)}) as daemon:
            wait_for("ready", lambda: manager.has(READY="^1$", STATUS="^Watching 2 pilots$"))
            check(manager.has(STATUS="^Reading the store$"), f"told: {manager.told}")
            daemon.config_file.write_text(CONFIG.replace("q,", "r,"), encoding="utf-8")
            manager.told.clear()
            daemon.process.hang_up()
            wait_for("reloading", lambda: manager.has(RELOADING="^1$", MONOTONIC_USEC=r"^\d+$"))
            wait_for("ready again", lambda: manager.has(READY="^1$", STATUS="^Watching 2 pilots$"))
            daemon.config_file.write_text("pilots: [{name: p, taks: binary}]\n", encoding="utf-8")
            manager.told.clear()
            daemon.process.hang_up()
            wait_for("the bad file", lambda: manager.has(STATUS=r"^the configuration could not be reloaded.*pilotwatch.yml:1:\d+.*task: is required"))
            check(not manager.has(READY="1"), "nothing has begun anew")
            daemon.config_file.write_text(CONFIG.replace("q,", "r,"), encoding="utf-8")
            daemon.process.hang_up()
            wait_for("the file that is in force", lambda: manager.has(STATUS="^The configuration is in force$"))
        wait_for("the end", lambda: manager.has(STOPPING="^1$"))


def watchdog_is_fed():
    """while the loop goes round, although nothing comes; a reload may take its time"""
    with scratch() as folder:
        manager = Manager(folder)
        environment = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "2000000"}
        with Daemon(folder, "evaluation: {interval: 1h}\n" + CONFIG, environment=environment) as daemon:
            for _ in range(3):
                manager.told.clear()
                wait_for("the watchdog", lambda: manager.has(WATCHDOG="^1$"))
            daemon.config_file.write_text(CONFIG, encoding="utf-8")
            manager.told.clear()
            daemon.process.hang_up()
            wait_for("more time for a reload", lambda: manager.has(WATCHDOG_USEC="^3600000000$"))
            wait_for("and as before", lambda: manager.has(WATCHDOG_USEC="^2000000$"))
            manager.told.clear()
            wait_for("the watchdog, after the reload", lambda: manager.has(WATCHDOG="^1$"))


def unit_is_sound():
    """every flag of the unit's command is one that serve has"""
    unit = SOURCE / "packaging" / "pilotwatch.service"
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(unit, encoding="utf-8")
    check_equal(parser["Service"]["Type"], "notify", "type")
    check("WatchdogSec" in parser["Service"], "no watchdog")
    flags = re.findall(r"--[\w.-]+", parser["Service"]["ExecStart"])
    help_text = pilotwatch("serve", "--help").stdout
    check(flags, "no flags")
    for flag in flags:
        check(flag in help_text, flag)


def status_of_the_process():
    """/api/v1/status/config, flags, runtimeinfo: what is in force, every flag, and whether the last reload worked"""
    with scratch() as folder, Daemon(folder, CONFIG, ["--web.enable-lifecycle"]) as daemon:
        shown = pilotwatch("check", "config", daemon.config_file, "--show").stdout
        check_equal(daemon.api("status/config")["yaml"], shown, "config")
        flags = daemon.api("status/flags")
        known = set(re.findall(r"--([\w.-]+)", pilotwatch("serve", "--help").stdout.partition("Example")[0])) - {"help"}
        check_equal(set(flags), known, "flags")
        check_equal((flags["web.enable-lifecycle"], flags["log.level"]), ("true", "info"), "values")
        info = daemon.api("status/runtimeinfo")
        check_equal((info["ready"], info["reloadConfigSuccess"], info["storageRetention"]), (True, True, ""), "runtimeinfo")
        check_equal(info["CWD"], str(pathlib.Path.cwd()), "CWD")
        daemon.config_file.write_text("pilots: no\n", encoding="utf-8")
        check_equal(daemon.post("", "/-/reload").status, 400, "a bad file")
        check_equal(daemon.api("status/runtimeinfo")["reloadConfigSuccess"], False, "afterwards")
        check_equal(daemon.api("status/config")["yaml"], shown, "config, afterwards")


main(told_what_happens, watchdog_is_fed, unit_is_sound, status_of_the_process)
