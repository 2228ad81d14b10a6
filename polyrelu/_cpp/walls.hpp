// The cells of a part that other parts contain as well, in an order and with an orientation that all parts find.
//
// A fiber is the set of finite cells that the same leaves contain. Cells of a wall are those in the boundary that at
// least two leaves contain; their faces are among them. The order: vertices as in `vertex_order.hpp`; cells of dimension
// k by the ascending places of their facets (which determine a cell), as words are in a dictionary. The orientation: the
// incidence with the first finite facet is 1. Both depend on nothing but the cell, so a cell on a wall is known by its
// leaves, its dimension, and its place among the cells of its fiber. A number made from all that parts must find alike is
// kept for each fiber, so that they can be compared.
#pragma once

#include <memory>

#include "leaves.hpp"
#include "vertex_order.hpp"

namespace polyrelu {

class Walls {
  public:
    // What is known of a finite cell, as bits.
    enum Kind : uint8_t { BOUNDED = 1, OUTER = 2, ON_WALL = 4 };

    // Cells in `boundary` must have been found for the forms of `tree`; n_outer: how many of the walls, the first ones,
    // bound the whole domain.
    Walls(const std::vector<CellsView>& cells, BoundaryCells& boundary, Vertices& vertices, const std::vector<Cut>& tree,
          const std::vector<int32_t>& wall_of_form, int n_outer, InterruptCheck& interrupt)
        : r(boundary.r), cells_(cells), cells_in_order(r + 1), set(r + 1), place_in_fiber(r + 1), flip(r + 1), kind(r + 1) {
        const std::vector<std::vector<int32_t>> around = leaves_around(boundary, tree, wall_of_form, sets);
        find_kinds(boundary, n_outer);
        VertexOrder order(vertices, interrupt);
        std::vector<std::vector<int32_t>> on_wall(r + 1);  // places in the lists of `boundary`, in order
        for (int k = 0; k <= r; ++k) {
            for (int64_t i = 0; i < boundary.size(k); ++i)
                if (sets.sets[around[k][i]].size() > 1) on_wall[k].push_back((int32_t)i);
            if (k == 0)
                sort_vertices(on_wall[0], boundary, order);
            else
                sort_cells(k, on_wall[k], boundary);
            rank_.assign(boundary.size(k), -1);
            for (size_t i = 0; i < on_wall[k].size(); ++i) rank_[on_wall[k][i]] = (int32_t)i;
            number_cells(k, on_wall[k], boundary, around[k]);
            interrupt.tick();
        }
    }

    const int r;

  private:
    const std::vector<CellsView>& cells_;
    std::vector<int32_t> rank_;        // of the cells of the dimension before: in their order, by places in the boundary
    std::vector<int32_t> in_order_;    // of the same: places in `cells_in_order`, -1 at infinity
    std::vector<int32_t> facet_ranks_;  // of the cells that are sorted: their facets, ascending
    std::vector<int64_t> facet_start_;

  public:
    LeafSets sets;
    // By dimension, for the finite cells on walls in their order:
    std::vector<std::vector<int32_t>> cells_in_order;  // their numbers
    std::vector<std::vector<int32_t>> set;             // the number of the set of leaves
    std::vector<std::vector<int32_t>> place_in_fiber;
    std::vector<std::vector<int8_t>> flip;  // times this, their orientation is the common one
    std::vector<uint64_t> digest;           // of each set of leaves: its fiber
    std::vector<std::vector<uint8_t>> kind;  // by dimension, of all finite cells
    int64_t n_bounded = 0;                   // of the r-cells

  private:
    void find_kinds(const BoundaryCells& boundary, int n_outer) {
        for (int k = 0; k <= r; ++k) {
            const CellsView& C = cells_[k];
            kind[k].assign(C.finite, BOUNDED);
            if (k > 0)
                for (int64_t c = 0; c < C.finite; ++c)
                    for (const int32_t* f = C.begin(c); f != C.end(c); ++f)
                        if (*f >= cells_[k - 1].finite || !(kind[k - 1][*f] & BOUNDED)) kind[k][c] = 0;
            for (int64_t i = 0; i < boundary.size(k); ++i) {
                bool outer = false;
                for (int j = 0; j < n_outer; ++j) outer = outer || (boundary.in_wall[k][i][j >> 6] >> (j & 63) & 1);
                if (outer && boundary.list[k][i] < C.finite) kind[k][boundary.list[k][i]] |= OUTER;
            }
        }
        n_bounded = std::count_if(kind[r].begin(), kind[r].end(), [](uint8_t x) { return x & BOUNDED; });
    }

    void sort_vertices(std::vector<int32_t>& chosen, const BoundaryCells& boundary, VertexOrder& order) const {
        std::vector<int32_t> numbers[2];  // of vertices, and of rays
        for (const int32_t i : chosen) numbers[boundary.list[0][i] >= cells_[0].finite].push_back(boundary.list[0][i]);
        chosen.clear();
        for (const bool rays : {false, true}) {
            order.sort(numbers[rays], rays);
            for (const int32_t v : numbers[rays]) chosen.push_back(boundary.place[0][v]);
        }
    }

