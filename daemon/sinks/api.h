// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "judge/status.h"
#include "runtime/http.h"
#include "sinks/self_stats.h"

namespace pilotwatch::sinks {

/// Brings readers the newest snapshot (never null); answers on any thread, within about 2 s even when the core is stuck
/// (then with the last one).
using Fresh = std::function<void(std::function<void(std::shared_ptr<const judge::Snapshot>)>)>;

/// When the alert of a limit is sent again, if nothing changes meanwhile; nullopt = it is not out, or nobody gets it.
using NextSend = std::function<std::optional<Instant>(const judge::LimitStatus&)>;

struct ApiContext {
  Fresh fresh;
  std::function<SelfStats()> self;  ///< any thread
  std::string external_url;         ///< "http://host:9200", no slash at the end
  std::string dashboard_url{};      ///< `notify.dashboard_url`
  /// What an answer to /metrics came to, and how much of it did not fit; any thread; may be empty.
  std::function<void(std::uint64_t series, std::uint64_t left_out)> scraped{};
  NextSend next_send{};             ///< any thread; may be empty
};

/// `/`, `/breaches/...`, `/pilots/...`, `/metrics`, `/-/healthy`, `/-/ready`, `/version`, `/api/v1/...`. README, "Interfaces", documents each.
[[nodiscard]] std::vector<runtime::Route> reader_routes(ApiContext context);

/// {"schema": "urn:..."}: the first line of `backtest`, without newline.
[[nodiscard]] std::string schema_json();
/// One window object a line, as `/api/v1/pilots/{pilot}/windows` has them in "data" and `backtest` prints them (no
/// newline).
[[nodiscard]] std::string figure_json(const std::string& pilot, const engine::WindowResult& window,
                                      const engine::Figure& figure);
/// {"change": {...}}, {"finding": {...}} and {"reference": {...}} without newline.
[[nodiscard]] std::string change_json(const std::string& pilot, const engine::ChangeInfo& change);
[[nodiscard]] std::string finding_json(const std::string& pilot, const engine::FindingInfo& finding);
[[nodiscard]] std::string reference_json(const std::string& pilot, const engine::ReferenceInfo& reference);
/// {"limit": {...}} without newline: a limit was set, changed or taken out.
[[nodiscard]] std::string limit_json(const judge::LimitRecord& record);
/// {"transition": {...}} without newline.
[[nodiscard]] std::string transition_json(const judge::Transition& transition);

}  // namespace pilotwatch::sinks
