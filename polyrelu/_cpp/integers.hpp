// Exact integers in machine words and in GMP.
//
// Entries in words have absolute value below 2^59. A product of two such entries is below 2^118, and a sum of 64 of
// them below 2^124, so that such sums fit __int128.
#pragma once

#include <gmpxx.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "rounding.hpp"

namespace polyrelu {

using i128 = __int128;

constexpr int64_t WORD_BOUND = int64_t(1) << 59;
constexpr int MAX_WIDTH = 64;  // r + 1 at the most: more than 3^63 cells could not be held

inline bool fits_word(i128 x) { return x < WORD_BOUND && x > -WORD_BOUND; }

inline unsigned __int128 magnitude(i128 x) { return x < 0 ? -(unsigned __int128)x : (unsigned __int128)x; }

inline unsigned __int128 gcd(unsigned __int128 a, unsigned __int128 b) {
    while (b != 0) {
        if ((a >> 64) == 0 && (b >> 64) == 0) return std::gcd((uint64_t)a, (uint64_t)b);
        const unsigned __int128 r = a % b;
        a = b;
        b = r;
    }
    return a;
}

// Doubles of the vector z[0..n), scaled by one power of two so that the largest entry lies in [1/2, 1).
inline void approximate(const mpz_class* z, int n, double* out) {
    long top = 0;
    bool any = false;
    for (int i = 0; i < n; ++i)
        if (sgn(z[i]) != 0) {
            const long e = (long)mpz_sizeinbase(z[i].get_mpz_t(), 2);
            if (!any || e > top) top = e;
            any = true;
        }
    for (int i = 0; i < n; ++i) {
        long e = 0;
        const double m = sgn(z[i]) == 0 ? 0.0 : mpz_get_d_2exp(&e, z[i].get_mpz_t());
        const long shift = e - top;
        out[i] = shift < -1100 ? 0.0 : std::ldexp(m, (int)shift);
    }
}

}  // namespace polyrelu
