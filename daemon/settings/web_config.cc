// SPDX-License-Identifier: Apache-2.0
#include "settings/web_config.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "settings/document.h"
#include "settings/reader.h"

namespace pilotwatch::settings {
namespace {

/// RequireClientCert is an old name of RequireAnyClientCert.
constexpr const char* client_auth_names[] = {"NoClientCert",
                                             "RequestClientCert",
                                             "RequireAnyClientCert",
                                             "VerifyClientCertIfGiven",
                                             "RequireAndVerifyClientCert",
                                             "RequireClientCert"};
constexpr const char* version_names[] = {"TLS10", "TLS11", "TLS12", "TLS13"};
constexpr const char* truth_names[] = {"false", "true"};

/// The suites that Go calls secure.
constexpr std::string_view suite_names[] = {"TLS_AES_128_GCM_SHA256",
                                            "TLS_AES_256_GCM_SHA384",
                                            "TLS_CHACHA20_POLY1305_SHA256",
                                            "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                                            "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
                                            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                                            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                                            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                                            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};
constexpr std::string_view curve_names[] = {"CurveP256", "CurveP384", "CurveP521", "X25519"};
constexpr std::string_view openssl_curves[] = {"P-256", "P-384", "P-521", "X25519"};

struct Header {
  std::string_view name;
  std::vector<std::string_view> values;  ///< empty = any
};
const std::array<Header, 5> known_headers{{{"Strict-Transport-Security", {}},
                                           {"X-Content-Type-Options", {"nosniff"}},
                                           {"X-Frame-Options", {"deny", "sameorigin"}},
                                           {"X-XSS-Protection", {}},
                                           {"Content-Security-Policy", {}}}};

constexpr unsigned slowest_bcrypt = 18;  ///< a quarter of a minute; each more takes twice as long
constexpr std::uint64_t largest_burst = 100'000;
constexpr std::chrono::hours longest_interval{24};

Place place_of(const Value& value) { return {value.path(), value.mark().line + 1, value.mark().column + 1}; }

void read_truth(MapReader& map, std::string_view key, bool& out) { map.read_choice(key, out, truth_names); }

/// `key` is inline, `key`_file names a file.
Pem read_pem(MapReader& map, const std::string& key, const std::filesystem::path& folder) {
  Pem out;
  const auto text = map.take(key), file = map.take(key + "_file");
  if (text && file) text->key_problem("is given beside " + key + "_file; keep one of them");
  if (text) {
    out.place = place_of(*text);
    out.text = text->filled_text().value_or("");
  }
  if (file) {
    out.place = place_of(*file);
    if (const auto name = file->filled_text()) out.file = (folder / *name).lexically_normal();
  }
  return out;
}

void read_client(MapReader& map, const std::filesystem::path& folder, TlsServer& out) {
  const auto auth = map.take("client_auth_type");
  bool sound = true;
  if (auth && !(auth->node().IsScalar() && auth->node().Scalar().empty())) {
    const auto index = auth->choice<std::size_t>(client_auth_names);
    sound = index.has_value();
    if (index) out.client_auth = *index == 5 ? ClientAuth::require_any : static_cast<ClientAuth>(*index);
  }
  out.client_ca = read_pem(map, "client_ca", folder);
  const auto sans = map.take("client_allowed_sans");
  for (const auto& san : sans ? sans->items() : std::vector<Value>{}) {
    if (auto text = san.filled_text()) out.client_allowed_sans.push_back(*std::move(text));
  }
  if (!sound) return;
  const bool required = out.client_auth == ClientAuth::require_any || out.client_auth == ClientAuth::require_and_verify;
  const bool verified =
      out.client_auth == ClientAuth::verify_if_given || out.client_auth == ClientAuth::require_and_verify;
  if (out.client_ca.given() && out.client_auth == ClientAuth::none) {
    map.take(out.client_ca.file.empty() ? "client_ca" : "client_ca_file")
        ->key_problem("has no effect without client_auth_type");
  }
  if (verified && !map.has("client_ca") && !map.has("client_ca_file")) auth->problem("needs client_ca_file");
  if (sans && !required) {
    sans->key_problem("needs client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert");
  }
  // An empty list would look like nobody and mean anybody.
  if (sans && sans->node().IsSequence() && sans->node().size() == 0) sans->problem("needs at least one name");
}

void read_versions(MapReader& map, TlsServer& out) {
  const auto lowest = map.take("min_version"), highest = map.take("max_version");
  if (lowest) out.min_version = lowest->choice<TlsVersion>(version_names).value_or(out.min_version);
  if (highest) out.max_version = highest->choice<TlsVersion>(version_names).value_or(out.max_version);
  if (lowest || highest) out.versions_place = place_of(highest ? *highest : *lowest);
  if (highest && out.max_version < TlsVersion::tls12) {
    highest->problem("must be TLS12 or TLS13: Debian's OpenSSL speaks nothing older");
  } else if (lowest && out.min_version > out.max_version) {
    lowest->problem("must not be above max_version");
  }
}

/// A list of names out of `known`; each is kept as its counterpart in `kept`.
std::vector<std::string> read_names(MapReader& map, std::string_view key, std::string_view what,
                                    std::span<const std::string_view> known, std::span<const std::string_view> kept,
                                    Place& place) {
  std::vector<std::string> out;
  const auto list = map.take(key);
  if (!list) return out;
  place = place_of(*list);
  for (const auto& item : list->items()) {
    const auto name = item.text();
    const auto found = name ? std::find(known.begin(), known.end(), *name) : known.end();
    if (found != known.end()) {
      out.emplace_back(kept[static_cast<std::size_t>(found - known.begin())]);
    } else if (name) {
      item.problem(in_quotes(*name) + " is not " + std::string(what) + instead(*name, "known", known));
    }
  }
  return out;
}

std::optional<TlsServer> read_tls(const Value& value, const std::filesystem::path& folder) {
  MapReader map(value);
  if (value.node().IsMap() && value.node().size() == 0) return std::nullopt;
  TlsServer out;
  out.certificate = read_pem(map, "cert", folder);
  out.key = read_pem(map, "key", folder);
  for (const std::string key : {"cert", "key"}) {
    if (!map.has(key)) (void)map.require(key + "_file");
  }
  read_client(map, folder, out);
  read_versions(map, out);
  out.cipher_suites = read_names(map, "cipher_suites", "a cipher suite that Go calls secure", suite_names, suite_names,
                                 out.cipher_suites_place);
  read_truth(map, "prefer_server_cipher_suites", out.prefer_server_cipher_suites);
  out.curve_preferences =
      read_names(map, "curve_preferences", "a curve", curve_names, openssl_curves, out.curves_place);
  map.finish();
  return out;
}

void read_header(const std::string& name, const Value& value, WebConfig& out) {
  const auto known =
      std::find_if(known_headers.begin(), known_headers.end(), [&](const Header& h) { return h.name == name; });
  if (known == known_headers.end()) {
    std::vector<std::string_view> names;
    for (const auto& header : known_headers) names.push_back(header.name);
    return value.key_problem("is not a header that can be set" + instead(name, "known", names));
  }
  const auto text = value.text();
  if (!text || text->empty()) return;
  const auto& values = known->values;
  if (!values.empty() && std::find(values.begin(), values.end(), *text) == values.end()) {
    return value.wrong("one of " + join(values));
  }
  if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return value.problem("must be on one line");
  }
  out.headers.emplace_back(name, *text);
}

void read_http(const Value& value, WebConfig& out) {
  MapReader map(value);
  if (const auto http2 = map.take("http2")) out.http2 = http2->choice<bool>(truth_names);
  if (const auto headers = map.take("headers")) {
    MapReader names(*headers);
    for (const auto& [name, text] : names.take_all()) read_header(name, text, out);
  }
  map.finish();
}

/// $2y$10$ and 53 characters. Go takes any letter there; 2x marks hashes of an old mistake.
bool is_bcrypt(std::string_view hash) {
  constexpr std::string_view alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return hash.size() == 60 && (hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$")) &&
         hash[6] == '$' && hash.substr(7).find_first_not_of(alphabet) == std::string_view::npos;
}

/// Nothing of a hash goes into a message: what stands there by mistake is a password.
void read_user(const std::string& name, const Value& value, WebConfig& out) {
  if (name.empty() || name.find_first_of(":\n\r") != std::string::npos || name.find('\0') != std::string::npos) {
    value.key_problem("a user's name must not be empty or have a colon or line break in it");
  }
  if (!value.node().IsScalar()) return value.problem("must be the bcrypt hash of the password");
  const std::string& hash = value.node().Scalar();
  const auto cost = is_bcrypt(hash) ? parse_all<unsigned>(std::string_view(hash).substr(4, 2)) : std::nullopt;
  if (!cost || *cost < 4) {
    return value.problem("must be the bcrypt hash of the password ($2y$...), as htpasswd -nBC 10 \"\" makes it");
  }
  if (*cost > slowest_bcrypt) {
    return value.problem("has a cost of " + std::to_string(*cost) + ": at most " + std::to_string(slowest_bcrypt) +
                         ", which takes a quarter of a minute");
  }
  out.users[name] = hash;
}

void read_users(const Value& value, WebConfig& out) {
  if (!value.node().IsMap()) return value.problem("must be a map of names and bcrypt hashes");
  MapReader names(value);
  for (const auto& [name, hash] : names.take_all()) read_user(name, hash, out);
}

void read_rate(const Value& value, WebConfig& out) {
  MapReader map(value);
  if (const auto interval = map.take("interval")) {
    const auto parsed = interval->node().IsScalar() ? parse_go_duration(interval->node().Scalar()) : std::nullopt;
    if (!parsed) interval->wrong("a duration such as 100ms, 1.5s or 1m30s, of at most 24h");
    out.rate_interval = parsed.value_or(std::chrono::nanoseconds{0});
  }
  map.read("burst", out.rate_burst, &Value::whole, Whole{0, largest_burst});
  if (out.rate_interval.count() > 0 && !map.has("burst")) (void)map.require("burst");
  if (out.rate_interval.count() > 0 && out.rate_burst == 0 && map.has("burst")) {
    map.take("burst")->problem("0 would refuse every request");
  }
  map.finish();
}

void read_root(const Value& root, WebConfig& out) {
  MapReader map(root);
  if (const auto tls = map.take("tls_server_config")) out.tls = read_tls(*tls, out.file.parent_path());
  if (const auto http = map.take("http_server_config")) read_http(*http, out);
  if (const auto users = map.take("basic_auth_users")) read_users(*users, out);
  if (const auto rate = map.take("rate_limit")) read_rate(*rate, out);
  map.finish();
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  constexpr std::pair<std::string_view, double> units[] = {{"ns", 1},  {"us", 1e3}, {"\u00B5s", 1e3}, {"ms", 1e6},
                                                           {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
  if (text == "0") return std::chrono::nanoseconds{0};
  double sum = 0;
  do {
    const auto digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_all<double>(text.substr(0, digits));
    text.remove_prefix(digits);
    const auto name = text.substr(0, text.find_first_of("0123456789."));
    const auto unit = std::find_if(std::begin(units), std::end(units), [&](const auto& u) { return u.first == name; });
    if (!number || unit == std::end(units)) return std::nullopt;
    sum += *number * unit->second;
    text.remove_prefix(name.size());
  } while (!text.empty());
  if (sum > std::chrono::duration<double, std::nano>(longest_interval).count()) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(sum));
}

std::variant<WebConfig, std::vector<Problem>> parse_web_config(std::string_view yaml,
                                                               const std::filesystem::path& file) {
  Problems problems(file);
  WebConfig out;
  out.file = file;
  if (const auto root = document(yaml, problems, "")) read_root(Value(*root, root->Mark(), "", problems), out);
  if (problems.count() > 0) return std::move(problems).in_order();
  return out;
}

}  // namespace pilotwatch::settings
