// SPDX-License-Identifier: Apache-2.0
#include "sinks/alert_target_log.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace pilotwatch::sinks {
namespace {

constexpr Millis between_tellings = std::chrono::minutes{10};
constexpr double greatest_skew = 30;  ///< s; as the rule PilotwatchClockSkew
constexpr std::size_t remembered_refusals = 1000, shown_refusals = 20, kept_answer_bytes = 200;

}  // namespace

bool Lasting::goes_on(SteadyTime now) {
  if (told_ && now - *told_ < between_tellings) return false;
  told_ = now;
  open_ = true;
  return true;
}

bool Lasting::ends() { return std::exchange(open_, false); }

bool RefusedAlerts::note(const Alert& alert, const PostResult& result, Instant now, SteadyTime steady) {
  auto known = by_labels_.find(alert.labels);
  if (known == by_labels_.end()) {
    if (newest_first_.size() == remembered_refusals) {
      by_labels_.erase(newest_first_.back().alert.labels);
      newest_first_.pop_back();
    }
    newest_first_.push_front({{alert.labels, now, now, 0, 0, ""}});
    known = by_labels_.emplace(alert.labels, newest_first_.begin()).first;
  }
  auto& one = *known->second;
  one.alert.last = now;
  ++one.alert.times;
  one.alert.status = result.status;
  one.alert.answer = beginning_of(result.body);
  newest_first_.splice(newest_first_.begin(), newest_first_, known->second);
  return one.lasting.goes_on(steady);
}

std::vector<RefusedAlert> RefusedAlerts::newest() const {
  std::vector<RefusedAlert> out;
  for (const auto& one : newest_first_) {
    if (out.size() == shown_refusals) break;
    out.push_back(one.alert);
  }
  return out;
}

AlertTargetLog::AlertTargetLog(const runtime::Log* log, std::string target, const SteadyClock& steady)
    : target_(std::move(target)), steady_(steady) {
  if (log != nullptr) log_ = log->component("alertmanager");
}

void AlertTargetLog::clock_differs(double seconds) {
  if (!log_) return;
  if (std::abs(seconds) <= greatest_skew) {
    if (skew_.ends()) log_->info("the clocks of this host and of an Alertmanager agree again", {{"target", target_}});
  } else if (skew_.goes_on(steady_.now())) {
    log_->warn(
        "the clocks of this host and of an Alertmanager differ; beyond 15 minutes alerts can be over before they "
        "arrive",
        {{"target", target_}, {"skew_seconds", std::round(seconds)}});
  }
}

void AlertTargetLog::works() {
  if (log_ && failing_.ends()) log_->info("alerts can be sent to an Alertmanager again", {{"target", target_}});
}

void AlertTargetLog::fails(const std::string& error, std::uint64_t waiting) {
  if (!log_ || !failing_.goes_on(steady_.now())) return;
  log_->warn("alerts cannot be sent to an Alertmanager; they wait and are tried again",
             {{"target", target_}, {"waiting", waiting}, {"err", error}});
}

void AlertTargetLog::refused(const Alert& alert, const PostResult& result) {
  if (!log_) return;
  log_->warn("an Alertmanager refuses an alert; it comes again with the next resend",
             {{"target", target_},
              {"alert", labels_text(alert.labels)},
              {"status", result.status},
              {"answer", beginning_of(result.body)}});
}

std::string beginning_of(const std::string& body) {
  auto out = to_valid_utf8(ellipsis(body, kept_answer_bytes));
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string labels_text(const std::map<std::string, std::string>& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ", ";
    out += name + "=\"" + value + "\"";
  }
  return out + "}";
}

}  // namespace pilotwatch::sinks
