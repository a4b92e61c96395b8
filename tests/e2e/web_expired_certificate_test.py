#!/usr/bin/env python3
"""Certificates that are over: the server's is served with a warning and a metric, a client's is refused."""
import ssl
import time

from harness import check, check_equal, main, scratch
from web_harness import Authority, WebDaemon, client_context, ended

CURLE_PEER_FAILED_VERIFICATION = 60


def of_the_server():
    """clients refuse it, which is counted; the daemon says so itself"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server", days=-1)
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}}}\n", trusting) as daemon:
            check(daemon.process.find_line(r"level=WARN .*the certificate is over since"), "no warning in the log")
            expiry = daemon.metrics().one("pilotwatch_web_certificate_expiry_timestamp_seconds")
            check(time.time() - 2 * 86400 < expiry < time.time(), f"expiry: {expiry}")
            before = daemon.refusals("tls_handshake")
            check_equal(daemon.curl("/metrics", "--cacert", authority.certificate)[0], CURLE_PEER_FAILED_VERIFICATION, "curl")
            check_equal(daemon.refusals("tls_handshake") - before, 1, "a client that does not trust us, counted")
            check_equal(daemon.curl("/-/healthy", "--insecure")[:2], (0, 200), "curl --insecure")
            daemon.still_serves()


def of_a_client():
    """where clients are verified an expired one is refused, and its place is free again"""
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        good, old = authority.issue("good"), authority.issue("old", days=-1)
        with WebDaemon(folder, f"tls_server_config: {{cert_file: {certificate.name}, key_file: {key.name}, "
                       f"client_auth_type: RequireAndVerifyClientCert, client_ca_file: {authority.certificate.name}}}\n",
                       client_context(authority, good)) as daemon:
            code, status, _ = daemon.curl("/-/healthy", "--cacert", authority.certificate, "--cert", old[0], "--key", old[1])
            check(code != 0 and status == 0, f"curl with an expired certificate: {code}, {status}")
            with client_context(authority, old).wrap_socket(daemon.connect(), server_hostname="localhost") as client:
                # In TLS 1.3 the client believes to be through before the server has looked.
                check(ended(client), "an expired certificate gets a connection")
            check_equal(daemon.refusals("tls_certificate"), 2, "expired certificates counted")
            code, status, _ = daemon.curl("/-/healthy", "--cacert", authority.certificate, "--cert", good[0], "--key", good[1])
            check_equal((code, status), (0, 200), "curl with a good certificate")
            daemon.still_serves()


if __name__ == "__main__":
    main(of_the_server, of_a_client)
