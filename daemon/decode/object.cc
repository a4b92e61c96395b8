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

namespace pilotwatch::decode {
namespace {

using record::Reason;
using record::Stream;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

[[noreturn]] void refuse(Reason reason, std::string_view path, std::string_view what) {
  std::string detail(path);
  if (!path.empty()) detail += ": ";
  throw Refusal{reason, detail.append(what)};
}

const char* type_name(const element& e) {
  switch (e.type()) {
    case element_type::ARRAY:
      return "an array";
    case element_type::OBJECT:
      return "an object";
    case element_type::STRING:
      return "a string";
    case element_type::BOOL:
      return "a boolean";
    case element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

[[noreturn]] void wrong_type(std::string_view path, std::string_view expected, const element& got) {
  refuse(Reason::schema, path, "must be " + std::string(expected) + ", got " + type_name(got));
}

bool is_number(const element& e) {
  return e.type() == element_type::INT64 || e.type() == element_type::UINT64 || e.type() == element_type::DOUBLE;
}

double number(const element& e, std::string_view path) {
  if (!is_number(e)) wrong_type(path, "a number", e);
  const double value = e.get_double().value_unsafe();
  if (!FixedSum::fits(value)) refuse(Reason::number, path, "beyond 3.6e16");
  return value;
}

std::string text(const element& e, std::string_view path) {
  if (e.type() != element_type::STRING) wrong_type(path, "a string", e);
  const std::string_view value = e.get_string().value_unsafe();
  if (value.size() > max_text_bytes) refuse(Reason::schema, path, "longer than 256 bytes");
  return std::string(value);
}

object object_of(const element& e, std::string_view path) {
  if (e.type() != element_type::OBJECT) wrong_type(path, "an object", e);
  return e.get_object().value_unsafe();
}

/// Numbers below 1e11 are Unix seconds, others milliseconds; strings are RFC 3339.
Instant read_time(const element& e, std::string_view path) {
  if (e.type() == element_type::STRING) {
    if (const auto time = parse_rfc3339(e.get_string().value_unsafe())) return *time;
    refuse(Reason::time, path, "not an RFC 3339 time with offset (2026-03-01T08:00:00Z)");
  }
  if (!is_number(e)) wrong_type(path, "an RFC 3339 string or Unix time", e);
  const double raw = e.get_double().value_unsafe();
  const double ms = std::floor(raw < 1e11 ? raw * 1e3 : raw);
  if (!(ms >= -62'135'596'800'000.0 && ms <= 253'402'300'799'999.0))
    refuse(Reason::time, path, "outside the years 1 to 9999");
  return Instant{Millis{static_cast<std::int64_t>(ms)}};
}

void check_range(Instant time, const settings::Pilot& pilot, const Reading& reading) {
  if (reading.any_time) return;
  if (time > reading.wall + pilot.accept_future) {
    refuse(Reason::time, "time",
           "in the future by more than accept.future (" + format_duration(pilot.accept_future) + ")");
  }
  if (pilot.clock == settings::PilotClock::wall && time < reading.wall - pilot.accept_past) {
    refuse(Reason::time, "time", "older than accept.past (" + format_duration(pilot.accept_past) + ")");
  }
}

/// The members of one object, each read once; what nobody asked for is the unknown rest.
class Members {
 public:
  explicit Members(const object& from) {
    for (const auto field : from) {
      if (size_ == fields_.size()) refuse(Reason::schema, "", "more than 64 members");
      for (std::size_t i = 0; i < size_; ++i) {
        if (fields_[i].key == field.key) refuse(Reason::schema, field.key, "given twice");
      }
      fields_[size_++] = {field.key, field.value, false};
    }
  }

  /// nullptr when absent or null.
  const element* take(std::string_view key) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (fields_[i].key != key) continue;
      fields_[i].taken = true;
      return fields_[i].value.is_null() ? nullptr : &fields_[i].value;
    }
    return nullptr;
  }

  const element& require(std::string_view key) {
    const auto* found = take(key);
    if (found == nullptr) refuse(Reason::schema, key, "is required");
    return *found;
  }

  /// Counts, or refuses, what no rule of the wire format names.
  void finish(const settings::Pilot& pilot, std::uint64_t& dropped) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (fields_[i].taken) continue;
      if (pilot.unknown_fields == settings::UnknownFields::reject)
        refuse(Reason::unknown_field, ellipsis(fields_[i].key, 64), "is not allow-listed");
      ++dropped;
    }
  }

