// SPDX-License-Identifier: Apache-2.0
// What all pages have around them.
#include "base/version.h"
#include "sinks/html.h"
#include "sinks/page_parts.h"

namespace pilotwatch::sinks {
namespace {

struct Link {
  const char *path, *words;
};
constexpr Link links[] = {{"metrics", "Metrics"},
                          {"api/v1/pilots", "Pilots (JSON)"},
                          {"api/v1/rules", "Limits as rules (JSON)"},
                          {"api/v1/alerts", "Alerts (JSON)"},
                          {"api/v1/transitions", "Transitions (JSON)"},
                          {"-/ready", "Ready"},
                          {"version", "Version"}};

}  // namespace

std::string page_begin(const std::string& title, const std::string& skip, bool refresh) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title +
         " Pilotwatch</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" +
         (refresh ? "<meta http-equiv=\"refresh\" content=\"30\">" : "") +
         "<link rel=\"icon\" href=\"data:,\"><style>" + page_style() + "</style></head><body>" +
         "<a class=\"skip\" href=\"#main\">" + skip + "</a>" + page_shapes();
}

std::string page_brand(const PageInput& in, const std::string& root, const std::string& query, bool refresh) {
  const auto separator = query.empty() ? "" : "&amp;";
  const std::string name = root.empty() ? "<b>Pilotwatch</b>" : "<b><a href=\"" + root + "\">Pilotwatch</a></b>";
  return "<p class=\"brand\">" + name + "<span>" + escape_html(version()) + "</span><span>As of " +
         time_element(in.snapshot.wall) + ". <a class=\"screen-only\" href=\"?" + escape_html(query) +
         (refresh ? separator + std::string("refresh=off\">Stop refreshing</a>")
                  : std::string("\">Refresh every 30 s</a>")) +
         "</span></p>";
}

std::string page_end(const PageInput& in, const std::string& root) {
  std::string out = "<footer class=\"foot wrap\"><nav aria-label=\"Interfaces\"><ul>";
  for (const auto& link : links) {
    out += "<li><a href=\"" + root + link.path + "\">" + link.words + "</a></li>";
  }
  return out + "</ul></nav><p>Pilotwatch " + escape_html(version()) +
         (revision().empty() ? "" : " (" + escape_html(revision()) + ")") + ", up " +
         human_duration(in.self.now - in.self.started) +
         ". Cells with few cases are suppressed.</p></footer></body></html>\n";
}

}  // namespace pilotwatch::sinks
