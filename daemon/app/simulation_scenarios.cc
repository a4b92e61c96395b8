// SPDX-License-Identifier: Apache-2.0
#include "app/simulation_scenarios.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "base/text.h"

namespace pilotwatch::app {
namespace {

using std::string_view;

constexpr double never = 36'500;

/// What a person found after a complaint or a court did: the update and the outcome say the same.
void concluded(SimulatedDecision& out, Dice& dice, string_view category, string_view channel, string_view step,
               bool for_person) {
  SimulatedComplaint complaint;
  complaint.category = category;
  complaint.channel = channel;
  complaint.severity = 3;
  complaint.delay = random_delay(dice, 10, 0.4);
  complaint.step = step;
  complaint.found = for_person ? "person" : "body";
  complaint.update_delay = complaint.delay + random_delay(dice, 25, 0.35);
  out.complaint = complaint;
}

// ---- MiDAS: every record is a finding of fraud; the truth is known where somebody appealed
// ---------------------------

SimulatedDecision find_fraud(Dice& dice, const Moment&) {
  constexpr double appealed = 0.12, overturned = 0.92;
  SimulatedDecision out;
  out.version = "2013.1";
  Members features;
  features.number("amount", dice.lognormal(2200, 0.7), 2).number("weeks", 1 + static_cast<double>(dice.poisson(9)), 0);
  out.members.raw("prediction", "1").raw("features", features.object());
  const bool appeal = dice.chance(appealed), wrong = dice.chance(overturned);
  if (!appeal) return out;
  concluded(out, dice, "appeal", "tribunal", "decided", wrong);
  out.outcome_delay = out.complaint->update_delay;
  out.outcome_source = "appeal";
  out.actual = wrong ? "0" : "1";
  return out;
}

// ---- DWP: one claim in five is flagged, and only flags are reviewed
// --------------------------------------------------

SimulatedDecision flag_claim(Dice& dice, const Moment&) {
  constexpr double flagged = 0.2, reviewed = 0.9, award_was_wrong = 0.37;
  SimulatedDecision out;
  out.version = "live";
  const bool flag = dice.chance(flagged), known = dice.chance(reviewed), right = dice.chance(award_was_wrong);
  Members features, segments;
  features.number("weekly_award", dice.lognormal(95, 0.4), 2)
      .text("household", dice.chance(0.55) ? "single" : "family");
  segments.text("age_band", dice.chance(0.25) ? "18-34" : dice.chance(0.6) ? "35-64" : "65+");
  out.segments = segments.object();
  out.members.raw("prediction", flag ? "1" : "0").raw("features", features.object());
  if (!flag || !known) return out;
  out.actual = right ? "1" : "0";
  out.outcome_delay = random_delay(dice, 10, 0.35);
  out.outcome_source = "investigation";
  out.wrong = !right;
  return out;
}

// ---- Robodebt: every record is a letter that asks for money back
// -----------------------------------------------------

SimulatedDecision raise_debt(Dice& dice, const Moment&) {
  constexpr double checked = 0.6, no_debt = 0.2, complains = 0.4;
  SimulatedDecision out;
  out.version = "online-compliance-1";
  Members features;
  features.number("debt", dice.lognormal(1900, 0.8), 2);
  out.members.raw("prediction", "1").raw("features", features.object());
  const bool known = dice.chance(checked), wrong = dice.chance(no_debt), complaint = dice.chance(complains);
  if (!known) return out;
  out.actual = wrong ? "0" : "1";
  out.outcome_delay = random_delay(dice, 20, 0.35);
  // Settled before a court could say so: it counts as found for the person all the same.
  if (wrong && complaint) concluded(out, dice, "no_debt", "phone", "settled", true);
  return out;
}

// ---- Toeslagen: 12 of 800 and 10 of 3,200, exactly
// -------------------------------------------------------------------

constexpr std::uint64_t second_nationality = 800, others = 3200, their_complaints = 12, other_complaints = 10;

SimulatedDecision check_allowance(Dice& dice, const Moment& moment) {
  SimulatedDecision out;
  out.version = "risk-model-1";
  const bool second = moment.number < second_nationality;
  const auto place = second ? moment.number : moment.number - second_nationality;
  const bool picked = dice.chance(second ? 0.12 : 0.05);
  Members features, segments;
  features.number("yearly_allowance", dice.lognormal(5200, 0.6), 0);
  segments.text("nationality", second ? "second" : "one");
  out.segments = segments.object();
  out.members.raw("prediction", picked ? "1" : "0").raw("features", features.object());
  if (place < (second ? their_complaints : other_complaints))
    out.complaint = {.category = "stopped", .channel = "post", .severity = 3, .delay = random_delay(dice, 4, 0.4)};
  return out;
}

// ---- MyCity: one kind of complaint among several
// ---------------------------------------------------------------------

SimulatedDecision advise(Dice& dice, const Moment& moment) {
  constexpr string_view topics[] = {"permits", "tenants", "wages", "taxes", "other"};
  constexpr double topic_weights[] = {0.3, 0.2, 0.2, 0.2, 0.1};
  constexpr string_view categories[] = {"information_wrong", "slow", "unclear", "rude"};
  const double rates[] = {moment.drift > 0 ? 0.006 : 0.001, 0.003, 0.002, 0.001};
  SimulatedDecision out;
  out.version = "1";
  Members features;
  features.text("topic", topics[dice.pick(topic_weights)])
      .number("prompt_tokens", 1 + std::floor(dice.lognormal(40, 0.6)), 0);
  out.members.raw("features", features.object()).number("latency_ms", dice.lognormal(1100, 0.5), 1);
  double all = 0;
  for (const double rate : rates) all += rate;
  if (!dice.chance(all)) return out;
  const auto category = dice.pick(rates);
  out.complaint = {.category = categories[category],
                   .channel = dice.chance(0.7) ? "web" : "phone",
                   .severity = category == 0 ? 3U : 1U,
                   .delay = random_delay(dice, 0.5, 0.6)};
  return out;
}

// ---- nothing is wrong
// ------------------------------------------------------------------------------------------------

/// One request, and how likely it is that it is decided wrongly: neither changes from one week to the next.
SimulatedDecision decide_request(Dice& dice, double amount, double by_web, double error_rate) {
  SimulatedDecision out;
  out.version = "1";
  const bool positive = dice.chance(0.3), known = dice.chance(0.9), complaint = dice.chance(0.008);
  out.wrong = dice.chance(error_rate);
  Members features, segments;
  features.number("amount", dice.lognormal(amount, 0.7), 2)
      .number("age", std::floor(dice.uniform(18, 90)), 0)
      .text("channel", dice.chance(by_web) ? "web"
                       : dice.chance(0.6)  ? "phone"
                                           : "counter");
  segments.text("region", dice.chance(0.5) ? "north" : dice.chance(0.6) ? "south" : "east");
  out.segments = segments.object();
  out.members.raw("prediction", positive ? "1" : "0")
      .number("score", positive ? dice.uniform(0.5, 1) : dice.uniform(0, 0.4999), 4)
      .raw("features", features.object())
      .number("latency_ms", dice.lognormal(30, 0.4), 1);
  if (dice.chance(0.004)) out.members.raw("failed", "true");
  if (known) out.actual = positive != out.wrong ? "1" : "0";
  out.outcome_delay = random_delay(dice, 2, 0.4);
  if (complaint)
    out.complaint = {.category = "slow", .channel = "web", .severity = 1, .delay = random_delay(dice, 0.7, 0.4)};
  return out;
}

SimulatedDecision decide_as_ever(Dice& dice, const Moment&) { return decide_request(dice, 150, 0.7, 0.04); }

/// By night and at weekends other people write: more by web, for less money, and with more mistakes.
SimulatedDecision decide_by_season(Dice& dice, const Moment& moment) {
  const bool night = moment.hour < 7 || moment.hour >= 20, weekend = moment.weekday >= 5;
  return decide_request(dice,
                        night     ? 80
                        : weekend ? 110
                                  : 170,
                        night || weekend ? 0.95 : 0.6, (night ? 0.05 : 0.03) + (weekend ? 0.03 : 0));
}

const Scenario scenarios[] = {
    {{"midas", office_hours, 0.3, 0.3, 0, 0, {}, find_fraud}, 270, 20, never},
    {{"dwp", office_hours, 0.2, 0.1, 0, 0, {}, flag_claim}, 90, 100, never},
    {{"robodebt", office_hours, 0.1, 0.1, 0, 0, {}, raise_debt}, 180, 60, never},
    {{"toeslagen", office_hours, 0.2, 0.1, 0, 0, {}, check_allowance, {}, second_nationality + others}, 90, 100, never},
    {{"mycity", all_day, 0.7, 0.6, 0, 0, {}, advise}, 84, 400, 42},
    {{"healthy", all_day, 0.8, 0.7, 0, 0, {}, decide_as_ever}, 180, 60, never},
    {{"season", all_day, 0.8, 0.7, 0, 0, {}, decide_by_season}, 180, 180, never},
};

}  // namespace

const Scenario& find_scenario(std::string_view name) {
  const auto found = std::ranges::find(scenarios, name, [](const Scenario& s) { return s.model.name; });
  if (found != std::end(scenarios)) return *found;
  std::vector<std::string_view> names;
  for (const auto& scenario : scenarios) names.push_back(scenario.model.name);
  throw std::invalid_argument("unknown scenario '" + std::string(name) + "': one of " + join(names));
}

}  // namespace pilotwatch::app
