// SPDX-License-Identifier: Apache-2.0
#include "stats/fairness/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/result.h"

namespace pilotwatch::stats {
namespace {

double value(ShareCount s) { return static_cast<double>(s.k) / static_cast<double>(s.n); }

bool enough(ShareCount s, Minimum minimum) { return s.n >= minimum.cases && s.k >= minimum.events; }

/// Cases missing until the minimum, at the share seen; nullopt: no event yet, so nobody can say.
std::optional<std::uint64_t> missing(ShareCount s, Minimum minimum) {
  std::uint64_t needed = std::max(s.n, minimum.cases);
  if (s.k < minimum.events) {
    if (s.k == 0) return std::nullopt;
    needed = std::max(needed, static_cast<std::uint64_t>(std::ceil(static_cast<double>(minimum.events) / value(s))));
  }
  return needed - s.n;
}

/// too_few, and how many more, where one of the shares is below the minimum.
bool below_minimum(Comparison& out, std::span<const ShareCount> shares, Minimum minimum) {
  if (std::all_of(shares.begin(), shares.end(), [&](ShareCount s) { return enough(s, minimum); })) return false;
  out.interval = Undefined::too_few;
  std::uint64_t most = 0;
  for (const auto share : shares) {
    const auto more = missing(share, minimum);
    if (!more) return true;
    most = std::max(most, *more);
  }
  out.until_minimum = most;
  return true;
}

Comparison undefined(Scale scale, const char* formula, Undefined why) { return {scale, formula, why, why}; }

/// Both shares of one rate, or a Comparison that says why not.
struct Pair {
  ShareCount a, b;
};
Answer<Pair> shares_of(const GroupCounts& group, const GroupCounts& reference, GroupRate rate, KnownOutcomes known) {
  const auto a = share_of(group, rate, known), b = share_of(reference, rate, known);
  if (!a) return a.error();
  if (!b) return b.error();
  return Pair{*a, *b};
}

/// true and false positive rates of both.
Answer<std::array<Pair, 2>> odds_of(const GroupCounts& group, const GroupCounts& reference, KnownOutcomes known) {
  const auto tpr = shares_of(group, reference, GroupRate::true_positive, known);
  const auto fpr = shares_of(group, reference, GroupRate::false_positive, known);
  if (!tpr) return tpr.error();
  if (!fpr) return fpr.error();
  return std::array<Pair, 2>{*tpr, *fpr};
}

Comparison of_odds(const char* formula, const std::array<Pair, 2>& odds) {
  Comparison out{Scale::difference, formula};
  out.group_n = std::min(odds[0].a.n, odds[1].a.n);
  out.reference_n = std::min(odds[0].b.n, odds[1].b.n);
  return out;
}

std::array<ShareCount, 4> all_of(const std::array<Pair, 2>& odds) {
  return {odds[0].a, odds[0].b, odds[1].a, odds[1].b};
}

}  // namespace

Comparison share_difference(ShareCount a, ShareCount b, const CompareSettings& settings) {
  if (a.n == 0 || b.n == 0) return undefined(Scale::difference, rate_difference_formula, Undefined::no_data);
  Comparison out{Scale::difference, rate_difference_formula, value(a) - value(b)};
  out.group_n = a.n;
  out.reference_n = b.n;
  if (!below_minimum(out, std::array{a, b}, settings.minimum)) out.interval = newcombe(a, b, settings.confidence);
  return out;
}

Comparison share_ratio(ShareCount a, ShareCount b, const CompareSettings& settings) {
  if (a.n == 0 || b.n == 0) return undefined(Scale::ratio, rate_ratio_of_groups_formula, Undefined::no_data);
  Comparison out{Scale::ratio, rate_ratio_of_groups_formula};
  out.value = b.k == 0 ? Answer<double>(Undefined::zero_denominator) : Answer<double>(value(a) / value(b));
  out.group_n = a.n;
  out.reference_n = b.n;
  if (!below_minimum(out, std::array{a, b}, settings.minimum)) out.interval = katz(a, b, settings.confidence);
  return out;
}

Comparison rate_difference(const GroupCounts& group, const GroupCounts& reference, GroupRate rate,
                           const CompareSettings& settings) {
  const auto pair = shares_of(group, reference, rate, settings.known);
  if (!pair) return undefined(Scale::difference, rate_difference_formula, pair.error());
  return share_difference(pair->a, pair->b, settings);
}

Comparison rate_ratio_of_groups(const GroupCounts& group, const GroupCounts& reference, GroupRate rate,
                                const CompareSettings& settings) {
  const auto pair = shares_of(group, reference, rate, settings.known);
  if (!pair) return undefined(Scale::ratio, rate_ratio_of_groups_formula, pair.error());
  return share_ratio(pair->a, pair->b, settings);
}

Comparison average_odds_difference(const GroupCounts& group, const GroupCounts& reference,
                                   const CompareSettings& settings) {
  const auto odds = odds_of(group, reference, settings.known);
  if (!odds) return undefined(Scale::difference, average_odds_formula, odds.error());
  auto out = of_odds(average_odds_formula, *odds);
  const auto [tpr, fpr] = *odds;
  out.value = ((value(fpr.a) - value(fpr.b)) + (value(tpr.a) - value(tpr.b))) / 2;
  if (below_minimum(out, all_of(*odds), settings.minimum)) return out;
  std::array<LinearTerm, 4> terms{};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto share = all_of(*odds)[i];
    terms[i] = {i % 2 == 0 ? 0.5 : -0.5, value(share), *wilson(share.k, share.n, settings.confidence)};
  }
  out.interval = square_and_add(terms);
  return out;
}

