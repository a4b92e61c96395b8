// SPDX-License-Identifier: Apache-2.0
#include "settings/web_config.h"

#include "settings/support.h"

using namespace pilotwatch::settings;
using namespace std::chrono_literals;

namespace {

constexpr const char* hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

std::string web_problems(std::string_view yaml) {
  const auto parsed = parse_web_config(yaml, "w.yml");
  std::string out;
  if (const auto* found = std::get_if<std::vector<Problem>>(&parsed)) {
    for (const auto& problem : *found) out += to_string(problem) + '\n';
  }
  return out;
}

/// The lines without the lists of what would be right.
std::string without_lists(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) out += line.substr(0, line.find(" known: ")) + '\n';
  return out;
}

WebConfig read(std::string_view yaml, const std::filesystem::path& file = "/etc/pilotwatch/web.yml") {
  auto parsed = parse_web_config(yaml, file);
  if (auto* config = std::get_if<WebConfig>(&parsed)) return std::move(*config);
  throw std::runtime_error(web_problems(yaml));
}

std::string tls(const std::string& rest) { return "tls_server_config: {cert_file: a, key_file: b, " + rest + "}\n"; }

}  // namespace

TEST_CASE("web config: a file as the exporters' documentation has it, every key used") {
  const auto config = read(R"yml(tls_server_config:
  cert_file: server.crt
  key_file: /keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.crt
  client_allowed_sans: [prometheus.example, 10.0.0.1]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256, X25519]
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: ""
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
rate_limit:
  interval: 1.5s
  burst: 20
)yml");
  REQUIRE(config.tls);
  CHECK(config.tls->certificate.file == "/etc/pilotwatch/server.crt");
  CHECK(config.tls->key.file == "/keys/server.key");
  CHECK(config.tls->client_ca.file == "/etc/pilotwatch/ca.crt");
  CHECK(config.tls->certificate.place.line == 2);
  CHECK(config.tls->certificate.place.column == 14);
  CHECK(config.tls->certificate.place.path == "tls_server_config.cert_file");
  CHECK(config.tls->client_auth == ClientAuth::require_and_verify);
  CHECK(config.tls->client_allowed_sans == std::vector<std::string>{"prometheus.example", "10.0.0.1"});
  CHECK(config.tls->cipher_suites.size() == 2);
  CHECK_FALSE(config.tls->prefer_server_cipher_suites);
  CHECK(config.tls->curve_preferences == std::vector<std::string>{"P-256", "X25519"});
  CHECK(config.http2 == true);
  CHECK(config.headers.size() == 4);  // a blank one is not set
  CHECK(config.users == std::map<std::string, std::string>{{"alice", hash}});
  CHECK(config.rate_interval == 1500ms);
  CHECK(config.rate_burst == 20);
}

TEST_CASE("web config: nothing at all is plain HTTP for everybody") {
  for (const auto* yaml : {"", "# nothing\n", "{}", "tls_server_config: {}"}) {
    const auto config = read(yaml);
    CHECK_FALSE(config.tls);
    CHECK(config.users.empty());
    CHECK(config.rate_interval == 0ns);
  }
}

TEST_CASE("web config: certificates may stand in the file itself") {
  const auto config = read("tls_server_config:\n  cert: |\n    PEM 1\n  key: PEM 2\n");
  CHECK(config.tls->certificate.text == "PEM 1\n");
  CHECK(config.tls->key.text == "PEM 2");
  CHECK(config.tls->key.place.line == 4);
  CHECK(config.tls->min_version == TlsVersion::tls12);
  CHECK(config.tls->prefer_server_cipher_suites);
}

TEST_CASE("web config: the five ways to ask for clients' certificates, and an old name of one") {
  const auto auth = [](const std::string& name, const std::string& rest = "") {
    return read(tls("client_auth_type: " + name + rest)).tls->client_auth;
  };
  CHECK(auth("NoClientCert") == ClientAuth::none);
  CHECK(auth("RequestClientCert") == ClientAuth::request);
  CHECK(auth("RequireAnyClientCert") == ClientAuth::require_any);
  CHECK(auth("RequireClientCert") == ClientAuth::require_any);
  CHECK(auth("VerifyClientCertIfGiven", ", client_ca_file: c") == ClientAuth::verify_if_given);
  CHECK(auth("RequireAndVerifyClientCert", ", client_ca: c") == ClientAuth::require_and_verify);
  CHECK(auth("''") == ClientAuth::none);
}

