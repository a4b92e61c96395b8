// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "decode/decode.h"
#include "settings/load.h"

namespace pilotwatch::fuzz {

/// Pilots of every task, and a source of every preset, one with rules of every kind.
inline const settings::Settings& settings() {
  static const settings::Settings parsed = [] {
    const auto result = settings::parse(R"(
ingest: {max_line_bytes: 16KB}
pilots:
- {name: b, task: binary, features: [{name: a, kind: numeric}, {name: c, kind: categorical}], segments: {attributes: [d]}}
- {name: m, task: multiclass, classes: [x, y], unknown_fields: reject}
- {name: r, task: regression}
- {name: q, task: quantile}
- {name: g, task: generative}
sources:
- {name: wire, http: true, pilot: b}
- {name: kserve, http: true, pilot: b, preset: kserve}
- {name: seldon, http: true, pilot: b, preset: seldon}
- {name: sagemaker, http: true, pilot: b, preset: sagemaker}
- {name: mlflow, http: true, pilot: b, preset: mlflow}
- {name: csv, http: true, pilot: b, preset: csv, separator: ";"}
- {name: otel, otlp: true, pilot: g}
- {name: openinference, otlp: true, pilot: g, preset: openinference}
- name: own
  http: true
  pilot: b
  map:
  - type: prediction
    when: [{at: k, in: [a, ""]}, {at: /n, present: false}]
    each: {at: /r, as: split}
    fields: &fields
      id: {join: [$/i, "#"], with: "#"}
      time: {from: [t, $/t], time: "%d/%m/%Y %H:%M:%S.%f %z", zone: Europe/Amsterdam}
      prediction: {from: ["*", p, .], values: {x: 1}, else: 0}
      score: {from: s, names: [a, b]}
      latency_ms: {from: l, unit: ns}
      features: .
      segments.d: {from: d, default: e}
      failed: f
  - {type: prediction, each: {at: /x, as: tensors}, fields: *fields}
  - {type: prediction, each: {at: /y, as: ndarray}, fields: *fields}
  - {type: outcome, each: /z, fields: {id: i, time: {from: t, time: unix_ns}, actual: .}}
  - {type: feedback, when: {at: v, present: true}, fields: {audience: {value: public}, time: {from: t, time: unix_s}, value: v}}
)",
                                      "fuzz.yml");
    if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&result))
      throw std::runtime_error(settings::to_string(problems->front()));
    return std::get<settings::Settings>(result);
  }();
  return parsed;
}

/// Reads the bytes as the wire format; the counts must agree.
inline decode::Output decoded(std::string_view bytes) {
  static decode::Decoder decoder(settings(), IdKey{});
  decode::Input input;
  input.bytes = bytes;
  input.pilot = "b";
  input.any_time = true;
  auto out = decoder.decode(input);
  PW_ASSERT(out.lines == out.batch.records.size() + out.rejects.total());
  return out;
}

}  // namespace pilotwatch::fuzz
