// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "runtime/access.h"
#include "runtime/worker.h"

/// Basic authentication (RFC 7617) with bcrypt hashes; no Asio, no Beast.
namespace pilotwatch::runtime {

struct Credentials {
  std::string user, password;
};

/// Of a header `Authorization: Basic ...`; nullopt on anything else, and where user or password have a NUL, behind
/// which bcrypt sees nothing.
[[nodiscard]] std::optional<Credentials> parse_basic(std::string_view authorization);

/// Whether `hash` ($2a$, $2b$ or $2y$) is that of `password`, of which bcrypt reads the first 72 bytes. Compares in
/// constant time. Cost: 2^cost rounds, 50 ms with cost 10 and twice that with each more. Any thread.
[[nodiscard]] bool is_password(const std::string& password, const std::string& hash);

/// Checks passwords on a thread of its own, and remembers those that were right, so that a scrape does not cost a
/// bcrypt each. What it remembers is a keyed digest of user, hash and password: another hash in the file is another
/// digest. Unknown users cost what known ones do. All but the work itself: the owner's thread only.
class PasswordChecker {
 public:
  using Digest = std::array<unsigned char, 32>;
  static constexpr std::size_t max_waiting = 16, max_remembered = 256;

  PasswordChecker();

  /// Was right before, with this hash. Cost: one SHA-256.
  [[nodiscard]] bool remembers(const Access& access, const Credentials& credentials) const;
  /// `done` is called once, on the checker's thread, with what remember() wants, or nullopt where the password is wrong
  /// or the user unknown. False, and no call, when too many wait already.
  [[nodiscard]] bool check(std::shared_ptr<const Access> access, Credentials credentials,
                           std::function<void(std::optional<Digest>)> done);
  void remember(const Digest& digest);
  /// Drops what waits and ends the thread.
  void stop();

  /// Passwords worked out so far. Any thread.
  [[nodiscard]] std::uint64_t checks() const { return checks_; }

 private:
  [[nodiscard]] std::optional<Digest> work_out(const Access& access, const Credentials& credentials);
  [[nodiscard]] Digest digest(const std::string& hash, const Credentials& credentials) const;

  std::array<unsigned char, 32> key_{};  ///< of this process: a dump of memory tells no digest that could be looked up
  std::set<Digest> right_;
  std::deque<Digest> order_;  ///< of right_, oldest first
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::uint64_t> checks_{0};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Worker> worker_;  ///< from the first password on
};

}  // namespace pilotwatch::runtime
