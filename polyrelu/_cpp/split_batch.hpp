// What comes of splitting a batch of cells, in arrays of its own, until it is added to all cells.
#pragma once

#include "cells.hpp"
#include "round.hpp"
#include "vertices.hpp"

namespace polyrelu {

// Copies incidences; facets numbered from `first` on are moved.
inline void copy_facets(const Incidence* f, int64_t n, int32_t first, int32_t shift, Incidence* out) {
    for (int64_t t = 0; t < n; ++t) out[t] = facet_of(f[t]) >= first ? f[t] + 2 * shift : f[t];
}

// What comes of splitting some cells. New cells are numbered on from `first` in each dimension.
struct SplitBatch {
    struct Cells {
        int32_t first = 0;
        Array<int32_t> count, region, defining_forms;
        Array<Incidence> facets;
        Array<unsigned char> flags;
        Array<uint64_t> masks;  // words of plus, words of minus
        int32_t size() const { return (int32_t)flags.size(); }

        // Adds them to `all` as cells `at`, ..., their facets at `arena`. Faces from `first_face` on are moved by
        // `shift`.
        void move_to(polyrelu::Cells& all, int words, int32_t first_face, int32_t shift, int64_t at, int64_t arena) const {
            std::copy(flags.begin(), flags.end(), all.flags.data() + at);
            std::copy(region.begin(), region.end(), all.region.data() + at);
            const uint64_t* m = masks.data();
            for (int32_t i = 0; i < size(); ++i, m += 2 * words)
                for (int w = 0; w < words; ++w) all.masks.set(at + i, w, m[w], m[words + w]);
            if (count.size() == 0) return;  // vertices have no facets
            const int64_t each = (int64_t)defining_forms.size() / size();
            std::copy(defining_forms.begin(), defining_forms.end(), all.defining_forms.data() + at * each);
            copy_facets(facets.data(), (int64_t)facets.size(), first_face, shift, all.arena.data() + arena);
            for (int32_t i = 0; i < size(); arena += count[i++]) {
                all.start[at + i] = (uint32_t)arena;
                all.count[at + i] = count[i];
            }
        }
    };
    struct Remainder {  // a cell that was split, and what keeps its number
        int32_t cell, count;
        Children children;
    };
    std::vector<Cells> cells;
    NewVertices vertices;
    std::vector<Remainder> remainders;
    Array<Incidence> facets;  // of the remainders
    Array<uint64_t> masks;

    int64_t size() const {
        int64_t n = 0;
        for (const Cells& c : cells) n += c.size();
        return n;
    }
    int64_t memory() const {
        size_t bytes = facets.reserved() + masks.reserved() + sizeof(Remainder) * remainders.capacity() +
                       vertices.coordinates.reserved() + vertices.error.reserved() + vertices.origins.reserved();
        for (const Cells& c : cells)
            bytes += c.count.reserved() + c.region.reserved() + c.defining_forms.reserved() + c.facets.reserved() +
                     c.flags.reserved() + c.masks.reserved();
        return (int64_t)bytes;
    }
    void clear(const std::vector<polyrelu::Cells>& all) {
        cells.resize(all.size());
        for (size_t m = 0; m < all.size(); ++m) {
            Cells& C = cells[m];
            C.first = (int32_t)all[m].size();
            for (auto* a : {&C.count, &C.region, &C.defining_forms, &C.facets}) a->resize(0);
            C.flags.resize(0);
            C.masks.resize(0);
        }
        vertices.clear(cells[0].first);
        remainders.clear();
        facets.resize(0);
        masks.resize(0);
    }
};

}  // namespace polyrelu
