// SPDX-License-Identifier: Apache-2.0
// Records into the state of one pilot: identity, joins, corrections.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "engine/counting.h"
#include "engine/pilot.h"

namespace pilotwatch::engine {
namespace {

template <std::size_t N>
void observe(std::vector<std::uint64_t>& buckets, const double (&bounds)[N], double value) {
  buckets.resize(N + 1);
  ++buckets[static_cast<std::size_t>(std::lower_bound(std::begin(bounds), std::end(bounds), value) -
                                     std::begin(bounds))];
}

}  // namespace

PilotState::PilotState(const settings::Pilot& settings)
    : settings_(&settings),
      calendar_(settings.time_zone),
      watches_(settings.watches_decisions()),
      columns_(feature_list(settings)),
      groupings_(settings.segments.groupings()),
      decisions_(settings),
      memo_(memo_kinds()),
      names_(columns_.size()),
      rows_(columns_.size()),
      references_(settings, names_) {
  PW_ASSERT(settings.segments.attributes.size() <= settings::max_attributes);
  PW_ASSERT(settings.segments.pairs.size() <= settings::max_pairs);
  orders_ = watches_ || std::any_of(settings.windows.begin(), settings.windows.end(),
                                    [](const auto& window) { return window.kind == settings::WindowKind::count; });
  values_.resize(groupings_.size());
  pair_values_.resize(settings.segments.pairs.size());
  const auto& attributes = settings.segments.attributes;
  const auto index_of = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(attributes.begin(), attributes.end(), name) - attributes.begin());
  };
  for (const auto& pair : settings.segments.pairs) pairs_.emplace_back(index_of(pair.first), index_of(pair.second));
  buckets_.resize(settings.windows.size());
  bucket_times_.resize(settings.windows.size());
  next_look_.resize(settings.windows.size());
  hourly_ = std::any_of(settings.windows.begin(), settings.windows.end(),
                        [](const auto& window) { return window.kind == settings::WindowKind::hour; });
  const auto positive = std::find(settings.classes.begin(), settings.classes.end(), settings.positive);
  if (positive != settings.classes.end()) positive_ = static_cast<std::uint16_t>(positive - settings.classes.begin());
  if (settings.task == settings::Task::binary) burden_ = class_index(settings::burden_class(settings));
}

Disposition PilotState::apply(const record::Batch& batch, const record::Record& record) {
  const auto disposition = std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, record::Prediction>) return apply_prediction(batch, body);
        if constexpr (std::is_same_v<Body, record::Outcome>) return apply_outcome(batch, body);
        if constexpr (std::is_same_v<Body, record::Complaint>) return apply_complaint(batch, body);
        if constexpr (std::is_same_v<Body, record::ComplaintUpdate>) return apply_complaint_update(body);
        if constexpr (std::is_same_v<Body, record::Review>) return apply_review(batch, body);
        if constexpr (std::is_same_v<Body, record::Feedback>) return apply_feedback(body);
        if constexpr (std::is_same_v<Body, record::Change>) return apply_change(batch, body);
      },
      record.body);
  if (disposition.late) ++counters_.late_records;
  return disposition;
}

Disposition PilotState::apply_prediction(const record::Batch& batch, const record::Prediction& p) {
  if (p.part != record::Part::whole) return apply_half(batch, p);
  if (decisions_.find(p.id)) return {.duplicate = true};

  halves_.drop(p.id);  // a part of it that waited has nothing to wait for
  if (!room_for_decision()) return {.full = true};
  Decision d;
  d.id = p.id;
  d.time = p.time;
  d.weight = p.weight;
  d.failed = p.failed;
  d.version = version_index(batch, p.model_version);
  d.groups = group_indexes(batch, p.segments, unknown_value);
  set_predicted(batch, p, d);
  const auto slot = decisions_.add_new(d);
  note_version(d.version, d.time);
  remember(p.time);
  raise(counters_.last_prediction, p.time);
  counters_.failures += p.failed ? p.weight : 0;
  counters_.versions[d.version].predictions += p.weight;
  ++counters_.awaiting_outcome;
  if (p.latency_ms) {
    observe(counters_.latency_buckets, latency_bounds_s, *p.latency_ms / 1e3);
    counters_.latency_sum_s += *p.latency_ms / 1e3;
  }
  count_decision(d, 1);
  if (!due_) refresh_due();

  const auto* reference = references_.of(d.version, d.time);
  const bool waits = ordered();
  if (reference != nullptr || waits) {
    if (slot % 256 == 0) sweep_names();
    const auto number = rows_.take();
    const auto row = rows_[number];
    read_row(batch, p, row);
    if (reference != nullptr) {
      placer_.place(row, *reference, names_);
      count_features(d, *reference, row);
    }
    if (waits) {
      await_order(OrderKey{p.time, Ordered::decision, p.id}, Waiting{slot, reference != nullptr, number, reference});
    } else {
      rows_.give_back(number);
    }
  }

  link_complaints(p.id, slot);
  join_reviews(d);
  for (const auto& row : parked_.take(p.id)) {
    auto first = row.newest;
    first.time = row.first;
    if (join_known(slot, first).full) {
      ++counters_.parked_dropped[static_cast<std::size_t>(ParkedStream::outcomes)];
    } else if (row.first < row.newest.time) {
      join_known(slot, row.newest);
    }
  }
  return {.late = closed(p.time)};
}

