// GMP ends the process when an allocation fails. So that a run out of memory can end in an exception instead, its
// allocations fall back on a reserve that is given up once, which raises a flag; the flag is looked at after every few
// cells, vertices or forms, which need far less than the reserve. (Exceptions must not pass through GMP itself.)
#pragma once

#include <gmp.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "tuning.hpp"

namespace polyrelu {

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

// To be called before work with GMP begins. One run out of memory ends all work that is under way with GMP.
inline void prepare_gmp_memory() {
    mp_set_memory_functions(gmp_allocate, gmp_reallocate, gmp_free);
    if (gmp_reserve) return;
    void* reserve = std::malloc(tuning::GMP_RESERVE);
    if (!reserve) throw std::bad_alloc();
    void* none = nullptr;
    if (!gmp_reserve.compare_exchange_strong(none, reserve)) std::free(reserve);
    gmp_memory_is_low = false;
}

// To be called between pieces of such work, never from within GMP.
inline void check_gmp_memory() {
    if (gmp_memory_is_low) throw std::bad_alloc();
}

}  // namespace polyrelu
