// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <regex>
#include <set>
#include <string>
#include <vector>

/// What can be said of a page without a browser.
namespace pilotwatch::support {

/// The first thing that is wrong with the nesting of tags, or "".
inline std::string unbalanced(std::string html) {
  html = std::regex_replace(html, std::regex("<style>[^]*?</style>"), "");
  const std::set<std::string> empty_elements{"meta", "link", "br", "img"};
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^\"<>]|\"[^\"]*\")*?)(/?)>");
  for (std::sregex_iterator i(html.begin(), html.end(), tag), end; i != end; ++i) {
    const std::string name = (*i)[2];
    if (empty_elements.contains(name) || (*i)[4] == "/") continue;
    if ((*i)[1] != "/") {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> after " + (open.empty() ? "nothing" : open.back());
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

/// The first group of each match.
inline std::multiset<std::string> matches(const std::string& html, const char* pattern) {
  std::multiset<std::string> out;
  const std::regex expression(pattern);
  for (std::sregex_iterator i(html.begin(), html.end(), expression), end; i != end; ++i) out.insert((*i)[1]);
  return out;
}

}  // namespace pilotwatch::support
