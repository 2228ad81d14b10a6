// The leaves of a binary tree of cuts that contain the cells in the boundary of one of them.
//
// A leaf is a closed convex polyhedron, so it contains a cell iff it contains all vertices and rays of the cell; those of
// a cell are those of its facets. Vertices are taken through the tree.
#pragma once

#include <algorithm>
#include <unordered_map>

#include "boundary_cells.hpp"

namespace polyrelu {

// A cut: the number of its form, and the nodes on the sides where the form is <= 0 and >= 0; leaf i is -1 - i.
struct Cut {
    int32_t form, minus, plus;
};

using Leaves = std::vector<int32_t>;  // ascending

inline uint64_t mixed(uint64_t h, uint64_t x) {
    h = (h ^ x) * 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return h ^ (h >> 29);
}

inline uint64_t hash_of(const Leaves& leaves) {
    uint64_t h = leaves.size();
    for (const int32_t x : leaves) h = mixed(h, (uint64_t)x);
    return h;
}

// Sets of leaves, numbered as they come.
class LeafSets {
  public:
    std::vector<Leaves> sets;

    int32_t number(const Leaves& leaves) {
        if (!sets.empty() && sets[last_] == leaves) return last_;
        const auto found = known_.emplace(leaves, (int32_t)sets.size());
        if (found.second) sets.push_back(leaves);
        return last_ = found.first->second;
    }
    int32_t intersection(int32_t a, int32_t b) {
        if (a == b) return a;
        const uint64_t key = (uint64_t)(uint32_t)std::min(a, b) << 32 | (uint32_t)std::max(a, b);
        const auto found = met_.find(key);
        if (found != met_.end()) return found->second;
        Leaves both;
        std::set_intersection(sets[a].begin(), sets[a].end(), sets[b].begin(), sets[b].end(), std::back_inserter(both));
        return met_[key] = number(both);
    }

  private:
    struct Hash {
        size_t operator()(const Leaves& leaves) const { return hash_of(leaves); }
    };
    std::unordered_map<Leaves, int32_t, Hash> known_;
    std::unordered_map<uint64_t, int32_t> met_;
    int32_t last_ = 0;
};

// For every cell in the boundary, by dimension, the number of the set of leaves that contain it. wall_of_form: for each
// form which wall of the domain it is, or -1.
inline std::vector<std::vector<int32_t>> leaves_around(BoundaryCells& boundary, const std::vector<Cut>& tree,
                                                       const std::vector<int32_t>& wall_of_form, LeafSets& sets) {
    std::vector<std::vector<int32_t>> found(boundary.r + 1);
    Leaves leaves;
    std::vector<int32_t> waiting;
    for (int64_t i = 0; i < boundary.size(0); ++i) {
        leaves.clear();
        waiting.assign(1, tree.empty() ? -1 : 0);
        while (!waiting.empty()) {
            const int32_t at = waiting.back();
            waiting.pop_back();
            if (at < 0) {
                leaves.push_back(-1 - at);
                continue;
            }
            const Cut& cut = tree[at];
            const int32_t wall = wall_of_form[cut.form];
            const int sg = wall >= 0 && boundary.in_wall[0][i][wall >> 6] >> (wall & 63) & 1 ? 0
                                                                                            : boundary.sign(cut.form, i);
            if (sg <= 0) waiting.push_back(cut.minus);
            if (sg >= 0) waiting.push_back(cut.plus);
        }
        std::sort(leaves.begin(), leaves.end());
        found[0].push_back(sets.number(leaves));
    }
    for (int k = 1; k <= boundary.r; ++k)
        for (int64_t i = 0; i < boundary.size(k); ++i) {
            int32_t common = -1;
            boundary.for_facets(k, i, [&](int32_t f, int8_t) {
                common = common < 0 ? found[k - 1][f] : sets.intersection(common, found[k - 1][f]);
            });
            found[k].push_back(common);
        }
    return found;
}

}  // namespace polyrelu