TEST_CASE("web config: every problem at once with its place, and nothing of a password in it") {
  CHECK(without_lists(web_problems(R"yml(tls_server_config:
  cert: PEM
  cert_file: server.crt
  client_auth_type: RequireAndVerify
  client_allowed_sans: [""]
  min_version: TLS14
  max_version: TLS11
  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA383]
  curve_preferences: [P-256]
  prefer_server_cipher_suites: maybe
  cert_fil: x
http_server_config:
  http2: 1
  http3: true
  headers:
    X-Frame-Options: allow
    X-Powered-By: us
    X-XSS-Protection: "a\nb"
basic_auth_users:
  alice: hunter2
  "b:b": $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
  carol: $2y$31$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
  dave: [hunter3]
rate_limit: {interval: 1 s, burst: -1}
rate_limits: {}
)yml")) ==
        R"txt(w.yml:2:3: tls_server_config.cert: is given beside cert_file; keep one of them
w.yml:2:3: tls_server_config.key_file: is required
w.yml:4:21: tls_server_config.client_auth_type: must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert, RequireClientCert, got 'RequireAndVerify'
w.yml:5:25: tls_server_config.client_allowed_sans[0]: must not be empty
w.yml:6:16: tls_server_config.min_version: must be one of TLS10, TLS11, TLS12, TLS13, got 'TLS14'
w.yml:7:16: tls_server_config.max_version: must be TLS12 or TLS13: Debian's OpenSSL speaks nothing older
w.yml:8:19: tls_server_config.cipher_suites[0]: 'TLS_RSA_WITH_RC4_128_SHA' is not a cipher suite that Go calls secure;
w.yml:8:45: tls_server_config.cipher_suites[1]: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA383' is not a cipher suite that Go calls secure; did you mean 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'?
w.yml:9:23: tls_server_config.curve_preferences[0]: 'P-256' is not a curve;
w.yml:10:32: tls_server_config.prefer_server_cipher_suites: must be one of false, true, got 'maybe'
w.yml:11:3: tls_server_config.cert_fil: unknown key; did you mean 'cert_file'?
w.yml:13:10: http_server_config.http2: must be one of false, true, got '1'
w.yml:14:3: http_server_config.http3: unknown key; did you mean 'http2'?
w.yml:16:22: http_server_config.headers.X-Frame-Options: must be one of deny, sameorigin, got 'allow'
w.yml:17:5: http_server_config.headers.X-Powered-By: is not a header that can be set;
w.yml:18:23: http_server_config.headers.X-XSS-Protection: must be on one line
w.yml:20:10: basic_auth_users.alice: must be the bcrypt hash of the password ($2y$...), as htpasswd -nBC 10 "" makes it
w.yml:21:3: basic_auth_users.b:b: a user's name must not be empty or have a colon or line break in it
w.yml:22:10: basic_auth_users.carol: has a cost of 31: at most 18, which takes a quarter of a minute
w.yml:23:9: basic_auth_users.dave: must be the bcrypt hash of the password
w.yml:24:24: rate_limit.interval: must be a duration such as 100ms, 1.5s or 1m30s, of at most 24h, got '1 s'
w.yml:24:36: rate_limit.burst: must be a whole number from 0 to 100000, got '-1'
w.yml:25:1: rate_limits: unknown key; did you mean 'rate_limit'?
)txt");
}

TEST_CASE("web config: keys that need each other") {
  CHECK(web_problems("tls_server_config: {min_version: TLS13}") ==
        "w.yml:1:20: tls_server_config.cert_file: is required\nw.yml:1:20: tls_server_config.key_file: is required\n");
  CHECK(web_problems(tls("client_ca_file: c")) ==
        "w.yml:1:48: tls_server_config.client_ca_file: has no effect without client_auth_type\n");
  CHECK(web_problems(tls("client_auth_type: VerifyClientCertIfGiven")) ==
        "w.yml:1:66: tls_server_config.client_auth_type: needs client_ca_file\n");
  CHECK(web_problems(tls("client_auth_type: RequestClientCert, client_allowed_sans: [a]")) ==
        "w.yml:1:85: tls_server_config.client_allowed_sans: needs client_auth_type RequireAnyClientCert or "
        "RequireAndVerifyClientCert\n");
  CHECK(web_problems(tls("client_auth_type: RequireAnyClientCert, client_allowed_sans: []")) ==
        "w.yml:1:109: tls_server_config.client_allowed_sans: needs at least one name\n");
  CHECK(web_problems(tls("min_version: TLS13, max_version: TLS12")) ==
        "w.yml:1:61: tls_server_config.min_version: must not be above max_version\n");
  CHECK(web_problems("rate_limit: {interval: 1s}") == "w.yml:1:13: rate_limit.burst: is required\n");
  CHECK(web_problems("rate_limit: {interval: 1s, burst: 0}") ==
        "w.yml:1:35: rate_limit.burst: 0 would refuse every request\n");
}

TEST_CASE("web config: what is not one YAML map") {
  CHECK(web_problems("- a") == "w.yml:1:1: must be a map of keys and values, got a list\n");
  CHECK(web_problems("basic_auth_users: admin:hunter2") ==
        "w.yml:1:19: basic_auth_users: must be a map of names and bcrypt hashes\n");
  CHECK(web_problems("a: [").starts_with("w.yml:"));
  CHECK(web_problems("basic_auth_users:\n  a: \xff\n") == "w.yml:2:6: is not valid UTF-8\n");
}

TEST_CASE("web config: durations as Go writes them") {
  CHECK(parse_go_duration("0") == 0ns);
  CHECK(parse_go_duration("100ms") == 100ms);
  CHECK(parse_go_duration("1h2m3.5s") == 1h + 2min + 3500ms);
  CHECK(parse_go_duration("250us") == 250us);
  CHECK(parse_go_duration("250\u00B5s") == 250us);
  for (const auto* wrong : {"", "1", "s", "1 s", "-1s", "1d", "1.2.3s", "25h", "1e400s", "nan"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_go_duration(wrong));
  }
}
