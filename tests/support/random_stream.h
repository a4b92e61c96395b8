// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "support/scenario.h"

/// A random but orderly life of one pilot, with records of every type.
namespace pilotwatch::testing {

inline std::string prediction(const std::string& id, const std::string& time, int label, const std::string& rest = "") {
  return R"({"type":"prediction","pilot":"p","id":")" + id + R"(","time":")" + time + R"(","prediction":)" +
         std::to_string(label) + rest + "}\n";
}
inline std::string outcome(const std::string& id, const std::string& time, int actual) {
  return R"({"type":"outcome","pilot":"p","id":")" + id + R"(","time":")" + time + R"(","actual":)" +
         std::to_string(actual) + "}\n";
}
inline std::string complaint(const std::string& id, const std::string& time, const std::string& rest = "") {
  return R"({"type":"complaint","pilot":"p","id":")" + id + R"(","time":")" + time + "\"" + rest + "}\n";
}

/// What people say and do beside it.
inline void side_lines(std::mt19937_64& rng, const std::string& id, const std::string& time,
                       std::vector<std::string>& lines) {
  const auto add = [&](unsigned one_in, const std::string& type, const std::string& rest) {
    if (rng() % one_in != 0) return;
    const auto later = format_rfc3339(at(time.c_str()) + Millis{static_cast<std::int64_t>(rng() % 3) * 1000});
    lines.push_back(R"({"type":")" + type + R"(","pilot":"p","time":")" + later + "\"," + rest + "}\n");
  };
  const auto pick = [&](std::initializer_list<const char*> words) {
    return "\"" + std::string(*(words.begin() + rng() % words.size())) + "\"";
  };
  add(9, "complaint", R"("id":"i)" + id + R"(","incident":")" + std::to_string(rng() % 4) + "\"");
  for (const auto* kind : {"c", "u", "i", "i"}) {
    add(9, "complaint_update",
        "\"id\":\"" + std::string(kind) + id + R"(","step":)" + pick({"decided", "settled", "reopened", "withdrawn"}) +
            (rng() % 2 == 0 ? R"(,"found_for":)" + pick({"person", "body"}) : ""));
  }
  for (int i = 0; i < 2; ++i) {
    add(3, "review",
        R"("prediction_id":")" + id + R"(","final":)" + std::to_string(rng() % 2) + R"(,"ai_shown":)" +
            pick({"first", "after_own", "never"}) + (rng() % 4 == 0 ? R"(,"seeded":true)" : "") +
            (rng() % 2 == 0 ? R"(,"opened_at":")" + time + "\"" : ""));
  }
  add(5, "feedback",
      R"("audience":)" + pick({"staff", "public"}) + R"(,"stance":)" + std::to_string(static_cast<int>(rng() % 5) - 2));
  add(30, "change", R"("what":"model","to":"v)" + std::to_string(rng() % 2) + "\"");
}

/// A random but orderly life of one pilot over some days, as separate lines.
inline std::vector<std::string> random_lines(std::mt19937_64& rng, std::size_t n) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < n; ++i) {
    const auto time =
        format_rfc3339(at("2026-01-01T00:00:00Z") + Millis{static_cast<std::int64_t>(i * 400'000'000 / n)});
    const auto id = std::to_string(i);
    const std::string group = rng() % 2 == 0 ? "a" : "b";
    lines.push_back(prediction(id, time, static_cast<int>(rng() % 2),
                               R"(,"model_version":"v)" + std::to_string(rng() % 2) + R"(","segments":{"g":")" + group +
                                   R"("},"features":{"x":)" + std::to_string(rng() % 50) + R"(},"weight":)" +
                                   std::to_string(1 + rng() % 3)));
    if (rng() % 3 != 0) lines.push_back(outcome(id, time, static_cast<int>(rng() % 2)));
    if (rng() % 7 == 0)
      lines.push_back(outcome(id, format_rfc3339(at(time.c_str()) + Millis{5000}), static_cast<int>(rng() % 2)));
    if (rng() % 9 == 0) lines.push_back(complaint("c" + id, time, R"(,"prediction_id":")" + id + "\""));
    if (rng() % 9 == 0) lines.push_back(complaint("u" + id, time));
    side_lines(rng, id, time, lines);
  }
  return lines;
}

/// All published figures, one a line.
inline std::string figures_text(Scenario& scenario) {
  std::string out;
  const auto number = [](const std::optional<double>& v) { return v ? std::to_string(*v) : "null"; };
  const auto snapshot = scenario.fold.snapshot(Instant{});
  for (const auto& window : snapshot->pilots.front().windows) {
    for (const auto& f : window->figures) {
      out += window->kind_name + " " + format_rfc3339(window->start) + " " + f.model_version + " " + f.group + " " +
             f.feature + " " + settings::metric_names[static_cast<std::size_t>(f.metric)] + " " + number(f.value) +
             " " + number(f.lower) + " " + number(f.upper) + " " + std::to_string(f.n) + " " + f.state + "\n";
    }
  }
  return out;
}

}  // namespace pilotwatch::testing
