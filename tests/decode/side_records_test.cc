// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "decode/decode.h"
#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::testing;

namespace {

decode::Output decode_text(const std::string& text) {
  static const auto settings = [] {
    auto strict = binary_pilot("strict");
    strict.unknown_fields = settings::UnknownFields::reject;
    auto demand = binary_pilot("demand");
    demand.task = settings::Task::regression;
    demand.classes.clear();
    return settings_of({binary_pilot("p"), strict, demand});
  }();
  decode::Decoder decoder(settings, IdKey{});
  decode::Input input;
  input.bytes = text;
  input.any_time = true;
  return decoder.decode(input);
}

std::string line(const std::string& type, const std::string& rest, const std::string& pilot = "p") {
  return R"({"type":")" + type + R"(","pilot":")" + pilot + R"(","time":"2026-03-01T08:00:00Z")" +
         (rest.empty() ? "" : "," + rest) + "}\n";
}

template <class T>
T read(const std::string& text) {
  const auto out = decode_text(text);
  REQUIRE(out.batch.records.size() == 1);
  CHECK(out.dropped_fields == 0);
  return std::get<T>(out.batch.records[0].body);
}

std::string refusal(const std::string& text) {
  const auto out = decode_text(text);
  if (out.errors.size() != 1) return "accepted";
  return std::string(record::stream_names[static_cast<std::size_t>(out.errors[0].stream)]) + " " +
         record::reason_names[static_cast<std::size_t>(out.errors[0].reason)] + ": " + out.errors[0].detail;
}

}  // namespace

TEST_CASE("decode: a complaint update, every member; its id is that of the complaint") {
  const auto u = read<record::ComplaintUpdate>(
      line("complaint_update", R"("id":"c1","step":"decided","found_for":"partly_person")"));
  CHECK(u.step == record::Step::decided);
  CHECK(u.found_for == record::FoundFor::partly_person);
  CHECK(u.complaint_id == read<record::Complaint>(line("complaint", R"("id":"c1")")).id);
  CHECK_FALSE(read<record::ComplaintUpdate>(line("complaint_update", R"("id":"c1","step":"acknowledged")")).found_for);
}

TEST_CASE("decode: a review, every member") {
  const auto r = read<record::Review>(line(
      "review",
      R"("id":"r1","prediction_id":"7","final":true,"opened_at":"2026-03-01T07:59:00Z","ai_shown":"after_own","seeded":true,"reason":"wrong_data")"));
  CHECK(r.prediction_id == read<record::Prediction>(line("prediction", R"("id":"7")")).id);
  CHECK(std::holds_alternative<record::StringRef>(r.final));
  CHECK(r.opened_at == at("2026-03-01T07:59:00Z"));
  CHECK(r.ai_shown == record::AiShown::after_own);
  CHECK(r.seeded);
  const auto bare = read<record::Review>(line("review", R"("prediction_id":"7","final":12.5)", "demand"));
  CHECK(std::get<double>(bare.final) == 12.5);
  CHECK(bare.ai_shown == record::AiShown::first);
  CHECK_FALSE(bare.seeded);
}

TEST_CASE("decode: feedback and changes, every member") {
  const auto f = read<record::Feedback>(
      line("feedback", R"("id":"f","audience":"public","prediction_id":"7","theme":"trust","stance":-2,"value":3.5)"));
  CHECK(f.audience == record::Audience::everyone);
  CHECK(f.stance == -2);
  CHECK(f.value == 3.5);
  CHECK(f.prediction_id);
  const auto out =
      decode_text(line("change", R"("id":"x","what":"threshold","from":0.5,"to":"0.6","announced":false)"));
  const auto& c = std::get<record::Change>(out.batch.records.at(0).body);
  CHECK(c.what == record::What::threshold);
  CHECK(out.batch.text(c.from) == "0.5");
  CHECK(out.batch.text(c.to) == "0.6");
  CHECK(c.announced == false);
}

TEST_CASE("decode: without id the canonical record is the identity, however it is spelt") {
  const auto id = [](const std::string& rest) { return read<record::Feedback>(line("feedback", rest)).id; };
  const auto first = id(R"("audience":"staff","stance":1,"theme":"trust")");
  CHECK(id(R"("theme":"trust","audience":"staff","stance":1.0)") == first);
  CHECK(id(R"("theme":"trus","audience":"staff","stance":1)") != first);
  CHECK(id(R"("theme":"trust","audience":"public","stance":1)") != first);
  CHECK(id(R"("theme":"trust","audience":"staff")") != first);
  CHECK(id(R"("theme":"trust","audience":"staff","value":1)") !=
        id(R"("theme":"trust","audience":"staff","stance":1)"));
  const auto change = [](const std::string& rest) { return read<record::Change>(line("change", rest)).id; };
  CHECK(change(R"("what":"model","from":"12","to":"3")") != change(R"("what":"model","from":"1","to":"23")"));
  CHECK(change(R"("what":"model","to":"3")") == change(R"("to":3,"what":"model")"));
  const auto review = [](const std::string& rest) {
    return read<record::Review>(line("review", R"("prediction_id":"7",)" + rest));
  };
  CHECK(review(R"("final":1)").content == review(R"("final":"1")").content);
  CHECK(review(R"("final":1)").content != review(R"("final":0)").content);
  CHECK(review(R"("final":1,"id":"a")").content != review(R"("final":1,"id":"b")").content);
}