 private:
  struct Field {
    std::string_view key;
    element value;
    bool taken = false;
  };
  std::array<Field, 64> fields_;
  std::size_t size_ = 0;
};

/// Reads the members that the three kinds of records share, then their own.
class ObjectReader {
 public:
  ObjectReader(const object& from, const Reading& reading) : members_(from), reading_(reading) {}

  record::Record read(Stream& stream) {
    stream = read_stream();
    find_pilot();
    record::Record out;
    out.pilot = reading_.intern(schema_->settings->name);
    const auto* time = members_.take("time");
    if (time == nullptr) time = members_.take("ts");
    if (time == nullptr) refuse(Reason::schema, "time", "is required");
    time_ = read_time(*time, "time");
    check_range(time_, *schema_->settings, reading_);
    switch (stream) {
      case Stream::predictions:
        out.body = prediction();
        break;
      case Stream::outcomes:
        out.body = outcome();
        break;
      default:
        out.body = complaint();
        break;
    }
    members_.finish(*schema_->settings, reading_.dropped_fields);
    return out;
  }

 private:
  Stream read_stream() {
    const auto* type = members_.take("type");
    if (type == nullptr) {
      if (reading_.default_stream == Stream::unknown) refuse(Reason::schema, "type", "is required");
      return reading_.default_stream;
    }
    const auto name = text(*type, "type");
    if (name == "prediction") return Stream::predictions;
    if (name == "outcome") return Stream::outcomes;
    if (name == "complaint") return Stream::complaints;
    refuse(Reason::unknown_type, "type", "'" + ellipsis(name, 40) + "' is not one of prediction, outcome, complaint");
  }

  void find_pilot() {
    const auto* given = members_.take("pilot");
    if (given == nullptr && reading_.default_pilot.empty()) refuse(Reason::schema, "pilot", "is required");
    const std::string name = given == nullptr ? std::string(reading_.default_pilot) : text(*given, "pilot");
    const auto found = reading_.pilots.find(name);
    if (found == reading_.pilots.end())
      refuse(Reason::unknown_pilot, "pilot", "'" + ellipsis(name, 64) + "' is not configured");
    schema_ = &found->second;
  }

  Id128 id(const element& e, std::string_view path, std::string_view kind) {
    const std::string raw = label_text(e, path, false);
    if (raw.empty()) refuse(Reason::schema, path, "is empty");
    std::string domain = schema_->settings->name;
    domain += '\0';
    domain += kind;
    return reading_.hasher.hash(domain, raw);
  }

  /// The decision's label or number; tasks that predict numbers take those, others the configured classes.
  record::Value target(const element& e, std::string_view path) {
    if (schema_->numeric_target()) return number(e, path);
    const std::string label = label_text(e, path, schema_->truth_values());
    if (!schema_->classes.contains(label))
      refuse(Reason::unknown_class, path, "'" + ellipsis(label, 40) + "' is not one of the pilot's classes");
    return reading_.intern(label);
  }

  record::Prediction prediction() {
    record::Prediction p;
    p.id = id(members_.require("id"), "id", "decision");
    p.time = time_;
    if (const auto* e = members_.take("model_version"))
      p.model_version = reading_.intern(label_text(*e, "model_version", false));
    if (const auto* e = members_.take("prediction")) read_prediction(*e, p);
    if (const auto* e = members_.take("score")) read_score(*e, p);
    if (const auto* e = members_.take("features")) read_features(*e, p);
    if (const auto* e = members_.take("segments")) p.segments = segments(*e);
    if (const auto* e = members_.take("latency_ms")) p.latency_ms = not_negative(*e, "latency_ms");
    if (const auto* e = members_.take("weight")) p.weight = weight(*e);
    if (const auto* e = members_.take("failed")) p.failed = boolean(*e, "failed");
    return p;
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
      const auto found = std::find_if(p.quantiles.begin(), p.quantiles.end(), [&](const auto& q) { return q.name == name; });
      if (found == p.quantiles.end()) refuse(Reason::schema, "prediction", "quantile " + format_number(level) + " is missing");
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
    for (const auto field : features) {
      const auto known = schema_->features.find(field.key);
      if (known == schema_->features.end()) {
        unknown("features.", field.key);
        continue;
      }
      p.features.push_back({reading_.intern(field.key), feature(field.value, known->second, field.key)});
    }
  }

