// SPDX-License-Identifier: Apache-2.0
// A group's rate beside that of others: the limit is on their difference or ratio, whatever the level.
#include <cmath>

#include "judge/watcher.h"
#include "stats/sequential/gap.h"

namespace pilotwatch::judge {
namespace {

/// The limit as "the rate of b is at most ratio times that of a, plus difference".
struct Sides {
  stats::GapLimit limit;
  bool member_is_b;  ///< the group is b, the others are a; or the other way round
};

/// `max`: the group at most so far above the others. `min`: the others at most so far above the group.
Sides sides_of(const settings::Limit& limit) {
  const bool ratio = limit.compare == settings::Compare::ratio;
  if (limit.max) return {ratio ? stats::GapLimit{*limit.max, 0} : stats::GapLimit{1, *limit.max}, true};
  return {ratio ? stats::GapLimit{1 / *limit.min, 0} : stats::GapLimit{1, -*limit.min}, false};
}

/// "a is further below b than allowed" as a limit on a: while the breach goes on it holds.
stats::GapLimit mirrored(const stats::GapLimit& limit) { return {1 / limit.ratio, -limit.difference / limit.ratio}; }

class Comparison : public Watcher {
 public:
  Comparison(const WatcherNeeds& needs, Sides sides, std::uint32_t block)
      : member_is_b_(sides.member_is_b),
        block_(block),
        least_(static_cast<std::uint32_t>(std::max<std::uint64_t>(1, needs.pilot.segments.min_n))),
        gap_(sides.limit, block, needs.allotment.thresholds(), stats::Excess::of_b),
        end_(mirrored(sides.limit), block, proven(needs.allotment), stats::Excess::of_b),
        allotment_(needs.allotment) {}

  Look step(const Sight& seen) override {
    Look out;
    out.cases = seen.member ? 1 : 0;  // what is told of a group counts the group
    out.sum = seen.member ? seen.x : 0;
    out.time = seen.time;
    add(open_, seen.member == member_is_b_, seen, seen.start);
    out.signal = gap_.watch().now();
    if (!full(open_)) return out;
    out.signal = gap_.step_block(open_);
    out.looked = true;
    open_ = {};
    return out;
  }
  [[nodiscard]] Standing now() const override {
    const auto& watch = gap_.watch();
    return {watch.s(), watch.evidence().steps() > 0 ? std::optional(watch.evidence().change_point()) : std::nullopt};
  }
  [[nodiscard]] Standing at_alarm() const override {
    return {gap_.watch().alarmed().s, gap_.watch().alarmed().change_point};
  }
  [[nodiscard]] const char* formula() const override { return stats::GroupGap::formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }

  void begin_end() override {
    end_.reset();
    end_open_ = {};
  }
  End step_end(const Sight& seen) override {
    End out;
    add(end_open_, seen.member != member_is_b_, seen, allotment_.end_start(seen.start));
    if (full(end_open_)) {
      out.recovered = end_.step_block(end_open_) == stats::Signal::alarm;
      end_open_ = {};
    }
    out.recovering = end_.watch().s() >= allotment_.recovering_at();
    return out;
  }

  void write(ByteWriter& out) const override {
    gap_.write(out);
    end_.write(out);
    open_.write(out);
    end_open_.write(out);
  }
  void read(ByteReader& in) override {
    gap_.read(in);
    end_.read(in);
    open_.read(in);
    end_open_.read(in);
  }

 private:
  static stats::Thresholds proven(const Allotment& allotment) {
    stats::Thresholds out;
    out.alarm = allotment.recovered_at();
    return out;
  }

  using Counts = stats::GroupGap::Counts;
  static void add(Counts& block, bool of_b, const Sight& seen, double start) {
    ++(of_b ? block.n_b : block.n_a);
    if (seen.x > 0) ++(of_b ? block.x_b : block.x_a);
    block.weight += start;
  }
  /// Looks at counts of people, never at what became of them. What is told of a group is told of so many of them.
  [[nodiscard]] bool full(const Counts& block) const {
    return block.n_a >= least_ && block.n_b >= least_ && block.n_a + block.n_b >= block_;
  }

  bool member_is_b_;
  std::uint32_t block_, least_;  ///< decisions a block, of both; of each at least (segments.min_n)
  stats::GroupGap gap_, end_;
  Counts open_, end_open_;
  Allotment allotment_;
};

constexpr std::uint32_t default_block = 100;

}  // namespace

std::unique_ptr<Watcher> watch_comparison(const WatcherNeeds& needs) {
  return std::make_unique<Comparison>(needs, sides_of(needs.limit), std::max(block_of(needs, default_block), 2U));
}

}  // namespace pilotwatch::judge
