// SPDX-License-Identifier: Apache-2.0
#include "app/web_urls.h"

#include <algorithm>
#include <optional>

#include "base/url.h"
#include "runtime/http_target.h"

namespace pilotwatch::app {
namespace {

std::string without_slashes_at_end(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

/// Decoded, with one slash in front and none at the end; nullopt: no path, or one that no route could have.
std::optional<std::string> prefix_of(const std::string& path) {
  const auto first = path.find_first_not_of('/');
  if (first == std::string::npos) return "";
  auto target = runtime::parse_target("/" + without_slashes_at_end(path.substr(first)));
  if (!target || !target->query.empty() || path.find('?') != std::string::npos) return std::nullopt;
  const bool plain = std::ranges::all_of(target->segments, [](const std::string& segment) {
    return !segment.empty() && segment != "." && segment != ".." && segment.find_first_of("/{}") == std::string::npos;
  });
  return plain ? std::optional(target->path) : std::nullopt;
}

void redirect(std::vector<runtime::Route>& routes, const std::string& from, const std::string& to) {
  routes.push_back({"GET", from, "page", 0, [to](runtime::HttpRequest&&, runtime::Respond respond) {
                      respond({302, "text/plain; charset=utf-8", "", {{"Location", to}}});
                    }});
}

}  // namespace

Result<WebUrls> web_urls(const std::string& external_url, const std::string& route_prefix) {
  WebUrls out;
  if (!external_url.empty()) {
    if (url_authority(external_url, UrlQuery::refused).empty())
      return Error{"--web.external-url: not http(s)://host:port/path: '" + external_url + "'"};
    out.external = without_slashes_at_end(external_url);
  }
  const auto path = std::string(url_path(out.external));
  const auto of_url = prefix_of(path);
  if (!of_url) return Error{"--web.external-url: no path to serve under: '" + path + "'"};
  const auto given = route_prefix.empty() ? of_url : prefix_of(route_prefix);
  if (!given) return Error{"--web.route-prefix: not a path such as /watch: '" + route_prefix + "'"};
  out.prefix = *given;
  return out;
}

std::vector<runtime::Route> under_prefix(std::vector<runtime::Route> routes, const std::string& prefix) {
  if (prefix.empty()) return routes;
  for (auto& route : routes) route.pattern = prefix + route.pattern;
  const auto page = encoded_path(prefix) + "/";
  redirect(routes, "/", page);
  redirect(routes, prefix, page);
  return routes;
}

std::string encoded_path(const std::string& path) {
  std::string out;
  std::size_t begin = 0;
  while (begin < path.size()) {  // path begins with a slash
    const auto end = std::min(path.find('/', begin + 1), path.size());
    out += '/' + url_encoded(std::string_view(path).substr(begin + 1, end - begin - 1));
    begin = end;
  }
  return out;
}

}  // namespace pilotwatch::app
