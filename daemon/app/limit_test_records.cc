// SPDX-License-Identifier: Apache-2.0
#include "app/limit_test_records.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "decode/decode.h"
#include "settings/test_span.h"

namespace pilotwatch::app {
namespace {

using nlohmann::ordered_json;

/// A line and what is said of it where it is wrong.
struct Line {
  std::string text;
  settings::Position place;
  std::string what;  ///< which record it is
  bool of_file = false;
};

ordered_json json_of(const settings::Scalar& value) {
  if (value.kind == settings::Scalar::Kind::text) return value.text;
  return ordered_json::parse(value.text);
}

/// The values of a member, one after the other.
class Turns {
 public:
  explicit Turns(const settings::TestMember& member) : member_(member) {}

  ordered_json next() {
    const auto& run = member_.runs[run_];
    const auto step = step_++;
    if (step_ == run.times) {
      step_ = 0;
      run_ = (run_ + 1) % member_.runs.size();
    }
    if (!run.last) return json_of(run.value);
    const double first = json_of(run.value).get<double>();
    if (run.times == 1) return first;
    return first + (*run.last - first) * static_cast<double>(step) / static_cast<double>(run.times - 1);
  }

 private:
  const settings::TestMember& member_;
  std::size_t run_ = 0;
  std::uint64_t step_ = 0;
};

/// Of a series each record has an id of its own: "p-1", "p-2".
bool is_numbered(const settings::TestSeries& series, const settings::TestMember& member) {
  return series.times > 1 && !member.listed && (member.name == "id" || member.name == "prediction_id");
}

void add(const settings::TestSeries& series, std::vector<Line>& out) {
  std::vector<Turns> turns;
  for (const auto& member : series.members) turns.emplace_back(member);
  for (std::uint64_t i = 0; i < series.times; ++i) {
    const Millis later = series.every * static_cast<Millis::rep>(i);
    ordered_json record = {{"type", series.type}, {"time", format_rfc3339(series.first + later)}};
    if (series.opened_at) record["opened_at"] = format_rfc3339(*series.opened_at + later);
    for (std::size_t m = 0; m < turns.size(); ++m) {
      const auto& member = series.members[m];
      auto value = turns[m].next();
      if (is_numbered(series, member)) value = value.get<std::string>() + "-" + std::to_string(i + 1);
      const auto dot = member.name.find('.');
      auto& object = dot == std::string::npos ? record : record[member.name.substr(0, dot)];
      object[dot == std::string::npos ? member.name : member.name.substr(dot + 1)] = std::move(value);
    }
    out.push_back({record.dump(-1, ' ', false, ordered_json::error_handler_t::replace), series.place,
                   series.times == 1 ? "" : "record " + std::to_string(i + 1) + " of the series: "});
  }
}

/// False: it cannot be read.
bool add(const settings::LimitTest& test, std::vector<Line>& out) {
  std::ifstream in(test.file, std::ios::binary);
  if (!in) return false;
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    out.push_back({std::move(line), test.place, test.file.string() + ":" + std::to_string(number) + ": ", true});
  }
  return !in.bad();
}

Instant time_of(const record::Record& record) {
  return std::visit([](const auto& body) { return body.time; }, record.body);
}

constexpr std::size_t most_problems = 20;  ///< of one test: a series that is wrong is wrong in every record

class Reading {
 public:
  Reading(const settings::Settings& settings, const settings::LimitTest& test)
      : settings_(settings), test_(test), decoder_(settings, IdKey{}) {}

  std::variant<std::vector<TestRecord>, std::vector<settings::Problem>> read() {
    for (const auto& series : test_.records) add(series, lines_);
    if (!test_.file.empty() && !add(test_, lines_)) problem(test_.place, test_.file.string() + ": cannot be read");
    if (lines_.size() > settings::max_test_records)
      problem(test_.place,
              test_.file.string() + ": more than " + std::to_string(settings::max_test_records) + " records");
    if (!problems_.empty()) return std::move(problems_);
    std::vector<TestRecord> out;
    for (std::size_t from = 0; from < lines_.size(); from += chunk) decode(from, out);
    if (!problems_.empty()) return std::move(problems_);
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    return out;
  }

 private:
  static constexpr std::size_t chunk = 10'000;

  void problem(settings::Position place, std::string message) {
    if (problems_.size() < most_problems)
      problems_.push_back({settings_.file, static_cast<int>(place.line), static_cast<int>(place.column),
                           "tests[" + test_.name + "]", std::move(message)});
  }

  void decode(std::size_t from, std::vector<TestRecord>& out) {
    const auto to = std::min(lines_.size(), from + chunk);
    std::string bytes;
    for (std::size_t i = from; i < to; ++i) {
      const auto begin = lines_[i].text.find_first_not_of(" \t\r\xEF\xBB\xBF");
      if (begin != std::string::npos && lines_[i].text[begin] == '[')  // its elements would be numbered, not its lines
        return problem(lines_[i].place, lines_[i].what + "a JSON array: records must be one object a line");
      bytes += lines_[i].text + '\n';
    }
    decode::Input input;
    input.bytes = bytes;
    input.pilot = test_.pilot;
    input.any_time = true;
    const auto decoded = decoder_.decode(input);
    settings::Position last;
    for (const auto& reject : decoded.errors) {
      const auto& line = lines_.at(std::min(from + std::max<std::size_t>(reject.line, 1) - 1, lines_.size() - 1));
      if (!line.of_file && line.place.line == last.line) continue;  // the first of a series speaks for all
      if (!line.of_file) last = line.place;
      problem(line.place,
              line.what + record::reason_names[static_cast<std::size_t>(reject.reason)] + ": " + reject.detail);
    }
    for (const auto& record : decoded.batch.records) {
      if (decoded.batch.text(record.pilot) != test_.pilot) continue;  // of a file that has others, too
      auto& line = lines_.at(from + record.line - 1);
      const auto time = time_of(record);
      if (!settings::is_within_test(time, test_.start))
        problem(line.place,
                line.what + "time: is more than 20 years from the start of the test, " + format_rfc3339(test_.start));
      out.push_back({time, std::move(line.text)});
    }
  }

  const settings::Settings& settings_;
  const settings::LimitTest& test_;
  decode::Decoder decoder_;
  std::vector<Line> lines_;
  std::vector<settings::Problem> problems_;
};

}  // namespace

std::variant<std::vector<TestRecord>, std::vector<settings::Problem>> test_records(const settings::Settings& settings,
                                                                                   const settings::LimitTest& test) {
  return Reading(settings, test).read();
}

std::vector<settings::Problem> test_problems(const settings::Settings& settings) {
  std::vector<settings::Problem> out;
  for (const auto& test : settings.tests) {
    auto read = test_records(settings, test);
    auto* problems = std::get_if<std::vector<settings::Problem>>(&read);
    if (problems == nullptr) continue;
    for (auto& problem : *problems) out.push_back(std::move(problem));
  }
  return out;
}

}  // namespace pilotwatch::app