void PilotState::set_predicted(const record::Batch& batch, const record::Prediction& p, Decision& d) const {
  if (settings_->task == settings::Task::quantile) {
    d.values = forecast(batch, p);
    d.has_predicted = !d.values.empty();
    if (d.has_predicted) d.predicted = d.values[d.values.size() / 2];  // the median
  } else if (!std::holds_alternative<std::monostate>(p.prediction)) {
    d.predicted = target(batch, p.prediction);
    d.has_predicted = true;
  } else if (settings_->task == settings::Task::binary && p.score) {
    const bool positive = *p.score >= settings_->threshold;
    d.predicted = positive ? positive_ : (positive_ == 0 ? 1 : 0);
    d.has_predicted = true;
  } else if (settings_->task == settings::Task::multiclass && !p.scores.empty()) {
    const auto best = std::max_element(p.scores.begin(), p.scores.end(),
                                       [](const auto& a, const auto& b) { return a.number < b.number; });
    d.predicted = class_index(batch.text(best->name));
    d.has_predicted = true;
  }
  if (settings_->task == settings::Task::binary && p.score && *p.score >= 0 && *p.score <= 1) {
    d.score = *p.score;
    d.has_score = true;
  }
  if (settings_->task == settings::Task::multiclass && settings_->scores.by_class == settings::ByClass::keep)
    d.values = class_scores(batch, p);
  // A generated answer has no label of its own: its verdict alone says whether it was wrong.
  if (settings_->task == settings::Task::generative) d.has_predicted = true;
}

/// One score a class; empty where one is missing, for then it is no distribution over the classes.
std::vector<double> PilotState::class_scores(const record::Batch& batch, const record::Prediction& p) const {
  std::vector<double> out(settings_->classes.size(), -1);
  for (const auto& score : p.scores) {
    const auto found = std::find(settings_->classes.begin(), settings_->classes.end(), batch.text(score.name));
    if (found != settings_->classes.end())
      out[static_cast<std::size_t>(found - settings_->classes.begin())] = score.number;
  }
  if (std::find(out.begin(), out.end(), -1.0) != out.end()) out.clear();
  return out;
}

/// The values of the configured levels; empty where one is missing (journaled under other levels) or they descend.
std::vector<double> PilotState::forecast(const record::Batch& batch, const record::Prediction& p) const {
  std::vector<double> out;
  for (const double level : settings_->quantiles) {
    const auto name = format_number(level);
    const auto found = std::find_if(p.quantiles.begin(), p.quantiles.end(),
                                    [&](const auto& quantile) { return batch.text(quantile.name) == name; });
    if (found == p.quantiles.end() || !FixedSum::fits(found->number)) return {};
    if (!out.empty() && found->number < out.back()) return {};
    out.push_back(found->number);
  }
  return out;
}

Disposition PilotState::apply_outcome(const record::Batch& batch, const record::Outcome& o) {
  const OutcomeRow row{o.time, o.content, target(batch, o.actual)};
  const auto slot = decisions_.find(o.prediction_id);
  const auto disposition = slot ? join_known(*slot, row) : park(o.prediction_id, row);
  if (!disposition.duplicate && !disposition.full) {
    ++counters_.outcomes;
    raise(counters_.last_outcome, o.time);
    raise(newest_, o.time);
  }
  return disposition;
}

Disposition PilotState::park(const Id128& id, const OutcomeRow& row) {
  if (auto* rows = parked_.find(id)) {
    for (auto& known : *rows) {
      if (known.newest.content != row.content) continue;
      known.newest.time = std::max(known.newest.time, row.time);
      known.first = std::min(known.first, row.time);
      return {.duplicate = true};
    }
  }
  parked_.add(id, {row, row.time});
  keep_parked();
  return {};
}

