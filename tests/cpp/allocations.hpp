// Allocations that fail when told to: those of C++ (operator new), of GMP and of the arrays (realloc, mmap, mremap; the
// driver is linked with --wrap for these).
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdarg>
#include <cstdlib>
#include <new>

#include "_cpp/memory.hpp"

namespace allocations {

inline std::atomic<long> count{0}, first{0};  // allocations since `fail`; which of them fails, 0: none
inline std::atomic<bool> persistent{false};
inline std::atomic<bool> has_failed{false};

// The n-th allocation from now on fails; with `persistently` those that follow as well, but for GMP once its reserve is
// given up: that is what the reserve is for.
inline void fail(long n, bool persistently) {
    has_failed = false;
    persistent = persistently;
    count = 0;
    first = n;
}
inline void stop() { first = 0; }
inline bool failed() { return has_failed; }

inline bool fails_now(bool of_gmp_or_array) {
    if (first == 0) return false;
    const long n = ++count;
    if (n < first || (n > first && !persistent)) return false;
    if (has_failed && of_gmp_or_array && !polyrelu::gmp_reserve) return false;
    has_failed = true;
    return true;
}

}  // namespace allocations

extern "C" {
void* __real_realloc(void*, std::size_t);
void* __real_mmap(void*, std::size_t, int, int, int, off_t);
void* __real_mremap(void*, std::size_t, std::size_t, int, ...);

void* __wrap_realloc(void* p, std::size_t size) {
    return allocations::fails_now(true) ? nullptr : __real_realloc(p, size);
}
void* __wrap_mmap(void* p, std::size_t size, int protection, int flags, int file, off_t offset) {
    return allocations::fails_now(true) ? MAP_FAILED : __real_mmap(p, size, protection, flags, file, offset);
}
void* __wrap_mremap(void* p, std::size_t before, std::size_t after, int flags, ...) {
    return allocations::fails_now(true) ? MAP_FAILED : __real_mremap(p, before, after, flags);
}
}

// Not inlined, for compilers not to compare the functions within.
#define WHOLE __attribute__((noinline))
WHOLE void* operator new(std::size_t size) {
    void* p = allocations::fails_now(false) ? nullptr : std::malloc(size);
    if (!p) throw std::bad_alloc();
    return p;
}
WHOLE void operator delete(void* p) noexcept { std::free(p); }
WHOLE void operator delete(void* p, std::size_t) noexcept { std::free(p); }
#undef WHOLE
