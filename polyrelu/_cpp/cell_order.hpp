// The finished subdivision as flat arrays: within a dimension the finite cells first, then those at infinity.
#pragma once

#include "subdivision.hpp"

namespace polyrelu {

class CellOrder {
  public:
    explicit CellOrder(Subdivision& s) : number(s.r + 1), finite(s.r + 1, 0) {
        s.share_all(s.r + 1, 1, [&](int, int64_t k, int64_t) {
            const Cells& C = s.cells[k];
            number[k].resize(C.size());
            for (const unsigned char f : C.flags) finite[k] += !(f & AT_INFINITY);
            int32_t next[2] = {0, (int32_t)finite[k]};
            for (int64_t c = 0; c < C.size(); ++c) number[k][c] = next[(C.flags[c] & AT_INFINITY) != 0]++;
        });
    }
    std::vector<std::vector<int32_t>> number;  // old -> new
    std::vector<int64_t> finite;

    // The facets of all k-cells; they are taken from the subdivision, and the numbers of the k-cells are forgotten.
    void facets(Subdivision& s, int k, int64_t* indptr, int32_t* index, int8_t* sign) {
        Cells& C = s.cells[k];
        std::vector<int32_t> order(C.size());
        for (int64_t c = 0; c < C.size(); ++c) order[number[k][c]] = (int32_t)c;
        std::vector<int32_t>().swap(number[k]);
        indptr[0] = 0;
        for (size_t i = 0; i < order.size(); ++i) indptr[i + 1] = indptr[i] + C.count[order[i]];
        const int32_t* name = number[k - 1].data();
        s.share_all((int64_t)order.size(), tuning::CELLS_TO_WRITE, [&](int, int64_t begin, int64_t end) {
            int64_t at = indptr[begin];
            for (int64_t i = begin; i < end; ++i) {
                const Incidence* f = C.facets(order[i]);
                for (int32_t t = 0; t < C.count[order[i]]; ++t) {
                    index[at] = name[facet_of(f[t])];
                    sign[at++] = negative(f[t]) ? -1 : 1;
                }
            }
        });
        C.release_facets();
    }

    void per_cell(Subdivision& s, int k, uint8_t* boundary, int32_t* region) const {
        const Cells& C = s.cells[k];
        place(s, k, [&](int64_t c, int32_t to) {
            boundary[to] = (C.flags[c] & ON_BOUNDARY) != 0;
            region[to] = C.region[c];
        });
    }

    // For all top cells 1 or -1 where they are decided and have this sign, else 0.
    void decided(Subdivision& s, int8_t* out) const {
        const Cells& C = s.cells[s.r];
        place(s, s.r, [&](int64_t c, int32_t to) {
            out[to] = (int8_t)(((C.flags[c] & DECIDED_PLUS) != 0) - ((C.flags[c] & DECIDED_MINUS) != 0));
        });
    }

    // The signs (1, 0, -1) of all cells for neuron j of the stage that was marked last.
    void signs(Subdivision& s, int k, int j, int8_t* out) const {
        const SignMasks& masks = s.cells[k].masks;
        place(s, k, [&](int64_t c, int32_t to) {
            out[to] = (int8_t)((int)masks.has_plus(c, j) - (int)masks.has_minus(c, j));
        });
    }

    // For all finite k-cells which of several conditions their signs satisfy, a row of bytes each, the highest bit first.
    // Condition i is that all its terms[start[i]..start[i + 1]) hold: of neuron t >> 1, among all, the sign is not
    // negative (t & 1 = 0) or not positive. On decided cells (classes) the condition of their class is the one.
    void conditions(Subdivision& s, int k, const std::vector<int32_t>& start, const std::vector<int32_t>& terms,
                    uint8_t* out) const {
        const SignMasks& masks = s.cells[k].masks;
        const int n = (int)start.size() - 1, width = (n + 7) / 8;
        std::vector<int32_t> columns;
        for (const int32_t t : terms) columns.push_back(s.column_of(t >> 1));
        place(s, k, [&](int64_t c, int32_t to) {
            if (to >= finite[k]) return;
            uint8_t* row = out + (size_t)to * width;
            std::fill_n(row, width, 0);
            if (const int32_t i = s.decided.class_of(k, c); i >= 0) {
                row[i >> 3] |= (uint8_t)(0x80 >> (i & 7));
                return;
            }
            for (int i = 0; i < n; ++i) {
                bool holds = true;
                for (int32_t t = start[i]; t < start[i + 1] && holds; ++t)
                    holds = !(terms[t] & 1 ? masks.has_plus(c, columns[t]) : masks.has_minus(c, columns[t]));
                if (holds) row[i >> 3] |= (uint8_t)(0x80 >> (i & 7));
            }
        });
    }

    void vertices(Subdivision& s, double* coordinates, double* error, int32_t* origins) const {
        const Vertices& V = s.vertices;
        place(s, 0, [&](int64_t v, int32_t to) {
            std::copy_n(V[v], V.width, coordinates + (size_t)to * V.width);
            error[to] = V.error[v];
            const VertexOrigin& origin = V.origins[v];
            int32_t* out = origins + 4 * (size_t)to;
            out[0] = origin.p < 0 ? -1 : number[0][origin.p];
            out[1] = origin.p < 0 ? -1 : number[0][origin.q];
            out[2] = origin.region;
            out[3] = origin.neuron;
        });
    }

  private:
    // put(cell, its new number) for all k-cells.
    template <class Put>
    void place(Subdivision& s, int k, Put&& put) const {
        s.share_all((int64_t)number[k].size(), tuning::CELLS_TO_WRITE, [&](int, int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c) put(c, number[k][c]);
        });
    }
};

}  // namespace polyrelu
