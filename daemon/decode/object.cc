// SPDX-License-Identifier: Apache-2.0
#include "decode/object.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/fixed_sum.h"
#include "base/text.h"
#include "decode/decode.h"
#include "decode/members.h"
#include "decode/side_records.h"

namespace pilotwatch::decode {
namespace {

/// `type` of a record, in the order of record::Stream.
constexpr std::string_view type_names[] = {"prediction", "outcome",  "complaint", "complaint_update",
                                           "review",     "feedback", "change"};
static_assert(std::size(type_names) + 1 == record::stream_count);

using record::Reason;
using record::Stream;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

/// Reads the members that all kinds of records share, then their own.
class ObjectReader {
 public:
  ObjectReader(const object& from, const Reading& reading) : members_(from), reading_(reading) {}

  void read(Stream& stream, record::Record& out) {
    stream = read_stream();
    find_pilot();
    out.pilot = reading_.intern(schema_->settings->name);
    const auto* time = members_.take("time");
    if (time == nullptr) time = members_.take("ts");
    if (time == nullptr) refuse(Reason::schema, "time", "is required");
    time_ = read_time(*time, "time");
    check_range(time_, *schema_->settings, reading_);
    switch (stream) {
      case Stream::predictions:
        prediction(out.body.emplace<record::Prediction>());
        break;
      case Stream::outcomes:
        out.body = outcome();
        break;
      case Stream::complaints:
        out.body = complaint();
        break;
      default:
        out.body = read_side_record(stream, {members_, *schema_, reading_, time_});
        break;
    }
    members_.finish(*schema_->settings, reading_.dropped_fields);
  }

 private:
  Stream read_stream() {
    const auto* type = members_.take("type");
    if (type == nullptr) {
      if (reading_.default_stream == Stream::unknown) refuse(Reason::schema, "type", "is required");
      return reading_.default_stream;
    }
    const auto name = text(*type, "type");
    const auto found = std::find(std::begin(type_names), std::end(type_names), name);
    if (found != std::end(type_names)) return static_cast<Stream>(found - std::begin(type_names));
    std::string known;
    for (const auto known_name : type_names) (known += known.empty() ? "" : ", ") += known_name;
    refuse(Reason::unknown_type, "type", "'" + ellipsis(name, 40) + "' is not one of " + known);
  }

  void find_pilot() {
    const auto* given = members_.take("pilot");
    if (given == nullptr && reading_.default_pilot.empty()) refuse(Reason::schema, "pilot", "is required");
    const std::string_view name = given == nullptr ? reading_.default_pilot : text(*given, "pilot");
    const auto allowed = reading_.pilots_allowed;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      refuse(Reason::forbidden_pilot, "pilot", "'" + ellipsis(name, 64) + "' is not among the source's pilots");
    const auto found = reading_.pilots.find(name);
    if (found == reading_.pilots.end())
      refuse(Reason::unknown_pilot, "pilot", "'" + ellipsis(name, 64) + "' is not configured");
    schema_ = &found->second;
  }

  Id128 id(const element& e, const Path& path, IdKind kind) {
    return read_id(e, path, kind, *schema_, reading_);
  }

  record::Value target(const element& e, const Path& path) { return read_target(e, path, *schema_, reading_); }

  void prediction(record::Prediction& p) {
    p.id = id(members_.require("id"), "id", IdKind::decision);
    p.time = time_;
    if (const auto* e = members_.take("model_version"))
      p.model_version = reading_.intern(Label(*e, "model_version", false).text());
    if (const auto* e = members_.take("prediction")) read_prediction(*e, p);
    if (const auto* e = members_.take("score")) read_score(*e, p);
    if (const auto* e = members_.take("features")) read_features(*e, p);
    if (const auto* e = members_.take("segments")) p.segments = segments(*e);
    if (const auto* e = members_.take("latency_ms")) p.latency_ms = not_negative(*e, "latency_ms");
    if (const auto* e = members_.take("weight")) p.weight = weight(*e);
    if (const auto* e = members_.take("failed")) p.failed = boolean(*e, "failed");
    if (const auto* e = members_.take("part")) p.part = read_choice<record::Part>(*e, "part", record::part_names);
  }

