// SPDX-License-Identifier: Apache-2.0
#include "app/top_frame.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "app/screen_text.h"
#include "base/time.h"

namespace pilotwatch::app {
namespace {

constexpr std::size_t state_columns = 17, rate_columns = 9, bar_columns = 10;
constexpr std::size_t least_row = 72;  ///< rows are made so wide at least, and cut

class Frame {
 public:
  Frame(const TopView& view, std::size_t width) : view_(view), width_(width) {}

  [[nodiscard]] std::vector<TopLine> lines(std::size_t height) {
    head();
    if (view_.now) totals();
    const auto fixed = lines_.size();
    if (view_.now) {
      pilots();
      limits();
    }
    fit(fixed, height);
    if (height > 0 && lines_.size() > height) lines_.resize(height);
    return std::move(lines_);
  }

 private:
  void add(std::string text, Paint paint = Paint::plain) {
    const auto shown = left(text, width_);
    const auto end = shown.find_last_not_of(' ');
    lines_.push_back({end == std::string::npos ? "" : shown.substr(0, end + 1), paint});
  }

  /// Counted a second since the look before; "-" without one.
  [[nodiscard]] std::string rate(double now, double before) const {
    if (!view_.before || !view_.now || !(view_.now->at_s > view_.before->at_s)) return "-";
    return short_count(std::max(0.0, now - before) / (view_.now->at_s - view_.before->at_s));
  }
  [[nodiscard]] std::string rate(double TopSample::*counter) const {
    return rate((*view_.now).*counter, view_.before ? (*view_.before).*counter : 0);
  }

  void head() {
    const Instant clock{Millis{static_cast<std::int64_t>(view_.clock_s) * 1000}};
    auto time = format_rfc3339(clock);
    time[10] = ' ';
    std::string text = "pilotwatch top  " + printable(view_.url);
    if (view_.now) {
      text += view_.now->ready ? "  ready" : "  not ready";
      if (view_.now->started_s > 0) {
        const auto up = static_cast<std::int64_t>(std::max(0.0, view_.clock_s - view_.now->started_s));
        text += ", up " + up_words(up);
      }
    }
    add(left(text, width_ - std::min(width_, time.size() + 1)) + " " + time, Paint::title);
    if (!view_.trouble.empty()) add("unreachable, trying again: " + view_.trouble, Paint::bad);
    if (!view_.now && view_.trouble.empty()) add("waiting for an answer");
  }

  static std::string up_words(std::int64_t seconds) {
    const auto days = seconds / 86'400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    if (days > 0) return std::to_string(days) + "d " + std::to_string(hours) + "h";
    if (hours > 0) return std::to_string(hours) + "h " + std::to_string(minutes) + "m";
    return minutes > 0 ? std::to_string(minutes) + "m" : std::to_string(seconds) + "s";
  }

  void totals() {
    const auto& now = *view_.now;
    std::uint64_t alerts = 0;
    for (const auto& pilot : now.pilots) alerts += pilot.alerts;
    add("Records  " + rate(&TopSample::accepted) + "/s accepted, " + rate(&TopSample::rejected) + "/s rejected; " +
        short_count(now.accepted) + " accepted, " + short_count(now.duplicate) + " repeats, " +
        short_count(now.rejected) + " rejected");
    const bool full = now.queue_capacity > 0 && now.queue >= now.queue_capacity / 2;
    auto queue = "Queue    " + short_count(now.queue) + " of " + short_count(now.queue_capacity) + " requests, " +
                 short_bytes(now.queue_bytes) + " of " + short_bytes(now.queue_capacity_bytes);
    if (now.unread_bytes > 0) queue += "; " + short_bytes(now.unread_bytes) + " of files unread";
    add(queue, full ? Paint::warn : Paint::plain);
    add("Store    " + short_bytes(now.db_bytes) + ", log " + short_bytes(now.wal_bytes) + ", " +
            short_bytes(now.free_bytes) + " free, " + rate(&TopSample::commits) + "/s commits" +
            (now.degraded ? "; REFUSES WRITES" : "") + "; memory " + short_bytes(now.memory_bytes),
        now.degraded ? Paint::bad : Paint::plain);
    auto text = "Alerts   " + std::to_string(alerts) + " out";
    for (const auto& target : now.targets) {
      text += "; " + printable(target.name) + ": " + short_count(target.queue) + " waiting";
      if (target.failed > 0) text += ", " + short_count(target.failed) + " failed";
    }
    if (now.targets.empty()) text += "; no Alertmanager";
    add(text, alerts > 0 ? Paint::bad : Paint::plain);
  }

  static std::string states(const TopPilot& pilot) {
    using judge::State;
    std::string out = pilot.paused_until.empty() ? "" : "paused";
    for (const auto state : {State::breach, State::recovering, State::warning, State::insufficient, State::no_data,
                             State::collecting, State::ok}) {
      const auto n = pilot.states[static_cast<std::size_t>(state)];
      if (n == 0) continue;
      const std::string part = std::to_string(n) + " " + judge::state_names[static_cast<std::size_t>(state)];
      if (columns(out) + 2 + columns(part) > state_columns && !out.empty()) break;
      out += (out.empty() ? "" : ", ") + part;
    }
    return out.empty() ? "no limits" : out;
  }

