// SPDX-License-Identifier: Apache-2.0
// No hidden count follows from those that are shown: by brute force over tables of two attributes and two versions, with
// an attacker who knows which combinations occur and solves all sums together.
#include "engine/margins.h"

#include <cmath>
#include <random>
#include <set>

#include "support/scenario.h"

using namespace pilotwatch;
using namespace pilotwatch::engine;
using namespace pilotwatch::testing;

namespace {

constexpr std::uint64_t min_n = 10;

/// One count of people: of a version, and of values of both attributes. `named`: its combination has a group of its own.
struct Atom {
  std::string version, a, b;
  std::uint64_t count = 0;
  bool named = true;
};

/// What a scope adds up, as a row over the atoms.
using Sum = std::vector<double>;

struct Table {
  std::vector<Atom> atoms;
  std::vector<GroupScope> scopes;
  std::vector<Sum> sums;  ///< of each scope
};

settings::Pilot pilot() {
  auto out = binary_pilot();
  out.segments.attributes = {"a", "b"};
  out.segments.pairs = {{"a", "b"}};
  out.segments.min_n = min_n;
  return out;
}

template <class In>
void add_scope(Table& table, const std::string& version, const std::string& attribute, const std::string& group,
               In&& in) {
  GroupScope scope;
  scope.model_version = version;
  scope.attribute = attribute;
  scope.group = group;
  Sum sum(table.atoms.size());
  for (std::size_t i = 0; i < table.atoms.size(); ++i) {
    const auto& atom = table.atoms[i];
    if ((!version.empty() && atom.version != version) || !in(atom)) continue;
    sum[i] = 1;
    scope.tally.decisions += atom.count;
  }
  if (scope.tally.decisions == 0) return;  // nobody: nothing is published
  table.scopes.push_back(std::move(scope));
  table.sums.push_back(std::move(sum));
}

Table random_table(std::mt19937_64& rng, bool overflow) {
  Table out;
  const auto a = 2 + rng() % 4, b = 2 + rng() % 4, versions = 1 + rng() % 2, sparse = 1 + rng() % 4;
  std::set<std::string> va, vb;
  for (std::uint64_t x = 0; x < a; ++x) {
    for (std::uint64_t y = 0; y < b; ++y) {
      const bool named = !overflow || rng() % 4 > 0;
      for (std::uint64_t v = 0; v < versions; ++v) {
        const auto count = rng() % sparse == 0 ? rng() % 40 : 10 + rng() % 30;
        // Of the others nobody knows which of them occur.
        if (count == 0 && named) continue;
        out.atoms.push_back({"v" + std::to_string(v), "x" + std::to_string(x), "y" + std::to_string(y), count, named});
        va.insert(out.atoms.back().a);
        vb.insert(out.atoms.back().b);
      }
    }
  }
  for (const std::string version : {"", "v0", "v1"}) {
    for (const auto& x : va) add_scope(out, version, "a", x, [&](const Atom& atom) { return atom.a == x; });
    for (const auto& y : vb) add_scope(out, version, "b", y, [&](const Atom& atom) { return atom.b == y; });
    for (const auto& x : va) {
      for (const auto& y : vb) {
        add_scope(out, version, "a*b", x + "*" + y,
                  [&](const Atom& atom) { return atom.named && atom.a == x && atom.b == y; });
      }
    }
    add_scope(out, version, "a*b", "__other__", [](const Atom& atom) { return !atom.named; });
  }
  return out;
}

/// By elimination with pivots; the sums are of ones.
std::size_t rank_of(std::vector<Sum> rows) {
  std::size_t rank = 0;
  const auto columns = rows.empty() ? 0 : rows.front().size();
  for (std::size_t c = 0; c < columns && rank < rows.size(); ++c) {
    const auto best = std::max_element(rows.begin() + static_cast<std::ptrdiff_t>(rank), rows.end(),
                                       [&](const Sum& l, const Sum& r) { return std::abs(l[c]) < std::abs(r[c]); });
    if (std::abs((*best)[c]) < 1e-9) continue;
    std::swap(*best, rows[rank]);
    for (std::size_t r = rank + 1; r < rows.size(); ++r) {
      const double factor = rows[r][c] / rows[rank][c];
      for (std::size_t i = c; i < columns; ++i) rows[r][i] -= factor * rows[rank][i];
    }
    ++rank;
  }
  return rank;
}

/// The wholes, which are always shown, and the scopes that are.
std::vector<Sum> published(const Table& table) {
  std::vector<Sum> out;
  for (const std::string version : {"", "v0", "v1"}) {
    Sum whole(table.atoms.size());
    for (std::size_t i = 0; i < whole.size(); ++i)
      whole[i] = version.empty() || table.atoms[i].version == version ? 1 : 0;
    out.push_back(std::move(whole));
  }
  for (std::size_t i = 0; i < table.scopes.size(); ++i) {
    if (!table.scopes[i].hidden) out.push_back(table.sums[i]);
  }
  return out;
}

}  // namespace

