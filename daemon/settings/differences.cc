// SPDX-License-Identifier: Apache-2.0
#include "settings/differences.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/text.h"
#include "settings/show.h"

namespace pilotwatch::settings {
namespace {

constexpr std::size_t most_shown = 200;  // bytes of a value

std::string on_one_line(const YAML::Node& node) {
  if (node.IsScalar()) return ellipsis(node.Scalar(), most_shown);
  YAML::Emitter out;
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  out << node;
  std::string text(out.c_str(), out.size());
  std::replace(text.begin(), text.end(), '\n', ' ');
  return ellipsis(text, most_shown);
}

/// What tells an element of a list from the others; "" where only its place does.
std::string name_of(const YAML::Node& element) {
  if (!element.IsMap()) return {};
  for (const char* key : {"name", "url"}) {
    if (const auto value = element[key]; value && value.IsScalar()) return value.Scalar();
  }
  return {};
}

bool all_named(const YAML::Node& list) {
  return std::all_of(list.begin(), list.end(), [](const YAML::Node& element) { return !name_of(element).empty(); });
}

class Comparison {
 public:
  void nodes(const std::string& path, const YAML::Node& before, const YAML::Node& after) {
    if (before.IsMap() && after.IsMap()) return maps(path, before, after);
    if (before.IsSequence() && after.IsSequence() && all_named(before) && all_named(after))
      return lists(path, before, after);
    auto was = on_one_line(before), is = on_one_line(after);
    if (YAML::Dump(before) != YAML::Dump(after)) out.push_back({path, std::move(was), std::move(is)});
  }

  std::vector<Difference> out;

 private:
  void maps(const std::string& path, const YAML::Node& before, const YAML::Node& after) {
    const auto within = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    for (const auto& entry : after) {
      const auto& key = entry.first.Scalar();
      const auto was = before[key];
      was ? nodes(within(key), was, entry.second) : out.push_back({within(key), {}, on_one_line(entry.second)});
    }
    for (const auto& entry : before) {
      if (!after[entry.first.Scalar()]) out.push_back({within(entry.first.Scalar()), on_one_line(entry.second), {}});
    }
  }

  void lists(const std::string& path, const YAML::Node& before, const YAML::Node& after) {
    std::map<std::string, YAML::Node> left;
    for (const YAML::Node& element : before) left.emplace(name_of(element), element);
    order(path, before, after);
    for (const YAML::Node& element : after) {
      const auto name = name_of(element), place = path + "[" + name + "]";
      if (const auto was = left.find(name); was != left.end()) {
        nodes(place, was->second, element);
        left.erase(was);
      } else {
        out.push_back({place, {}, on_one_line(element)});
      }
    }
    for (const auto& [name, element] : left) out.push_back({path + "[" + name + "]", on_one_line(element), {}});
  }

  /// Of those that are in both.
  void order(const std::string& path, const YAML::Node& before, const YAML::Node& after) {
    const auto names = [](const YAML::Node& list) {
      std::vector<std::string> found;
      for (const YAML::Node& element : list) found.push_back(name_of(element));
      return found;
    };
    const auto common = [](const std::vector<std::string>& of, const std::vector<std::string>& with) {
      const std::set<std::string> known(with.begin(), with.end());
      std::string text;
      for (const auto& name : of) {
        if (known.contains(name)) (text += text.empty() ? "" : ", ") += name;
      }
      return text;
    };
    const auto was = names(before), is = names(after);
    const auto first = common(was, is), then = common(is, was);
    if (first != then) out.push_back({path + " (order)", ellipsis(first, most_shown), ellipsis(then, most_shown)});
  }
};

/// What show() does not tell, since it may be a secret: that it is another.
void hidden(const Settings& before, const Settings& after, std::vector<Difference>& out) {
  for (const auto& hook : after.notify.webhooks) {
    const auto path = "notify.webhooks[" + hook.name + "].url";
    const auto was = std::find_if(before.notify.webhooks.begin(), before.notify.webhooks.end(),
                                  [&](const Webhook& other) { return other.name == hook.name; });
    const bool told = std::any_of(out.begin(), out.end(), [&](const Difference& said) { return said.path == path; });
    if (was == before.notify.webhooks.end() || was->url == hook.url || told) continue;
    out.push_back({path, "(path and query are not shown)", "(another path or query)"});
  }
}

YAML::Node shown(const Settings& settings) {
  return YAML::Load(show(settings, [](const Pilot&, const Limit&) { return std::string(); }));
}

}  // namespace

std::vector<Difference> differences(const Settings& before, const Settings& after) {
  Comparison comparison;
  comparison.nodes("", shown(before), shown(after));
  hidden(before, after, comparison.out);
  return std::move(comparison.out);
}

std::string to_string(const Difference& difference) {
  if (!difference.before) return "added: " + difference.path + ": " + *difference.after;
  if (!difference.after) return "gone: " + difference.path + ": " + *difference.before;
  return difference.path + ": " + *difference.before + " -> " + *difference.after;
}

}  // namespace pilotwatch::settings
