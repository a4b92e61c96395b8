// SPDX-License-Identifier: Apache-2.0
// The way to one Alertmanager: its address, and who we say that we are.
#include <fstream>
#include <memory>
#include <utility>

#include "base/result.h"
#include "sinks/alertmanager.h"
#include "sinks/webhook_signature.h"

namespace pilotwatch::sinks {
namespace {

constexpr std::size_t most_of_a_secret = 64 << 10;

/// "" = none is needed.
Result<std::string> authorization(const settings::AlertmanagerAccess& access) {
  const bool basic = !access.username.empty();
  if (!basic && access.bearer_token_file.empty()) return {boost::system::in_place_value, ""};
  auto secret = read_credential(basic ? access.password_file : access.bearer_token_file);
  if (secret.has_error()) return secret.error();
  return {boost::system::in_place_value, "Authorization: " + (basic ? "Basic " + to_base64(access.username + ":" + *secret)
                                                                    : "Bearer " + *secret)};
}

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
    const auto header = authorization(access);
    if (header.has_error()) {
      PostResult out;
      out.error = header.error().what;
      return out;
    }
    return post->post({json, header->empty() ? std::vector<std::string>{} : std::vector{*header}}, timeout, now, give_up);
  };
}

}  // namespace pilotwatch::sinks
