// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/group.h"

namespace pilotwatch::stats {
namespace {

Answer<ShareCount> of(std::uint64_t k, std::uint64_t n, Undefined if_empty) {
  if (n == 0) return if_empty;
  return ShareCount{k, n};
}

}  // namespace

GroupCounts& GroupCounts::operator+=(const GroupCounts& other) {
  total += other.total;
  selected += other.selected;
  outcomes += other.outcomes;
  return *this;
}

GroupCounts& GroupCounts::operator-=(const GroupCounts& other) {
  total -= other.total;
  selected -= other.selected;
  outcomes -= other.outcomes;
  return *this;
}

void GroupCounts::write(ByteWriter& out) const {
  out.u64(total);
  out.u64(selected);
  outcomes.write(out);
}

void GroupCounts::read(ByteReader& in) {
  GroupCounts got;
  got.total = in.u64();
  got.selected = in.u64();
  if (got.selected > got.total) throw CorruptBytes("group counts: more selected than decisions");
  got.outcomes.read(in);
  *this = got;
}

GroupCounts fully_known(const ConfusionCounts& outcomes) { return {outcomes.total(), outcomes.predicted(), outcomes}; }

Answer<ShareCount> share_of(const GroupCounts& group, GroupRate rate, KnownOutcomes known) {
  const auto& c = group.outcomes;
  if (rate == GroupRate::selection) return of(group.selected, group.total, Undefined::no_data);
  const bool of_the_selected = rate == GroupRate::precision || rate == GroupRate::false_discovery;
  if (known == KnownOutcomes::of_selected && !of_the_selected) return Undefined::selective_labels;
  if (c.total() == 0) return Undefined::no_data;
  switch (rate) {
    case GroupRate::selection:
      break;
    case GroupRate::true_positive:
      return of(c.tp, c.positives(), Undefined::no_positives);
    case GroupRate::false_negative:
      return of(c.fn, c.positives(), Undefined::no_positives);
    case GroupRate::false_positive:
      return of(c.fp, c.negatives(), Undefined::no_negatives);
    case GroupRate::true_negative:
      return of(c.tn, c.negatives(), Undefined::no_negatives);
    case GroupRate::precision:
      return of(c.tp, c.predicted(), Undefined::none_predicted);
    case GroupRate::false_discovery:
      return of(c.fp, c.predicted(), Undefined::none_predicted);
    case GroupRate::false_omission:
      return of(c.fn, c.not_predicted(), Undefined::all_predicted);
    case GroupRate::negative_predictive:
      return of(c.tn, c.not_predicted(), Undefined::all_predicted);
    case GroupRate::accuracy:
      return of(c.tp + c.tn, c.total(), Undefined::no_data);
    case GroupRate::prevalence:
      return of(c.positives(), c.total(), Undefined::no_data);
  }
  return Undefined::no_data;
}

Answer<double> rate_of(const GroupCounts& group, GroupRate rate, KnownOutcomes known) {
  const auto share = share_of(group, rate, known);
  if (!share) return share.error();
  return static_cast<double>(share->k) / static_cast<double>(share->n);
}

}  // namespace pilotwatch::stats
