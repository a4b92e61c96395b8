// SPDX-License-Identifier: Apache-2.0
// What holds of every input; each test prints its seed.
#include <random>

#include "base/text.h"
#include "mapping/otlp_writer.h"
#include "mapping/support.h"

using namespace pilotwatch;
using mapping::Framing;
using mapping::Translator;
using mapping::testing::source;

namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) { UNSCOPED_INFO("seed " << seed); }
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  std::string word(std::string_view letters, std::size_t longest) {
    std::string out(below(longest + 1), ' ');
    for (auto& c : out) c = letters[below(letters.size())];
    return out;
  }

 private:
  std::mt19937 engine_;
};

/// Records and the reasons of rejects, without lines.
std::string result(Translator& translator, std::string_view bytes, Framing framing, const std::string& header) {
  mapping::Input input;
  input.bytes = bytes;
  input.framing = framing;
  input.csv_header = header;
  const auto out = translator.translate(input);
  std::string shown = out.records;
  for (const auto& reject : out.rejects) shown += '#' + std::to_string(static_cast<int>(reject.reason));
  return shown;
}

/// Records and rejects of the pieces, in the order "all records, all rejects".
void check_split(Random& random, Framing framing, const std::string& header, const std::vector<std::string>& lines) {
  Translator translator(
      source("http: true, map: [{type: change, fields: {what: {value: data}, time: {value: t}, to: a, "
             "from: {from: b, values: {x: y}}}}]"),
      1000);
  std::string whole;
  for (const auto& line : lines) whole += line;
  const auto expected = result(translator, whole, framing, header);
  std::string records, rejects;
  for (std::size_t i = 0; i < lines.size();) {
    std::string piece;
    for (auto left = 1 + random.below(5); left > 0 && i < lines.size(); --left) piece += lines[i++];
    const auto part = result(translator, piece, framing, header);
    const auto hash = std::min(part.find('#'), part.size());
    records += part.substr(0, hash);
    rejects += part.substr(hash);
  }
  CHECK(records + rejects == expected);
}

}  // namespace

TEST_CASE("input split at any line gives the same records") {
  const auto seed = std::random_device{}();
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> lines, rows;
    for (std::size_t i = 0, n = 1 + random.below(20); i < n; ++i) {
      const auto a = random.word("abc\\n", 4);
      const std::string b = random.below(3) == 0 ? "z" : "x";
      lines.push_back(random.below(5) == 0 ? "{" + a + "\n"
                                           : R"({"a":"v)" + random.word("xyz", 5) + R"(","b":")" + b + "\"}\n");
      rows.push_back(random.below(5) == 0 ? "1\n" : "\"" + random.word("q,\n", 5) + "v\"," + b + "\n");
    }
    INFO("round " << round);
    check_split(random, Framing::json, "", lines);
    check_split(random, Framing::csv, "a,b", rows);
  }
}

TEST_CASE("what is written as CSV is read as it was") {
  const auto seed = std::random_device{}();
  Random random(seed);
  for (int round = 0; round < 500; ++round) {
    const char separator = ",;\t"[random.below(3)];
    const auto cell = random.word("ab\",;\t\r\n 1\xC3\xA9", 12);
    const auto valid = to_valid_utf8(cell);
    std::string quoted = "\"";
    for (const char c : valid) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    const std::string table = std::string("v") + separator + "w\r\n" + quoted + "\"" + separator + "end\r\n";
    const std::string name = separator == '\t' ? "tab" : std::string(1, separator);
    Translator translator(source("http: true, separator: \"" + name +
                                 "\", map: [{type: change, fields: {what: {value: data}, time: w, to: v}}]"),
                          1000);
    auto expected = std::string(R"({"type":"change","what":"data","time":"end")");
    if (!valid.empty()) {
      expected += R"(,"to":")";
      for (const char c : valid) {
        const std::string_view escapes = "\"\"\tt\rr\nn";
        const auto at = escapes.find(c);
        const bool escaped = c == '"' || c == '\t' || c == '\r' || c == '\n';
        expected += escaped ? std::string("\\") + escapes[at + 1] : std::string(1, c);
      }
      expected += '"';
    }
    INFO("seed " << seed << " round " << round << " table " << table);
    CHECK(result(translator, table, Framing::csv, "") == expected + "}\n");
  }
}

TEST_CASE("OTLP in JSON and in protobuf is the same") {
  const auto seed = std::random_device{}();
  for (unsigned round = 0; round < 300; ++round) {
    INFO("seed " << seed << " round " << round);
    const auto message = mapping::testing::random_otlp(seed + round);
    Translator translator(
        source("otlp: true, map: [{type: prediction, fields: {id: {value: i}, time: {value: t}, features: .}}]"),
        1 << 20);
    const auto read = [&](const std::string& bytes, Framing framing) { return result(translator, bytes, framing, ""); };
    const auto logs = read(message.logs_json, Framing::otlp_logs_json);
    CHECK(logs == read(message.logs_protobuf, Framing::otlp_logs_protobuf));
    const auto spans = read(message.traces_json, Framing::otlp_traces_json);
    CHECK(spans == read(message.traces_protobuf, Framing::otlp_traces_protobuf));
    CHECK(logs.find("attr.") != std::string::npos);
    CHECK(spans.find("\"links.0.trace_id\":\"") != std::string::npos);
  }
}
