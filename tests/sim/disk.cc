// SPDX-License-Identifier: Apache-2.0
#include "sim/disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pilotwatch::sim {
namespace {

constexpr std::uint64_t sector = 512;

}  // namespace

Disk::FilePtr Disk::find(const std::string& name) const {
  const auto found = files_.find(name);
  return found == files_.end() ? nullptr : found->second;
}

Disk::FilePtr Disk::create(const std::string& name) {
  auto& file = files_[name];
  if (!file) file = std::make_shared<File>();
  return file;
}

bool Disk::begin(bool& last) {
  last = false;
  if (calm_) return true;
  if (dead_) return false;
  last = ++operations_ >= deadline_;
  dead_ = last;
  return true;
}

Disk::Result Disk::read(const File& file, std::uint64_t at, char* to, std::size_t bytes, std::size_t& got) {
  got = 0;
  bool last = false;
  if (!begin(last) || last || fails(weather.read)) return Result::failed;
  if (at < file.now.size()) {
    got = std::min<std::size_t>(bytes, file.now.size() - at);
    std::memcpy(to, file.now.data() + at, got);
  }
  return Result::ok;
}

Disk::Result Disk::write(File& file, std::uint64_t at, const char* from, std::size_t bytes) {
  bool last = false;
  if (!begin(last)) return Result::failed;
  if (!calm_ && weather.full && at + bytes > file.now.size()) return Result::full;
  if (fails(weather.write)) return Result::failed;
  if (last) bytes = random_.below(bytes + 1);
  Change change{at, std::string(from, bytes)};
  apply(file.now, change);
  file.dirty.push_back(std::move(change));
  return last ? Result::failed : Result::ok;
}

Disk::Result Disk::cut(File& file, std::uint64_t bytes) {
  bool last = false;
  if (!begin(last) || fails(weather.write)) return Result::failed;
  Change change{bytes, "", true};
  apply(file.now, change);
  file.dirty.push_back(std::move(change));
  return last ? Result::failed : Result::ok;
}

Disk::Result Disk::sync(File& file) {
  bool last = false;
  if (!begin(last) || last) return Result::failed;
  if (!calm_ && weather.slow_ms > 0) wait_(static_cast<unsigned>(random_.below(weather.slow_ms)));
  if (fails(weather.sync)) {
    fail_sync(file);
    return Result::failed;
  }
  for (const auto& change : file.dirty) apply(file.durable, change);
  file.dirty.clear();
  if (!std::exchange(file.named, true)) removed_.clear();  // with its name all of the folder is durable
  return Result::ok;
}

Disk::Result Disk::remove(const std::string& name, bool durable) {
  bool last = false;
  if (!begin(last) || last || fails(weather.write)) return Result::failed;
  const auto found = files_.find(name);
  if (found == files_.end()) return Result::ok;
  removed_[name] = found->second;
  files_.erase(found);
  if (durable) removed_.clear();
  return Result::ok;
}

void Disk::apply(std::string& to, const Change& change) {
  if (change.cut) return to.resize(std::min<std::size_t>(to.size(), change.at));
  if (to.size() < change.at + change.bytes.size()) to.resize(change.at + change.bytes.size());
  std::memcpy(to.data() + change.at, change.bytes.data(), change.bytes.size());
}

void Disk::revive() {
  dead_ = false;
  deadline_ = UINT64_MAX;
}

void Disk::power_failed() {
  for (auto& [name, file] : removed_) {
    if (!files_.contains(name) && random_.one_in(2)) files_[name] = file;
  }
  removed_.clear();
  for (auto at = files_.begin(); at != files_.end();) {
    survive(*at->second);
    const bool gone = !at->second->named && random_.one_in(2);
    at = gone ? files_.erase(at) : std::next(at);
  }
  revive();
}

void Disk::survive(File& file) {
  const auto how = random_.below(4);  // all is lost, all is kept, the first ones are kept, any of them
  const auto first = random_.below(file.dirty.size() + 1);
  const auto percent = static_cast<unsigned>(random_.below(101));
  for (std::size_t i = 0; i < file.dirty.size(); ++i) {
    const auto& change = file.dirty[i];
    if (how == 0 || (how == 2 && i > first)) continue;
    if (how == 1 || (how == 2 && i < first)) {
      apply(file.durable, change);
    } else {
      keep_sectors(file, change, how == 2 ? 50 : percent);
    }
  }
  file.dirty.clear();
  file.now = file.durable;
}

void Disk::keep_sectors(File& file, const Change& change, unsigned percent) {
  if (change.cut) {
    if (random_.percent(percent)) apply(file.durable, change);
    return;
  }
  const auto end = change.at + change.bytes.size();
  for (auto at = change.at; at < end;) {
    const auto next = std::min(end, (at / sector + 1) * sector);
    if (random_.percent(percent)) apply(file.durable, {at, change.bytes.substr(at - change.at, next - at)});
    at = next;
  }
}

void Disk::fail_sync(File& file) {
  const auto kept = static_cast<unsigned>(random_.below(3) * 50);
  const bool forgets = random_.one_in(2);
  for (const auto& change : file.dirty) {
    if (random_.percent(kept)) {
      apply(file.durable, change);
    } else if (forgets && !change.cut) {  // what is read of it from now on is what the disk has
      auto before =
          change.at < file.durable.size() ? file.durable.substr(change.at, change.bytes.size()) : std::string();
      before.resize(change.bytes.size());
      apply(file.now, {change.at, std::move(before)});
    }
  }
  file.dirty.clear();
}

}  // namespace pilotwatch::sim
