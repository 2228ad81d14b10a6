// The complex inside one cell that is split, and its faces: small enough for the cache.
#pragma once

#include <vector>

#include "storage.hpp"

namespace polyrelu {

struct LocalFace {
    int32_t id;                    // its number among all cells
    int32_t start = 0, count = 0;  // inner: all facets, in `lists`; else: those where neurons vanish, in `zeros`
    int32_t defining_forms = 0;
    int32_t next = -1;             // in the list of its first crossing neuron
    int32_t split_by = -1;         // the last neuron that split it, and what it gave
    int32_t minus = -1, cut = -1;
    bool cut_negative = false;     // [face+ : cut] = -1
    bool inner;
    bool searched = false;
};
// The cells of one dimension in the closure of s that were looked at. Lists are of (index << 1 | negative).
struct LocalCells {
    Array<LocalFace> faces;
    Array<uint64_t> masks;
    Array<int32_t> lists, zeros, defining_forms;
    std::vector<int32_t> head;
    int32_t next_id = 0;
};

}  // namespace polyrelu
