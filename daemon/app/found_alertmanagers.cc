// SPDX-License-Identifier: Apache-2.0
#include "app/found_alertmanagers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace pilotwatch::app {
namespace {

using nlohmann::json;

constexpr const char* fact_name = "alertmanagers_found";

}  // namespace

FoundAlertmanagers::FoundAlertmanagers(journal::Journal& journal, std::vector<settings::AlertmanagerLookup> lookups,
                                       const runtime::Log& log)
    : journal_(journal),
      lookups_(std::move(lookups)),
      log_(log.component("discovery")),
      saved_(journal.fact(fact_name)) {
  if (saved_.empty()) return;
  auto answers = read(saved_);
  if (answers) {
    answers_ = *std::move(answers);
  } else {
    log_.warn("what the store says of Alertmanagers found by DNS cannot be read, and is ignored");
  }
}

std::optional<FoundAlertmanagers::Found> FoundAlertmanagers::recall(const settings::AlertmanagerLookup& lookup) const {
  const auto known = std::ranges::find(answers_, question_of(lookup), &Answer::question);
  return known == answers_.end() ? std::nullopt : std::optional(known->found);
}

void FoundAlertmanagers::keep(const settings::AlertmanagerLookup& lookup, std::vector<std::string> urls, Instant now) {
  if (!speaks(lookup)) return;
  std::ranges::sort(urls);
  const auto question = question_of(lookup);
  auto known = std::ranges::find(answers_, question, &Answer::question);
  if (known == answers_.end()) known = answers_.insert(known, {question, {}});
  if (known->found.urls != urls) known->found = {std::move(urls), now};
  save();
}

FoundAlertmanagers::Question FoundAlertmanagers::question_of(const settings::AlertmanagerLookup& lookup) {
  return {lookup.dns, settings::dns_type_names[static_cast<std::size_t>(lookup.type)], lookup.port, lookup.scheme,
          lookup.path_prefix};
}

/// Of several look-ups with the same question the first one, so that they do not write over each other.
bool FoundAlertmanagers::speaks(const settings::AlertmanagerLookup& lookup) const {
  const auto first = std::ranges::find(lookups_, question_of(lookup), question_of);
  return first != lookups_.end() && first->name == lookup.name;
}

std::optional<std::vector<FoundAlertmanagers::Answer>> FoundAlertmanagers::read(const std::string& text) {
  const auto all = json::parse(text, nullptr, false);
  if (!all.is_array()) return std::nullopt;
  std::vector<Answer> out;
  try {
    for (const auto& one : all) {
      const auto since = parse_rfc3339(one.at("since").get<std::string>());
      if (!since) return std::nullopt;
      out.push_back({{one.at("dns"), one.at("type"), one.at("port"), one.at("scheme"), one.at("path_prefix")},
                     {one.at("urls"), *since}});
    }
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return out;
}

std::string FoundAlertmanagers::text() const {
  auto all = json::array();
  for (const auto& lookup : lookups_) {
    const auto question = question_of(lookup);
    const auto known = std::ranges::find(answers_, question, &Answer::question);
    if (known == answers_.end() || !speaks(lookup)) continue;
    all.push_back({{"dns", question.dns},
                   {"type", question.type},
                   {"port", question.port},
                   {"scheme", question.scheme},
                   {"path_prefix", question.path_prefix},
                   {"urls", known->found.urls},
                   {"since", format_rfc3339(known->found.since)}});
  }
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

void FoundAlertmanagers::save() {
  auto now = text();
  if (now == saved_) return;
  try {
    journal_.set_fact(fact_name, now);
    saved_ = std::move(now);
    complained_ = false;
  } catch (const journal::WriteError& error) {  // counted by the journal
    if (std::exchange(complained_, true)) return;
    log_.warn("whom DNS found cannot be kept for the next start; trying again", {{"err", error.what()}});
  }
}

}  // namespace pilotwatch::app
