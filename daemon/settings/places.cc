// SPDX-License-Identifier: Apache-2.0
#include "settings/places.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "settings/document.h"

namespace pilotwatch::settings {
namespace {

Position position(const YAML::Mark& mark) {
  return {static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
          static_cast<std::uint32_t>(std::max(mark.column, 0) + 1)};
}

}  // namespace

class Places::Walk {
 public:
  explicit Walk(Places& places) : places_(places) {}

  void node(const std::string& path, const YAML::Node& node) {
    places_.positions_.emplace(path, position(node.Mark()));
    if (node.IsMap()) {
      for (const auto& pair : node) {
        if (pair.first.IsScalar())
          this->node(path.empty() ? pair.first.Scalar() : path + "." + pair.first.Scalar(), pair.second);
      }
    }
    if (!node.IsSequence()) return;
    for (std::size_t i = 0; i < node.size(); ++i) {
      const auto inner = element(path, i);
      const auto& item = node[i];
      if (item.IsMap() && item["name"] && item["name"].IsScalar())
        places_.named_.emplace(path + "/" + item["name"].Scalar(), inner);
      this->node(inner, item);
    }
  }

 private:
  Places& places_;
};

Places::Places(std::string_view yaml) {
  Problems problems("");
  if (const auto root = document(yaml, problems, "")) Walk(*this).node("", *root);
}

std::string Places::element(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Position Places::of(std::string_view path) const {
  while (true) {
    if (const auto found = positions_.find(path); found != positions_.end()) return found->second;
    if (path.empty()) return {1, 1};
    const auto cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

std::string Places::alertmanager(std::size_t number, bool by_dns) const {
  const std::string list = "notify.alertmanagers";
  for (std::size_t i = 0; positions_.contains(element(list, i)); ++i) {
    const auto entry = element(list, i);
    if (positions_.contains(entry + ".dns") == by_dns && number-- == 0) return entry;
  }
  return list;
}

std::string Places::limit(std::size_t pilot, const Limit& limit) const {
  const auto of_pilot = element("pilots", pilot);
  if (!limit.preset.empty()) return of_pilot + ".preset";
  const auto found = named_.find(of_pilot + ".limits/" + limit.name);
  return found == named_.end() ? of_pilot + ".limits" : found->second;
}

}  // namespace pilotwatch::settings
