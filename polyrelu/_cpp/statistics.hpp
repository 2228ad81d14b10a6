// What a subdivision counts.
#pragma once

#include <cstdint>

namespace polyrelu {

// How signs were decided, and vertices placed; in a coarse complex, how cells were.
struct Statistics {
    int64_t word = 0;          // signs of integers below 2^53, computed without rounding
    int64_t filtered = 0;      // signs of floating-point values beyond their error bounds
    int64_t big = 0;           // signs computed in GMP
    int64_t big_zero = 0;      // of these, true zeros
    int64_t enclosed = 0;      // vertices enclosed by an interval Newton step
    int64_t big_vertices = 0;  // vertices computed in GMP
    int64_t big_forms = 0;     // affine forms computed in GMP
    int64_t bounds = 0;        // cells whose bound on the output was computed
    int64_t decided = 0;       // of these, cells that it decided
    int64_t bound_nanoseconds = 0;  // time for bounds, of all threads together

    void operator+=(const Statistics& s) {
        word += s.word;
        filtered += s.filtered;
        big += s.big;
        big_zero += s.big_zero;
        enclosed += s.enclosed;
        big_vertices += s.big_vertices;
        big_forms += s.big_forms;
        bounds += s.bounds;
        decided += s.decided;
        bound_nanoseconds += s.bound_nanoseconds;
    }
};

}  // namespace polyrelu
