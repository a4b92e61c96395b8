// SPDX-License-Identifier: Apache-2.0
#include "app/limit_test_run.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "app/references.h"
#include "decode/decode.h"
#include "judge/fold.h"

namespace pilotwatch::app {
namespace {

using settings::TestExpectation;

std::string name_of(judge::State state) { return judge::state_names[static_cast<std::size_t>(state)]; }

std::string subject(const TestExpectation& expected) {
  return expected.limit + (expected.group.empty() ? "" : " (" + expected.group + ")");
}

/// What of the settings a test is about.
settings::Settings only(const settings::Settings& all, const settings::LimitTest& test) {
  settings::Settings out;
  out.file = all.file;
  out.pilots.push_back(*all.find(test.pilot));
  out.pilots.front().clock = settings::PilotClock::wall;
  return out;
}

Instant last_time(const settings::LimitTest& test, const std::vector<TestRecord>& records) {
  Instant out = std::max(test.start, test.end.value_or(test.start));
  if (!records.empty()) out = std::max(out, records.back().time);
  for (const auto& expected : test.expect) {
    out = std::max(out, expected.at.value_or(out));
    if (!expected.transitions) continue;
    for (const auto& step : *expected.transitions) {
      for (const auto& time : {step.at, step.after, step.by}) out = std::max(out, time.value_or(out));
    }
  }
  return out;
}

/// Fold and clock of one test.
class Stage {
 public:
  explicit Stage(settings::Settings of_test)
      : settings_(std::move(of_test)), fold_(settings_), decoder_(settings_, key_) {
    load_references(settings_, key_, fold_, [](const auto&, const auto&) {});
    fold_.on_transition = [this](const judge::Transition& transition) { transitions.push_back(transition); };
  }

  void begin(Instant at) {
    now_ = at;
    record::Entry entry;
    entry.limits = fold_.limits_to_record();
    apply(std::move(entry));
  }

  /// Everything that falls due until then, and at that time, each at its own.
  void advance(Instant to) {
    for (auto due = fold_.next_due(); due && *due <= to; due = fold_.next_due()) {
      now_ = std::max(now_, *due);
      apply({});
      if (fold_.next_due() == due) break;  // it waits for something else than time
    }
    now_ = std::max(now_, to);
    apply({});
  }

  void take(const std::string& lines, const std::string& pilot) {
    decode::Input input;
    input.bytes = lines;
    input.pilot = pilot;
    input.any_time = true;
    auto decoded = decoder_.decode(input);
    record::Submission submission;
    submission.source = "test";
    submission.bytes = lines.size();
    submission.batch = std::move(decoded.batch);
    submission.rejects = decoded.rejects;
    record::Entry entry;
    entry.submissions.push_back(std::move(submission));
    apply(std::move(entry));
  }

  [[nodiscard]] std::vector<judge::LimitStatus> statuses() const { return fold_.statuses(); }

  std::vector<judge::Transition> transitions;
  std::uint64_t repeats = 0, refused = 0;

 private:
  void apply(record::Entry entry) {
    entry.wall = now_;
    for (const auto& became : fold_.apply(entry, ++sequence_)) {
      repeats += became.duplicate;
      refused += became.rejected;
    }
  }

  const settings::Settings settings_;
  IdKey key_{};  // nothing of it leaves the process
  judge::Fold fold_;
  decode::Decoder decoder_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
};

class Run {
 public:
  Run(const settings::Settings& all, const settings::LimitTest& test, const std::vector<TestRecord>& records)
      : test_(test), records_(records), stage_(only(all, test)), said_(test.expect.size()) {}

  TestResult play() {
    const auto end = last_time(test_, records_);
    stage_.begin(std::min(test_.start, records_.empty() ? test_.start : records_.front().time));
    std::set<Instant> looks;
    for (const auto& expected : test_.expect) {
      if (expected.at) looks.insert(*expected.at);
    }
    for (const auto look : looks) {
      play_until(look);
      look_at(look);
    }
    play_until(end);
    TestResult out;
    const auto statuses = stage_.statuses();
    for (std::size_t i = 0; i < test_.expect.size(); ++i) {
      const auto& expected = test_.expect[i];
      if (find(statuses, expected) == nullptr) {
        out.failures.push_back(unknown(expected, end));
        continue;
      }
      if (expected.transitions) compare(expected, *expected.transitions, said_[i]);
      if (!expected.never.empty()) look_for(expected, end, *find(statuses, expected), said_[i]);
      if (said_[i]) out.failures.push_back(*std::move(said_[i]));
    }
    out.transitions = std::move(stage_.transitions);
    out.end = end;
    out.repeats = stage_.repeats;
    out.refused = stage_.refused;
    return out;
  }

 private:
  /// Records of that time, too; what falls due at the same time comes before them.
  void play_until(Instant to) {
    while (next_ < records_.size() && records_[next_].time <= to) {
      const auto time = records_[next_].time;
      stage_.advance(time);
      std::string lines;
      for (; next_ < records_.size() && records_[next_].time == time; ++next_) lines += records_[next_].line + '\n';
      stage_.take(lines, test_.pilot);
    }
    stage_.advance(to);
  }

