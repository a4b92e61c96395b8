// SPDX-License-Identifier: Apache-2.0
#include "judge/moved.h"

#include <cmath>
#include <cstdio>

namespace pilotwatch::judge {
namespace {

const engine::Figure* whole(const settings::Limit& limit, const engine::WindowResult& window) {
  for (const auto& figure : window.figures) {
    if (figure.metric == limit.metric && figure.feature == limit.feature && figure.model_version.empty() &&
        figure.attribute.empty()) {
      return &figure;
    }
  }
  return nullptr;
}

}  // namespace

std::string most_moved(const settings::Limit& limit, const engine::WindowResult& window) {
  if (!limit.segment.empty()) return {};
  const auto* all = whole(limit, window);
  if (all == nullptr || !all->value) return {};
  const engine::Figure* most = nullptr;
  double furthest = 0;
  for (const auto& figure : window.figures) {
    if (figure.metric != limit.metric || figure.feature != limit.feature || !figure.model_version.empty() ||
        figure.attribute.empty() || !figure.compare.empty() || !figure.value || figure.n == 0) {
      continue;
    }
    const double off = (*figure.value - *all->value) * (limit.max ? 1 : -1) * std::sqrt(static_cast<double>(figure.n));
    if (off > furthest) {
      furthest = off;
      most = &figure;
    }
  }
  if (most == nullptr) return {};
  char text[96];
  std::snprintf(text, sizeof text, " %.4g in %llu cases, all together %.4g", *most->value,
                static_cast<unsigned long long>(most->n), *all->value);
  return most->attribute + " " + most->group + ":" + text;
}

}  // namespace pilotwatch::judge
