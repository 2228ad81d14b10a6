// From a stage to the next: its top cells become regions.
#pragma once

#include "subdivision_state.hpp"

namespace polyrelu {

// Every top cell becomes a region of the next stage, which contains its faces; cells that are not decided lie in regions
// that are not.
inline void begin_next_regions(SubdivisionState& s) {
    Regions next;
    Cells& top = s.cells[s.r];
    const int n = s.stages[s.stage].n;  // without the columns of kept signs
    next.words = (n + 63) / 64;
    const uint64_t last = n & 63 ? (uint64_t(1) << (n & 63)) - 1 : ~uint64_t(0);
    next.parent.assign(top.region.begin(), top.region.end());
    next.plus.reserve(top.size() * next.words);
    next.minus.reserve(top.size() * next.words);
    for (int64_t c = 0; c < top.size(); ++c)
        for (int w = 0; w < next.words; ++w) {
            const uint64_t own = w + 1 < next.words ? ~uint64_t(0) : last;
            next.plus.push_back(top.masks.plus(c, w) & own);
            next.minus.push_back(top.masks.minus(c, w) & own);
        }
    s.regions.push_back(std::move(next));
    for (int64_t c = 0; c < top.size(); ++c) top.region[c] = (int32_t)c;
    for (int k = s.r; k > 0; --k) {
        const Cells& C = s.cells[k];
        int32_t* region = s.cells[k - 1].region.data();
        const auto hand_down = [&](auto&& takes_part) {
            for (int64_t c = 0; c < C.size(); ++c) {
                if (c % tuning::CELLS_BETWEEN_CHECKS == 0) s.check();
                if (!takes_part(c)) continue;
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) region[facet_of(f[t])] = C.region[c];
            }
        };
        if (s.coarse) hand_down([&](int64_t c) { return C.is_decided(c); });
        hand_down([&](int64_t c) { return !C.is_decided(c); });
    }
}

}  // namespace polyrelu
