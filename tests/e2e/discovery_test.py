#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Alertmanagers that DNS knows: they come and go with its answers, get all that is out, and stay while it does not answer."""
import re

from dns_harness import Dnsmasq, NameServer, takers
from harness import Daemon, check, check_equal, main, need_programs, pilotwatch, scratch, wait_for

CONFIG = """
evaluation: {{interval: 100ms}}
notify:
  dns_servers: ["{server}"]
  resend_delay: 200ms
  alertmanagers: [{entries}]
pilots:
  - name: p
    task: binary
    clock: event
    windows: [day]
    limits: [{{name: errors, metric: error_rate, window: day, max: 0.2, min_n: 30, evidence: point}}]
"""


def config(server, *entries):
    return CONFIG.format(server=server, entries=", ".join("{refresh_interval: 200ms, " + entry + "}" for entry in entries))


def breach(daemon):
    records = []
    for i in range(40):
        common = {"pilot": "p", "id": str(i), "time": f"2026-03-01T{i // 3:02d}:00:00Z"}
        records += [{"type": "prediction", "prediction": 1, **common}, {"type": "outcome", "actual": i % 2, **common}]
    daemon.send(records + [{"type": "prediction", "pilot": "p", "id": "close", "time": "2026-03-02T00:05:00Z", "prediction": 1}])
    check_equal(daemon.limits("p")["errors"]["state"], "breach", "state")


def targets(daemon):
    return sorted(labels["target"] for labels, _ in daemon.metrics().all("pilotwatch_notifications_queue_length"))


def gets_more(taker, count=3):
    have = len(taker.got)
    wait_for("more resends", lambda: len(taker.got) >= have + count)


def failures(daemon, reason):
    return daemon.metrics().sum("pilotwatch_dns_lookup_failures_total", reason=reason)


def answered(daemon):
    return daemon.metrics().one("pilotwatch_dns_last_success_timestamp_seconds", lookup="am.test")


def addresses_come_and_go():
    """A records of a real DNS server; it stops, and nobody is forgotten"""
    with scratch() as folder, takers("127.0.0.1", "127.0.0.2") as (first, second), Dnsmasq(folder) as dns:
        dns.hosts("127.0.0.1 am.test")
        entry = f"dns: am.test, type: A, port: {first.port}, path_prefix: /am/"
        with Daemon(folder, config(f"127.0.0.1:{dns.port}", entry)) as daemon:
            breach(daemon)
            gets_more(first)
            check_equal({path for path, _, _ in first.got}, {"/am/api/v2/alerts"}, "path")
            check_equal(targets(daemon), [first.target], "targets")
            dns.hosts("127.0.0.1 am.test", "127.0.0.2 am.test")
            gets_more(second)
            check_equal(targets(daemon), [first.target, second.target], "targets")
            dns.hosts("127.0.0.2 am.test")
            wait_for("the first to be gone", lambda: targets(daemon) == [second.target])
            told = len(first.got)
            gets_more(second)
            check_equal(len(first.got), told, "what is sent to one that is gone")
            dns.stop()
            wait_for("a look-up to fail", lambda: failures(daemon, "unreachable") >= 2)
            gets_more(second)
            check_equal(targets(daemon), [second.target], "targets while DNS is down")
            dns.hosts_file.write_text("127.0.0.1 am.test\n", encoding="utf-8")
            dns.start()
            wait_for("the answer to count again", lambda: targets(daemon) == [first.target])
            gets_more(first)
            check_equal(daemon.metrics().sum("pilotwatch_dns_undelivered_notifications_total"), 0, "undelivered")


def who_was_found_is_told_while_dns_is_down():
    """DNS ends, then a reload, a restart and kill -9: alerts arrive all the same; another question knows nobody"""
    with scratch() as folder, takers("127.0.0.1", "127.0.0.2") as (first, second), Dnsmasq(folder) as dns:
        dns.hosts("127.0.0.1 am.test", "127.0.0.2 am.test")
        entry = f"dns: am.test, type: A, port: {first.port}"
        text = config(f"127.0.0.1:{dns.port}", entry)
        both = [first.target, second.target]
        with Daemon(folder, text) as daemon:
            breach(daemon)
            gets_more(first)
            last, since = answered(daemon), set()
            dns.stop()
            for how in ("reload", "restart", "kill -9"):
                if how == "reload":
                    daemon.config_file.write_text(text.replace("resend_delay: 200ms", "resend_delay: 250ms"), encoding="utf-8")
                    daemon.process.hang_up()
                    wait_for("the reload", lambda: daemon.metrics().sum("pilotwatch_config_reloads_total", result="success") == 1)
                else:
                    (daemon.stop if how == "restart" else daemon.kill)()
                    daemon.start()
                wait_for(f"look-ups to fail after {how}", lambda: failures(daemon, "unreachable") >= 2)
                check_equal(targets(daemon), both, f"targets after {how}")
                check_equal(daemon.metrics().one("pilotwatch_dns_targets", lookup="am.test"), 2, f"pilotwatch_dns_targets after {how}")
                since.add(answered(daemon))
                for taker in (first, second):
                    gets_more(taker)
                said = daemon.process.find_line(r"found before are told until DNS answers.*known=2")
                check(said, f"what the log says after {how}: {daemon.process.tail()}")
            check(len(since) == 1 and last - 60 < max(since) <= last, f"since when they are known: {since}, last answer at {last}")
            dns.hosts_file.write_text("127.0.0.2 am.test\n", encoding="utf-8")
            dns.start()
            wait_for("the answer to count again", lambda: targets(daemon) == [second.target])
            dns.stop()
            daemon.stop()
            daemon.start()
            wait_for("the last answer to count after a restart", lambda: targets(daemon) == [second.target])
            daemon.stop()
            daemon.config_file.write_text(text.replace(f"port: {first.port}", f"port: {first.port}, path_prefix: /am"), encoding="utf-8")
            daemon.start()
            wait_for("look-ups to fail", lambda: failures(daemon, "unreachable") >= 2)
            check_equal(targets(daemon), [], "targets of another question")


