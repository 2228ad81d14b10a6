// The finished subdivision as flat arrays: within a dimension the finite cells first, then those at infinity.
#pragma once

#include "subdivision.hpp"

namespace polyrelu {

class CellOrder {
  public:
    explicit CellOrder(const Subdivision& s) : order(s.r + 1), number(s.r + 1), finite(s.r + 1, 0) {
        for (int k = 0; k <= s.r; ++k) {
            const Cells& C = s.cells[k];
            number[k].resize(C.size());
            for (int pass = 0; pass < 2; ++pass)
                for (int64_t c = 0; c < C.size(); ++c)
                    if (((C.flags[c] & AT_INFINITY) != 0) == (pass == 1)) {
                        number[k][c] = (int32_t)order[k].size();
                        order[k].push_back((int32_t)c);
                        finite[k] += pass == 0;
                    }
        }
    }
    std::vector<std::vector<int32_t>> order, number;  // new -> old, old -> new
    std::vector<int64_t> finite;

    void facets(const Subdivision& s, int k, int64_t* indptr, int32_t* index, int8_t* sign) const {
        const Cells& C = s.cells[k];
        int64_t at = 0;
        indptr[0] = 0;
        for (size_t i = 0; i < order[k].size(); ++i) {
            const int32_t c = order[k][i];
            for (int32_t t = 0; t < C.count[c]; ++t) {
                const Incidence x = C.arena[C.start[c] + t];
                index[at] = number[k - 1][facet_of(x)];
                sign[at++] = negative(x) ? -1 : 1;
            }
            indptr[i + 1] = at;
        }
    }

    void per_cell(const Subdivision& s, int k, uint8_t* boundary, int32_t* home) const {
        for (size_t i = 0; i < order[k].size(); ++i) {
            boundary[i] = (s.cells[k].flags[order[k][i]] & ON_BOUNDARY) != 0;
            home[i] = s.cells[k].home[order[k][i]];
        }
    }

    // The signs (1, 0, -1) of all cells for neuron j of the stage that was marked last.
    void signs(const Subdivision& s, int k, int words, int j, int8_t* out) const {
        for (size_t i = 0; i < order[k].size(); ++i) {
            const size_t c = (size_t)order[k][i] * words;
            out[i] = (int8_t)((int)bit(&s.cells[k].plus[c], j) - (int)bit(&s.cells[k].minus[c], j));
        }
    }
};

}  // namespace polyrelu