namespace {

void check_table(std::uint64_t seed) {
  const bool overflow = seed % 2 == 1;
  CAPTURE(seed, overflow);
  std::mt19937_64 rng{seed};
  auto table = random_table(rng, overflow);
  suppress(table.scopes, pilot());
  const auto shown = published(table);
  const auto rank = rank_of(shown);
  for (std::size_t i = 0; i < table.scopes.size(); ++i) {
    const auto& scope = table.scopes[i];
    if (scope.tally.decisions >= min_n) continue;
    CAPTURE(scope.model_version, scope.attribute, scope.group, scope.tally.decisions);
    CHECK(scope.hidden);
    auto with = shown;
    with.push_back(table.sums[i]);
    CHECK(rank_of(with) == rank + 1);
  }
}

}  // namespace

TEST_CASE("margins: of tables of two attributes and their totals no small count can be computed from what is shown") {
  check_table(GENERATE(take(1, random(0u, 1u << 30))) + GENERATE(range(0u, 400u)));
}

TEST_CASE("margins: what is left of rows and columns adds up to the same where its combinations hang together") {
  // Tables whose combinations without a name fall into two parts, found by the test above. With one unknown for each row
  // and each column, tied by their common total only, a cell of each could be worked out.
  check_table(GENERATE(values<std::uint64_t>({997531541, 425224419})));
}

TEST_CASE("margins: a cell that two margins together would tell is covered, too") {
  // Hidden: two blocks of four cells, and one cell between them that each of its own margins has a second gap beside.
  auto plain = pilot();
  Table table;
  const char* small[] = {"x0*y0", "x0*y1", "x1*y0", "x1*y1", "x2*y2", "x2*y3", "x3*y2", "x3*y3", "x1*y2"};
  for (const std::string x : {"x0", "x1", "x2", "x3"}) {
    for (const std::string y : {"y0", "y1", "y2", "y3"}) {
      const bool hide = std::find(std::begin(small), std::end(small), x + "*" + y) != std::end(small);
      table.atoms.push_back({"", x, y, hide ? 4U : 40U, true});
    }
  }
  for (const std::string x : {"x0", "x1", "x2", "x3"})
    add_scope(table, "", "a", x, [&](const Atom& atom) { return atom.a == x; });
  for (const std::string y : {"y0", "y1", "y2", "y3"})
    add_scope(table, "", "b", y, [&](const Atom& atom) { return atom.b == y; });
  for (const auto& atom : std::vector<Atom>(table.atoms)) {
    add_scope(table, "", "a*b", atom.a + "*" + atom.b,
              [&](const Atom& other) { return other.a == atom.a && other.b == atom.b; });
  }
  suppress(table.scopes, plain);
  std::size_t hidden = 0;
  for (const auto& scope : table.scopes) hidden += scope.hidden ? 1 : 0;
  CHECK(hidden > 9);
  CHECK(hidden < 14);  // and not everything
}

TEST_CASE("margins: what is in no combination of its own is covered where it is small, and nothing else is hidden") {
  Table table;
  table.atoms = {{"", "x", "y", 40, true}, {"", "x", "z", 50, true}, {"", "w", "y", 30, true},
                 {"", "w", "z", 60, true}, {"", "x", "v", 4, false}, {"", "w", "v", 70, false}};
  for (const std::string x : {"x", "w"}) add_scope(table, "", "a", x, [&](const Atom& atom) { return atom.a == x; });
  for (const std::string y : {"y", "z", "v"}) add_scope(table, "", "b", y, [&](const Atom& a) { return a.b == y; });
  for (const auto& atom : std::vector<Atom>(table.atoms)) {
    if (!atom.named) continue;
    add_scope(table, "", "a*b", atom.a + "*" + atom.b,
              [&](const Atom& other) { return other.a == atom.a && other.b == atom.b; });
  }
  add_scope(table, "", "a*b", "__other__", [](const Atom& atom) { return !atom.named; });
  suppress(table.scopes, pilot());
  const auto shown = published(table);
  Sum few(table.atoms.size());
  few[4] = 1;
  auto with = shown;
  with.push_back(few);
  CHECK(rank_of(with) == rank_of(shown) + 1);
  for (auto& atom : table.atoms) atom.count = 40;
  for (std::size_t i = 0; i < table.scopes.size(); ++i) {
    auto& scope = table.scopes[i];
    scope = GroupScope{scope.model_version, scope.attribute, scope.group, {}};
    for (std::size_t k = 0; k < table.atoms.size(); ++k)
      scope.tally.decisions += table.sums[i][k] > 0 ? table.atoms[k].count : 0;
  }
  suppress(table.scopes, pilot());
  for (const auto& scope : table.scopes) CHECK_FALSE(scope.hidden);
}
