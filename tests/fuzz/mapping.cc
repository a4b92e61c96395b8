// SPDX-License-Identifier: Apache-2.0
// Foreign bytes in the framings that this program is built for. The first byte picks the framing and the source.
#include <algorithm>

#include "fuzz/support.h"
#include "mapping/translator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pilotwatch;
  using mapping::Framing;
  constexpr Framing framings[] = {FUZZ_FRAMINGS};
  if (size == 0) return 0;
  const auto& settings = fuzz::settings();
  const auto& source = settings.sources[data[0] / std::size(framings) % settings.sources.size()];
  mapping::Translator translator(source, settings.ingest.max_line_bytes);
  mapping::Input input;
  input.framing = framings[data[0] % std::size(framings)];
  input.bytes = {reinterpret_cast<const char*>(data) + 1, size - 1};
  input.received = Instant{};
  if (input.framing == Framing::cloudevent) {
    // The first line is the type, the rest the data.
    const auto end = std::min(input.bytes.find('\n'), input.bytes.size());
    input.attributes = {{"id", "1"},
                        {"source", "s"},
                        {"specversion", "1.0"},
                        {"time", "2026-01-01T00:00:00Z"},
                        {"type", std::string(input.bytes.substr(0, end))}};
    input.bytes.remove_prefix(end);
  }
  const auto out = translator.translate(input);
  PW_ASSERT(static_cast<std::size_t>(std::ranges::count(out.records, '\n')) == out.lines.size());
  PW_ASSERT(std::ranges::is_sorted(out.lines));
  if (translator.passes(input.framing)) return 0;
  // Every record that was made is a line of JSON: what decode/ refuses of it, it refuses for what it says.
  const auto decoded = fuzz::decoded(out.records);
  PW_ASSERT(decoded.lines == out.lines.size());
  for (const auto& error : decoded.errors)
    PW_ASSERT(error.reason != record::Reason::json && error.reason != record::Reason::utf8);
  return 0;
}
