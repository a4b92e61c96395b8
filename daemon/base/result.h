// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>

namespace pilotwatch {

/// What went wrong, in words for the person who has to mend it.
struct Error {
  std::string what;
};

/// An expected failure is a value. Bugs are PW_ASSERT, broken environments are exceptions (see ARCHITECTURE.md,
/// Errors).
template <class T>
using Result = boost::system::result<T, Error>;

/// Found by boost::system::result<T, Error>::value() on an error.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.what);
}

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace pilotwatch

/// On in release builds too; never about input.
#define PW_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::pilotwatch::assertion_failed(#expression, __FILE__, __LINE__))
