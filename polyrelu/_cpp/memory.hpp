// GMP ends the process when an allocation fails. So that a run out of memory can end in an exception instead, its
// allocations fall back on a reserve that is given up once, which raises a flag; the subdivision looks at the flag
// after every cell, and a single cell needs far less than the reserve. (Exceptions must not pass through GMP itself.)
#pragma once

#include <gmp.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace polyrelu {

constexpr size_t GMP_RESERVE = size_t(1) << 24;
inline std::atomic<void*> gmp_reserve{nullptr};
inline std::atomic<bool> gmp_memory_is_low{false};

inline void* gmp_reallocate(void* p, size_t, size_t size) {
    if (void* q = std::realloc(p, size)) return q;
    std::free(gmp_reserve.exchange(nullptr));
    gmp_memory_is_low = true;
    if (void* q = std::realloc(p, size)) return q;
    std::fprintf(stderr, "polyrelu: out of memory (%zu bytes)\n", size);
    std::abort();
}
inline void* gmp_allocate(size_t size) { return gmp_reallocate(nullptr, 0, size); }
inline void gmp_free(void* p, size_t) { std::free(p); }

// To be called before work with GMP begins.
inline void prepare_gmp_memory() {
    mp_set_memory_functions(gmp_allocate, gmp_reallocate, gmp_free);
    if (!gmp_reserve) gmp_reserve = std::malloc(GMP_RESERVE);
    gmp_memory_is_low = false;
}

}  // namespace polyrelu
