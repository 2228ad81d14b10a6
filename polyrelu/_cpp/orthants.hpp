// The complex to begin with: the 2^r orthants, cones from an apex along the lines of r rays and their opposites.
//
// Vertex 0 is the apex, 1 + 2i is ray i and 2 + 2i its opposite; form 0 is x0, and form 1 + i vanishes on all rays but
// these two. A simplex is an optional apex and a choice of plus, minus or none for each ray: a number in base 3, the
// apex being one more bit. Its facets leave out one vertex, with alternating signs, the apex first.
#pragma once

#include <vector>

#include "cells.hpp"
#include "outcome.hpp"
#include "tuning.hpp"

namespace polyrelu {

// Fills the empty cells of all dimensions. Halts when there are more than max_cells, or when they need more than
// max_memory; `check(bytes held besides the cells)` is called now and then and may throw.
template <class Check>
void make_orthants(std::vector<Cells>& cells, int64_t max_cells, int64_t max_memory, Check&& check) {
    constexpr int64_t WORKING_BYTES = 4 + 8, LEAST_BYTES = 17;  // a code: its number and itself; its cell without lists
    const int r = (int)cells.size() - 1;
    int64_t codes = 2;
    for (int i = 0; i < r; ++i)
        if ((codes *= 3) > max_cells + 1) throw Halt{CELL_LIMIT_REACHED};  // within the loop: 3^r overflows from r = 40 on
    if (codes * (WORKING_BYTES + LEAST_BYTES) > max_memory) throw Halt{MEMORY_LIMIT_REACHED};
    std::vector<int32_t> number(codes, -1);
    std::vector<int64_t> power(r + 1, 2);
    for (int i = 0; i < r; ++i) power[i + 1] = 3 * power[i];
    for (Cells& C : cells) C.masks.start(1, 0);
    cells[0].flags.assign(1 + 2 * r, AT_INFINITY);
    cells[0].flags[0] = 0;
    cells[0].region.assign(1 + 2 * r, 0);
    std::vector<std::vector<int64_t>> by_dimension(r + 1);
    for (int64_t code = 1; code < codes; ++code) {
        if (code % tuning::STARTING_CELLS_BETWEEN_CHECKS == 0) check(codes * WORKING_BYTES);
        int n = (int)(code & 1);
        for (int64_t rest = code >> 1; rest; rest /= 3) n += rest % 3 != 0;
        by_dimension[n - 1].push_back(code);
    }
    for (int64_t code : by_dimension[0]) {
        int32_t v = 0;
        for (int i = 0; i < r; ++i)
            if (const int64_t s = code / power[i] % 3) v = (int32_t)(2 * i + s);
        number[code] = v;
    }
    std::vector<Incidence> f;
    for (int k = 1; k <= r; ++k) {
        Cells& C = cells[k];
        for (int64_t code : by_dimension[k]) {
            if (C.size() % tuning::STARTING_CELLS_BETWEEN_CHECKS == 0) check(codes * WORKING_BYTES);
            if (!(code & 1)) C.defining_forms.push_back(0);
            for (int i = 0; i < r; ++i)
                if (code / power[i] % 3 == 0) C.defining_forms.push_back(1 + i);
            f.clear();
            bool odd = false;
            if (code & 1) {
                f.push_back(incidence(number[code - 1], false));
                odd = true;
            }
            for (int i = 0; i < r; ++i)
                if (const int64_t s = code / power[i] % 3) {
                    f.push_back(incidence(number[code - s * power[i]], odd));
                    odd = !odd;
                }
            number[code] = (int32_t)C.size();
            C.append_facets(f.data(), f.size());
            C.flags.push_back(code & 1 ? 0 : AT_INFINITY);
            C.region.push_back(0);
        }
    }
}

}  // namespace polyrelu
