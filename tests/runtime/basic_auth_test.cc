// SPDX-License-Identifier: Apache-2.0
#include "runtime/basic_auth.h"

#include <catch2/catch.hpp>
#include <future>

using namespace pilotwatch::runtime;
using namespace std::chrono_literals;

namespace {

// Published vectors of crypt_blowfish (Openwall).
constexpr const char* u_star_u = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr const char* empty_password = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy";

std::shared_ptr<const Access> users(std::map<std::string, std::string> given) {
  Access access;
  access.users = std::move(given);
  return std::make_shared<const Access>(std::move(access));
}

std::optional<PasswordChecker::Digest> check(PasswordChecker& checker, const std::shared_ptr<const Access>& access,
                                             const Credentials& credentials) {
  const auto result = std::make_shared<std::promise<std::optional<PasswordChecker::Digest>>>();
  auto answer = result->get_future();
  REQUIRE(checker.check(access, credentials, [result](const auto& right) { result->set_value(right); }));
  REQUIRE(answer.wait_for(20s) == std::future_status::ready);
  return answer.get();
}

}  // namespace

TEST_CASE("basic auth: bcrypt as published, in its three spellings") {
  CHECK(is_password("U*U", u_star_u));
  CHECK(is_password("", empty_password));
  CHECK_FALSE(is_password("U*V", u_star_u));
  CHECK_FALSE(is_password("", u_star_u));
  for (const char letter : {'b', 'y'}) {
    std::string other = u_star_u;
    other[2] = letter;
    CHECK(is_password("U*U", other));
  }
  CHECK_FALSE(is_password("U*U", "$2a$05$tooshort"));
  CHECK_FALSE(is_password("U*U", ""));
}

TEST_CASE("basic auth: the header as RFC 7617 has it") {
  const auto parsed = parse_basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  REQUIRE(parsed);
  CHECK(parsed->user == "Aladdin");
  CHECK(parsed->password == "open sesame");
  CHECK(parse_basic("basic  YTpiOmM=")->password == "b:c");
  CHECK(parse_basic("Basic YTo=")->password.empty());
  for (const auto* wrong : {"", "Basic", "Basic ", "Bearer YTpi", "Basic YTpi=", "Basic YQ==", "Basic Y!==",
                            "Basic ====", "Basic YTpiAGM=" /* a:b NUL c */}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_basic(wrong));
  }
  CHECK_FALSE(parse_basic("Basic " + std::string(2000, 'A')));
}

TEST_CASE("password checker: says who is right, and remembers only those, by their hash") {
  PasswordChecker checker;
  const auto access = users({{"u", u_star_u}, {"v", empty_password}});
  const Credentials right{"u", "U*U"};
  CHECK_FALSE(checker.remembers(*access, right));
  const auto digest = check(checker, access, right);
  REQUIRE(digest);
  checker.remember(*digest);
  CHECK(checker.remembers(*access, right));
  CHECK(checker.checks() == 1);
  for (const auto& wrong : {Credentials{"u", "U*V"}, Credentials{"nobody", "U*U"}, Credentials{"v", "U*U"}}) {
    CHECK_FALSE(checker.remembers(*access, wrong));
    CHECK_FALSE(check(checker, access, wrong));
  }
  CHECK(checker.checks() == 4);
  CHECK_FALSE(checker.remembers(*users({{"u", empty_password}}), right));
  CHECK_FALSE(checker.remembers(*users({}), right));
}

TEST_CASE("password checker: remembers a bounded number, the newest") {
  PasswordChecker checker;
  const auto access = users({{"u", u_star_u}});
  const auto digest = check(checker, access, {"u", "U*U"});
  checker.remember(*digest);
  for (unsigned i = 0; i < PasswordChecker::max_remembered; ++i) {
    PasswordChecker::Digest other{};
    other[0] = static_cast<unsigned char>(i);
    other[1] = 1;
    checker.remember(other);
  }
  CHECK_FALSE(checker.remembers(*access, {"u", "U*U"}));
}

TEST_CASE("password checker: only so many wait, and none after it has stopped") {
  PasswordChecker checker;
  const auto access = users({{"u", u_star_u}});
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  std::atomic<std::size_t> answers{0};
  const auto answer = [&, opened](const auto&) {
    opened.wait();
    ++answers;
  };
  std::size_t taken = 0;
  while (checker.check(access, {"u", "x"}, answer)) REQUIRE(++taken <= PasswordChecker::max_waiting);
  CHECK(taken == PasswordChecker::max_waiting);
  gate.set_value();
  checker.stop();
  const std::size_t answered = answers;
  CHECK(answered <= taken);
  CHECK_FALSE(checker.check(access, {"u", "x"}, answer));
  CHECK(answers == answered);
}
