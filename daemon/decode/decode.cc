// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "decode/interner.h"
#include "decode/object.h"
#include "decode/schema.h"

namespace pilotwatch::decode {
namespace {

using record::Reason;
using record::Stream;

PilotSchema schema_of(const settings::Pilot& pilot) {
  PilotSchema schema;
  schema.settings = &pilot;
  for (const auto& feature : pilot.features) schema.features.emplace(feature.name, feature.kind);
  for (const auto& attribute : pilot.segments.attributes) schema.attributes.insert(attribute);
  for (const auto& label : pilot.classes) schema.classes.insert(label);
  for (std::size_t i = 0; i < schema.id_domains.size(); ++i)
    (schema.id_domains[i] = pilot.name).append(1, '\0').append(id_kind_names[i]);
  return schema;
}

Reason reason_of(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return Reason::utf8;
    case simdjson::DEPTH_ERROR:
      return Reason::depth;
    case simdjson::NUMBER_ERROR:
      return Reason::number;
    default:
      return Reason::json;
  }
}

std::string detail_of(simdjson::error_code code) {
  switch (code) {
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::DEPTH_ERROR:
      return "nested deeper than 32 levels";
    case simdjson::NUMBER_ERROR:
      return "a number is malformed or too large";
    default:
      return "not valid JSON";
  }
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

struct Decoder::Impl {
  Impl(const settings::Settings& settings, const IdKey& key)
      : hasher(key), max_line_bytes(settings.ingest.max_line_bytes) {
    for (const auto& pilot : settings.pilots) pilots.emplace(pilot.name, schema_of(pilot));
  }

  TextMap<PilotSchema> pilots;
  IdHasher hasher;
  std::uint64_t max_line_bytes;
  simdjson::dom::parser parser;
  std::size_t parser_capacity = 0;
  std::string padded;
};

namespace {

/// One call of decode(): where records and rejects of one input are gathered.
class Run {
 public:
  Run(simdjson::dom::parser& parser, std::size_t& capacity, std::uint64_t max_line_bytes, Output& out, Reading& reading,
      bool keep_text)
      : parser_(parser),
        capacity_(capacity),
        max_line_bytes_(max_line_bytes),
        out_(out),
        reading_(reading),
        keep_text_(keep_text) {}

  /// `text` must be followed by SIMDJSON_PADDING readable bytes.
  void whole(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return;
    if (text[first] == '[' && array(text)) return;
    if (text[first] == '{' && spread_object(text)) return;
    lines(text);
  }

 private:
  simdjson::simdjson_result<simdjson::dom::element> parse(std::string_view text, std::size_t depth) {
    if (text.size() > capacity_ || depth != depth_) {
      const std::size_t wanted = std::max<std::size_t>(std::max(text.size(), capacity_), 1 << 16);
      if (const auto error = parser_.allocate(wanted, depth)) return error;
      capacity_ = wanted;
      depth_ = depth;
    }
    return parser_.parse(text.data(), text.size(), false);
  }

  /// False: not an array as a whole, perhaps lines of arrays.
  bool array(std::string_view text) {
    simdjson::dom::array elements;
    const auto error = parse(text, max_depth + 1).get_array().get(elements);
    if (error == simdjson::SUCCESS) {
      for (const auto element : elements) item(element);
      return true;
    }
    // Lines of which the first begins with a bracket deserve an answer each; a broken array gets one.
    if (second_line_is_a_record(text)) return false;
    ++line_;
    refuse(Stream::unknown, reason_of(error), "the array as a whole: " + detail_of(error));
    return true;
  }

  static bool second_line_is_a_record(std::string_view text) {
    const auto end = text.find('\n');
    auto rest = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto start = rest.find_first_not_of(" \t\r\n");
    rest = start == std::string_view::npos ? std::string_view{} : rest.substr(start);
    rest = rest.substr(0, rest.find('\n'));
    const auto last = rest.find_last_not_of(" \t\r");
    return rest.starts_with('{') && rest[last] == '}';  // in an array a comma would follow, or stand before it
  }

  /// One object printed over several lines: only tried where the first line is no object of its own.
  bool spread_object(std::string_view text) {
    const auto end = text.find('\n', text.find('{'));
    if (end == std::string_view::npos || blank(text.substr(end))) return false;
    const auto head = text.substr(0, end);
    if (head.size() <= max_line_bytes_ && parse(head, max_depth).error() == simdjson::SUCCESS) return false;
    if (text.size() > max_line_bytes_) return false;
    simdjson::dom::element element;
    if (parse(text, max_depth).get(element) != simdjson::SUCCESS) return false;
    item(element);
    return true;
  }

  void lines(std::string_view text) {
    constexpr std::size_t usual_line = 256, most_reserved = 4096;
    out_.batch.records.reserve(std::min(text.size() / usual_line, most_reserved));
    while (!text.empty()) {
      const auto end = text.find('\n');
      const auto line = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++line_;
      if (!blank(line)) one_line(line);
    }
  }

  void one_line(std::string_view line) {
    text_ = line;
    if (line.size() > max_line_bytes_) {
      return refuse(Stream::unknown, Reason::line_too_long,
                    "longer than ingest.max_line_bytes (" + std::to_string(max_line_bytes_) + ")");
    }
    simdjson::dom::element element;
    if (const auto error = parse(line, max_depth).get(element))
      return refuse(Stream::unknown, reason_of(error), detail_of(error));
    --line_;  // item() counts it
    item(element);
  }

  void item(const simdjson::dom::element& element) {
    ++line_;
    Stream stream = Stream::unknown;
    simdjson::dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS)
      return refuse(stream, Reason::schema, "a record must be an object");
    reading_.line = line_;
    auto& records = out_.batch.records;
    try {
      auto& record = records.emplace_back();  // read where it stays: records are large, and moving them is not free
      record.line = line_;
      read_object(object, reading_, stream, record);
      ++out_.lines;
    } catch (Refusal& refusal) {
      records.pop_back();
      refuse(stream, refusal.reason, std::move(refusal.detail));
    }
  }

  void refuse(Stream stream, Reason reason, std::string detail) {
    record::Reject reject{line_, stream, reason, std::move(detail)};
    if (stream == Stream::unknown) reject.stream = reading_.default_stream;
    out_.rejects.add(reject);
    ++out_.lines;
    if (out_.errors.size() >= max_errors) return;
    if (keep_text_) reject.text = ellipsis(text_, max_kept_text);
    out_.errors.push_back(std::move(reject));
  }

  simdjson::dom::parser& parser_;
  std::size_t& capacity_;
  std::size_t depth_ = 0;
  std::uint64_t max_line_bytes_;
  Output& out_;
  Reading& reading_;
  bool keep_text_;
  std::string_view text_;  ///< the line, where the input has lines
  std::uint32_t line_ = 0;
};

}  // namespace

Decoder::Decoder(const settings::Settings& settings, const IdKey& key) : impl_(std::make_unique<Impl>(settings, key)) {}
Decoder::~Decoder() = default;

Output Decoder::decode(const Input& input) {
  Output out;
  // simdjson reads a little past the end of what it parses.
  impl_->padded.assign(input.bytes);
  impl_->padded.append(simdjson::SIMDJSON_PADDING, ' ');
  Interner intern(out.batch);
  Names names;
  Reading reading{impl_->pilots, impl_->hasher, intern,       names,
                  out.dropped_fields, input.stream, input.pilot, input.pilots,
                  input.idempotency_key, input.wall, input.any_time};
  Run run(impl_->parser, impl_->parser_capacity, impl_->max_line_bytes, out, reading, input.keep_text);
  run.whole(std::string_view(impl_->padded).substr(0, input.bytes.size()));
  if (impl_->padded.capacity() > (8U << 20)) impl_->padded = {};  // a large body must not be held for ever
  return out;
}

}  // namespace pilotwatch::decode
