// A domain is a stage whose neurons are its walls: what lies beyond a wall is removed.
#pragma once

#include "subdivision_state.hpp"

namespace polyrelu {

// The k-cells without a minus sign of neuron j, their facets by the new numbers `number[k - 1]`; keep: which they are.
// Those on which the neuron vanishes are marked as boundary.
inline Cells cells_not_beyond(SubdivisionState& s, int k, int j, std::vector<std::vector<int32_t>>& number,
                              std::vector<char>& keep) {
    const Cells& C = s.cells[k];
    Cells kept;
    kept.masks.start(s.stages[s.stage].n, 0);
    std::vector<Incidence> f;
    for (int64_t c = 0; c < C.size(); ++c) {
        if (c % tuning::CELLS_BETWEEN_CHECKS == 0) s.check();
        if (C.masks.has_minus(c, j)) continue;
        const bool boundary = !C.masks.has_plus(c, j);
        keep[c] = 1;
        const int64_t d = kept.size();
        number[k][c] = (int32_t)d;
        if (k > 0) {
            f.clear();
            for (int32_t t = 0; t < C.count[c]; ++t) {
                const Incidence x = C.facets(c)[t];
                f.push_back(incidence(number[k - 1][facet_of(x)], negative(x)));
            }
            kept.append_facets(f.data(), f.size());
            kept.defining_forms.append(C.defining_forms.data() + c * (s.r - k), s.r - k);
        }
        kept.flags.push_back(C.flags[c] | (boundary ? ON_BOUNDARY : 0));
        kept.region.push_back(C.region[c]);
        kept.masks.resize(d + 1);
        for (int w = 0; w < s.words; ++w) kept.masks.set(d, w, C.masks.plus(c, w), C.masks.minus(c, w));
    }
    return kept;
}

// Removes the cells on the minus side of neuron j, which crosses none; those on it are part of the boundary.
inline void keep_domain(SubdivisionState& s, int j) {
    std::vector<std::vector<int32_t>> number(s.r + 1);
    for (int k = 0; k <= s.r; ++k) {
        std::vector<char> keep(s.cells[k].size());
        number[k].assign(s.cells[k].size(), -1);
        Cells kept = cells_not_beyond(s, k, j, number, keep);
        if (k == 0) {
            s.vertices.filter(keep);
            std::vector<int32_t> starting;
            for (size_t v = 0; v < s.starting_vertex.size(); ++v)
                if (keep[v]) starting.push_back(s.starting_vertex[v]);
            s.starting_vertex.swap(starting);
        }
        s.cells[k] = std::move(kept);
    }
    if (s.cells[s.r].size() == 0) throw Halt{DOMAIN_WITHOUT_INTERIOR};
}

}  // namespace polyrelu
