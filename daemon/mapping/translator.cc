// SPDX-License-Identifier: Apache-2.0
#include "mapping/translator.h"

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "mapping/cloudevents.h"
#include "mapping/csv.h"
#include "mapping/field.h"
#include "mapping/otlp.h"
#include "mapping/pieces.h"
#include "mapping/prepare.h"
#include "mapping/rules.h"

namespace pilotwatch::mapping {
namespace {

using record::Reason;
using record::Stream;
using settings::SourcePreset;

constexpr std::uint64_t output_of_one = 16;  ///< times max_line_bytes: what one foreign record may become

void each_otlp(const Input& input, std::uint64_t max_line_bytes,
               const std::function<void(const std::function<Json()>&)>& take) {
  switch (input.framing) {
    case Framing::otlp_logs_json:
      return read_otlp_logs_json(input.bytes, take);
    case Framing::otlp_logs_protobuf:
      return read_otlp_logs_protobuf(input.bytes, max_line_bytes, take);
    case Framing::otlp_traces_json:
      return read_otlp_traces_json(input.bytes, take);
    default:
      return read_otlp_traces_protobuf(input.bytes, max_line_bytes, take);
  }
}

/// Ends the reading of an input of which hardly anything can be used.
struct TooManyRejects {};
/// Ends one foreign record: what is left of it would be too much as well.
struct EndOfRecord {
  Refusal refusal;
};

}  // namespace

struct Translator::Impl {
  Impl(const settings::Source& of, std::uint64_t max) : source(of), max_line_bytes(max), rules(of.mapping) {}
  const settings::Source& source;
  std::uint64_t max_line_bytes;
  Rules rules;
};

namespace {

/// One call of translate().
class Run {
 public:
  Run(const settings::Source& source, const Rules& rules, std::uint64_t max_line_bytes, const Input& input, Output& out)
      : source_(source), rules_(rules), max_line_bytes_(max_line_bytes), input_(input), out_(out) {
    if (input.received) received_ = format_rfc3339(*input.received);
  }

  void read() {
    switch (input_.framing) {
      case Framing::json:
        return pieces([&](std::string_view text) { json(text); });
      case Framing::csv:
        return csv();
      case Framing::cloudevent:
        return foreign(1, [&] {
          check_length(input_.bytes);
          map(event_of(input_.attributes, input_.bytes));
        });
      case Framing::cloudevents:
        return pieces([&](std::string_view text) {
          auto event = parse_json(text);
          complete_event(event);
          map(std::move(event));
        });
      default:
        return otlp();
    }
  }

 private:
  /// Whether members have the names of the wire format, unless a rule says otherwise.
  [[nodiscard]] bool takes_wire_names() const {
    return source_.mapping.preset == SourcePreset::csv ||
           (input_.framing == Framing::csv && source_.mapping.preset == SourcePreset::pilotwatch);
  }

  void check_length(std::string_view text) const {
    if (text.size() > max_line_bytes_)
      throw Refusal{Reason::line_too_long,
                    "longer than ingest.max_line_bytes (" + std::to_string(max_line_bytes_) + ")"};
  }

  /// Runs `work` for the foreign record of this line; what it throws refuses the record.
  template <class Work>
  void foreign(std::uint32_t line, Work work) {
    line_ = line;
    start_ = out_.records.size();
    try {
      work();
    } catch (Refusal& refusal) {
      refuse(input_.stream, std::move(refusal));
    } catch (EndOfRecord& end) {
      refuse(input_.stream, std::move(end.refusal));
    }
  }

  template <class Work>
  void pieces(Work work) {
    for_each_piece(input_.bytes, [&](const Piece& piece) {
      foreign(piece.line, [&] {
        check_length(piece.text);
        work(piece.text);
      });
    });
  }

  void json(std::string_view text) {
    if (source_.mapping.identity()) return write(on_one_line(text));
    auto record = parse_json(text);
    if (!record.is_object()) throw Refusal{Reason::schema, "a record must be an object"};
    map(std::move(record));
  }

