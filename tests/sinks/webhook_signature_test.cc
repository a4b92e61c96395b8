// SPDX-License-Identifier: Apache-2.0
#include "sinks/webhook_signature.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/scratch_dir.h"

using namespace pilotwatch;
using namespace pilotwatch::sinks;
using Catch::Matchers::Contains;
using pilotwatch::testing::append;
using pilotwatch::testing::ScratchDir;

namespace {

// The worked example of Standard Webhooks' own libraries.
constexpr const char* example_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* example_id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr const char* example_time = "1614265330";
constexpr const char* example_body = R"({"test": 2432232314})";
constexpr const char* example_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

// Bytes 0 to 31, and 0 to 63; signatures by Python's hmac.
constexpr const char* counted_32 = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* counted_64 =
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

std::string key(const char* secret) { return parse_webhook_secret(secret).value(); }

std::filesystem::path secret_file(const ScratchDir& folder, const char* name, const std::string& text,
                                  mode_t mode = 0600) {
  const auto file = folder.path() / name;
  append(file, text);
  ::chmod(file.c_str(), mode);
  return file;
}

}  // namespace

TEST_CASE("webhook signature: worked values") {
  CHECK(webhook_signature(key(example_secret), example_id, example_time, example_body) == example_signature);
  CHECK(webhook_signature(key(counted_32), example_id, example_time, example_body) ==
        "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI=");
  CHECK(webhook_signature(key(counted_64), "evt_1", "1", "") == "v1,yWdaWE9VZZ0QxlmhwCVuMLF336ea5wNzeATIViKEURk=");
}

TEST_CASE("webhook signature: another key, id, time or body is another signature") {
  const auto good = key(example_secret);
  CHECK(webhook_signature(key(counted_32), example_id, example_time, example_body) != example_signature);
  CHECK(webhook_signature(good, "msg_p5jXN8AQM9LWM0D4loKWxJeK", example_time, example_body) != example_signature);
  CHECK(webhook_signature(good, example_id, "1614265331", example_body) != example_signature);
  CHECK(webhook_signature(good, example_id, example_time, R"({"test": 2432232315})") != example_signature);
}

TEST_CASE("webhook signature: each key signs, so that a receiver may have the old or the new one") {
  const std::vector<std::string> keys{key(counted_32), key(example_secret)};
  const Instant attempt{std::chrono::milliseconds{1614265330999}};
  const auto headers = webhook_headers(keys, example_id, attempt, example_body);
  CHECK(headers ==
        std::vector<std::string>{
            std::string("webhook-id: ") + example_id, std::string("webhook-timestamp: ") + example_time,
            std::string("webhook-signature: v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI= ") + example_signature});
}

TEST_CASE("webhook signature: a secret is whsec_ and 24 to 64 bytes in base64, and errors keep it to themselves") {
  CHECK(key(example_secret).size() == 24);
  CHECK(key(counted_64).size() == 64);
  CHECK(key((std::string("\n ") + example_secret + "\r\n").c_str()) == key(example_secret));
  for (const auto* text :
       {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La-aSw", "whsec_MfKQ9r8GKYqr wjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8I=PZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL====",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB"}) {
    CAPTURE(text);
    const auto parsed = parse_webhook_secret(text);
    REQUIRE(parsed.has_error());
    CHECK_THAT(parsed.error().what, !Contains("MfKQ"));
  }
}

TEST_CASE("webhook signature: files of secrets must be readable by us alone") {
  const ScratchDir folder;
  const auto old_key = secret_file(folder, "old", std::string(example_secret) + "\n");
  const auto new_key = secret_file(folder, "new", counted_32, 0400);
  const std::vector<std::filesystem::path> both{new_key, old_key};
  CHECK(read_webhook_secrets(both).value() == std::vector<std::string>{key(counted_32), key(example_secret)});
  const auto said = [](const std::filesystem::path& file) {
    return read_webhook_secrets(std::vector<std::filesystem::path>{file}).error().what;
  };
  CHECK_THAT(said(secret_file(folder, "open", example_secret, 0644)), Contains("open: can be read by others"));
  CHECK_THAT(said(secret_file(folder, "group", example_secret, 0640)), Contains("can be read by others"));
  CHECK_THAT(said(folder.path() / "none"), Contains("none: No such file"));
  CHECK_THAT(said(secret_file(folder, "empty", "")), Contains("is empty"));
  CHECK_THAT(said(secret_file(folder, "bad", "whsec_MfKQ")), Contains("bad: behind whsec_") && !Contains("MfKQ"));
}
