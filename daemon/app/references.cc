// SPDX-License-Identifier: Apache-2.0
#include "app/references.h"

#include <fstream>
#include <sstream>

#include "decode/decode.h"

namespace pilotwatch::app {
namespace {

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw ReferenceError(file.string() + ": cannot be read");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

record::Batch read_records(const settings::Pilot& pilot, const settings::Settings& settings, const IdKey& key) {
  const auto& file = pilot.reference.file;
  const std::string bytes = read_file(file);
  decode::Decoder decoder(settings, key);
  decode::Input input;
  input.bytes = bytes;
  input.stream = record::Stream::predictions;
  input.pilot = pilot.name;
  input.any_time = true;
  auto decoded = decoder.decode(input);
  if (!decoded.errors.empty()) {
    const auto& first = decoded.errors.front();
    throw ReferenceError(file.string() + ":" + std::to_string(first.line) + ": " +
                         record::reason_names[static_cast<std::size_t>(first.reason)] + ": " + first.detail + " (" +
                         std::to_string(decoded.rejects.total()) + " lines cannot be used)");
  }
  return std::move(decoded.batch);
}

engine::Reference freeze_records(const settings::Pilot& pilot, const record::Batch& batch,
                                 const engine::PilotState& state) {
  engine::PilotState joined(pilot);  // so that repeats and corrections are what they are everywhere
  std::vector<engine::ReferenceRow> rows;
  Instant newest = Instant::min();
  for (const auto& record : batch.records) {
    if (batch.text(record.pilot) != pilot.name) continue;
    const auto* prediction = std::get_if<record::Prediction>(&record.body);
    if (prediction == nullptr && !std::holds_alternative<record::Outcome>(record.body)) continue;
    if (joined.apply(batch, record).duplicate || prediction == nullptr) continue;
    rows.push_back({prediction->time, state.feature_row(batch, *prediction)});
    newest = std::max(newest, prediction->time);
  }
  if (rows.empty())
    throw ReferenceError(pilot.reference.file.string() + ": holds no prediction of pilot " + pilot.name);
  return engine::freeze(pilot, rows, newest, joined.total());
}

}  // namespace

void load_references(const settings::Settings& settings, const IdKey& key, judge::Fold& fold,
                     const std::function<void(const settings::Pilot&, const std::string&)>& check) {
  for (auto& state : fold.engine().pilots()) {
    const auto& pilot = state->settings();
    if (pilot.reference.file.empty()) continue;
    const auto batch = read_records(pilot, settings, key);
    auto reference = freeze_records(pilot, batch, *state);
    check(pilot, reference.id);
    fold.set_chunks(pilot, judge::chunk_values(pilot, batch, reference));
    state->set_reference(std::move(reference));
  }
}

}  // namespace pilotwatch::app