TEST_CASE("decode: every bad member of the further streams says what is wrong with it") {
  CHECK(refusal(line("complaint_update", R"("step":"decided")")) == "complaint_updates schema: id: is required");
  CHECK(refusal(line("complaint_update", R"("id":"c")")) == "complaint_updates schema: step: is required");
  CHECK(refusal(line("complaint_update", R"("id":"c","step":"lost")")) ==
        "complaint_updates schema: step: must be one of acknowledged, first_response, extended, escalated, reopened, "
        "withdrawn, settled, decided, restored, closed");
  CHECK(refusal(line("complaint_update", R"("id":"c","step":"decided","found_for":"upheld")")) ==
        "complaint_updates schema: found_for: must be one of person, partly_person, body, none");
  CHECK(refusal(line("complaint_update", R"("id":"c","step":3)")) ==
        "complaint_updates schema: step: must be a string, got a number");
  CHECK(refusal(line("review", R"("final":1)")) == "reviews schema: prediction_id: is required");
  CHECK(refusal(line("review", R"("prediction_id":"7")")) == "reviews schema: final: is required");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":"2")")) ==
        "reviews unknown_class: final: '2' is not one of the pilot's classes");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":"x")", "demand")) ==
        "reviews schema: final: must be a number, got a string");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"opened_at":"2026-03-01T08:00:01Z")")) ==
        "reviews time: opened_at: is after time, when it was decided");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"opened_at":"noon")")) ==
        "reviews time: opened_at: not an RFC 3339 time with offset (2026-03-01T08:00:00Z)");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"ai_shown":"always")")) ==
        "reviews schema: ai_shown: must be one of first, after_own, never");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"seeded":1)")) ==
        "reviews schema: seeded: must be a boolean, got a number");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"id":{})")) ==
        "reviews schema: id: must be a string, number or boolean, got an object");
  CHECK(refusal(line("review", R"("prediction_id":"7","final":1,"reason":[])")) ==
        "reviews schema: reason: must be a string, got an array");
  CHECK(refusal(line("feedback", "")) == "feedback schema: audience: is required");
  CHECK(refusal(line("feedback", R"("audience":"everyone")")) ==
        "feedback schema: audience: must be one of staff, public");
  CHECK(refusal(line("feedback", R"("audience":"staff","stance":3)")) ==
        "feedback number: stance: must be -2, -1, 0, 1 or 2");
  CHECK(refusal(line("feedback", R"("audience":"staff","stance":0.5)")) ==
        "feedback number: stance: must be -2, -1, 0, 1 or 2");
  CHECK(refusal(line("feedback", R"("audience":"staff","value":"good")")) ==
        "feedback schema: value: must be a number, got a string");
  CHECK(refusal(line("feedback", R"("audience":"staff","theme":7)")) ==
        "feedback schema: theme: must be a string, got a number");
  CHECK(refusal(line("change", "")) == "changes schema: what: is required");
  CHECK(refusal(line("change", R"("what":"weather")")) ==
        "changes schema: what: must be one of model, threshold, data, prompt, policy, ui, staffing, other");
  CHECK(refusal(line("change", R"("what":"model","to":{})")) ==
        "changes schema: to: must be a string, number or boolean, got an object");
  CHECK(refusal(line("change", R"("what":"model","announced":"yes")")) ==
        "changes schema: announced: must be a boolean, got a string");
}

TEST_CASE("decode: who reviewed or answered is in no allow-list, and a reason is not kept") {
  const auto out =
      decode_text(line("review", R"("prediction_id":"7","final":1,"reviewer":"Jansen","reason":"Jansen said so")") +
                  line("feedback", R"("audience":"staff","team":"Jansen")"));
  CHECK(out.dropped_fields == 2);
  CHECK(record::encode_entry({Instant{}, {{"http", out.batch, {}, 0, 0}}}).find("Jansen") == std::string::npos);
  CHECK(refusal(line("feedback", R"("audience":"staff","team":"x")", "strict")) ==
        "feedback unknown_field: 'team': is not allow-listed");
}
