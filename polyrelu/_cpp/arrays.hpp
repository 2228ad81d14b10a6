// The finished subdivision as flat arrays: within a dimension the finite cells first, then those at infinity.
#pragma once

#include "subdivision.hpp"

namespace polyrelu {

class CellOrder {
  public:
    explicit CellOrder(const Subdivision& s) : number(s.r + 1), finite(s.r + 1, 0) {
        for (int k = 0; k <= s.r; ++k) {
            number[k].resize(s.cells[k].size());
            int32_t n = 0;
            in_order(s.cells[k], [&](int64_t c) { number[k][c] = n++; });
            for (const unsigned char f : s.cells[k].flags) finite[k] += !(f & AT_INFINITY);
        }
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
        s.share_all((int64_t)order.size(), 1 << 14, [&](int, int64_t begin, int64_t end) {
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

    void per_cell(const Subdivision& s, int k, uint8_t* boundary, int32_t* home) const {
        const Cells& C = s.cells[k];
        in_order(C, [&](int64_t c) {
            *boundary++ = (C.flags[c] & ON_BOUNDARY) != 0;
            *home++ = C.home[c];
        });
    }

    // The signs (1, 0, -1) of all cells for neuron j of the stage that was marked last.
    void signs(const Subdivision& s, int k, int j, int8_t* out) const {
        const SignMasks& masks = s.cells[k].masks;
        in_order(s.cells[k], [&](int64_t c) { *out++ = (int8_t)((int)masks.has_plus(c, j) - (int)masks.has_minus(c, j)); });
    }

    void vertices(const Subdivision& s, double* coordinates, double* error, int32_t* recipe) const {
        const Vertices& V = s.vertices;
        in_order(s.cells[0], [&](int64_t v) {
            coordinates = std::copy_n(V[v], V.width, coordinates);
            *error++ = V.error[v];
            const Recipe& how = V.recipe[v];
            *recipe++ = how.p < 0 ? -1 : number[0][how.p];
            *recipe++ = how.p < 0 ? -1 : number[0][how.q];
            *recipe++ = how.region;
            *recipe++ = how.neuron;
        });
    }

  private:
    template <class Visit>
    static void in_order(const Cells& C, Visit&& visit) {
        bool any = false;
        for (int64_t c = 0; c < C.size(); ++c)
            if (C.flags[c] & AT_INFINITY)
                any = true;
            else
                visit(c);
        for (int64_t c = 0; any && c < C.size(); ++c)
            if (C.flags[c] & AT_INFINITY) visit(c);
    }
};

}  // namespace polyrelu
