// The sublevel sets of a function that is affine on every cell, as a filtered complex reduced to its critical cells.
#pragma once

#include "critical_chains.hpp"
#include "outcome.hpp"

namespace polyrelu {

struct Filtration {
    std::vector<std::vector<int32_t>> cells, flats;  // by dimension: the critical cells, and the first vertices of their flats
    std::vector<reduction::SparseVectors> boundary;  // of degrees 1..r
    std::vector<int32_t> rays;                       // of each far vertex
};

// rank: of the values of the vertices, below n_values. ray_sign: of the slopes along the rays. superlevel: the sets
// {F >= t} instead, which are the sublevel sets of -F.
inline Outcome find_critical_cells(const CellArrays& arrays, const int32_t* rank, const int8_t* ray_sign, int32_t n_values,
                                   bool superlevel, int threads, InterruptCheck& interrupt, Filtration& result) {
    return outcome_of([&] {
        const FarCells cells(arrays);
        // 0 for -infinity, then the values; what has the value +infinity never comes.
        std::vector<int32_t> number(cells.count(0));
        for (int64_t v = 0; v < cells.finite(0); ++v) number[v] = 1 + (superlevel ? n_values - 1 - rank[v] : rank[v]);
        for (int64_t v = cells.finite(0); v < cells.count(0); ++v) {
            const FarVertex far = cells.far_vertex(v);
            result.rays.push_back((int32_t)(far.ray - cells.finite(0)));
            const int sign = superlevel ? -ray_sign[result.rays.back()] : ray_sign[result.rays.back()];
            number[v] = sign == 0 ? number[far.vertex] : sign < 0 ? 0 : -1;
        }
        const LowerStars stars(cells, number.data(), threads, interrupt);
        result.cells = stars.critical;
        for (int q = 0; q <= cells.top(); ++q) {
            std::vector<int32_t>& flats = result.flats.emplace_back();
            for (const int32_t x : stars.critical[q]) flats.push_back(stars.owner(q, x));
        }
        result.boundary = CriticalChains(cells, stars, interrupt).boundary();
    });
}

}  // namespace polyrelu