Disposition PilotState::join_known(std::uint32_t slot, OutcomeRow row) {
  const Decision d = decisions_[slot];
  if (row.time <= d.time + maturity()) row.in_time = row.time;
  const bool late = now_ && *now_ >= calendar_.day_end(d.time) + maturity();
  if (!d.has_outcome) {
    --counters_.awaiting_outcome;
    counters_.outcomes_matched += 1;
    const double delay_s = std::max(0.0, static_cast<double>((row.time - d.time).count()) / 1e3);
    observe(counters_.delay_buckets, delay_bounds_s, delay_s);
    counters_.delay_sum_s += delay_s;
    set_outcome(slot, d, row);
    return {.late = late};
  }
  const OutcomeRow current{d.outcome_time, d.outcome_content, d.actual, d.outcome_in_time};
  if (row.content == current.content) {  // the same verdict again; its newest time counts against other verdicts
    auto kept = current;
    kept.time = std::max(kept.time, row.time);
    kept.in_time = std::max(kept.in_time, row.in_time);
    if (kept.time != current.time || kept.in_time != current.in_time) decisions_.set_outcome(slot, kept);
    return {.duplicate = true};
  }
  const bool first_loser = !overruled_.contains(slot);
  auto& losers = overruled_[slot];
  const auto known =
      std::find_if(losers.begin(), losers.end(), [&](const OutcomeRow& o) { return o.content == row.content; });
  if (known != losers.end()) {
    row.in_time = known->in_time = std::max(row.in_time, known->in_time);
    if (known->time >= row.time) return {.duplicate = true};
    losers.erase(known);
  } else if (full()) {
    if (first_loser) overruled_.erase(slot);
    return {.full = true};
  } else {
    ++overruled_rows_;
  }
  ++counters_.outcomes_corrected;
  if (row.order() < current.order()) {
    losers.push_back(row);
    return {.late = late};
  }
  losers.push_back(current);
  count_outcome(d, -1);
  set_outcome(slot, d, row);
  return {.late = late};
}

/// `d`: the decision as it was.
void PilotState::set_outcome(std::uint32_t slot, Decision d, const OutcomeRow& row) {
  decisions_.set_outcome(slot, row);
  d.has_outcome = true;
  d.actual = row.actual;
  d.outcome_time = row.time;
  d.outcome_content = row.content;
  d.outcome_in_time = row.in_time;
  count_outcome(d, 1);
  if (is_error(*settings_, d)) counters_.versions[d.version].errors += d.weight;
}

void PilotState::remember(Instant time) {
  raise(newest_, time);
  if (!due_) refresh_due();
}

void PilotState::await_order(const OrderKey& key, const Waiting& waiting) {
  const Instant due = std::get<Instant>(key) + settings_->lateness;
  if (!due_ || due < *due_) due_ = due;
  if (std::get<Ordered>(key) == Ordered::complaint) {
    waiting_.add_erasable(key, waiting);  // its prediction may still come
  } else {
    waiting_.add(key, waiting);
  }
}

FeatureRow PilotState::feature_row(const record::Batch& batch, const record::Prediction& p) const {
  FeatureRow row(columns_.size());
  for (const auto& feature : p.features) {
    const auto& name = batch.text(feature.name);
    const auto column =
        std::find_if(columns_.begin(), columns_.end() - 1, [&](const auto& c) { return c.name == name; });
    if (column == columns_.end() - 1) continue;
    auto& value = row[static_cast<std::size_t>(column - columns_.begin())];
    // Journaled under another kind: no value now.
    const bool numeric = column->kind == settings::FeatureKind::numeric;
    if (const auto* number = std::get_if<double>(&feature.value); number != nullptr && numeric) value.number = *number;
    if (const auto* text = std::get_if<record::StringRef>(&feature.value); text != nullptr && !numeric)
      value.category = batch.text(*text);
  }
  if (p.score) {
    row.back().number = p.score;
  } else if (!p.scores.empty()) {
    double top = 0;  // how sure the system was of its choice
    for (const auto& score : p.scores) top = std::max(top, score.number);
    row.back().number = top;
  }
  return row;
}

