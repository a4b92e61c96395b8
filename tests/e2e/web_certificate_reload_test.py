#!/usr/bin/env python3
"""Certificates are replaced under load: no request fails, the newest is served in the end; what is bad changes nothing."""
import ssl
import threading

from harness import check, check_equal, environment_number, main, scratch, wait_for
from web_harness import Authority, WebDaemon, basic, bcrypt, client_context, prediction

REPLACEMENTS = environment_number("PILOTWATCH_CERTIFICATES", 20)
CLIENTS = 4


def served(daemon, context):
    """The certificate of a new connection (DER)."""
    with context.wrap_socket(daemon.connect(), server_hostname="localhost") as client:
        return client.getpeercert(binary_form=True)


def der(certificate):
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


def put(folder, pair):
    """Key and certificate one after the other, each whole; in between they do not fit."""
    for source, name in zip(pair, ("live.crt", "live.key")):
        copy = folder / f"{name}.new"
        copy.write_bytes(source.read_bytes())
        copy.chmod(0o600)
        copy.rename(folder / name)


def replaced_under_load():
    """new connections and kept ones, records among them, while certificates come and go"""
    with scratch() as folder:
        authority = Authority(folder)
        pairs = [authority.issue(f"s{i}") for i in range(REPLACEMENTS)]
        put(folder, pairs[0])
        context, right = client_context(authority), basic("alice", "secret")
        with WebDaemon(folder, "tls_server_config: {cert_file: live.crt, key_file: live.key}\n"
                       f"basic_auth_users: {{alice: {bcrypt('secret')}}}\n", context, right) as daemon:
            stop, failures, requests = threading.Event(), [], [0] * CLIENTS

            def work(number):
                while not stop.is_set():
                    try:
                        name = f"c{number}-{requests[number]}"
                        answer = daemon.post(prediction(name)) if requests[number] % 2 else daemon.get("/-/healthy")
                        if answer.status != 200:
                            failures.append(f"HTTP {answer.status}: {answer.text[:200]}")
                    except OSError as error:
                        failures.append(repr(error))
                    requests[number] += 1

            clients = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            try:
                for pair in pairs[1:]:
                    put(folder, pair)
                    wait_for("the new certificate", lambda new=der(pair[0]): served(daemon, context) == new)
            finally:
                stop.set()
                for client in clients:
                    client.join()
            check_equal(failures[:3], [], f"requests that failed, of {sum(requests)}")
            print(f"    {sum(requests)} requests over {REPLACEMENTS - 1} replacements")
            check_equal(served(daemon, context), der(pairs[-1][0]), "the certificate at the end")
            check_equal(daemon.metrics().one("pilotwatch_web_config_last_reload_successful"), 1, "the last reload")
            accepted = daemon.metrics().sum("pilotwatch_ingest_accepted_records_total")
            check_equal(accepted, sum(count // 2 for count in requests), "records that were acknowledged")
            daemon.still_serves()


def bad_ones_change_nothing():
    """no file, half a file, another's key, an encrypted key: the old certificate stays in force and the metric tells"""
    with scratch() as folder:
        authority = Authority(folder)
        first, second = authority.issue("first"), authority.issue("second")
        put(folder, first)
        with WebDaemon(folder, "tls_server_config: {cert_file: live.crt, key_file: live.key}\n", client_context(authority)) as daemon:
            reloaded = lambda: daemon.metrics().one("pilotwatch_web_config_last_reload_successful")
            encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n"
            bad = {"another's key": ("live.key", second[1].read_bytes()), "half a certificate": ("live.crt", first[0].read_bytes()[:300]),
                   "an empty file": ("live.crt", b""), "an encrypted key": ("live.key", encrypted)}
            for what, (name, content) in bad.items():
                (folder / name).write_bytes(content)
                wait_for(f"the metric to tell of {what}", lambda: reloaded() == 0)
                check_equal(served(daemon, daemon.context), der(first[0]), f"served with {what}")
                put(folder, first)
                wait_for("the metric to tell of the repair", lambda: reloaded() == 1)
            (folder / "live.crt").unlink()
            wait_for("the metric to tell of a missing file", lambda: reloaded() == 0)
            check(daemon.process.find_line(r"level=ERROR .*web.yml:1:\d+: tls_server_config.cert_file: .*live.crt cannot be read"),
                  "no place in the log")
            put(folder, second)
            wait_for("the new certificate", lambda: served(daemon, daemon.context) == der(second[0]))
            wait_for("the metric", lambda: reloaded() == 1)
            daemon.still_serves()


if __name__ == "__main__":
    main(replaced_under_load, bad_ones_change_nothing)
