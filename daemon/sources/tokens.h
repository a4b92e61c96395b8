// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "settings/settings.h"

/// Who may bring records over HTTP.
namespace pilotwatch::sources {

/// The bearer tokens of a file, one a line (blank ones and those that begin with # do not count). Two valid ones at a
/// time let a token be replaced without a gap. Looked at again at most once a second; while it cannot be read, or holds
/// none, the last ones stay in force. Only digests are kept. Any thread.
class TokenFile {
 public:
  /// Throws std::runtime_error when it cannot be read or holds no token.
  explicit TokenFile(std::filesystem::path path);

  /// In time that depends on the number of tokens only.
  [[nodiscard]] bool holds(std::string_view token);
  /// Times that the file was looked at and could not be used.
  [[nodiscard]] std::uint64_t failures() const;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Stamp {
    std::int64_t modified_ns = 0;
    std::uint64_t size = 0, inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct State {
    std::vector<Digest> tokens;
    std::optional<Stamp> stamp;
    std::chrono::steady_clock::time_point next_look{};
    std::uint64_t failures = 0;
  };
  static Digest digest(std::string_view token);
  [[nodiscard]] std::vector<Digest> read() const;
  [[nodiscard]] std::optional<Stamp> stamp() const;
  void look_again(State& state) const;

  const std::filesystem::path path_;
  Guarded<State> state_;
};

/// Says which source a request belongs to: by its token, or by the name it gives.
class SourceAccess {
 public:
  /// For the sources of that kind. `settings` must outlive it. Throws as TokenFile does.
  SourceAccess(const settings::Settings& settings, settings::SourceKind kind);

  struct Decision {
    const settings::Source* source = nullptr;  ///< null: refused
    unsigned status = 0;                       ///< of the refusal: 401, 403, 404
    const char* detail = "";
  };
  /// `authorization`: the header as it came, or "". `name`: the source that the request names, or "". A token stands
  /// for its source; a name of another one beside it is refused. Without both it is "http" (or the only OTLP source
  /// that asks for no token), where that is let in. Any thread.
  [[nodiscard]] Decision decide(std::string_view authorization, std::string_view name);
  /// Whether `authorization` has a token of one of the sources. Any thread.
  [[nodiscard]] bool knows_token(std::string_view authorization);
  [[nodiscard]] std::uint64_t failures() const;

 private:
  struct Entry {
    const settings::Source* source;
    std::unique_ptr<TokenFile> tokens;  ///< null: asks for none
  };
  [[nodiscard]] const Entry* holder(std::string_view token);
  [[nodiscard]] Decision by_token(std::string_view token, std::string_view name);
  [[nodiscard]] Decision by_name(std::string_view name) const;
  [[nodiscard]] Decision unnamed() const;

  const settings::Settings& settings_;
  settings::SourceKind kind_;
  std::vector<Entry> entries_;
};

}  // namespace pilotwatch::sources