  void look_at(Instant look) {
    const auto statuses = stage_.statuses();
    for (std::size_t i = 0; i < test_.expect.size(); ++i) {
      const auto& expected = test_.expect[i];
      if (expected.at != look) continue;
      const auto* found = find(statuses, expected);
      const auto state = found == nullptr ? judge::State::collecting : found->state;
      if (name_of(state) == expected.state) continue;
      said_[i] = TestFailure{expected.place,
                             subject(expected) + " at " + format_rfc3339(look) + ": expected " + expected.state,
                             name_of(state) + ": " + reason(found)};
    }
  }

  static const judge::LimitStatus* find(const std::vector<judge::LimitStatus>& statuses,
                                        const TestExpectation& expected) {
    const auto found = std::ranges::find_if(statuses, [&](const judge::LimitStatus& s) {
      return s.limit->name == expected.limit && s.group == expected.group;
    });
    return found == statuses.end() ? nullptr : &*found;
  }

  static std::string reason(const judge::LimitStatus* status) {
    return status == nullptr || status->reason.empty() ? "nothing has been looked at" : status->reason;
  }

  /// Of a group that the limit has never seen all would hold that says `collecting`, `never` or `[]`.
  static TestFailure unknown(const TestExpectation& expected, Instant end) {
    return {expected.place, subject(expected) + ": expected a group that there is",
            "none that has been looked at until " + format_rfc3339(end) + ", where the test ends"};
  }

  [[nodiscard]] std::vector<const judge::Transition*> of(const TestExpectation& expected) const {
    std::vector<const judge::Transition*> out;
    for (const auto& t : stage_.transitions) {
      if (t.limit == expected.limit && t.group == expected.group) out.push_back(&t);
    }
    return out;
  }

  static bool fits(const settings::TestStep& step, const judge::Transition& t) {
    return name_of(t.to) == step.to && (!step.at || t.at == *step.at) && (!step.after || t.at >= *step.after) &&
           (!step.by || t.at <= *step.by);
  }

  static std::string words(const std::vector<std::string>& states) {
    std::string out;
    for (const auto& state : states) out += (out.empty() ? "" : ", ") + state;
    return out;
  }

  static std::string words(const settings::TestStep& step) {
    std::string out = step.to;
    for (const auto& [word, time] :
         {std::pair{" at ", &step.at}, std::pair{" after ", &step.after}, std::pair{" by ", &step.by}}) {
      if (*time) out += word + format_rfc3339(**time);
    }
    return out;
  }

  void compare(const TestExpectation& expected, const std::vector<settings::TestStep>& steps,
               std::optional<TestFailure>& said) const {
    const auto got = of(expected);
    bool same = got.size() == steps.size();
    for (std::size_t i = 0; same && i < steps.size(); ++i) same = fits(steps[i], *got[i]);
    if (same) return;
    std::string wanted, had;
    for (const auto& step : steps) wanted += (wanted.empty() ? "" : ", ") + words(step);
    for (const auto* t : got) had += (had.empty() ? "" : ", ") + name_of(t->to) + " at " + format_rfc3339(t->at);
    said = TestFailure{expected.place,
                       subject(expected) + ": expected " + (wanted.empty() ? "no change of state" : wanted),
                       had.empty() ? "no change of state" : had};
  }

  /// A limit that has said nothing, or but that there is nothing to say, says nothing of what it never says.
  static bool says_something(const TestExpectation& expected, const std::vector<const judge::Transition*>& all) {
    const auto no_data = name_of(judge::State::no_data);
    if (std::ranges::find(expected.never, no_data) != expected.never.end()) return !all.empty();
    return std::ranges::any_of(all, [](const judge::Transition* t) {
      return t->to != judge::State::collecting && t->to != judge::State::no_data;
    });
  }

  void look_for(const TestExpectation& expected, Instant end, const judge::LimitStatus& last,
                std::optional<TestFailure>& said) const {
    const auto all = of(expected);
    for (const auto* t : all) {
      if (std::ranges::find(expected.never, name_of(t->to)) == expected.never.end()) continue;
      said = TestFailure{expected.place, subject(expected) + ": expected never " + name_of(t->to),
                         "it at " + format_rfc3339(t->at) + ": " + t->reason};
      return;
    }
    if (says_something(expected, all)) return;
    said = TestFailure{expected.place, subject(expected) + ": expected never " + words(expected.never),
                       std::string("no state but collecting ") + (all.empty() ? "" : "and no_data ") + "until " +
                           format_rfc3339(end) + ", where the test ends: " + reason(&last)};
  }

  const settings::LimitTest& test_;
  const std::vector<TestRecord>& records_;
  Stage stage_;
  std::size_t next_ = 0;
  std::vector<std::optional<TestFailure>> said_;  ///< by expectation
};

}  // namespace

TestResult run_limit_test(const settings::Settings& settings, const settings::LimitTest& test,
                          const std::vector<TestRecord>& records) {
  return Run(settings, test, records).play();
}

}  // namespace pilotwatch::app
