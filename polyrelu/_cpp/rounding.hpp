// Rounding, and the constants of the bounds for it.
//
// All bounds count operations. Let u = 2^-53, the unit roundoff of doubles rounded to nearest; a rounded operation
// without underflow is the true one times 1 + t, |t| <= u, and a product of n such factors is 1 + t, |t| <= gamma_n,
// with
//     gamma_n = n u / (1 - n u)     (n u < 1)
// (Higham, "Accuracy and stability of numerical algorithms", 2002, lemma 3.1).
// `gamma_bound(n)` below is n 2^-52 = 2 n u: not less than gamma_n for n u <= 1/2, and at most twice as large. That
// factor of two covers processors that round in another direction: u is 2^-52 then, and gamma_n is at most
// (1 + n 2^-51) n 2^-52, of which SLACK covers the first factor (below 1 + 2^-21, as n < 2^30).
//
// A sum of n products, added in any order, is within gamma_n sum |x_i y_i| of the true one, and the computed sum of
// moduli within gamma_n of the true one, relatively.
#pragma once

#include <cfloat>
#include <cmath>

#ifdef __FAST_MATH__
#error "the error bounds of polyrelu do not hold with -ffast-math"
#endif
static_assert(FLT_EVAL_METHOD == 0, "the error bounds count on operations rounded to doubles");

namespace polyrelu {

constexpr double EPS = 0x1p-52;  // 2 u

// An upper bound of gamma_n.
constexpr double gamma_bound(double n) { return n * EPS; }

// Integers below it are doubles. Sums of products of integers whose moduli add up to less than it are not rounded at
// all.
constexpr double EXACT_LIMIT = 0x1p53;

// Covers underflow. A product that underflows is wrong by less than 2^-1022, even where subnormal numbers are taken for
// zero, and a bound adds fewer than 2^32 such errors: less than 2^-990 together. A coefficient that underflows is wrong
// by less than 2^-1022 as well, and multiplies a form: `layer_forms.hpp` has TINY times the moduli of the forms for
// these. Where errors are multiplied by the entries of an inverse matrix, `newton.hpp` shows that they do not count.
constexpr double TINY = 0x1p-900;

// Covers the rounding of a computed bound. A bound is made by additions, multiplications and a division of numbers that
// are not negative, no more than 3 m + 32 in succession, m the number of terms of the longest sum: r + 1 <= 64
// coordinates, or the inputs of a neuron, fewer than MAX_INPUTS = 2^28. So it is not less than the true one divided by
// 1 + gamma_bound(3 m + 32) < 1 + 2^-22. (One difference is among them: 1 - K with K < 1/2 in `newton.hpp`, which at
// most doubles the relative error of K.)
constexpr double SLACK = 1 + 0x1p-20;
constexpr int MAX_INPUTS = 1 << 28;

// What `certain_sign` says where the value and its error bound leave the sign open.
constexpr int UNDECIDED = 2;

// The rule by which doubles decide a sign, and the only one: that of a number within `bound` of `value`, -1, 0 or 1, or
// UNDECIDED. bound = 0 says that the value is exact. Comparisons with NaN fail, so that it decides nothing.
inline int certain_sign(double value, double bound) {
    if (std::fabs(value) > bound) return value > 0 ? 1 : -1;
    return bound == 0 ? 0 : UNDECIDED;
}

}  // namespace polyrelu
