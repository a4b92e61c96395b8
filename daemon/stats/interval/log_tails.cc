// SPDX-License-Identifier: Apache-2.0
#include "stats/interval/log_tails.h"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include "stats/interval/mixture.h"
#include "stats/special.h"

namespace pilotwatch::stats {
namespace {

constexpr double tiny = 1e-290;  // below it Boost's value loses digits to underflow, and the expansions here take over

/// From this a on Boost takes sqrt(a) steps and loses digits (P(a, a) at 1e11 is off by 8e-4), but two terms of Temme's
/// uniform expansion are exact to 1e-14.
constexpr double large_a = 1e5;
constexpr double most_deviance = 600;  // where its exponential underflows

/// The smaller of P(a, x) (x < a) and Q(a, x). Source: Temme 1979, SIAM J. Math. Anal. 10; DLMF 8.12.
double expanded_tail(double a, double x, double deviance) {
  const double side = x < a ? -1 : 1, m = (x - a) / a, e = side * std::sqrt(2 * deviance / a);
  const double c0 =
      std::abs(e) < 0.01 ? -1.0 / 3 + e * (1.0 / 12 - e * (2.0 / 135 - e * (1.0 / 864 + e / 2835))) : 1 / m - 1 / e;
  const double c1 = std::abs(e) < 0.01 ? -1.0 / 540 - e * (1.0 / 288 - e * 25.0 / 12096)
                                       : 1 / (e * e * e) - 1 / (m * m * m) - 1 / (m * m) - 1 / (12 * m);
  return std::erfc(std::sqrt(deviance)) / 2 +
         side * std::exp(-deviance) / std::sqrt(2 * std::numbers::pi * a) * (c0 + c1 / a);
}

/// ln P (side -1) or ln Q (side 1) for large a, where the expansion can say.
std::optional<double> expanded(double a, double x, int side) {
  if (a <= large_a) return std::nullopt;
  const double deviance = poisson_deviance(a, 1, x);
  const bool small = side == (x < a ? -1 : 1);
  if (deviance > most_deviance) return small ? std::nullopt : std::optional(0.0);
  const double tail = expanded_tail(a, x, deviance);
  return small ? std::log(tail) : std::log1p(-tail);
}

/// ln( x^a e^-x / Gamma(a + 1) ) by Stirling: no difference of large numbers.
double log_gamma_front(double a, double x) {
  return -poisson_deviance(a, 1, x) - std::log(2 * std::numbers::pi * a) / 2 - stirling_error(a);
}

/// Value of b0 + a1/(b1 + a2/(b2 + ...)) by the modified Lentz method; term(i) gives {a_i, b_i}, i = 1, 2, ...
template <class Term>
double continued_fraction(double b0, Term term) {
  double f = b0, c = b0, d = 0;
  for (int i = 1; i < 100'000; ++i) {
    const auto [a, b] = term(i);
    d = 1 / (b + a * d);
    c = b + a / c;
    f *= c * d;
    if (std::abs(c * d - 1) < 1e-15) break;
  }
  return f;
}
struct Step {
  double a, b;
};

/// ln I_x(a, b) for x not above the mean a/(a + b): by the fraction of DiDonato, Morris 1992 (ACM TOMS 18, eq. 9),
/// which stays well conditioned at the mean, and a front by Stirling, as Boost's loses digits from a + b = 1e5 on.
double log_ibeta_below(double a, double b, double x) {
  const double off = a * (1 - x) - b * x;
  const auto denominator = [&](double m) {
    return m + m * (b - m) * x / (a + 2 * m - 1) + (a + m) * (off + 1 + m * (2 - x)) / (a + 2 * m + 1);
  };
  const auto step = [&](double m) {
    const double root = x / (a + 2 * m - 1);
    return Step{(a + m - 1) * (a + b + m - 1) * m * (b - m) * root * root, denominator(m)};
  };
  const double f = continued_fraction(denominator(0), step);
  const double log_front = -binary_deviance(a, a + b, x) + std::log(a * (b / (a + b)) / (2 * std::numbers::pi)) / 2 -
                           stirling_error(a) - stirling_error(b) + stirling_error(a + b);
  return log_front - std::log(f);
}

}  // namespace

double log_normal_cdf(double z) {
  if (z > -30) return std::log(normal_cdf(z));
  const double y = 1 / (z * z);  // Mills' ratio
  return -z * z / 2 - std::log(-z) - std::log(2 * std::numbers::pi) / 2 +
         std::log1p(-y * (1 - y * (3 - y * (15 - y * 105))));
}

double log_gamma_p(double a, double x) {
  if (const auto known = expanded(a, x, -1)) return *known;
  const double p = boost::math::gamma_p(a, x, Quiet{});
  if (p > tiny) return std::log(p);
  double sum = 1, term = 1;
  for (double i = 1; term > sum * 1e-17; ++i) sum += term *= x / (a + i);  // x is far below a: it falls at once
  return log_gamma_front(a, x) + std::log(sum);
}

double log_gamma_q(double a, double x) {
  if (const auto known = expanded(a, x, 1)) return *known;
  const double q = boost::math::gamma_q(a, x, Quiet{});
  if (q > tiny) return std::log(q);
  const double f = continued_fraction(x + 1 - a, [&](double i) { return Step{i * (a - i), x + 2 * i + 1 - a}; });
  return log_gamma_front(a, x) + std::log(a) - std::log(f);
}

double log_ibeta(double a, double b, double x) {
  if (x >= 1) return 0;
  if (a + b < 1e4) {
    const double p = boost::math::ibeta(a, b, x, Quiet{});
    if (p > tiny) return std::log(p);
  }
  return x * (a + b) <= a ? log_ibeta_below(a, b, x) : std::log1p(-std::exp(log_ibeta_below(b, a, 1 - x)));
}

}  // namespace pilotwatch::stats
