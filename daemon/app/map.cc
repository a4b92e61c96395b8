// SPDX-License-Identifier: Apache-2.0
// What a source's mapping makes of a sample: for each foreign record its wire records, or why there are none.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "decode/decode.h"
#include "mapping/translator.h"
#include "settings/load.h"

namespace pilotwatch::app {
namespace {

using Json = nlohmann::ordered_json;
using mapping::Framing;

constexpr int exit_usage = 2;

/// In the order of Framing.
constexpr std::string_view framing_names[] = {"json",        "csv",
                                              "cloudevent",  "cloudevents",
                                              "otlp-logs-json",   "otlp-logs-protobuf",
                                              "otlp-traces-json", "otlp-traces-protobuf"};

struct UsageError {
  std::string what;
};

const settings::Source& find_source(const settings::Settings& settings, const std::string& name) {
  if (name == settings.http.name) return settings.http;
  std::string known = settings.http.name;
  for (const auto& source : settings.sources) {
    if (source.name == name) return source;
    known += ", " + source.name;
  }
  throw UsageError{"no source '" + name + "'; there are: " + known};
}

/// What HTTP ingest makes of a Content-Type.
Framing framing_of_type(std::string type) {
  type = type.substr(0, type.find(';'));
  type.erase(type.find_last_not_of(' ') + 1);
  std::ranges::transform(type, type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (type == "text/csv") return Framing::csv;
  if (type == "application/cloudevents+json" || type == "application/cloudevents-batch+json")
    return Framing::cloudevents;
  if (type == "application/json" || type == "application/x-ndjson" || type == "text/plain") return Framing::json;
  throw UsageError{"--content-type: cannot tell what '" + type + "' holds; name it with --framing"};
}

/// "ce-id: x" as the attribute id, "content-type: y" as datacontenttype; others do not count.
std::vector<std::pair<std::string, std::string>> attributes_of(const std::vector<std::string>& headers) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& header : headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos) throw UsageError{"--header: must be 'name: value'"};
    std::string name = header.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto start = header.find_first_not_of(' ', colon + 1);
    const auto value = start == std::string::npos ? "" : header.substr(start);
    if (name.starts_with("ce-")) out.emplace_back(name.substr(3), value);
    if (name == "content-type") out.emplace_back("datacontenttype", value);
  }
  return out;
}

Framing framing_of(const MapOptions& options, const settings::Source& source, bool has_attributes) {
  if (!options.framing.empty()) {
    const auto found = std::ranges::find(framing_names, options.framing);
    if (found == std::end(framing_names)) throw UsageError{"--framing: unknown '" + options.framing + "'"};
    return static_cast<Framing>(found - std::begin(framing_names));
  }
  if (has_attributes) return Framing::cloudevent;
  if (!options.content_type.empty()) return framing_of_type(options.content_type);
  if (source.kind == settings::SourceKind::otlp)
    throw UsageError{"--framing: needed for a source of kind otlp, otlp-logs-json for example"};
  return source.format == settings::SourceFormat::csv ? Framing::csv : Framing::json;
}

Json refusal(const record::Reject& reject) {
  return {{"reason", record::reason_names[static_cast<std::size_t>(reject.reason)]}, {"detail", reject.detail}};
}

/// One record after the other, each with what the decoder says of it.
class Judgement {
 public:
  Judgement(const settings::Settings& settings, const settings::Source& source)
      : source_(source), decoder_(settings, key_) {}

  Json operator()(std::string_view line) {
    decode::Input input;
    input.bytes = line;
    input.pilot = source_.pilot;
    input.any_time = true;
    const auto decoded = decoder_.decode(input);
    Json out = Json::object();
    auto record = Json::parse(line, nullptr, false);
    if (!record.is_discarded()) out["record"] = std::move(record);
    out["accepted"] = decoded.errors.empty();
    if (!decoded.errors.empty()) out.update(refusal(decoded.errors.front()));
    if (decoded.dropped_fields > 0) out["dropped_fields"] = decoded.dropped_fields;
    (decoded.errors.empty() ? accepted : refused) += 1;
    return out;
  }

  std::uint64_t accepted = 0, refused = 0;

 private:
  const settings::Source& source_;
  IdKey key_{};  // nothing hashed leaves the process
  decode::Decoder decoder_;
};

void print(const Json& line) { std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'; }

/// Lines of output and of rejects, merged by foreign line.
class Report {
 public:
  Report(const mapping::Output& mapped, Judgement& judge) : mapped_(mapped), judge_(judge) {}

  void print_all() {
    while (record_ < mapped_.lines.size() || reject_ < mapped_.rejects.size()) print(next());
  }

 private:
  Json next() {
    const auto of_record = record_ < mapped_.lines.size() ? mapped_.lines[record_] : UINT32_MAX;
    const auto of_reject = reject_ < mapped_.rejects.size() ? mapped_.rejects[reject_].line : UINT32_MAX;
    const auto line = std::min(of_record, of_reject);
    Json out = {{"line", line}};
    for (; record_ < mapped_.lines.size() && mapped_.lines[record_] == line; ++record_) {
      const auto end = mapped_.records.find('\n', at_);
      out["records"].push_back(judge_(std::string_view(mapped_.records).substr(at_, end - at_)));
      at_ = end + 1;
    }
    for (; reject_ < mapped_.rejects.size() && mapped_.rejects[reject_].line == line; ++reject_)
      out["refused"].push_back(refusal(mapped_.rejects[reject_]));
    return out;
  }

  const mapping::Output& mapped_;
  Judgement& judge_;
  std::size_t record_ = 0, reject_ = 0, at_ = 0;
};

int map(const MapOptions& options, const settings::Settings& settings) {
  const auto& source = find_source(settings, options.source);
  mapping::Input input;
  const std::string bytes{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  input.bytes = bytes;
  input.attributes = attributes_of(options.headers);
  input.framing = framing_of(options, source, !input.attributes.empty());
  input.received = SystemClock().now();
  mapping::Translator translator(source, settings.ingest.max_line_bytes);
  const auto mapped = translator.translate(input);
  Judgement judge(settings, source);
  Report(mapped, judge).print_all();
  const auto unmapped = mapped.rejects.size();
  std::cout.flush();
  std::fprintf(stderr, "%llu records accepted, %llu refused; %llu foreign records or elements without one, %llu ignored\n",
               static_cast<unsigned long long>(judge.accepted), static_cast<unsigned long long>(judge.refused),
               static_cast<unsigned long long>(unmapped), static_cast<unsigned long long>(mapped.ignored));
  return judge.refused + unmapped > 0 ? 1 : 0;
}

}  // namespace

int map_sample(const MapOptions& options) {
  const auto loaded = settings::load(options.config_file);
  if (const auto* problems = std::get_if<std::vector<settings::Problem>>(&loaded)) {
    for (const auto& problem : *problems) std::cerr << settings::to_string(problem) << '\n';
    return exit_usage;
  }
  try {
    return map(options, std::get<settings::Settings>(loaded));
  } catch (const UsageError& error) {
    std::cerr << "pilotwatch map: " << error.what << '\n';
    return exit_usage;
  }
}

}  // namespace pilotwatch::app
