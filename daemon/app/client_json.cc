// SPDX-License-Identifier: Apache-2.0
#include "app/client_json.h"

#include <stdexcept>

namespace pilotwatch::app {

nlohmann::ordered_json answer_of(Client& client, const std::string& path) {
  const auto answer = client.get(path);
  auto json = nlohmann::ordered_json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || !json.is_object() || !json.contains("data"))
    throw std::runtime_error(client.described(path, answer));
  return json;
}

std::string text_of(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<double> number_of(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

}  // namespace pilotwatch::app
