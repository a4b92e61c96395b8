// SPDX-License-Identifier: Apache-2.0
#include "judge/limit_book.h"

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;
using judge::State;
using settings::Metric;

namespace {

settings::Pilot pilot_with_limit() {
  auto pilot = binary_pilot();
  pilot.lateness = Millis{0};
  pilot.windows = {{settings::WindowKind::day, 0}};
  settings::Limit limit;
  limit.name = "errors";
  limit.window = pilot.windows[0];
  limit.max = 0.3;
  limit.min_n = 1;
  limit.evidence = settings::Evidence::point;
  limit.owner = "team";
  pilot.limits = {limit};
  return pilot;
}

std::string decision(const char* day, int id, bool wrong) {
  const std::string name = "\"" + std::to_string(id) + "\"";
  const std::string time = std::string("\"2026-01-") + day + "T10:00:00Z\"";
  return R"({"type":"prediction","pilot":"p","id":)" + name + R"(,"time":)" + time + R"(,"prediction":1})" + "\n" +
         R"({"type":"outcome","pilot":"p","id":)" + name + R"(,"time":)" + time + R"(,"actual":)" +
         (wrong ? "0" : "1") + "}\n";
}

const Instant wall = at("2026-02-01T00:00:00Z");

/// The journal of a daemon whose settings change: an entry of the limits where they do.
struct Journal {
  std::vector<record::Entry> entries;

  void start(Scenario& s, Instant now = wall) {
    auto limits = s.fold.limits_to_record();
    if (!limits) return;
    record::Entry entry;
    entry.wall = now;
    entry.limits = std::move(*limits);
    apply(s, entry);
  }
  void send(Scenario& s, const std::string& lines) { apply(s, s.entry(lines, wall)); }
  void apply(Scenario& s, const record::Entry& entry) {
    entries.push_back(record::decode_entry(record::encode_entry(entry)));
    s.fold.apply(entries.back(), entries.size());
  }
  /// Checkpoint of `before`, loaded under other settings.
  void restart(Scenario& before, Scenario& after) {
    std::map<std::string, std::string> parts;
    before.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
    after.fold.load(parts, entries.size(), wall);
    start(after, wall + std::chrono::hours{1});
  }
  void replay(Scenario& s) const {
    for (std::size_t i = 0; i < entries.size(); ++i) s.fold.apply(entries[i], i + 1);
  }
};

}  // namespace

TEST_CASE("limits: the definition is text that says everything, and reads back") {
  auto pilot = pilot_with_limit();
  auto& limit = pilot.limits[0];
  limit.reason = "line one\nline \\two: three";
  limit.action = "";
  const auto text = judge::definition_text(pilot, limit);
  CHECK(text ==
        "metric: error_rate\nwindow: day\nmax: 0.3\nevidence: point\nmin_n: 1\nfor: 0s\nkeep_firing_for: 0s\n"
        "severity: warning\nowner: team\nreason: line one\\nline \\\\two: three\n");
  const auto items = judge::definition_items(text);
  REQUIRE(items.size() == 10);
  CHECK(items[8] == std::pair<std::string, std::string>("owner", "team"));
  CHECK(items[9] == std::pair<std::string, std::string>("reason", limit.reason));
  limit.evidence = settings::Evidence::budget;
  CHECK(judge::definition_text(pilot, limit)
            .find("evidence: budget\nguarantee: at most 0.01 in 90d\nbudget_share: ") != std::string::npos);
}

