// SPDX-License-Identifier: Apache-2.0
#include "judge/chunks.h"

#include <algorithm>
#include <cmath>

#include "base/result.h"
#include "engine/pilot.h"
#include "judge/judge.h"
#include "stats/classical/parts.h"

namespace pilotwatch::judge {
namespace {

using settings::Limit;

void write(ByteWriter& out, const std::optional<double>& value) {
  out.flag(value.has_value());
  if (value) out.f64(*value);
}

bool of_file(const Limit& limit) {
  return limit.evidence == settings::Evidence::reference_chunks && limit.chunks.own == 0;
}

/// One pilot that sees the records of a file and nothing else.
class FilePass {
 public:
  FilePass(const settings::Pilot& pilot, const record::Batch& batch) : pilot_(&pilot), batch_(&batch) {}

  /// Every window of the records that `takes` accepts, as it closes and as it matures, in order.
  template <class Takes, class Look>
  void each_window(engine::Reference reference, Takes&& takes, Look&& look) const {
    engine::PilotState state(*pilot_);
    state.set_reference(std::move(reference));
    for (const auto& record : batch_->records) {
      if (batch_->text(record.pilot) == pilot_->name && takes(record)) state.apply(*batch_, record);
    }
    state.finish({.look = look, .observe = {}, .frozen = {}});
  }

  /// The file's predictions, each once.
  [[nodiscard]] std::vector<engine::ReferenceRow> rows() const {
    engine::PilotState state(*pilot_);
    std::vector<engine::ReferenceRow> out;
    for (const auto& record : batch_->records) {
      const auto* prediction = std::get_if<record::Prediction>(&record.body);
      if (prediction == nullptr || batch_->text(record.pilot) != pilot_->name) continue;
      if (state.apply(*batch_, record).duplicate) continue;
      out.push_back({prediction->time, state.feature_row(*batch_, *prediction)});
    }
    return out;
  }

 private:
  const settings::Pilot* pilot_;
  const record::Batch* batch_;
};

/// Decisions of [start, end); of count windows both are decisions.
bool holds(const engine::WindowResult& window, Instant time) {
  const bool count = window.kind.kind == settings::WindowKind::count;
  return window.start <= time && (count ? time <= window.end : time < window.end);
}

class Collector {
 public:
  Collector(const settings::Pilot& pilot, const record::Batch& batch, const engine::Reference& reference)
      : pilot_(pilot), reference_(reference), pass_(pilot, batch) {}

  ChunkValues take() {
    pass_.each_window(
        reference_, [](const auto&) { return true; }, [this](const engine::Closing& closing) { look(closing); });
    return {reference_.id, std::move(values_)};
  }

 private:
  void look(const engine::Closing& closing) {
    for (const auto& limit : pilot_.limits) {
      if (!of_file(limit) || limit.window != *closing.kind || of_outcomes(limit.metric) != closing.mature) continue;
      if (limit.chunks.leave_one_out && !closing.result->figures.empty()) {
        leave_out(limit, *closing.result);
      } else {
        add(limit, *closing.result);
      }
    }
  }

  void add(const Limit& limit, const engine::WindowResult& window) {
    std::set<std::string> groups;
    if (limit.segment.empty()) groups.insert("");
    for (const auto& figure : window.figures) {
      if (!limit.segment.empty() && is_about(limit, figure)) groups.insert(figure.group);
    }
    for (const auto& group : groups) {
      const auto finding = examine(limit, {}, group, window);
      if (finding.kind == Finding::Kind::within) values_[{limit.name, group}].push_back(*finding.value);
    }
  }

  /// The same window once more, against the rows outside of it.
  void leave_out(const Limit& limit, const engine::WindowResult& window) {
    if (rows_.empty()) rows_ = pass_.rows();
    std::vector<engine::ReferenceRow> others;
    for (const auto& row : rows_) {
      if (!holds(window, row.time)) others.push_back(row);
    }
    if (others.empty()) return;
    const auto inside = [&](const record::Record& record) {
      const auto* prediction = std::get_if<record::Prediction>(&record.body);
      return prediction != nullptr && holds(window, prediction->time);
    };
    pass_.each_window(engine::freeze(pilot_, others, reference_.frozen_at), inside,
                      [&](const engine::Closing& closing) {
                        if (limit.window == *closing.kind && !closing.mature && closing.result->start == window.start &&
                            closing.result->end == window.end) {
                          add(limit, *closing.result);
                        }
                      });
  }

  const settings::Pilot& pilot_;
  const engine::Reference& reference_;
  FilePass pass_;
  std::vector<engine::ReferenceRow> rows_;  ///< once a limit needs them
  std::map<std::pair<std::string, std::string>, std::vector<double>> values_;
};

}  // namespace

void ChunkBound::write(ByteWriter& out) const {
  out.f64(mean);
  out.f64(sd);
  out.u64(chunks);
  judge::write(out, lower);
  judge::write(out, upper);
  out.text(reference);
}

void ChunkBound::read(ByteReader& in) {
  mean = in.f64();
  sd = in.f64();
  chunks = in.u64();
  for (auto* bound : {&lower, &upper}) {
    bound->reset();
    if (in.flag()) *bound = in.f64();
  }
  reference = in.text();
}

ChunkBound chunk_bound(const Limit& limit, std::span<const double> values, std::string reference) {
  PW_ASSERT(values.size() >= least_chunks);
  stats::RunningMoments moments;
  for (const double value : values) moments.add(value);
  ChunkBound out;
  out.mean = moments.mean();
  out.sd = moments.sd(limit.chunks.ddof);
  if (limit.chunks.leave_one_out) out.sd *= std::sqrt(1 + 1 / static_cast<double>(values.size()));
  out.chunks = values.size();
  out.reference = std::move(reference);
  const auto range = settings::range_of(limit);
  const double width = limit.chunks.sd * out.sd;
  if (limit.direction != settings::Direction::below) out.upper = std::min(out.mean + width, range.most);
  if (limit.direction != settings::Direction::above) out.lower = std::max(out.mean - width, range.least);
  return out;
}

ChunkValues chunk_values(const settings::Pilot& pilot, const record::Batch& batch, const engine::Reference& reference) {
  if (std::none_of(pilot.limits.begin(), pilot.limits.end(), of_file)) return {};
  return Collector(pilot, batch, reference).take();
}

}  // namespace pilotwatch::judge
