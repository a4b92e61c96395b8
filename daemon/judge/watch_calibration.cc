// SPDX-License-Identifier: Apache-2.0
// Scores against what turns out, in ten bins of the score, both sides of each.
#include <algorithm>
#include <cstdio>

#include "judge/watcher.h"
#include "stats/sequential/calibration.h"
#include "stats/sequential/mean.h"
#include "stats/sequential/plan.h"

namespace pilotwatch::judge {
namespace {

class Calibration : public Watcher {
 public:
  Calibration(const WatcherNeeds& needs, std::uint32_t block)
      : block_(block),
        drift_(*needs.limit.max, block, needs.allotment.thresholds()),
        end_((1 + *needs.limit.max) / 2, needs.allotment.recovered_at(), needs.limit.design_effect),
        allotment_(needs.allotment) {}

  Look step(const Sight& seen) override {
    note_loudest();
    Look out;
    out.sum = seen.positive ? 1 : 0;
    out.time = seen.time;
    out.signal = drift_.step(seen.x, seen.positive, seen.start);
    ++counted_;
    out.looked = counted_ % block_ == 0 || out.signal == stats::Signal::alarm;
    if (out.signal == stats::Signal::alarm) {
      moved_at_alarm_ = words(before_alarm_);
      counted_ = 0;
    }
    return out;
  }
  [[nodiscard]] Standing now() const override { return {drift_.s(), std::nullopt}; }
  [[nodiscard]] Standing at_alarm() const override { return {drift_.alarmed().s, std::nullopt}; }
  [[nodiscard]] const char* formula() const override { return stats::CalibrationDrift::formula; }
  [[nodiscard]] std::uint64_t block() const override { return block_; }
  void note() override { noted_ = drift_.s() > 0 ? std::optional(loudest(drift_.by_bin())) : std::nullopt; }
  [[nodiscard]] std::string moved() const override { return noted_ ? words(*noted_) : ""; }

  /// The bin and side that spoke loudest are asked for; the others go on being watched.
  void begin_end() override {
    end_.reset();
    end_bin_ = before_alarm_.first;
    end_side_ = before_alarm_.second;
    waiting_start_ = 0;
  }
  End step_end(const Sight& seen) override {
    waiting_start_ += allotment_.end_start(seen.start);
    End out;
    if (bin_of(seen.x) == end_bin_) {
      const double off = ((seen.positive ? 1.0 : 0.0) - seen.x + 1) / 2;
      out.recovered = end_.step(end_side_ == 0 ? off : 1 - off, allotment_.end_start(waiting_start_)) == stats::Signal::alarm;
      waiting_start_ = 0;
    }
    out.recovering = end_.watch().s() >= allotment_.recovering_at();
    return out;
  }

  void inherit_end(const Watcher& before) override {
    const auto& old = dynamic_cast<const Calibration&>(before);
    end_bin_ = old.end_bin_;
    end_side_ = old.end_side_;
    before_alarm_ = old.before_alarm_;
  }

  void write(ByteWriter& out) const override {
    drift_.write(out);
    end_.write(out);
    for (const auto value : {counted_, std::uint64_t{end_bin_}, std::uint64_t{end_side_},
                             std::uint64_t{before_alarm_.first}, std::uint64_t{before_alarm_.second}}) {
      out.u64(value);
    }
    out.f64(waiting_start_);
  }
  void read(ByteReader& in) override {
    drift_.read(in);
    end_.read(in);
    counted_ = in.u64();
    for (auto* value : {&end_bin_, &end_side_, &before_alarm_.first, &before_alarm_.second}) {
      *value = static_cast<std::size_t>(in.u64());
    }
    waiting_start_ = in.f64();
  }

 private:
  static constexpr std::size_t bins = stats::CalibrationDrift::bins;
  using Place = std::pair<std::size_t, std::size_t>;  ///< bin, side
  static std::string words(Place place) {
    char text[96];
    std::snprintf(text, sizeof text, "scores from %.1f to %.1f are too %s", static_cast<double>(place.first) / bins,
                  static_cast<double>(place.first + 1) / bins, place.second == 0 ? "low" : "high");
    return text;
  }
  static std::size_t bin_of(double score) {
    return std::min(static_cast<std::size_t>(score * static_cast<double>(bins)), bins - 1);
  }
  static Place loudest(const std::array<std::array<double, 2>, bins>& s) {
    Place out{0, 0};
    for (std::size_t b = 0; b < bins; ++b) {
      for (std::size_t side = 0; side < 2; ++side) {
        if (s[b][side] > s[out.first][out.second]) out = {b, side};
      }
    }
    return out;
  }
  /// An alarm forgets who raised it, so it is noted before. A block at most doubles S: a warning always comes first.
  void note_loudest() {
    if (drift_.now() == stats::Signal::warning) before_alarm_ = loudest(drift_.by_bin());
  }

  std::uint64_t block_;
  stats::CalibrationDrift drift_;
  stats::Recovery end_;
  Allotment allotment_;
  std::uint64_t counted_ = 0;
  Place before_alarm_{0, 0};
  std::optional<Place> noted_;
  std::size_t end_bin_ = 0, end_side_ = 0;
  double waiting_start_ = 0;
};

}  // namespace

std::unique_ptr<Watcher> watch_calibration(const WatcherNeeds& needs) {
  return std::make_unique<Calibration>(needs, block_of(needs, stats::block_size(.5, needs.limit.design_effect)));
}

}  // namespace pilotwatch::judge
