// SPDX-License-Identifier: Apache-2.0
// The wire format; what was read must survive the journal's form.
#include "fuzz/support.h"
#include "record/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pilotwatch;
  auto out = fuzz::decoded({reinterpret_cast<const char*>(data), size});
  record::Entry entry;
  entry.submissions.emplace_back();
  entry.submissions.front().batch = std::move(out.batch);
  entry.submissions.front().rejects = out.rejects;
  const auto bytes = record::encode_entry(entry);
  PW_ASSERT(record::encode_entry(record::decode_entry(bytes)) == bytes);
  return 0;
}