/// The same without text.
void PilotState::read_row(const record::Batch& batch, const record::Prediction& p, std::span<Value> row) {
  std::fill(row.begin(), row.end(), Value{});
  const std::size_t features = columns_.size() - 1;
  for (const auto& feature : p.features) {
    const std::size_t column = memo_.at(batch, Memo::column, feature.name, [&] {
      const auto& name = batch.text(feature.name);
      const auto found = std::find_if(columns_.begin(), columns_.end() - 1, [&](const auto& c) { return c.name == name; });
      return static_cast<std::uint32_t>(found - columns_.begin());
    });
    if (column == features) continue;
    const bool numeric = columns_[column].kind == settings::FeatureKind::numeric;
    if (const auto* number = std::get_if<double>(&feature.value); number != nullptr && numeric)
      row[column] = Value::of_number(*number);
    if (const auto* text = std::get_if<record::StringRef>(&feature.value); text != nullptr && !numeric)
      row[column] = Value::of_category(memo_.at(batch, Memo::categories + column, *text,
                                                [&] { return names_[column].number_of(batch.text(*text)); }));
  }
  if (p.score) {
    row.back() = Value::of_number(*p.score);
  } else if (!p.scores.empty()) {
    double top = 0;
    for (const auto& score : p.scores) top = std::max(top, score.number);
    row.back() = Value::of_number(top);
  }
}

/// Forgets the names of categories that no row has any more, once they are many.
void PilotState::sweep_names() {
  const auto in_use = [this] {
    return std::accumulate(names_.begin(), names_.end(), std::size_t{0},
                           [](std::size_t sum, const auto& names) { return sum + names.in_use(); });
  };
  if (in_use() < sweep_at_) return;
  std::vector<std::vector<bool>> used;
  for (const auto& names : names_) used.emplace_back(names.size());
  const auto mark = [&used](std::span<const Value> row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].kind() == Value::Kind::category) used[i][row[i].category()] = true;
    }
  };
  waiting_.each([&](const OrderKey&, const Waiting& waiting) {
    if (waiting.row != no_row) mark(std::as_const(rows_)[waiting.row]);
  });
  references_.each_row(mark);
  for (std::size_t i = 0; i < names_.size(); ++i) names_[i].keep_only(used[i]);
  placer_.forget();
  memo_.forget();
  sweep_at_ = std::max(least_sweep, 2 * in_use());
}

double PilotState::target(const record::Batch& batch, const record::Value& value) const {
  const auto* number = std::get_if<double>(&value);
  const bool numeric = settings::predicts_numbers(settings_->task);
  if (number != nullptr && numeric) return std::clamp(*number, -FixedSum::max_value, FixedSum::max_value);
  // What was journaled under another task: a number is its label, a label its number.
  if (number == nullptr && !numeric) {
    const auto text = std::get<record::StringRef>(value);
    return memo_.at(batch, Memo::label, text, [&] { return std::uint32_t{class_index(batch.text(text))}; });
  }
  const std::string label = number != nullptr ? format_number(*number) : batch.text(std::get<record::StringRef>(value));
  if (!numeric) return class_index(label);
  double parsed = 0;
  std::from_chars(label.data(), label.data() + label.size(), parsed);
  return FixedSum::fits(parsed) ? parsed : 0;
}

std::uint16_t PilotState::class_index(const std::string& label) const {
  const auto found = std::find(settings_->classes.begin(), settings_->classes.end(), label);
  // Journaled under classes that have since been taken out of the settings: counts as the last.
  return static_cast<std::uint16_t>(std::min<std::ptrdiff_t>(
      found - settings_->classes.begin(), static_cast<std::ptrdiff_t>(settings_->classes.size()) - 1));
}

std::uint16_t PilotState::version_index(const record::Batch& batch, record::StringRef text) {
  if (const auto known = memo_.find(batch, Memo::version, text)) return static_cast<std::uint16_t>(*known);
  const auto& name = batch.text(text);
  const auto index_of = [this](const std::string& v) {
    return static_cast<std::size_t>(std::find(versions_.begin(), versions_.end(), v) - versions_.begin());
  };
  auto index = index_of(name);
  if (index == versions_.size() && versions_.size() > settings_->bounds.versions) {
    bump(counters_.label_overflows, std::string("model_version"));
    index = index_of(other_value);
    if (index == versions_.size()) versions_.emplace_back(other_value);
  } else if (index == versions_.size()) {
    versions_.push_back(name);
  }
  while (counters_.versions.size() < versions_.size())
    counters_.versions.push_back({versions_[counters_.versions.size()]});
  // One of the others is counted as such each time.
  if (versions_[index] == name) memo_.keep(batch, Memo::version, text, static_cast<std::uint32_t>(index));
  return static_cast<std::uint16_t>(index);
}

}  // namespace pilotwatch::engine
