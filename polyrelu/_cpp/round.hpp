// A round of splitting: the neurons whose turn it is, where their forms are, and what came of the cells that were
// split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace polyrelu {

// Where the forms of the neurons of a stage are: that of neuron i on region p is form first + offset[p] + the rank of i
// among the neurons that cross p (first + i, without offsets, for a stage that reads the point).
struct FormTable {
    int words = 0;
    int64_t first = 0;
    std::vector<uint64_t> crossing;
    std::vector<int64_t> offset;

    __attribute__((always_inline)) int32_t operator()(int32_t p, int i) const {
        if (offset.empty()) return (int32_t)(first + i);
        int64_t slot = offset[p];
        const uint64_t* m = &crossing[(size_t)p * words];
        for (int w = 0; w < i >> 6; ++w) slot += __builtin_popcountll(m[w]);
        slot += __builtin_popcountll(m[i >> 6] & ((uint64_t(1) << (i & 63)) - 1));
        return (int32_t)(first + slot);
    }
};

// What was appended for a cell that was split: cells first..first+n of its own dimension.
struct Children {
    int32_t first, n;
};

// What all threads see of the round that is under way.
struct Round {
    int words = 0;
    int32_t first_neuron = 0;         // of the stage, in the numbering of all neurons
    std::vector<uint64_t> neurons;    // those whose turn it is
    std::vector<uint64_t> vanishing;  // those that vanish at a vertex that they did not make
    std::vector<int64_t> old;         // cells of each dimension before the round
    FormTable form;

    // The cells of one dimension that are split, and for every cell of that dimension its index among them, or -1.
    struct Crossed {
        std::vector<int32_t> cells, link;
        std::vector<Children> children;

        const Children* children_of(int32_t cell) const {
            const int32_t at = link[cell];
            return at < 0 ? nullptr : &children[at];
        }
    };
    // Of dimension k while it is split, and of dimension k - 1; of all dimensions where they are listed from the top.
    std::vector<Crossed> crossed_by_dimension{2};
    Crossed& crossed(int k) { return crossed_by_dimension[k % crossed_by_dimension.size()]; }
    const Crossed& crossed(int k) const { return crossed_by_dimension[k % crossed_by_dimension.size()]; }

    int64_t memory() const {
        int64_t bytes = (int64_t)(8 * (form.crossing.capacity() + form.offset.capacity()));
        for (const Crossed& x : crossed_by_dimension)
            bytes += (int64_t)(4 * (x.cells.capacity() + x.link.capacity()) + sizeof(Children) * x.children.capacity());
        return bytes;
    }
};

}  // namespace polyrelu
