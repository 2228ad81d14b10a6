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
    std::vector<int32_t> link;        // of each cell of dimension k - 1: index into `children`, or -1
    std::vector<Children> children;
    std::vector<int32_t> next_link;   // the same two for dimension k, while its cells are split
    std::vector<Children> next_children;
    std::vector<int32_t> crossed;     // the cells of dimension k that are split

    int64_t memory() const {
        return (int64_t)(8 * (form.crossing.capacity() + form.offset.capacity()) +
                         4 * (link.capacity() + next_link.capacity() + crossed.capacity()) +
                         sizeof(Children) * (children.capacity() + next_children.capacity()));
    }
};

}  // namespace polyrelu
