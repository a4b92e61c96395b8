#!/usr/bin/env python3
"""The five ways to ask clients for certificates, and the names they must have: who gets in, who is counted."""
from harness import check, check_equal, main, scratch, wait_for
from web_harness import Authority, WebDaemon, client_context

# client_auth_type -> who of (none, foreign, ours) gets in
RULES = {"NoClientCert": (True, True, True), "RequestClientCert": (True, True, True), "RequireAnyClientCert": (False, True, True),
         "VerifyClientCertIfGiven": (True, False, True), "RequireAndVerifyClientCert": (False, False, True)}
VERIFIED = ("VerifyClientCertIfGiven", "RequireAndVerifyClientCert")


def gets_in(daemon, authority, identity, version=None):
    arguments = ["--cacert", authority.certificate]
    if identity:
        arguments += ["--cert", identity[0], "--key", identity[1]]
    if version:
        arguments += [f"--tlsv{version}", "--tls-max", version]
    code, status, _ = daemon.curl("/-/healthy", *arguments)
    check((code == 0) == (status == 200), f"curl: {code}, HTTP {status}")
    return code == 0


def config(server, rule, ca=None, sans=()):
    text = f"tls_server_config:\n  cert_file: {server[0].name}\n  key_file: {server[1].name}\n  client_auth_type: {rule}\n"
    text += f"  client_ca_file: {ca.name}\n" if ca else ""
    return text + (f"  client_allowed_sans: [{', '.join(sans)}]\n" if sans else "")


def renewed(daemon, text):
    """Puts another web configuration in force and waits for that."""
    name = "pilotwatch_web_config_last_reload_success_timestamp_seconds"
    before = daemon.metrics().one(name)
    daemon.write_web_config(text)
    wait_for("the new web configuration", lambda: daemon.metrics().one(name) > before)


def who_is_asked_for_what():
    """each way, with TLS 1.2 and 1.3"""
    with scratch() as folder:
        authority, foreign = Authority(folder), Authority(folder, "foreign")
        server, ours, theirs = authority.issue("server"), authority.issue("ours"), foreign.issue("theirs")
        with WebDaemon(folder, config(server, "NoClientCert"), client_context(authority, ours)) as daemon:
            for rule, expected in RULES.items():
                if rule != "NoClientCert":
                    renewed(daemon, config(server, rule, authority.certificate if rule in VERIFIED else None))
                before = daemon.refusals("tls_certificate")
                for version in ("1.2", "1.3"):
                    found = tuple(gets_in(daemon, authority, identity, version) for identity in (None, theirs, ours))
                    check_equal(found, expected, f"{rule}, TLS {version}: none, foreign, ours")
                check_equal(daemon.refusals("tls_certificate") - before, 2 * expected.count(False), f"{rule}: refusals counted")
            daemon.still_serves()


def names_of_clients():
    """only who has one of client_allowed_sans, by DNS, IP, e-mail or URI"""
    with scratch() as folder:
        authority = Authority(folder)
        server, ours = authority.issue("server"), authority.issue("ours", "DNS:prometheus.example")
        with WebDaemon(folder, config(server, "RequireAndVerifyClientCert", authority.certificate, ["prometheus.example"]),
                       client_context(authority, ours)) as daemon:
            check(gets_in(daemon, authority, ours), "the name that is allowed")
            other = authority.issue("other", "DNS:prometheus.example.org,DNS:x")
            check(not gets_in(daemon, authority, other), "a longer name")
            nameless = authority.issue("prometheus.example", "DNS:y")
            check(not gets_in(daemon, authority, nameless), "the name as common name only")
            check_equal(daemon.refusals("tls_certificate"), 2, "refusals counted")
            allowed = ["prometheus.example", "10.0.0.9", "'2001:db8::1'", "ops@example.org", "spiffe://example/scraper"]
            renewed(daemon, config(server, "RequireAndVerifyClientCert", authority.certificate, allowed))
            for number, san in enumerate(("IP:10.0.0.9", "IP:2001:db8::1", "email:ops@example.org", "URI:spiffe://example/scraper")):
                check(gets_in(daemon, authority, authority.issue(f"c{number}", san)), san)
            check(not gets_in(daemon, authority, authority.issue("c9", "DNS:10.0.0.8")), "a name that is none of them")
            daemon.still_serves()


if __name__ == "__main__":
    main(who_is_asked_for_what, names_of_clients)
