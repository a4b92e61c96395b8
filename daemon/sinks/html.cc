// SPDX-License-Identifier: Apache-2.0
#include "sinks/html.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace pilotwatch::sinks {
namespace {

using settings::Metric;

constexpr std::array<const char*, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};

std::chrono::year_month_day civil(Instant time, const Zone& zone) {
  return std::chrono::year_month_day{zone.day_of(time)};
}

/// "10.00" says no more than "10".
std::string without_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string percent(double ratio) {
  std::array<char, 40> out{};
  const double value = ratio * 100;
  std::snprintf(out.data(), out.size(), std::abs(value) >= 10 ? "%.1f" : "%.2f", value);
  return without_zeros(out.data()) + "\u00a0%";
}

}  // namespace

std::string human_number(double value) {
  const double magnitude = std::abs(value);
  if (!std::isfinite(value)) return format_number(value);
  if (magnitude >= 1000) {
    return (value < 0 ? "-" : "") + human_count(static_cast<std::uint64_t>(std::min(std::round(magnitude), 9e18)));
  }
  std::array<char, 40> out{};
  if (magnitude >= 0.001) {
    const int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
    std::snprintf(out.data(), out.size(), "%.*f", decimals, value);
  } else {
    std::snprintf(out.data(), out.size(), "%.1g", value);
  }
  return magnitude == 0 ? "0" : without_zeros(out.data());
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : to_valid_utf8(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
        out += ' ';
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\ufffd";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string human_value(Metric metric, double value) {
  switch (metric) {
    case Metric::volume:
      return human_count(static_cast<std::uint64_t>(std::max(0.0, std::round(value))));
    case Metric::failure_rate:
    case Metric::coverage:
    case Metric::error_rate:
    case Metric::false_positive_rate:
    case Metric::false_negative_rate:
    case Metric::false_discovery_rate:
    case Metric::false_omission_rate:
    case Metric::selection_rate:
    case Metric::complaint_finding_rate:
    case Metric::override_rate:
    case Metric::override_relieving_rate:
    case Metric::override_aggravating_rate:
    case Metric::seeded_catch_rate:
    case Metric::short_review_rate:
    case Metric::accuracy:
    case Metric::precision:
    case Metric::recall:
    case Metric::specificity:
    case Metric::balanced_accuracy:
    case Metric::macro_precision:
    case Metric::macro_recall:
    case Metric::interval_coverage_50:
    case Metric::interval_coverage_90:
    case Metric::verdict_rate:
    case Metric::complaint_reopened_rate:
    case Metric::estimated_accuracy:
    case Metric::estimated_precision:
    case Metric::estimated_recall:
      return percent(value);
    case Metric::complaints_per_1000:
    case Metric::incidents_per_1000:
    case Metric::feedback_per_1000:
    case Metric::severe_complaints_per_1000:
    case Metric::escalated_complaints_per_1000:
      return human_number(value) + " per\u00a01,000";
    case Metric::drift:
      return percent(value) + " of the evidence";
    default:
      return human_number(value);
  }
}

std::string human_range(Metric metric, double lower, double upper) {
  std::string low = human_value(metric, lower);
  const auto unit = low.find_first_of("\u00a0 ");  // said once is enough
  return low.substr(0, unit) + " to " + human_value(metric, upper);
}

std::string human_value(const settings::Limit& limit, double value) {
  return limit.compare == settings::Compare::ratio ? human_number(value) : human_value(limit.metric, value);
}

std::string human_range(const settings::Limit& limit, double lower, double upper) {
  if (limit.compare == settings::Compare::ratio) return human_number(lower) + " to " + human_number(upper);
  return human_range(limit.metric, lower, upper);
}

std::string human_metric(Metric metric) {
  switch (metric) {
    case Metric::volume:
      return "decisions";
    case Metric::psi:
      return "drift (PSI)";
    case Metric::ks:
      return "drift (KS)";
    case Metric::drift:
      return "any change";
    case Metric::complaints_per_1000:
      return "complaints";
    case Metric::incidents_per_1000:
      return "incidents complained of";
    case Metric::complaint_finding_rate:
      return "complaints found for the person";
    case Metric::severe_complaints_per_1000:
      return "severe complaints";
    case Metric::escalated_complaints_per_1000:
      return "escalated complaints";
    case Metric::complaint_reopened_rate:
      return "complaints reopened";
    case Metric::harm_days:
      return "days of harm";
    case Metric::median_days_to_restore:
      return "days until restored (median)";
    case Metric::feedback_per_1000:
      return "feedback";
    case Metric::coverage:
      return "outcome coverage";
    default:
      break;
  }
  // Abbreviations stay what they are.
  static constexpr std::pair<Metric, const char*> as_known[] = {{Metric::f1, "F1"},
                                                                {Metric::estimated_roc_auc, "estimated ROC AUC"},
                                                                {Metric::estimated_f1, "estimated F1"},
                                                                {Metric::mcc, "MCC"},
                                                                {Metric::cohen_kappa, "Cohen's kappa"},
                                                                {Metric::roc_auc, "ROC AUC"},
                                                                {Metric::brier, "Brier score"},
                                                                {Metric::wis, "weighted interval score"},
                                                                {Metric::wis_overprediction, "WIS, too high"},
                                                                {Metric::wis_underprediction, "WIS, too low"},
                                                                {Metric::wis_dispersion, "WIS, width"},
                                                                {Metric::mse, "MSE"},
                                                                {Metric::rmse, "RMSE"},
                                                                {Metric::r2, "R\u00b2"},
                                                                {Metric::mape, "MAPE"},
                                                                {Metric::smape, "SMAPE"},
                                                                {Metric::rmsle, "RMSLE"},
                                                                {Metric::macro_f1, "macro F1"},
                                                                {Metric::micro_f1, "micro F1"},
                                                                {Metric::weighted_f1, "weighted F1"},
                                                                {Metric::roc_auc_hand_till, "ROC AUC (Hand, Till)"},
                                                                {Metric::js_distance, "drift (Jensen-Shannon)"},
                                                                {Metric::hellinger, "drift (Hellinger)"},
                                                                {Metric::tvd, "drift (total variation)"},
                                                                {Metric::wasserstein1, "drift (Wasserstein)"},
                                                                {Metric::linf, "drift (largest share)"},
                                                                {Metric::chi2, "drift (chi-squared)"},
                                                                {Metric::ece, "ECE"}};
  for (const auto& [known, words] : as_known) {
    if (known == metric) return words;
  }
  std::string words = settings::metric_names[static_cast<std::size_t>(metric)];
  for (char& c : words) {
    if (c == '_') c = ' ';
  }
  return words;
}

std::string human_day(Instant time, const Zone& zone) {
  const auto day = civil(time, zone);
  const auto month = static_cast<unsigned>(day.month());
  return std::to_string(static_cast<unsigned>(day.day())) + " " + std::string(months[month - 1]).substr(0, 3) + " " +
         std::to_string(static_cast<int>(day.year()));
}

std::string time_element(Instant time) {
  const auto of_day = time - std::chrono::floor<std::chrono::days>(time);
  const auto minutes = std::chrono::floor<std::chrono::minutes>(of_day).count();
  std::array<char, 16> clock{};
  std::snprintf(clock.data(), clock.size(), "%02d:%02d", static_cast<int>(minutes / 60),
                static_cast<int>(minutes % 60));
  return "<time datetime=\"" + format_rfc3339(time) + "\">" + human_day(time) + ", " + clock.data() +
         "\u00a0UTC</time>";
}

std::string human_window(const settings::Window& kind, Instant start, Instant end, const Zone& zone) {
  using settings::WindowKind;
  switch (kind.kind) {
    case WindowKind::day:
      return human_day(start, zone);
    case WindowKind::week:
      return "week of " + human_day(start, zone);
    case WindowKind::month: {
      const auto day = civil(start, zone);
      return std::string(months[static_cast<unsigned>(day.month()) - 1]) + " " +
             std::to_string(static_cast<int>(day.year()));
    }
    case WindowKind::count:
      return human_count(kind.count) + " decisions to " + human_day(end, zone);
    case WindowKind::hour: {
      const auto minutes =
          std::chrono::floor<std::chrono::minutes>(start - std::chrono::floor<std::chrono::days>(start)).count();
      std::array<char, 16> clock{};
      std::snprintf(clock.data(), clock.size(), ", %02d:%02d", static_cast<int>(minutes / 60),
                    static_cast<int>(minutes % 60));
      return human_day(start, Zone{}) + clock.data() + "\u00a0UTC";
    }
    case WindowKind::days:
      return human_count(kind.count) + " days to " + human_day(end - Millis{1}, zone);
    case WindowKind::all:
      return "all since " + human_day(start, zone);
  }
  return {};
}

std::string human_duration(Millis duration) {
  struct Unit {
    std::int64_t seconds;
    const char* name;
  };
  constexpr std::array<Unit, 4> units{{{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}}};
  std::int64_t left = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(duration).count());
  std::string out;
  int used = 0;
  for (const auto& unit : units) {
    const auto count = left / unit.seconds;
    left %= unit.seconds;
    if (used > 0 && count == 0) break;
    if (count == 0) continue;
    out += (used > 0 ? " " : "") + std::to_string(count) + "\u00a0" + unit.name;
    if (++used == 2) break;
  }
  return out.empty() ? "0\u00a0s" : out;
}

}  // namespace pilotwatch::sinks
