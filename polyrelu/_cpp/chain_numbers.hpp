// Exact arithmetic of chain complexes: machine words with every overflow detected, or GMP.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>

#include <gmpxx.h>

#include "memory.hpp"

namespace polyrelu::reduction {

using Index = std::int32_t;
using Offset = std::int64_t;
using Word = std::int64_t;

struct Overflow {};

template <class T>
T widen(std::int8_t x) { return T(static_cast<long>(x)); }
template <class T>
T widen(Word x) { return T(static_cast<long>(x)); }
template <class T>
const T& widen(const mpz_class& x) { return x; }

inline void add_product(Word& sum, Word x, Word y) {
    Word product;
    if (__builtin_mul_overflow(x, y, &product) || __builtin_add_overflow(sum, product, &sum)) throw Overflow();
}
inline void add_product(mpz_class& sum, const mpz_class& x, const mpz_class& y) {
    check_gmp_memory();
    mpz_addmul(sum.get_mpz_t(), x.get_mpz_t(), y.get_mpz_t());
}

inline Word product(Word x, Word y) {
    Word result;
    if (__builtin_mul_overflow(x, y, &result)) throw Overflow();
    return result;
}
inline mpz_class product(const mpz_class& x, const mpz_class& y) {
    check_gmp_memory();
    return x * y;
}

inline Word negated(Word x) { return product(x, Word(-1)); }
inline mpz_class negated(const mpz_class& x) { return -x; }

template <class T>
bool is_unit(const T& x) { return x == 1 || x == -1; }

inline bool fits_int(std::int8_t) { return true; }
inline bool fits_int(Word x) { return x == static_cast<Word>(static_cast<int>(x)); }
inline bool fits_int(const mpz_class& x) { return x.fits_sint_p(); }
inline Word to_word(std::int8_t x) { return x; }
inline Word to_word(Word x) { return x; }
inline Word to_word(const mpz_class& x) { return x.get_si(); }

// run(Word()) for entries of type D that fit a word, and run(mpz_class()) if that overflows or they do not.
template <class D, class Run>
auto words_then_integers(Run run) {
    if constexpr (!std::is_same_v<D, mpz_class>) {
        try {
            return run(Word());
        } catch (const Overflow&) {
        }
    }
    return run(mpz_class());
}

inline std::string to_hexadecimal(Word x) { return mpz_class(static_cast<long>(x)).get_str(16); }
inline std::string to_hexadecimal(const mpz_class& x) { return x.get_str(16); }

}  // namespace polyrelu::reduction