  record::Value feature(const element& e, settings::FeatureKind kind, std::string_view key) {
    if (e.is_null()) return std::monostate{};
    const std::string path = "features." + std::string(key);
    if (kind == settings::FeatureKind::categorical) return reading_.intern(label_text(e, path, false));
    if (e.type() == element_type::BOOL) return e.get_bool().value_unsafe() ? 1.0 : 0.0;
    if (!is_number(e)) wrong_type(path, "a number, a boolean or null", e);
    return e.get_double().value_unsafe();
  }

  std::vector<record::NamedText> segments(const element& e) {
    std::vector<record::NamedText> out;
    const object given = object_of(e, "segments");
    for (const auto field : given) {
      if (!schema_->attributes.contains(field.key)) {
        unknown("segments.", field.key);
        continue;
      }
      if (field.value.is_null()) continue;
      out.push_back({reading_.intern(field.key),
                     reading_.intern(label_text(field.value, "segments." + std::string(field.key), false))});
    }
    return out;
  }

  void unknown(std::string_view where, std::string_view key) {
    if (schema_->settings->unknown_fields == settings::UnknownFields::reject) {
      refuse(Reason::unknown_field, std::string(where) + ellipsis(key, 64), "is not allow-listed");
    }
    ++reading_.dropped_fields;
  }

  double not_negative(const element& e, std::string_view path) {
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

  bool boolean(const element& e, std::string_view path) {
    if (e.type() != element_type::BOOL) wrong_type(path, "a boolean", e);
    return e.get_bool().value_unsafe();
  }

  record::Outcome outcome() {
    record::Outcome o;
    o.prediction_id = id(members_.require("id"), "id", "decision");
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
    for (const char c : label_text(actual, "actual", schema_->truth_values())) mix(static_cast<unsigned char>(c));
    mix(static_cast<unsigned char>(source));
    return hash;
  }

  record::Complaint complaint() {
    record::Complaint c;
    c.id = id(members_.require("id"), "id", "complaint");
    c.time = time_;
    if (const auto* e = members_.take("prediction_id")) c.prediction_id = id(*e, "prediction_id", "decision");
    if (const auto* e = members_.take("category")) c.category = reading_.intern(text(*e, "category"));
    if (const auto* e = members_.take("severity")) c.severity = severity(*e);
    if (const auto* e = members_.take("channel")) c.channel = reading_.intern(text(*e, "channel"));
    if (const auto* e = members_.take("incident")) c.incident = id(*e, "incident", "incident");
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

std::string label_text(const element& e, std::string_view path, bool truth_values) {
  switch (e.type()) {
    case element_type::STRING:
      return text(e, path);
    case element_type::INT64:
      return std::to_string(e.get_int64().value_unsafe());
    case element_type::UINT64:
      return std::to_string(e.get_uint64().value_unsafe());
    case element_type::DOUBLE: {
      const double value = e.get_double().value_unsafe();
      if (value == std::floor(value) && std::abs(value) < 9e15) return std::to_string(static_cast<std::int64_t>(value));
      return format_number(value);
    }
    case element_type::BOOL: {
      const bool value = e.get_bool().value_unsafe();
      if (truth_values) return value ? "1" : "0";
      return value ? "true" : "false";
    }
    default:
      wrong_type(path, "a string, number or boolean", e);
  }
}

record::Record read_object(const object& from, const Reading& reading, Stream& stream) {
  return ObjectReader(from, reading).read(stream);
}

}  // namespace pilotwatch::decode
