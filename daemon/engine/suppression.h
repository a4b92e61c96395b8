// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tally.h"
#include "settings/settings.h"

namespace pilotwatch::engine {

/// Counts of one model version ("" = all) and one group over one window, and what of them may be shown.
struct GroupScope {
  std::string model_version, attribute, group;
  Tally tally;
  bool rest = false;    ///< what is in no group of the attribute: never shown, but a member of its margin
  int rest_of = 0;      ///< of a pair: what of the first (1), second (2) attribute's `group` is in no combination
  bool hidden = false;  ///< nothing may be shown
  bool outcomes_hidden = false;   ///< counts of predictions and outcomes by kind may not be shown, nor rates of them
  bool confusion_hidden = false;  ///< many classes: the table of no class may be shown; rates over all classes may
  bool failures_hidden = false;
  bool predicted_hidden = false;  ///< how many have a prediction: normally the decisions less the failures
  bool scored_hidden = false;  ///< figures of some of the known outcomes: those with scores, inside an interval, not 0
  bool complaints_hidden = false;
  bool incidents_hidden = false;
  bool findings_hidden = false;  ///< what became of complaints
  bool reviews_hidden = false;
  bool kinds_hidden = false;     ///< complaints by category, and the severe ones
  bool progress_hidden = false;  ///< escalated and reopened complaints, harm and restoration
};

/// The names of all groups known so far, by attribute or pair as in `settings::Segments::groupings()`.
using GroupNames = std::vector<std::vector<std::string>>;

/// Decides what may be shown so that no count of people by what was decided about them, what turned out, or whether
/// they complained leaves the daemon while it lies between 1 and min_n - 1: neither itself nor as a numerator, its
/// complement, or the difference between a total and the rest. Decisions without a prediction are such a count, since
/// they normally are those that failed. How many outcomes are known yet is not, unless it gives away how many failed.
/// Method: small-cell suppression as in official statistics: primary, then complementary in all margins together
/// (margins.h); the combinations of a pair have margins with the groups of both attributes. min_n <= 1 hides nothing.
/// `names`: combinations with a name that do not occur here are not among `__other__`; empty: all names do occur.
void suppress(std::vector<GroupScope>& scopes, const settings::Pilot& pilot, const GroupNames& names = {});
/// The same of one scope by itself, whatever the others are.
void suppress_alone(GroupScope& scope, const settings::Pilot& pilot);

}  // namespace pilotwatch::engine