  void csv() {
    CsvReader reader(input_.bytes, source_.separator, max_line_bytes_);
    auto header = input_.csv_header.empty() ? reader.next()
                                            : CsvReader(input_.csv_header, source_.separator, max_line_bytes_).next();
    const auto problem = header ? problem_of_header(*header) : "the header: it is empty";
    if (header && input_.csv_header.empty() && !problem.empty())
      foreign(header->line, [&] { throw Refusal{Reason::csv, problem}; });
    while (auto row = reader.next()) {
      foreign(row->line, [&] {
        if (!problem.empty()) throw Refusal{Reason::csv, problem};  // each, so that it is counted and kept
        map(object_of(header->cells, *row), true);
      });
    }
  }

  /// Why no row can be read by it; "" = they can.
  static std::string problem_of_header(const CsvRow& row) {
    if (!row.problem.empty()) return "the header: " + row.problem;
    auto sorted = row.cells;
    std::ranges::sort(sorted);
    if (std::ranges::adjacent_find(sorted) != sorted.end()) return "the header: two columns have one name";
    return row.cells.size() > max_members ? "the header: more than 1024 columns" : "";
  }

  static Json object_of(const std::vector<std::string>& columns, CsvRow& row) {
    if (!row.problem.empty()) throw Refusal{row.problem == "not valid UTF-8" ? Reason::utf8 : Reason::csv, row.problem};
    if (row.cells.size() != columns.size()) {
      throw Refusal{Reason::csv,
                    std::to_string(row.cells.size()) + " fields, the header has " + std::to_string(columns.size())};
    }
    Json::object_t out;
    for (std::size_t i = 0; i < columns.size(); ++i) out.Container::emplace_back(columns[i], std::move(row.cells[i]));
    return out;
  }

  void otlp() {
    std::uint32_t line = 0;
    const auto take = [&](const std::function<Json()>& flat) {
      if (line == max_otlp_records) throw Refusal{Reason::mapping, "more than 200,000 records in one message"};
      foreign(++line, [&] { map(flat()); });
    };
    try {
      each_otlp(input_, max_line_bytes_, take);
    } catch (Refusal& refusal) {
      line_ = line + 1;
      refuse(input_.stream, std::move(refusal));
    }
  }

  void map(Json record, bool cells_are_text = false) {
    prepare(source_.mapping.preset, record);
    const Sink sink{[&](const Json& made) { write(to_line(made)); },
                    [&](Stream stream, Refusal refusal) { refuse(stream, std::move(refusal)); }};
    if (rules_.apply(record, cells_are_text, received_, sink)) return;
    if (takes_wire_names()) return by_names(record, cells_are_text);
    if (source_.mapping.identity() && carries_events()) return data_of(record);
    if (carries_telemetry()) {
      ++out_.ignored;
      return;
    }
    throw Refusal{Reason::unmapped, "no rule of the source made a record of it"};
  }

  [[nodiscard]] bool carries_events() const {
    return input_.framing == Framing::cloudevent || input_.framing == Framing::cloudevents;
  }
  /// Logs and traces of a whole program, of which a few are about its AI system.
  [[nodiscard]] bool carries_telemetry() const {
    return input_.framing == Framing::otlp_logs_json || input_.framing == Framing::otlp_logs_protobuf ||
           input_.framing == Framing::otlp_traces_json || input_.framing == Framing::otlp_traces_protobuf;
  }

  void by_names(const Json& record, bool cells_are_text) {
    auto made = by_wire_names(record, cells_are_text, type_of_stream(input_.stream));
    const auto* type = member(made, "type");
    if (type != nullptr && type->is_string()) {
      const auto name = text_of(*type);
      rules_.extend(record, cells_are_text, name, made);
    }
    write(to_line(made));
  }