    void sort_cells(int k, std::vector<int32_t>& chosen, const BoundaryCells& boundary) {
        facet_ranks_.clear();
        facet_start_.assign(1, 0);
        std::vector<std::vector<int32_t>> unused;
        int32_t most = 0;
        for (const int32_t i : chosen) {
            boundary.for_facets(k, i, [&](int32_t f, int8_t) {
                if (rank_[f] < 0) throw Halt{SIGNS_CONTRADICT};  // what contains a cell contains its faces
                facet_ranks_.push_back(rank_[f]);
            });
            std::sort(facet_ranks_.begin() + facet_start_.back(), facet_ranks_.end());
            most = std::max(most, facet_ranks_[facet_start_.back()]);
            facet_start_.push_back((int64_t)facet_ranks_.size());
        }
        const auto compare = [this](int32_t a, int32_t b) {
            const auto at = facet_ranks_.begin();
            return std::lexicographical_compare(at + facet_start_[a], at + facet_start_[a + 1], at + facet_start_[b],
                                                at + facet_start_[b + 1]);
        };
        // First by the first facet, of which few have the same.
        std::vector<int64_t> begin(most + 2, 0);
        const int32_t n = (int32_t)chosen.size();
        for (int32_t i = 0; i < n; ++i) ++begin[facet_ranks_[facet_start_[i]] + 1];
        for (int32_t f = 0; f <= most; ++f) begin[f + 1] += begin[f];
        std::vector<int32_t> sorted(n), result(n);
        std::vector<int64_t> end(begin);
        for (int32_t i = 0; i < n; ++i) sorted[end[facet_ranks_[facet_start_[i]]]++] = i;
        for (int32_t f = 0; f <= most; ++f)
            if (begin[f + 1] - begin[f] > 1) std::sort(sorted.begin() + begin[f], sorted.begin() + begin[f + 1], compare);
        for (int32_t i = 0; i < n; ++i) {
            if (i > 0 && !compare(sorted[i - 1], sorted[i])) throw Halt{SIGNS_CONTRADICT};  // two with the same facets
            result[i] = chosen[sorted[i]];
        }
        chosen.swap(result);
    }

    // Everything about the k-cells on walls that are finite.
    void number_cells(int k, const std::vector<int32_t>& on_wall, const BoundaryCells& boundary,
                      const std::vector<int32_t>& around) {
        const CellsView& C = cells_[k];
        std::vector<int32_t> before(boundary.size(k), -1);
        before.swap(in_order_);
        for (const int32_t i : on_wall) {
            const int32_t c = boundary.list[k][i], s = around[i];
            if (c >= C.finite) continue;
            while (digest.size() < sets.sets.size()) {
                digest.push_back(hash_of(sets.sets[digest.size()]));
                in_fiber_.push_back({});
            }
            in_order_[i] = (int32_t)cells_in_order[k].size();
            kind[k][c] |= ON_WALL;
            cells_in_order[k].push_back(c);
            set[k].push_back(s);
            if ((int)in_fiber_[s].size() <= k) in_fiber_[s].resize(k + 1, 0);
            place_in_fiber[k].push_back(in_fiber_[s][k]++);
            faces_.clear();
            if (k > 0) boundary.for_facets(k, i, [&](int32_t f, int8_t sign) {
                if (before[f] >= 0) faces_.push_back({before[f], sign});
            });
            std::sort(faces_.begin(), faces_.end());
            if (k > 0 && faces_.empty()) throw Halt{SIGNS_CONTRADICT};
            const int8_t own = k == 0 ? 1 : (int8_t)(faces_[0].second * flip[k - 1][faces_[0].first]);
            flip[k].push_back(own);
            uint64_t h = mixed(mixed(digest[s], (uint64_t)k), faces_.size());
            for (const auto& [f, sign] : faces_) {
                h = mixed(h, hash_of(sets.sets[set[k - 1][f]]));
                h = mixed(h, (uint64_t)(place_in_fiber[k - 1][f] * 2 + (sign * own * flip[k - 1][f] < 0)));
            }
            digest[s] = h;
        }
    }
    std::vector<std::vector<int32_t>> in_fiber_;  // for each set of leaves: the number of cells by dimension
    std::vector<std::pair<int32_t, int8_t>> faces_;
};

// What cuts a part off, and the others: affine forms, no two of them with the same zero set.
struct Cuts {
    std::vector<BigVector> forms;
    std::vector<int32_t> walls;  // the forms that bound the part, those of the whole domain first
    int n_outer = 0;             // how many of them do that
    std::vector<Cut> tree;
};

inline Outcome find_walls(Vertices& vertices, const std::vector<CellsView>& cells, const Cuts& cuts,
                          InterruptCheck& interrupt, std::unique_ptr<Walls>& result) {
    return outcome_of([&] {
        std::vector<int32_t> wall_of_form(cuts.forms.size(), -1);
        for (size_t j = 0; j < cuts.walls.size(); ++j) wall_of_form[cuts.walls[j]] = (int32_t)j;
        BoundaryCells boundary(vertices, cells, cuts.forms, cuts.walls, interrupt);
        result = std::make_unique<Walls>(cells, boundary, vertices, cuts.tree, wall_of_form, cuts.n_outer, interrupt);
    });
}

}  // namespace polyrelu
