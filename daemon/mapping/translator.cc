// SPDX-License-Identifier: Apache-2.0
#include "mapping/translator.h"

namespace pilotwatch::mapping {

struct Translator::Impl {
  Impl(const settings::Source& of, std::uint64_t max) : source(of), max_line_bytes(max) {}
  const settings::Source& source;
  std::uint64_t max_line_bytes;
};

Translator::Translator(const settings::Source& source, std::uint64_t max_line_bytes)
    : impl_(std::make_unique<Impl>(source, max_line_bytes)) {}
Translator::~Translator() = default;

bool Translator::passes(Framing framing) const { return framing == Framing::json && impl_->source.mapping.identity(); }

Output Translator::translate(const Input& input) {
  Output out;
  out.records = input.bytes;
  return out;
}

}  // namespace pilotwatch::mapping