  /// An event whose data is a record of the wire format, or an array of them; they have its time where they have none.
  void data_of(const Json& event) {
    const auto* data = member(event, "data");
    if (data == nullptr) throw Refusal{Reason::unmapped, "the event has no data"};
    const auto take = [&](Json made) {
      if (!made.is_object()) throw Refusal{Reason::schema, "data: a record must be an object"};
      const auto* time = member(event, "time");
      if (time != nullptr && !made.contains("time") && !made.contains("ts")) made["time"] = *time;
      write(to_line(made));
    };
    if (!data->is_array()) return take(*data);
    if (data->size() > max_rows) throw Refusal{Reason::mapping, "data: more than 10000 records"};
    for (const auto& item : *data) take(item);
  }

  void write(const std::string& record) {
    if (out_.records.size() - start_ + record.size() > output_of_one * max_line_bytes_)
      throw EndOfRecord{{Reason::mapping, "becomes more than 16 times ingest.max_line_bytes"}};
    if (out_.records.size() + record.size() > max_output_bytes)
      throw EndOfRecord{{Reason::mapping, "the records of one delivery become more than 256 MB"}};
    (out_.records += record) += '\n';
    out_.lines.push_back(line_);
  }

  void refuse(Stream stream, Refusal refusal) {
    auto& all = out_.rejects;
    if (all.size() >= max_details) refusal.detail.clear();
    all.push_back({line_, stream, refusal.reason, std::move(refusal.detail)});
    if (all.size() + 1 < max_rejects) return;
    all.push_back({line_, input_.stream, refusal.reason, "and all that follows"});
    throw TooManyRejects{};
  }

  const settings::Source& source_;
  const Rules& rules_;
  std::uint64_t max_line_bytes_;
  const Input& input_;
  Output& out_;
  std::string received_;
  std::uint32_t line_ = 0;
  std::size_t start_ = 0;  ///< of what the present foreign record became
};

}  // namespace

Translator::Translator(const settings::Source& source, std::uint64_t max_line_bytes)
    : impl_(std::make_unique<Impl>(source, max_line_bytes)) {}
Translator::~Translator() = default;

std::vector<std::string> Translator::texts_at(const settings::Source& source, const Input& input,
                                              std::uint64_t max_line_bytes, const std::vector<std::uint32_t>& lines,
                                              std::size_t max_bytes) {
  std::vector<std::string> out(lines.size());
  const auto keep = [&](std::uint32_t line, std::string_view text) {
    const auto [from, to] = std::equal_range(lines.begin(), lines.end(), line);
    for (auto at = from; at != to; ++at)
      out[static_cast<std::size_t>(at - lines.begin())] = ellipsis(to_valid_utf8(text), max_bytes);
  };
  switch (input.framing) {
    case Framing::json:
    case Framing::cloudevents:
      for_each_piece(input.bytes, [&](const Piece& piece) { keep(piece.line, piece.text); });
      break;
    case Framing::cloudevent:
      keep(1, input.bytes);
      break;
    case Framing::csv: {
      CsvReader reader(input.bytes, source.separator, max_line_bytes);
      while (const auto row = reader.next()) keep(row->line, row->text);
      break;
    }
    default:
      std::uint32_t line = 0;
      const auto take = [&](const std::function<Json()>& flat) {
        if (!std::ranges::binary_search(lines, ++line)) return;
        try {
          keep(line, to_line(flat()));
        } catch (const Refusal&) {  // its detail says why
        }
      };
      try {
        each_otlp(input, max_line_bytes, take);
      } catch (const Refusal&) {  // so does that of the message
      }
  }
  return out;
}

bool Translator::passes(Framing framing) const { return framing == Framing::json && impl_->source.mapping.identity(); }

Output Translator::translate(const Input& input) {
  Output out;
  try {
    Run(impl_->source, impl_->rules, impl_->max_line_bytes, input, out).read();
  } catch (const TooManyRejects&) {  // the last reject says it
  }
  return out;
}

}  // namespace pilotwatch::mapping