TEST_CASE("limits: who owns a limit is a record and no epoch; another bound is one, and ends what was running") {
  auto pilot = pilot_with_limit();
  Journal journal;
  Scenario first(settings_of({pilot}));
  journal.start(first);
  CHECK(!first.fold.limits_to_record());
  journal.send(first, decision("01", 1, true) + decision("02", 2, true));
  REQUIRE(first.fold.statuses().front().state == State::breach);
  const auto hash = first.fold.statuses().front().hash;
  CHECK(hash.size() == 16);
  CHECK(first.fold.statuses().front().since_wall == wall);
  CHECK(!first.fold.statuses().front().since);  // no record had come
  REQUIRE(first.fold.snapshot(wall)->recent.size() == 1);
  CHECK(first.fold.snapshot(wall)->recent[0].limit_hash == hash);
  const auto episode = first.fold.statuses().front().episode->id;

  pilot.limits[0].owner = "another team";
  Scenario second(settings_of({pilot}));
  journal.restart(first, second);
  CHECK(second.transitions.empty());
  const auto status = second.fold.statuses().front();
  CHECK(status.state == State::breach);
  CHECK(status.episode->id == episode);
  CHECK(status.hash != hash);
  CHECK(status.since == at("2026-01-02T10:00:00Z"));
  auto records = second.fold.snapshot(wall)->limit_records;
  REQUIRE(records.size() == 2);
  CHECK(records[0].epoch);
  CHECK(!records[1].epoch);
  CHECK(records[1].previous == hash);
  CHECK(records[1].changed == std::vector<std::string>{"owner"});

  pilot.limits[0].max = 0.5;
  Scenario third(settings_of({pilot}));
  journal.restart(second, third);
  REQUIRE(third.transitions.size() == 1);
  const auto& end = third.transitions[0];
  CHECK((end.from == State::breach && end.to == State::collecting));
  CHECK(end.episode == episode);
  CHECK(end.limit_hash == status.hash);
  CHECK(end.reason == "the limit was changed; its evidence starts anew");
  CHECK(third.fold.statuses().front().state == State::collecting);
  CHECK(third.fold.statuses().front().episode->ended_wall == wall + std::chrono::hours{1});
  records = third.fold.snapshot(wall)->limit_records;
  REQUIRE(records.size() == 3);
  CHECK(records[2].epoch);
  CHECK(records[2].changed == std::vector<std::string>{"max"});

  pilot.limits.clear();
  Scenario fourth(settings_of({pilot}));
  journal.send(third, decision("02", 4, true) + decision("03", 3, true) + decision("04", 5, true));
  REQUIRE(third.fold.statuses().front().state == State::breach);
  journal.restart(third, fourth);
  REQUIRE(fourth.transitions.size() == 1);
  CHECK(fourth.transitions[0].reason == "the limit was taken out");
  CHECK(!fourth.transitions[0].episode.empty());
  records = fourth.fold.snapshot(wall)->limit_records;
  REQUIRE(records.size() == 4);
  CHECK(records[3].removed());
  CHECK(records[3].previous == records[2].hash);
  CHECK(!fourth.fold.limits_to_record());
}

TEST_CASE("limits: replaying the whole journal gives the same epochs, and judges nothing before they began") {
  auto pilot = pilot_with_limit();
  Journal journal;
  Scenario first(settings_of({pilot}));
  journal.start(first);
  journal.send(first, decision("01", 1, false) + decision("02", 2, false) + decision("03", 3, true));
  pilot.limits[0].max = 0.5;
  pilot.limits[0].owner = "another team";
  Scenario second(settings_of({pilot}));
  journal.restart(first, second);
  journal.send(second, decision("04", 4, true) + decision("05", 5, true));
  Scenario replayed(settings_of({pilot}));
  journal.replay(replayed);

  const auto judge_of = [](Scenario& s) {
    std::string out;
    s.fold.save(true, [&](const std::string& name, const std::string& bytes) { out += name == "judge" ? bytes : ""; });
    return out;
  };
  CHECK(judge_of(replayed) == judge_of(second));
  REQUIRE(replayed.transitions.size() == 1);  // of the present definition; what an earlier one said is in checkpoints
  CHECK(replayed.transitions[0].to == State::breach);
  CHECK(replayed.transitions[0].at == at("2026-01-04T00:00:00Z"));
}

TEST_CASE("limits: a limit whose definition is not in force yet is not judged") {
  auto pilot = pilot_with_limit();
  Journal journal;
  Scenario first(settings_of({pilot}));
  journal.start(first);
  std::map<std::string, std::string> parts;
  first.fold.save(true, [&](const std::string& name, const std::string& bytes) { parts[name] = bytes; });
  pilot.limits[0].max = 0.5;
  Scenario second(settings_of({pilot}));
  second.fold.load(parts, 1, wall);
  second.send(decision("01", 1, true) + decision("02", 2, true));
  CHECK(second.transitions.empty());
  CHECK(second.fold.statuses().front().state == State::collecting);
  journal.start(second);
  second.send(decision("03", 3, true));
  CHECK(second.fold.statuses().front().state == State::breach);
}

TEST_CASE("limits: damaged records are refused") {
  judge::LimitBook book;
  book.define({{"p", "l", "max: 1\n", {}}}, wall, [](const auto&) { return std::nullopt; });
  ByteWriter out;
  book.write(out);
  const auto bytes = out.take();
  judge::LimitBook again;
  ByteReader in(bytes);
  again.read(in);
  CHECK(again.says({{"p", "l", "max: 1\n", {}}}));
  CHECK(!again.says({{"p", "l", "max: 2\n", {}}}));
  CHECK(!again.says({}));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    ByteReader cut(std::string_view(bytes).substr(0, length));
    CHECK_THROWS_AS(again.read(cut), CorruptBytes);
  }
}