  static Paint paint_of(const TopPilot& pilot) {
    if (pilot.alerts > 0) return Paint::bad;
    const bool warned = pilot.states[static_cast<std::size_t>(judge::State::warning)] > 0;
    return warned || !pilot.paused_until.empty() ? Paint::warn : Paint::plain;
  }

  /// PILOT  STATES  WORST LIMIT  bar ratio  DECISIONS/S  OUTCOMES/S
  void pilots() {
    const auto rest = std::max(width_, least_row) - state_columns - bar_columns - 2 * rate_columns - 10;
    const auto name = std::clamp<std::size_t>(rest * 2 / 5, 6, 40), worst = rest > name ? rest - name : 0;
    const auto row = [&](std::string_view pilot, std::string_view state, std::string_view limit,
                         std::string_view evidence, std::string_view used, std::string_view decisions,
                         std::string_view outcomes) {
      return left(pilot, name) + " " + left(state, state_columns) + " " + left(limit, worst) + " " +
             left(evidence, bar_columns) + right(used, 6) + " " + right(decisions, rate_columns) +
             right(outcomes, rate_columns);
    };
    add("");
    add(row("PILOT", "LIMITS", "CLOSEST", "OF LIMIT", "", "DEC/S", "OUT/S"), Paint::title);
    for (const auto& pilot : view_.now->pilots) {
      const auto* before = find_before(pilot.name);
      const auto ratio = pilot.worst ? pilot.worst->ratio : std::nullopt;
      add(row(pilot.name, states(pilot), pilot.worst ? limit_name(*pilot.worst) : "",
              ratio ? bar(*ratio, bar_columns) : "", ratio ? percent(*ratio) : "",
              before != nullptr ? rate(pilot.predictions, before->predictions) : "-",
              before != nullptr ? rate(pilot.outcomes, before->outcomes) : "-"),
          paint_of(pilot));
    }
    if (view_.now->pilots.empty()) add("no pilots");
  }

  [[nodiscard]] const TopPilot* find_before(const std::string& name) const {
    if (!view_.before) return nullptr;
    const auto found = std::ranges::find(view_.before->pilots, name, &TopPilot::name);
    return found == view_.before->pilots.end() ? nullptr : &*found;
  }

  static std::string limit_name(const TopLimit& limit) {
    return limit.group.empty() ? limit.limit : limit.limit + ": " + limit.group;
  }
  static std::string percent(double ratio) {
    return ratio >= 9.995 ? ">999%" : std::to_string(std::lround(100 * ratio)) + "%";
  }

  /// STATE  PILOT  LIMIT  VALUE  BOUND  SINCE
  void limits() {
    const auto& loud = view_.now->limits;
    if (loud.empty()) return;
    const std::size_t state = 10, number = 9, since = 17;
    const auto rest = std::max(width_, least_row) - state - 2 * number - since - 6;
    const auto pilot = rest * 2 / 5, name = rest - pilot;
    const auto row = [&](std::string_view a, std::string_view b, std::string_view c, std::string_view d,
                         std::string_view e, std::string_view f) {
      return left(a, state) + " " + left(b, pilot) + " " + left(c, name) + " " + right(d, number) + " " +
             right(e, number) + "  " + left(f, since);
    };
    add("");
    add(row("STATE", "PILOT", "LIMIT", "VALUE", "BOUND", "SINCE"), Paint::title);
    for (const auto& limit : loud) {
      auto time = limit.since.size() >= 16 ? limit.since.substr(0, 16) + "Z" : limit.since;
      if (time.size() > 10) time[10] = ' ';
      add(row(limit.state, limit.pilot, limit_name(limit), limit.value ? short_number(*limit.value) : "-",
              limit.threshold ? short_number(*limit.threshold) : "-", time),
          limit.state == "breach" ? Paint::bad : Paint::warn);
    }
  }

  /// What is above `first` stays, the rest scrolls; the keys are in the last line.
  void fit(std::size_t first, std::size_t height) {
    if (height == 0) return;
    const std::size_t keys = view_.keys ? 1 : 0, most = height - std::min(height, keys);
    if (lines_.size() > most && most > first) {
      const auto above = std::min(view_.scroll, lines_.size() - most);
      const auto from = lines_.begin() + static_cast<std::ptrdiff_t>(first);
      lines_.erase(from, from + static_cast<std::ptrdiff_t>(above));
    }
    if (keys == 0) return;
    lines_.resize(most);
    add("q quits, up and down scroll; pilotwatch explain PILOT LIMIT says why", Paint::faint);
  }

  const TopView& view_;
  std::size_t width_;
  std::vector<TopLine> lines_;
};

}  // namespace

std::vector<TopLine> top_frame(const TopView& view, std::size_t width, std::size_t height) {
  return Frame(view, std::max<std::size_t>(width, 1)).lines(height);
}

}  // namespace pilotwatch::app
