// SPDX-License-Identifier: Apache-2.0
#include "app/simulation_pilots.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

namespace pilotwatch::app {
namespace {

using std::string_view;

constexpr double hour_ms = 3'600'000, day_ms = 24 * hour_ms;

constexpr string_view regions[] = {"north", "south", "east", "west"};
constexpr double region_weights[] = {0.35, 0.3, 0.2, 0.15};

double at_least(double value, double least) { return value < least ? least : value; }

std::string fixed(double value, int decimals) {
  std::array<char, 64> digits{};
  return {digits.data(),
          std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, decimals).ptr};
}

// ---- routing: letters to one of five desks --------------------------------------------------------------------------

constexpr string_view desks[] = {"permits", "taxes", "waste", "housing", "other"};
constexpr double desk_weights[] = {0.34, 0.26, 0.18, 0.14, 0.08};
constexpr std::size_t desk_count = std::size(desks);

/// Class -> probability in ten-thousandths that add up to one; `first` gets the greatest.
std::string probabilities(Dice& dice, std::size_t first, double confidence) {
  const int top = static_cast<int>(confidence * 10'000);
  std::array<double, desk_count> weights{};
  double total = 0;
  for (std::size_t i = 0; i < desk_count; ++i) total += weights[i] = i == first ? 0 : dice.uniform(0.05, 1);
  int left = 10'000 - top;
  Members out;
  for (std::size_t i = 0; i < desk_count; ++i) {
    const bool last = i + 1 == desk_count || (i + 2 == desk_count && first + 1 == desk_count);
    const int share = i == first ? top : last ? left : static_cast<int>((10'000 - top) * weights[i] / total);
    if (i != first) left -= share;
    out.number(desks[i], share / 10'000.0, 4);
  }
  return out.object();
}

SimulatedDecision route(Dice& dice, const Moment& moment) {
  constexpr string_view channels[] = {"web", "mail", "phone", "counter"}, languages[] = {"en", "es", "fr", "other"};
  constexpr double channel_weights[] = {0.55, 0.25, 0.12, 0.08};
  const double language_weights[] = {0.7, 0.12, 0.08, 0.1 + 0.25 * moment.drift};
  SimulatedDecision out;
  out.version = "4.2";
  const auto actual = dice.pick(desk_weights), channel = dice.pick(channel_weights),
             language = dice.pick(language_weights);
  out.wrong = dice.chance(0.06 + (language == 0 ? 0 : 0.04) + (channel == 2 ? 0.03 : 0) + 0.12 * moment.drift);
  const auto shift = 1 + dice.pick(std::array<double, desk_count - 1>{1, 1, 1, 1});
  const auto predicted = out.wrong ? (actual + shift) % desk_count : actual;
  const double confidence = out.wrong ? dice.uniform(0.5, 0.85) : dice.uniform(0.6, 0.99);
  const double length = dice.lognormal(620 * (1 + 0.4 * moment.drift), 0.6);
  Members features, segments;
  features.number("length", std::round(length), 0)
      .text("channel", channels[channel])
      .text("language", languages[language]);
  segments.text("region", regions[dice.pick(region_weights)]);
  out.segments = segments.object();
  const bool failed = dice.chance(0.002);
  if (!failed)
    out.members.text("prediction", desks[predicted]).raw("score", probabilities(dice, predicted, confidence));
  out.members.raw("features", features.object()).number("latency_ms", dice.lognormal(80, 0.4), 1);
  if (failed) out.members.raw("failed", "true");
  if (dice.chance(0.9) && !failed) out.actual = '"' + std::string(desks[actual]) + '"';
  out.outcome_delay = random_delay(dice, 1, 0.6);
  return out;
}

// ---- fraud: few positives, outcomes late ----------------------------------------------------------------------------

SimulatedDecision detect_fraud(Dice& dice, const Moment& moment) {
  constexpr string_view channels[] = {"online", "branch", "agent"}, ages[] = {"18-34", "35-64", "65+"};
  constexpr double channel_weights[] = {0.7, 0.2, 0.1}, age_weights[] = {0.3, 0.5, 0.2};
  SimulatedDecision out;
  const bool candidate = dice.chance(0.1), fraud = dice.chance(0.02);
  out.version = candidate ? "1.9.0-rc1" : "1.8.0";
  const double honest = -4 + moment.drift, guilty = 1 + (candidate ? 0.4 : 0) - 1.5 * moment.drift;
  const double score = logistic((fraud ? guilty : honest) + 1.4 * dice.normal());
  const double amount = dice.lognormal((fraud ? 260 : 120) * (1 + 0.6 * moment.drift), 0.9);
  Members features, segments;
  features.number("amount", amount, 2)
      .number("account_age", std::round(dice.lognormal(fraud ? 380 : 900, 0.8)), 0)
      .number("hour", moment.hour, 0)
      .text("channel", channels[dice.pick(channel_weights)]);
  segments.text("region", regions[dice.pick(region_weights)]).text("age_band", ages[dice.pick(age_weights)]);
  out.segments = segments.object();
  const bool positive = score >= 0.5;
  out.wrong = positive != fraud;
  out.members.raw("prediction", positive ? "1" : "0")
      .number("score", positive ? at_least(score, 0.5) : std::min(score, 0.49999), 5)
      .raw("features", features.object())
      .number("latency_ms", dice.lognormal(25, 0.5), 1);
  out.actual = fraud ? "1" : "0";
  out.outcome_delay = random_delay(dice, 9, 0.4);
  return out;
}

// ---- demand: visitors of the next day -------------------------------------------------------------------------------

/// Degrees: a triangle over the year, coldest in mid-January, 16 degrees from end to end. No sine: see simulation.h.
double season(Instant time) {
  const double year_ms = 365.25 * day_ms;
  const double phase = std::fmod(static_cast<double>(time.time_since_epoch().count()) / year_ms + 0.96, 1.0);
  return 4 + 32 * std::min(phase, 1 - phase);
}

SimulatedDecision forecast(Dice& dice, const Moment& moment) {
  constexpr string_view sites[] = {"harbour", "station", "market", "airport"};
  constexpr double site_weights[] = {1, 1, 1, 1}, visitors[] = {120, 300, 180, 240};
  constexpr string_view weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  constexpr double weekday_factors[] = {0.95, 0.95, 1, 1, 1.1, 1.2, 0.9};
  SimulatedDecision out;
  out.version = "2026.1";
  const auto site = dice.pick(site_weights);
  const double temperature = season(moment.time) + 4 * dice.normal() + 6 * moment.drift;
  const double usual = visitors[site] * weekday_factors[moment.weekday];
  const double expected = usual * (1 + 0.008 * (temperature - 12));
  const double forecast = std::round(expected * (1 - 0.14 * moment.drift) * portable_exp(0.03 * dice.normal()));
  const double actual = std::round(expected * portable_exp(0.08 * dice.normal()));
  Members features, segments;
  features.number("temperature", temperature, 1)
      .number("lag_demand", std::round(usual * portable_exp(0.1 * dice.normal())), 0)
      .text("weekday", weekdays[moment.weekday]);
  segments.text("site", sites[site]);
  out.segments = segments.object();
  out.members.number("prediction", forecast, 0).raw("features", features.object());
  out.actual = fixed(actual, 0);
  out.wrong = std::abs(forecast - actual) > 0.15 * actual;
  const auto rest_of_day =
      Millis{static_cast<std::int64_t>(day_ms)} - (moment.time - std::chrono::floor<std::chrono::days>(moment.time));
  out.outcome_delay = rest_of_day + Millis{static_cast<std::int64_t>(dice.uniform(6, 20) * hour_ms)};
  return out;
}

// ---- allocation: who gets support -----------------------------------------------------------------------------------

SimulatedDecision allocate(Dice& dice, const Moment& moment) {
  constexpr string_view districts[] = {"centre", "harbour", "hills", "fields"}, sexes[] = {"f", "m", "x"};
  constexpr double district_weights[] = {0.4, 0.25, 0.2, 0.15}, sex_weights[] = {0.5, 0.48, 0.02};
  constexpr double household_weights[] = {0.35, 0.3, 0.15, 0.12, 0.05, 0.03};
  SimulatedDecision out;
  out.version = "3.0";
  const auto district = dice.pick(district_weights);
  const double need = std::clamp(50 + 15 * dice.normal() + 6 * moment.drift, 0.0, 100.0);
  const bool entitled = dice.chance(logistic((need - 58) / 2.5));
  // What drifts is the treatment of one district: its people are scored too low.
  const double unfair = district == 2 ? 2.5 * moment.drift : 0;
  const double score = logistic((need - 58) / 4 + 0.4 * dice.normal() - unfair);
  const bool positive = score >= 0.5;
  Members features, segments;
  features.number("need_index", need, 1)
      .number("household_size", static_cast<double>(1 + dice.pick(household_weights)), 0)
      .text("district", districts[district]);
  segments.text("district", districts[district]).text("sex", sexes[dice.pick(sex_weights)]);
  out.segments = segments.object();
  out.wrong = positive != entitled;
  out.members.raw("prediction", positive ? "1" : "0")
      .number("score", positive ? at_least(score, 0.5) : std::min(score, 0.4999), 4)
      .raw("features", features.object());
  if (dice.chance(0.7)) out.actual = entitled ? "1" : "0";
  out.outcome_delay = random_delay(dice, 3, 0.5);
  return out;
}

// ---- chatbot: free text that is never read, graded now and then -----------------------------------------------------

SimulatedDecision answer(Dice& dice, const Moment& moment) {
  constexpr string_view topics[] = {"hours", "fees", "forms", "appointments", "other"};
  const double topic_weights[] = {0.3, 0.2, 0.2, 0.2, 0.1 + 0.2 * moment.drift};
  SimulatedDecision out;
  out.version = "b-12";
  const auto topic = dice.pick(topic_weights);
  out.wrong = dice.chance(0.05 + (topic == 4 ? 0.08 : 0) + 0.12 * moment.drift);
  Members features;
  features.number("prompt_tokens", std::ceil(dice.lognormal(45 * (1 + 0.5 * moment.drift), 0.6)), 0)
      .text("topic", topics[topic]);
  out.members.raw("features", features.object()).number("latency_ms", dice.lognormal(900, 0.5), 1);
  const bool failed = dice.chance(0.01), graded = dice.chance(0.25);
  if (failed) out.members.raw("failed", "true");
  if (graded && !failed) out.actual = out.wrong ? "\"bad\"" : "\"ok\"";
  out.outcome_delay = random_delay(dice, 0.25, 0.6);
  return out;
}

constexpr string_view routing_complaints[] = {"misrouted", "slow", "unclear"};
constexpr string_view fraud_versions[] = {"1.8.0", "1.9.0-rc1"};
constexpr string_view fraud_complaints[] = {"wrongly_flagged", "slow", "rude"};
constexpr string_view demand_complaints[] = {"understaffed", "queue"};
constexpr string_view allocation_complaints[] = {"refused", "unexplained", "slow"};
constexpr string_view chatbot_complaints[] = {"wrong_answer", "rude", "slow"};

const PilotModel models[] = {
    {"routing", office_hours, 0.25, 0.2, 0.004, 0.04, routing_complaints, route},
    {"fraud", all_day, 0.8, 0.7, 0.003, 0.2, fraud_complaints, detect_fraud, fraud_versions},
    {"demand", all_day, 1, 1, 0.002, 0.02, demand_complaints, forecast},
    {"allocation", office_hours, 0.1, 0.1, 0.006, 0.05, allocation_complaints, allocate},
    {"chatbot", all_day, 0.7, 0.6, 0.006, 0.08, chatbot_complaints, answer},
};

}  // namespace

Members& Members::text(std::string_view key, std::string_view value) {
  return raw(key, '"' + std::string(value) + '"');
}

Members& Members::number(std::string_view key, double value, int decimals) { return raw(key, fixed(value, decimals)); }

Members& Members::raw(std::string_view key, std::string_view json) {
  if (!list_.empty()) list_ += ',';
  ((((list_ += '"') += key) += "\":")) += json;
  return *this;
}

std::span<const PilotModel> pilot_models() { return models; }

Millis random_delay(Dice& dice, double median_days, double sigma) {
  return Millis{static_cast<std::int64_t>(std::min(dice.lognormal(median_days, sigma), 365.0) * day_ms)};
}

}  // namespace pilotwatch::app