Comparison equalised_odds_difference(const GroupCounts& group, const GroupCounts& reference,
                                     const CompareSettings& settings) {
  const auto odds = odds_of(group, reference, settings.known);
  if (!odds) return undefined(Scale::difference, equalised_odds_formula, odds.error());
  auto out = of_odds(equalised_odds_formula, *odds);
  double most = 0;
  for (const auto [a, b] : *odds) most = std::max(most, std::abs(value(a) - value(b)));
  out.value = most;
  if (below_minimum(out, all_of(*odds), settings.minimum)) return out;
  Interval range{0, 0};
  for (const auto [a, b] : *odds) {
    const auto d = newcombe(a, b, (1 + settings.confidence) / 2);
    range.lower = std::max({range.lower, d->lower, -d->upper});
    range.upper = std::max({range.upper, -d->lower, d->upper});
  }
  out.interval = range;
  return out;
}

Comparison min_max_ratio(std::span<const GroupCounts> groups, GroupRate rate, const CompareSettings& settings) {
  if (groups.size() < 2) return undefined(Scale::ratio, min_max_ratio_formula, Undefined::no_data);
  std::vector<ShareCount> shares;
  for (const auto& group : groups) {
    const auto share = share_of(group, rate, settings.known);
    if (!share) return undefined(Scale::ratio, min_max_ratio_formula, share.error());
    shares.push_back(*share);
  }
  const auto [least, most] =
      std::minmax_element(shares.begin(), shares.end(), [](ShareCount a, ShareCount b) { return value(a) < value(b); });
  if (most->k == 0) return undefined(Scale::ratio, min_max_ratio_formula, Undefined::zero_denominator);
  Comparison out{Scale::ratio, min_max_ratio_formula, value(*least) / value(*most)};
  out.group_n = least->n;
  out.reference_n = most->n;
  if (below_minimum(out, shares, settings.minimum)) return out;
  if (least->k == 0) {  // only where the minimum asks for no events
    out.interval = Undefined::out_of_domain;
    return out;
  }
  const double count = static_cast<double>(shares.size()), pairs = count * (count - 1) / 2;
  Interval range{1, 1};
  for (const auto& a : shares) {
    for (const auto& b : shares) {
      if (&a == &b) continue;
      const auto r = katz(a, b, 1 - (1 - settings.confidence) / pairs);
      range.lower = std::min(range.lower, r->lower);
      range.upper = std::min(range.upper, r->upper);
    }
  }
  out.interval = range;
  return out;
}

Comparison event_rate_ratio(EventRate group, EventRate reference, const CompareSettings& settings) {
  const auto interval = rate_ratio(group, reference, settings.confidence);
  if (!interval) return undefined(Scale::ratio, event_rate_ratio_formula, interval.error());
  Comparison out{Scale::ratio, event_rate_ratio_formula};
  const double a = static_cast<double>(group.events) / group.exposure;
  const double b = static_cast<double>(reference.events) / reference.exposure;
  out.value = reference.events == 0 ? Answer<double>(Undefined::zero_denominator) : Answer<double>(a / b);
  const double most = 0x1p62;
  out.group_n = static_cast<std::uint64_t>(std::min(most, group.exposure));
  out.reference_n = static_cast<std::uint64_t>(std::min(most, reference.exposure));
  out.interval = interval;
  const auto cases = static_cast<double>(settings.minimum.cases),
             smaller = std::min(group.exposure, reference.exposure);
  const auto events = group.events + reference.events;
  if (smaller >= cases && events >= settings.minimum.events) return out;
  out.interval = Undefined::too_few;
  const double growth =
      std::max({1.0, cases / smaller, static_cast<double>(settings.minimum.events) / static_cast<double>(events)});
  const double more = std::ceil((growth - 1) * smaller);
  if (more < most) out.until_minimum = static_cast<std::uint64_t>(more);
  return out;
}

}  // namespace pilotwatch::stats
