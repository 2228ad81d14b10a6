// The stages and regions that a region comes from, and orders in which regions with common ancestors follow each other.
#pragma once

#include <cstdint>
#include <vector>

#include "stages.hpp"

namespace polyrelu {

// The stage that reads the point and that stage s depends on.
inline int first_stage(const std::vector<Stage>& stages, int s) {
    while (stages[s].previous >= 0) --s;
    return s;
}

// The region of stage s that contains the region p of the last stage that was begun.
inline int32_t ancestor(const std::vector<Regions>& regions, int32_t p, int s) {
    for (int t = (int)regions.size() - 1; t > s; --t) p = regions[t].parent[p];
    return p;
}

// Positions in ascending order of the keys, which are below `keys`; equal ones stay in order.
inline std::vector<int32_t> sorted_positions(const std::vector<int32_t>& key, int64_t keys) {
    std::vector<int64_t> start(keys + 1, 0);
    for (const int32_t k : key) ++start[k + 1];
    for (int64_t k = 0; k < keys; ++k) start[k + 1] += start[k];
    std::vector<int32_t> position(key.size());
    for (size_t i = 0; i < key.size(); ++i) position[i] = (int32_t)start[key[i]]++;
    return position;
}

inline std::vector<int32_t> inverse(const std::vector<int32_t>& position) {
    std::vector<int32_t> order(position.size());
    for (size_t i = 0; i < order.size(); ++i) order[position[i]] = (int32_t)i;
    return order;
}

// Places for the regions of stage s such that those with a common ancestor in any stage from `first` on follow each
// other.
inline std::vector<int32_t> region_places(const std::vector<Regions>& regions, int first, int s) {
    std::vector<int32_t> place(regions[first].parent.size(), 0), key;
    int64_t keys = 1;
    for (int t = first + 1; t <= s; ++t) {
        key.resize(regions[t].parent.size());
        for (size_t p = 0; p < key.size(); ++p) key[p] = place[regions[t].parent[p]];
        place = sorted_positions(key, keys);
        keys = (int64_t)place.size();
    }
    return place;
}

}  // namespace polyrelu
