// SPDX-License-Identifier: Apache-2.0
#include "judge/action_book.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pilotwatch::judge {

const Pauses* ActionBook::pauses(std::string_view pilot) const {
  const auto found = pauses_.find(pilot);
  return found == pauses_.end() ? nullptr : &found->second;
}

Pauses& ActionBook::pauses_of(const std::string& pilot) { return pauses_[pilot]; }

bool ActionBook::knows(const Acknowledgement& acknowledgement) const {
  return std::ranges::any_of(acknowledgements_, [&](const Acknowledgement& a) {
    return a.episode == acknowledgement.episode && a.author == acknowledgement.author && a.note == acknowledgement.note;
  });
}

void ActionBook::acknowledge(Acknowledgement acknowledgement) {
  if (knows(acknowledgement)) return;  // somebody asked twice, for want of an answer
  acknowledgements_.push_back(std::move(acknowledgement));
  if (acknowledgements_.size() > most_acknowledgements) acknowledgements_.pop_front();
}

std::vector<Acknowledgement> ActionBook::acknowledgements(std::string_view episode) const {
  std::vector<Acknowledgement> out;
  std::ranges::copy_if(acknowledgements_, std::back_inserter(out), [&](const auto& a) { return a.episode == episode; });
  return out;
}

void ActionBook::write(ByteWriter& out) const {
  out.u64(pauses_.size());
  for (const auto& [pilot, pauses] : pauses_) {
    out.text(pilot);
    pauses.write(out);
  }
  out.u64(acknowledgements_.size());
  for (const auto& a : acknowledgements_) {
    out.text(a.episode);
    out.time(a.wall);
    out.text(a.author);
    out.text(a.note);
  }
}

void ActionBook::read(ByteReader& in) {
  pauses_.clear();
  for (auto left = in.count(4); left > 0; --left) {
    const std::string pilot(in.text());
    pauses_[pilot].read(in);
  }
  acknowledgements_.assign(in.count(4), {});
  for (auto& a : acknowledgements_) {
    a.episode = in.text();
    a.wall = in.time();
    a.author = in.text();
    a.note = in.text();
  }
}

}  // namespace pilotwatch::judge