def services_bring_their_ports():
    """SRV records of a real DNS server, beside one that the settings name"""
    with scratch() as folder, takers("127.0.0.1") as (fixed,), takers("127.0.0.1") as (one,), takers("127.0.0.1") as (two,):
        services = [f"--srv-host=_am._tcp.test,localhost,{taker.port}" for taker in (one, two)]
        with Dnsmasq(folder, *services) as dns:
            text = config(f"127.0.0.1:{dns.port}", "dns: _am._tcp.test").replace(
                "alertmanagers: [", f"alertmanagers: [{{url: 'http://127.0.0.1:{fixed.port}', name: fixed}}, ")
            with Daemon(folder, text) as daemon:
                breach(daemon)
                for taker in (fixed, one, two):
                    gets_more(taker)
                    check_equal(set(taker.pilots()), {"p"}, "alerts")
                check_equal(targets(daemon), sorted(["fixed", f"localhost:{one.port}", f"localhost:{two.port}"]), "targets")
                check_equal(daemon.metrics().one("pilotwatch_dns_targets", lookup="_am._tcp.test", type="SRV"), 2, "pilotwatch_dns_targets")
            done = pilotwatch("alert", "test", "--config.file", daemon.config_file)
            check_equal((done.returncode, len(re.findall(r"^alertmanager \S+: taken", done.stdout, re.MULTILINE))), (0, 3), done.stdout)
        done = pilotwatch("alert", "test", "--config.file", daemon.config_file, "_am._tcp.test")
        check_equal((done.returncode, done.stdout.split(":")[0]), (1, "lookup _am._tcp.test"), done.stdout)


def bad_answers_change_nothing():
    """whatever a server does wrong is counted by reason, and said once"""
    with scratch() as folder, takers("127.0.0.1") as (taker,), NameServer() as dns:
        dns.records = {("am.test", "A"): ["127.0.0.1"]}
        with Daemon(folder, config(dns.server, f"dns: am.test., type: A, port: {taker.port}")) as daemon:
            breach(daemon)
            gets_more(taker)
            for behave, reason in (("servfail", "server"), ("refused", "server"), ("garbage", "malformed"), ("silent", "timeout"), (None, "no_record")):
                before = failures(daemon, reason)
                dns.behave, records = behave or "well", dns.records
                if behave is None:
                    dns.records = {}
                wait_for(f"{behave} to be counted as {reason}", lambda reason=reason, before=before: failures(daemon, reason) >= before + 2)
                check_equal(targets(daemon), [taker.target], f"targets while DNS is {behave}")
                gets_more(taker)
                said = [line for line in daemon.process.lines if "cannot be looked up" in line]
                check_equal(len(said), 1, f"lines about look-ups that fail: {said}")
                dns.records = records
            dns.behave, dns.asked[:] = "truncated", []
            dns.records = {("am.test", "A"): ["127.0.0.1"] + [f"127.9.{i // 250}.{1 + i % 250}" for i in range(100)]}
            wait_for("the answer over TCP", lambda: daemon.metrics().one("pilotwatch_dns_targets", lookup="am.test.") == 16)
            check(("am.test", 1, "tcp") in dns.asked, f"asked: {dns.asked[:4]}")
            check(taker.target in targets(daemon), "who was in use before is not left out")
            check(daemon.metrics().sum("pilotwatch_dns_targets_left_out_total", reason="max_targets") >= 85, "left out")
            check_equal(len([line for line in daemon.process.lines if "can be looked up again" in line]), 1, "lines about look-ups that work again")
            dns.records = {("am.test", "A"): ["127.0.0.1"]}
            wait_for("the others to be gone", lambda: targets(daemon) == [taker.target])


def who_goes_is_drained_within_bounds():
    """an Alertmanager that hangs and goes keeps nobody; what it was not told is counted"""
    with scratch() as folder, takers("127.0.0.1", "127.0.0.2") as (first, second), NameServer() as dns:
        dns.records = {("am.test", "A"): ["127.0.0.1", "127.0.0.2"]}
        with Daemon(folder, config(dns.server, f"dns: am.test., type: A, port: {first.port}")) as daemon:
            wait_for("both", lambda: len(targets(daemon)) == 2)
            first.hang.set()
            breach(daemon)
            gets_more(second)
            dns.records = {("am.test", "A"): ["127.0.0.2"]}
            wait_for("the first to be drained", lambda: targets(daemon) == [second.target])
            check_equal(daemon.metrics().sum("pilotwatch_dns_undelivered_notifications_total"), 1, "undelivered")
            gets_more(second)


def ipv6_has_brackets():
    """AAAA records"""
    try:
        found = takers("::1")
        (taker,) = found.__enter__()
    except OSError:
        return print("    no IPv6 here")
    try:
        with scratch() as folder, NameServer() as dns:
            dns.records = {("am.test", "AAAA"): ["::1"]}
            with Daemon(folder, config(dns.server, f"dns: am.test., type: AAAA, port: {taker.port}")) as daemon:
                breach(daemon)
                gets_more(taker)
                check_equal(targets(daemon), [f"[::1]:{taker.port}"], "targets")
    finally:
        found.__exit__(None, None, None)


if __name__ == "__main__":
    need_programs("dnsmasq")
    main(addresses_come_and_go, who_was_found_is_told_while_dns_is_down, services_bring_their_ports, bad_answers_change_nothing, who_goes_is_drained_within_bounds, ipv6_has_brackets)