  void read_prediction(const element& e, record::Prediction& p) {
    if (schema_->settings->task == settings::Task::generative) return;  // free text is never kept
    const bool forecast = schema_->settings->task == settings::Task::quantile;
    if (e.type() != element_type::OBJECT) {
      if (forecast) wrong_type("prediction", "an object of quantiles", e);
      p.prediction = target(e, "prediction");
      return;
    }
    if (!schema_->numeric_target()) wrong_type("prediction", "a label", e);
    const object levels = e.get_object().value_unsafe();  // named: a temporary would not outlive the loop's head
    for (const auto field : levels) {
      double level = 0;
      const auto end = field.key.data() + field.key.size();
      const auto parsed = std::from_chars(field.key.data(), end, level);
      if (parsed.ec != std::errc{} || parsed.ptr != end || !(level > 0 && level < 1)) {
        refuse(Reason::schema, "prediction", "quantile levels must lie between 0 and 1");
      }
      p.quantiles.push_back({reading_.intern(format_number(level)), number(field.value, "prediction")});
      if (level == 0.5) p.prediction = p.quantiles.back().number;
    }
    if (p.quantiles.empty()) refuse(Reason::schema, "prediction", "no quantiles");
    if (forecast) check_forecast(p);
  }

  /// Brings the levels of the settings into their order; others are dropped as unknown members are.
  void check_forecast(record::Prediction& p) {
    std::vector<record::NamedNumber> ordered;
    for (const double level : schema_->settings->quantiles) {
      const auto name = reading_.intern(format_number(level));
      const auto found =
          std::find_if(p.quantiles.begin(), p.quantiles.end(), [&](const auto& q) { return q.name == name; });
      if (found == p.quantiles.end())
        refuse(Reason::schema, "prediction", "quantile " + format_number(level) + " is missing");
      if (!ordered.empty() && found->number < ordered.back().number)
        refuse(Reason::number, "prediction", "quantile " + format_number(level) + " is below the one before it");
      ordered.push_back(*found);
    }
    const auto others = p.quantiles.size() - ordered.size();
    if (others > 0 && schema_->settings->unknown_fields == settings::UnknownFields::reject)
      refuse(Reason::unknown_field, "prediction", "has quantiles that are not configured");
    reading_.dropped_fields += others;
    p.quantiles = std::move(ordered);
  }

  void read_score(const element& e, record::Prediction& p) {
    const bool probability =
        schema_->settings->task == settings::Task::binary || schema_->settings->task == settings::Task::multiclass;
    if (e.type() != element_type::OBJECT) {
      p.score = number(e, "score");
      if (schema_->settings->task == settings::Task::binary && !(*p.score >= 0 && *p.score <= 1))
        refuse(Reason::number, "score", "must lie in [0, 1]");
      return;
    }
    if (!probability) wrong_type("score", "a number", e);
    const object shares = e.get_object().value_unsafe();
    for (const auto field : shares) {
      if (!schema_->classes.contains(field.key))
        refuse(Reason::unknown_class, "score", "'" + ellipsis(field.key, 40) + "' is not one of the pilot's classes");
      const double share = number(field.value, "score");
      if (!(share >= 0 && share <= 1)) refuse(Reason::number, "score", "must lie in [0, 1]");
      p.scores.push_back({reading_.intern(field.key), share});
      if (field.key == schema_->settings->positive) p.score = share;
    }
  }

  void read_features(const element& e, record::Prediction& p) {
    const object features = object_of(e, "features");
    p.features.reserve(schema_->features.size());
    std::size_t place = 0;
    for (const auto field : features) {
      const auto* known = reading_.names.find(*schema_, Names::features, place++, field.key, reading_.intern);
      if (known == nullptr) {
        unknown("features.", field.key);
        continue;
      }
      p.features.push_back({known->ref, feature(field.value, known->kind, field.key)});
    }
  }

  record::Value feature(const element& e, settings::FeatureKind kind, std::string_view key) {
    if (e.is_null()) return std::monostate{};
    const Path path("features.", key);
    if (kind == settings::FeatureKind::categorical) return reading_.intern(Label(e, path, false).text());
    if (e.type() == element_type::BOOL) return e.get_bool().value_unsafe() ? 1.0 : 0.0;
    if (!is_number(e)) wrong_type(path, "a number, a boolean or null", e);
    return e.get_double().value_unsafe();
  }

