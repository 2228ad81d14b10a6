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
    Walls(const std::vector<CellsView>& cells, BoundaryCells& boundary, Points& points, const std::vector<Cut>& tree,
          const std::vector<int32_t>& wall_of_form, int n_outer, InterruptCheck& interrupt)
        : r(boundary.r), cells_(cells), cells_in_order(r + 1), set(r + 1), place_in_fiber(r + 1), flip(r + 1), kind(r + 1) {
        const std::vector<std::vector<int32_t>> around = leaves_around(boundary, tree, wall_of_form, sets);
        find_kinds(boundary, n_outer);
        VertexOrder order(points, interrupt);
        std::vector<int32_t> on_wall;  // places in the lists of `boundary`, in order
        for (int k = 0; k <= r; ++k) {
            on_wall.clear();
            for (int64_t i = 0; i < boundary.size(k); ++i)
                if (sets.sets[around[k][i]].size() > 1) on_wall.push_back((int32_t)i);
            if (k == 0)
                sort_vertices(on_wall, boundary, order);
            else
                sort_cells(k, on_wall, boundary);
            number_cells(k, on_wall, boundary, around[k]);
            rank_.assign(boundary.size(k), -1);
            for (size_t i = 0; i < on_wall.size(); ++i) rank_[on_wall[i]] = (int32_t)i;
            interrupt.tick();
        }
    }

    const int r;

  private:
    const std::vector<CellsView>& cells_;
    // Of the dimension before, by places in the order of all cells on walls, and these by places in the boundary.
    struct Face {
        uint64_t hash;  // of its fiber and its place there
        int8_t flip;    // 0 at infinity
    };
    std::vector<Face> faces_;
    std::vector<int32_t> rank_;
    // Facets of the cells that are sorted, ascending: 2 * place + (1 if the incidence is -1).
    std::vector<int32_t> facets_, facets_in_order_;
    std::vector<int64_t> start_, start_in_order_;
    std::vector<uint64_t> hash_;                  // of each set of leaves
    std::vector<std::vector<int32_t>> in_fiber_;  // of each set of leaves: the number of cells by dimension

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
        facets_.clear();
        start_.assign(1, 0);
        int32_t most = 0;
        for (const int32_t i : chosen) {
            boundary.for_facets(k, i, [&](int32_t f, int8_t sign) {
                if (rank_[f] < 0) throw Halt{SIGNS_CONTRADICT};  // what contains a cell contains its faces
                facets_.push_back(2 * rank_[f] + (sign < 0));
            });
            std::sort(facets_.begin() + start_.back(), facets_.end());
            most = std::max(most, facets_[start_.back()] >> 1);
            start_.push_back((int64_t)facets_.size());
        }
        const auto compare = [this](int32_t a, int32_t b) {
            const auto at = facets_.begin();
            return std::lexicographical_compare(at + start_[a], at + start_[a + 1], at + start_[b], at + start_[b + 1],
                                                [](int32_t x, int32_t y) { return x >> 1 < y >> 1; });
        };
        // First by the first facet, of which few have the same.
        std::vector<int64_t> begin(most + 2, 0);
        const int32_t n = (int32_t)chosen.size();
        for (int32_t i = 0; i < n; ++i) ++begin[(facets_[start_[i]] >> 1) + 1];
        for (int32_t f = 0; f <= most; ++f) begin[f + 1] += begin[f];
        std::vector<int32_t> sorted(n), result(n);
        std::vector<int64_t> end(begin);
        for (int32_t i = 0; i < n; ++i) sorted[end[facets_[start_[i]] >> 1]++] = i;
        for (int32_t f = 0; f <= most; ++f)
            if (begin[f + 1] - begin[f] > 1) std::sort(sorted.begin() + begin[f], sorted.begin() + begin[f + 1], compare);
        facets_in_order_.clear();
        start_in_order_.assign(1, 0);
        for (int32_t i = 0; i < n; ++i) {
            const int32_t c = sorted[i];
            if (i > 0 && !compare(sorted[i - 1], c)) throw Halt{SIGNS_CONTRADICT};  // two with the same facets
            result[i] = chosen[c];
            facets_in_order_.insert(facets_in_order_.end(), facets_.begin() + start_[c], facets_.begin() + start_[c + 1]);
            start_in_order_.push_back((int64_t)facets_in_order_.size());
        }
        chosen.swap(result);
    }

    // Everything about the k-cells on walls.
    void number_cells(int k, const std::vector<int32_t>& on_wall, const BoundaryCells& boundary,
                      const std::vector<int32_t>& around) {
        const int64_t finite = cells_[k].finite;
        std::vector<Face> found;
        found.reserve(on_wall.size());
        while (digest.size() < sets.sets.size()) {
            hash_.push_back(hash_of(sets.sets[digest.size()]));
            digest.push_back(hash_.back());
            in_fiber_.emplace_back(r + 1, 0);
        }
        for (size_t i = 0; i < on_wall.size(); ++i) {
            const int32_t c = boundary.list[k][on_wall[i]], s = around[on_wall[i]];
            if (c >= finite) {
                found.push_back({0, 0});
                continue;
            }
            int8_t own = k == 0 ? 1 : 0;
            uint64_t h = (uint64_t)k;
            for (int64_t t = k == 0 ? 0 : start_in_order_[i]; k > 0 && t < start_in_order_[i + 1]; ++t) {
                const Face& face = faces_[facets_in_order_[t] >> 1];
                if (face.flip == 0) continue;
                const int8_t sign = (int8_t)((facets_in_order_[t] & 1 ? -1 : 1) * face.flip);
                if (own == 0) own = sign;
                h = mixed(h, sign == own ? face.hash : ~face.hash);
            }
            if (own == 0) throw Halt{SIGNS_CONTRADICT};  // a finite cell has a finite facet
            const int32_t place = in_fiber_[s][k]++;
            found.push_back({mixed(hash_[s], (uint64_t)place), own});
            kind[k][c] |= ON_WALL;
            cells_in_order[k].push_back(c);
            set[k].push_back(s);
            place_in_fiber[k].push_back(place);
            flip[k].push_back(own);
            digest[s] = mixed(digest[s], h);
        }
        faces_.swap(found);
    }
};

// What cuts a part off, and the others: affine forms, no two of them with the same zero set.
struct Cuts {
    std::vector<BigVector> forms;
    std::vector<int32_t> walls;  // the forms that bound the part, those of the whole domain first
    int n_outer = 0;             // how many of them do that
    std::vector<Cut> tree;
};

inline Outcome find_walls(Points& points, const std::vector<CellsView>& cells, const Cuts& cuts,
                          InterruptCheck& interrupt, std::unique_ptr<Walls>& result) {
    return outcome_of([&] {
        std::vector<int32_t> wall_of_form(cuts.forms.size(), -1);
        for (size_t j = 0; j < cuts.walls.size(); ++j) wall_of_form[cuts.walls[j]] = (int32_t)j;
        BoundaryCells boundary(points, cells, cuts.forms, cuts.walls, interrupt);
        result = std::make_unique<Walls>(cells, boundary, points, cuts.tree, wall_of_form, cuts.n_outer, interrupt);
    });
}

}  // namespace polyrelu
