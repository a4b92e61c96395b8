#!/usr/bin/env python3
"""A real Prometheus scrapes the daemon by TLS, with a client certificate and a password, through a change of certificates."""
from harness import check, main, need_programs, query, scratch, start_server, wait_for
from web_harness import Authority, WebDaemon, basic, bcrypt, client_context


def scraped_by_prometheus():
    """up stays 1 while the certificate is replaced; with a wrong password it is 0"""
    need_programs("prometheus")
    with scratch() as folder:
        authority = Authority(folder)
        certificate, key = authority.issue("server")
        client = authority.issue("prometheus", "DNS:prometheus.example")
        web = (f"tls_server_config:\n  cert_file: {certificate.name}\n  key_file: {key.name}\n"
               f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {authority.certificate.name}\n"
               f"  client_allowed_sans: [prometheus.example]\nbasic_auth_users: {{scraper: {bcrypt('secret')}}}\n")
        with WebDaemon(folder, web, client_context(authority, client), basic("scraper", "secret")) as daemon:
            job = ("  - job_name: {job}\n    scheme: https\n    basic_auth: {{username: scraper, password: {password}}}\n"
                   f"    tls_config: {{{{ca_file: {authority.certificate}, cert_file: {client[0]}, key_file: {client[1]}}}}}\n"
                   f"    static_configs: [{{{{targets: ['127.0.0.1:{daemon.port}']}}}}]\n")
            settings = folder / "prometheus.yml"
            settings.write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
                                + job.format(job="right", password="secret") + job.format(job="wrong", password="Secret"))
            process, port = start_server(
                lambda p: ["prometheus", f"--config.file={settings}", f"--storage.tsdb.path={folder / 'tsdb'}",
                           f"--web.listen-address=127.0.0.1:{p}", "--log.level=warn"], "prometheus", "/-/ready")
            try:
                def value(expression):
                    found = query(port, expression)
                    return found[0][1] if found else None

                wait_for("a scrape with the password", lambda: value('up{job="right"}') == 1)
                wait_for("a scrape without", lambda: value('up{job="wrong"}') == 0)
                name = "pilotwatch_web_config_last_reload_success_timestamp_seconds"
                first = value(name)
                # A longer life, so that the metric tells the two apart.
                new_certificate, new_key = authority.issue("new", days=2)
                new_key.rename(key)
                new_certificate.rename(certificate)
                wait_for("a scrape after the change", lambda: value(name) > first)
                scrapes = value('count_over_time(up{job="right"}[1h])')
                wait_for("three more scrapes", lambda: value('count_over_time(up{job="right"}[1h])') >= scrapes + 3)
                check(value('min_over_time(up{job="right"}[1h])') == 1, "a scrape failed")
                check(daemon.metrics().one("pilotwatch_http_refused_requests_total", reason="unauthorized") > 0, "not counted")
            finally:
                process.stop()
            daemon.still_serves()


if __name__ == "__main__":
    main(scraped_by_prometheus)
