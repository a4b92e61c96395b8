// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "base/bytes.h"

namespace pilotwatch::stats::testing {

template <class State>
std::string bytes_of(const State& state) {
  ByteWriter out;
  state.write(out);
  return out.take();
}

/// Reads `bytes` into a copy of `like` and checks that the same bytes come out; every cut of them must be refused.
template <class State>
State read_back(const State& like, const std::string& bytes) {
  State out = like;
  ByteReader in(bytes);
  out.read(in);
  CHECK(in.at_end());
  CHECK(bytes_of(out) == bytes);
  return out;
}

template <class State>
void check_cuts_refused(const State& like, const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    State out = like;
    ByteReader in(std::string_view(bytes).substr(0, size));
    CHECK_THROWS_AS(out.read(in), CorruptBytes);
  }
}

}  // namespace pilotwatch::stats::testing
