// The chain complex of a region {F relation t}, straight from a finished subdivision: no arrays are made of its cells.
//
// A closed region is spanned by its bounded cells, and an open one, dually, by those of its cells that are not in the
// boundary of the domain (`polyrelu.topology.chain.chain_complex` has the reasons). Cells at infinity span nothing. The
// generators are numbered in the order of the cells, so that the complex is the same as the one that is made of arrays.
#pragma once

#include "reduction.hpp"
#include "subdivision.hpp"

namespace polyrelu {

struct RegionChain {
    reduction::Complex<int8_t> complex;
    reduction::Fault fault;  // of the cells, if the boundary of a boundary is not zero
};

// Signs of F - t that belong to a region.
enum RegionSigns : unsigned { MINUS = 1, ZERO = 2, PLUS = 4 };

inline unsigned sign_at(const SignMasks& masks, int64_t c) {
    return masks.has_plus(c, 0) ? PLUS : masks.has_minus(c, 0) ? MINUS : ZERO;
}

// The transposed matrix, with ascending rows in each column.
inline reduction::Complex<int8_t>::Columns transposed(const reduction::Complex<int8_t>::Columns& a, int64_t n_rows) {
    using namespace reduction;
    Complex<int8_t>::Columns out;
    out.start.assign(n_rows + 1, 0);
    out.row.resize(a.row.size());
    out.value.resize(a.row.size());
    for (const Index i : a.row) ++out.start[i + 1];
    for (int64_t i = 0; i < n_rows; ++i) out.start[i + 1] += out.start[i];
    std::vector<Offset> place(out.start.begin(), out.start.end() - 1);
    for (size_t j = 0; j + 1 < a.start.size(); ++j)
        for (Offset e = a.start[j]; e < a.start[j + 1]; ++e) {
            const Offset to = place[a.row[e]]++;
            out.row[to] = (Index)j;
            out.value[to] = a.value[e];
        }
    return out;
}

// `signs`: a sum of RegionSigns. The last stage of the subdivision is the level's neuron, and its masks are still there.
inline Outcome make_region_chain(const Subdivision& s, unsigned signs, bool is_open, InterruptCheck& interrupt,
                                 RegionChain& result) {
    using namespace reduction;
    return outcome_of([&] {
        Complex<int8_t> cells;
        std::vector<Index> number, before;  // of the cells of a dimension among the generators, or -1
        std::vector<char> bounded, bounded_before;
        for (int k = 0; k <= s.r; ++k) {
            const polyrelu::Cells& C = s.cells[k];
            const int64_t n = C.size();
            number.resize(n);
            if (!is_open) bounded.resize(n);
            Complex<int8_t>::Columns columns;
            columns.start.push_back(0);
            Index chosen = 0;
            for (int64_t c = 0; c < n; ++c) {
                interrupt.tick();
                const bool finite = !(C.flags[c] & AT_INFINITY);
                bool spans = finite && (signs & sign_at(C.masks, c));
                if (is_open) {
                    spans = spans && !(C.flags[c] & ON_BOUNDARY);
                } else {
                    bool all = finite;
                    for (int32_t t = 0; k > 0 && all && t < C.count[c]; ++t)
                        all = bounded_before[facet_of(C.facets(c)[t])];
                    bounded[c] = all;
                    spans = spans && all;
                }
                number[c] = spans ? chosen++ : -1;
                if (k == 0 || !spans) continue;
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) {
                    const Index row = before[facet_of(f[t])];
                    if (row < 0) continue;
                    columns.row.push_back(row);
                    columns.value.push_back(negative(f[t]) ? -1 : 1);
                }
                columns.start.push_back((Offset)columns.row.size());
            }
            cells.ranks.push_back(chosen);
            if (k > 0) cells.boundary.push_back(std::move(columns));
            before.swap(number);
            bounded_before.swap(bounded);
        }
        std::vector<Offset> n_entries;
        for (const auto& columns : cells.boundary) n_entries.push_back((Offset)columns.row.size());
        result.fault = check_complex(cells.view(), n_entries, interrupt);
        if (result.fault.kind != kSound) return;
        if (is_open) {
            for (size_t k = 0; k < cells.boundary.size(); ++k)
                cells.boundary[k] = transposed(cells.boundary[k], cells.ranks[k]);
            std::reverse(cells.ranks.begin(), cells.ranks.end());
            std::reverse(cells.boundary.begin(), cells.boundary.end());
        }
        result.complex = std::move(cells);
    });
}

inline Outcome reduce_chain(const RegionChain& chain, InterruptCheck& interrupt, reduction::Result& result) {
    return outcome_of([&] { result = reduction::reduce_complex(chain.complex.view(), interrupt, nullptr); });
}

}  // namespace polyrelu
