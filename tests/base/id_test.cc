// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/scratch_dir.h"

using namespace pilotwatch;

TEST_CASE("id: SipHash-2-4-128 under the key, apart by domain and by key") {
  IdHasher hasher(IdKey{1}), other(IdKey{2});
  const auto id = hasher.hash("pilot", "case 7");
  CHECK(hasher.hash("pilot", "case 7") == id);
  CHECK(hasher.hash("pilot", "case 8") != id);
  CHECK(hasher.hash("pilo", "tcase 7") != id);
  CHECK(other.hash("pilot", "case 7") != id);
  CHECK(id.hex().size() == 32);
  // openssl mac -macopt hexkey:0100...00 -macopt size:16 SIPHASH, of 05 00 00 00 00 00 00 00 "pilot" "case 7"
  CHECK(id == Id128{0xCE3E6EFCF1C9963B, 0xD957252A625B3C8E});
}

TEST_CASE("id key: created once, private, and refused when others can read it") {
  const pilotwatch::testing::ScratchDir dir;
  const auto file = dir.path() / "id.key";
  const auto key = load_or_create_id_key(file).value();
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::mask) == std::filesystem::perms(0600));
  CHECK(load_or_create_id_key(file).value() == key);
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  CHECK(load_or_create_id_key(file).error().what.find("chmod 600") != std::string::npos);
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  std::ofstream(file) << "no key";
  CHECK(load_or_create_id_key(file).error().what.find("not a key") != std::string::npos);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  CHECK(load_or_create_id_key(file).error().what == "cannot read " + file.string() + ": Is a directory");
}
