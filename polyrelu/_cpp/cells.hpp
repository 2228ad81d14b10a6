// The cells of one dimension as separate arrays.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace polyrelu {

// A facet with its incidence number: number << 1 | (1 if it is -1).
using Incidence = int32_t;
constexpr int64_t MAX_CELLS = int64_t(1) << 30;
inline Incidence incidence(int32_t facet, bool negative) { return facet << 1 | (negative ? 1 : 0); }
inline int32_t facet_of(Incidence x) { return x >> 1; }
inline bool negative(Incidence x) { return x & 1; }

enum Flags : unsigned char { AT_INFINITY = 1, ON_BOUNDARY = 2 };

// All cells of one dimension.
struct Cells {
    std::vector<int64_t> start;     // facets: arena[start .. start + count)
    std::vector<int32_t> count;
    std::vector<Incidence> arena;
    int64_t live = 0;               // entries of the arena in use
    std::vector<unsigned char> flags;
    std::vector<int32_t> home;      // a region of the current stage's start that contains the cell
    std::vector<int32_t> link;      // bucket list; while a neuron is at work, index of the cell among the split ones
    std::vector<uint64_t> plus, minus;
    std::vector<int32_t> supports;  // r - k forms a cell (none stored for vertices)

    int64_t size() const { return (int64_t)flags.size(); }

    int64_t memory() const {
        return (int64_t)(8 * start.capacity() + 4 * (count.capacity() + arena.capacity() + home.capacity()) +
                         4 * (link.capacity() + supports.capacity()) + 8 * (plus.capacity() + minus.capacity()) +
                         flags.capacity());
    }

    // What n more cells may need at once: arrays that are full are moved to twice their size.
    int64_t growth(int64_t n) const {
        return flags.capacity() < flags.size() + n || arena.capacity() < arena.size() + 8 * n ? 2 * memory() + 64 * n : 0;
    }

    const Incidence* facets(int64_t c) const { return &arena[start[c]]; }

    void append_facets(const Incidence* f, size_t n) {
        start.push_back((int64_t)arena.size());
        count.push_back((int32_t)n);
        arena.insert(arena.end(), f, f + n);
        live += (int64_t)n;
    }

    // Makes room for n more cells of dimension k with masks of the given length.
    void extend(int64_t n, int k, int supports_each, int words) {
        const int64_t m = size() + n;
        flags.resize(m);
        home.resize(m);
        plus.resize(m * words);
        minus.resize(m * words);
        if (k == 0) return;
        start.resize(m);
        count.resize(m);
        link.resize(m, -1);
        supports.resize(m * supports_each);
    }

    // Where the facets of cell c will be, n of them: in their place if there is room, else behind all others at `end`.
    void place_facets(int64_t c, int32_t n, int64_t& end) {
        live += n - count[c];
        if (n > count[c]) {
            start[c] = end;
            end += n;
        }
        count[c] = n;
    }
    // Gives the memory of the facets and supports back, when they have been copied elsewhere.
    void release() {
        std::vector<int64_t>().swap(start);
        std::vector<int32_t>().swap(count);
        std::vector<Incidence>().swap(arena);
        std::vector<int32_t>().swap(supports);
    }
    void compact() {
        std::vector<Incidence> packed;
        packed.reserve(live);
        for (size_t c = 0; c < count.size(); ++c) {
            const int64_t s = start[c];
            start[c] = (int64_t)packed.size();
            packed.insert(packed.end(), arena.begin() + s, arena.begin() + s + count[c]);
        }
        arena.swap(packed);
    }
};

}  // namespace polyrelu