  std::vector<record::NamedText> segments(const element& e) {
    std::vector<record::NamedText> out;
    const object given = object_of(e, "segments");
    out.reserve(schema_->attributes.size());
    std::size_t place = 0;
    for (const auto field : given) {
      const auto* known = reading_.names.find(*schema_, Names::attributes, place++, field.key, reading_.intern);
      if (known == nullptr) {
        unknown("segments.", field.key);
        continue;
      }
      if (field.value.is_null()) continue;
      out.push_back({known->ref,
                     reading_.intern(Label(field.value, {"segments.", field.key}, false).text())});
    }
    return out;
  }

  void unknown(std::string_view where, std::string_view key) {
    if (schema_->settings->unknown_fields == settings::UnknownFields::reject) {
      refuse(Reason::unknown_field, std::string(where) + foreign_key(key), "is not allow-listed");
    }
    ++reading_.dropped_fields;
  }

  double not_negative(const element& e, const Path& path) {
    const double value = number(e, path);
    if (value < 0) refuse(Reason::number, path, "must not be negative");
    return value;
  }

  std::uint64_t weight(const element& e) {
    const double value = number(e, "weight");
    if (value < 1 || value > static_cast<double>(record::max_weight) || value != std::floor(value)) {
      refuse(Reason::number, "weight", "must be a whole number from 1 to 1000000000");
    }
    return static_cast<std::uint64_t>(value);
  }

  record::Outcome outcome() {
    record::Outcome o;
    o.prediction_id = id(members_.require("id"), "id", IdKind::decision);
    o.time = time_;
    const auto& actual = members_.require("actual");
    o.actual = target(actual, "actual");
    if (const auto* e = members_.take("source")) o.source = outcome_source(text(*e, "source"));
    o.content = content_of(actual, o.source);
    return o;
  }

  record::OutcomeSource outcome_source(std::string_view name) {
    constexpr std::string_view names[] = {"natural", "audit_sample", "appeal", "investigation"};
    const auto found = std::find(std::begin(names), std::end(names), name);
    if (found == std::end(names))
      refuse(Reason::schema, "source", "must be natural, audit_sample, appeal or investigation");
    return static_cast<record::OutcomeSource>(found - std::begin(names));
  }

  /// Orders outcomes of equal time, whatever the batch they came in: FNV-1a 64 over the canonical text.
  std::uint64_t content_of(const element& actual, record::OutcomeSource source) {
    std::uint64_t hash = 14695981039346656037ULL;
    const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211ULL; };
    const Label label(actual, "actual", schema_->truth_values());
    for (const char c : label.text()) mix(static_cast<unsigned char>(c));
    mix(static_cast<unsigned char>(source));
    return hash;
  }

  record::Complaint complaint() {
    record::Complaint c;
    c.id = id(members_.require("id"), "id", IdKind::complaint);
    c.time = time_;
    if (const auto* e = members_.take("prediction_id")) c.prediction_id = id(*e, "prediction_id", IdKind::decision);
    if (const auto* e = members_.take("category")) c.category = reading_.intern(text(*e, "category"));
    if (const auto* e = members_.take("severity")) c.severity = severity(*e);
    if (const auto* e = members_.take("channel")) c.channel = reading_.intern(text(*e, "channel"));
    if (const auto* e = members_.take("incident")) c.incident = id(*e, "incident", IdKind::incident);
    if (const auto* e = members_.take("segments")) c.segments = segments(*e);
    members_.take("text");  // allowed, and never read
    return c;
  }

  std::uint8_t severity(const element& e) {
    const double value = number(e, "severity");
    if (value < 0 || value > 4 || value != std::floor(value))
      refuse(Reason::number, "severity", "must be 0, 1, 2, 3 or 4");
    return static_cast<std::uint8_t>(value);
  }

  Members members_;
  const Reading& reading_;
  const PilotSchema* schema_ = nullptr;
  Instant time_;
};

}  // namespace

void read_object(const object& from, const Reading& reading, Stream& stream, record::Record& out) {
  ObjectReader(from, reading).read(stream, out);
}

}  // namespace pilotwatch::decode
