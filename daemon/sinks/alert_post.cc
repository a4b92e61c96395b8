// SPDX-License-Identifier: Apache-2.0
// The way to one Alertmanager: its address, and who we say that we are.
#include <algorithm>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/url.h"
#include "sinks/alertmanager.h"
#include "sinks/html.h"
#include "sinks/webhook_signature.h"

namespace pilotwatch::sinks {
namespace {

constexpr std::size_t most_of_a_secret = 64 << 10;

struct Credentials {
  std::vector<std::string> headers{};  ///< none are needed, or the one
  std::vector<std::string> secrets{};  ///< what must not be shown of it
};

Result<Credentials> credentials_of(const settings::AlertmanagerAccess& access) {
  const bool basic = !access.username.empty();
  if (!basic && access.bearer_token_file.empty()) return Credentials{};
  auto secret = read_credential(basic ? access.password_file : access.bearer_token_file);
  if (secret.has_error()) return secret.error();
  if (!basic) return Credentials{{"Authorization: Bearer " + *secret}, {*secret}};
  auto both = to_base64(access.username + ":" + *secret);
  return Credentials{{"Authorization: Basic " + both}, {both, *secret}};
}

/// Answers are shown on the page and in the log, and some proxies repeat in them what they were sent.
void mask(std::string& text, const std::string& secret) {
  constexpr std::string_view masked = "***";
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + masked.size())) {
    text.replace(at, secret.size(), masked);
  }
  for (auto size = std::min(secret.size(), text.size()); size >= 4; --size) {  // the answer's end is not kept
    if (text.ends_with(std::string_view(secret).substr(0, size)))
      return text.replace(text.size() - size, size, masked), void();
  }
}

/// A secret, and what it looks like where somebody repeats it within JSON, HTML or a URL.
std::vector<std::string> forms_of(const std::string& secret) {
  const auto json = nlohmann::json(secret).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  std::vector<std::string> out{secret};
  for (const auto& form : {json.substr(1, json.size() - 2), escape_html(secret), url_encoded(secret)}) {
    if (std::ranges::find(out, form) == out.end()) out.push_back(form);
  }
  return out;
}

/// What is refused for want of the right credentials is said by its status; its text is likeliest to repeat them.
bool speaks_of_credentials(long status) { return status == 401 || status == 403 || status == 407; }

}  // namespace

Result<std::string> read_credential(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(most_of_a_secret, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return Error{file.string() + ": cannot be read, or is empty"};
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  if (text.find_first_of("\r\n") != std::string::npos) return Error{file.string() + ": is more than one line"};
  return {boost::system::in_place_value, std::move(text)};
}

Post post_to(const settings::Alertmanager& to) {
  PostOptions options;
  options.ca_file = to.access.ca_file;
  options.cert_file = to.access.cert_file;
  options.key_file = to.access.key_file;
  return [access = to.access, post = std::make_shared<HttpPost>(alerts_url(to.url), options)](
             const auto& json, Millis timeout, Instant now, const auto& give_up) -> PostResult {
    const auto credentials = credentials_of(access);
    if (credentials.has_error()) {
      PostResult out;
      out.error = credentials.error().what;
      return out;
    }
    auto out = post->post({json, credentials->headers}, timeout, now, give_up);
    if (speaks_of_credentials(out.status)) out.body.clear();
    for (const auto& secret : credentials->secrets) {
      for (const auto& form : forms_of(secret)) mask(out.body, form);
    }
    return out;
  };
}

}  // namespace pilotwatch::sinks
