// The cells of a complex modulo lineality, cut off far out: every unbounded q-cell x has a far face, of dimension q - 1,
// in place of its end at infinity. docs/persistence.md has the proof.
//
// The cells of dimension q are the finite q-cells, in their order, and then the far faces of the unbounded (q + 1)-cells,
// in the order of these. Incidence numbers: in the boundary of x the far face stands with -1, for an edge with the number
// of its ray; and the boundary of the far face of x is the sum of s e times the far face of f over the unbounded facets f
// of x, s = [x : f] and e the number with which the far face of f stands in the boundary of f.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace polyrelu {

// The cells of a complex as arrays that live elsewhere. The facets of the cells of dimension q = 1..r, compressed; cells
// at infinity come after the finite ones.
struct CellArrays {
    std::vector<int64_t> finite;  // of dimension 0..r
    std::vector<const int64_t*> start;
    std::vector<const int32_t*> facet;
    std::vector<const int8_t*> sign;
};

// A set of numbers, with the position of each among them.
class NumberedSet {
  public:
    void start(int64_t n) {
        bits_.assign(n / 64 + 1, 0);
        members.clear();
    }
    void insert(int64_t i) { bits_[i >> 6] |= uint64_t(1) << (i & 63); }
    void finish() {
        before_.resize(bits_.size());
        int32_t n = 0;
        for (std::size_t w = 0; w < bits_.size(); ++w) {
            before_[w] = n;
            n += __builtin_popcountll(bits_[w]);
        }
        members.reserve(n);
        for (std::size_t w = 0; w < bits_.size(); ++w)
            for (uint64_t open = bits_[w]; open; open &= open - 1)
                members.push_back((int32_t)(64 * w + __builtin_ctzll(open)));
    }
    bool contains(int64_t i) const { return bits_[i >> 6] >> (i & 63) & 1; }
    int32_t position(int64_t i) const {
        return before_[i >> 6] + __builtin_popcountll(bits_[i >> 6] & ((uint64_t(1) << (i & 63)) - 1));
    }
    std::vector<int32_t> members;

  private:
    std::vector<uint64_t> bits_;
    std::vector<int32_t> before_;
};

// The far end of an unbounded edge.
struct FarVertex {
    int32_t vertex;  // the other end
    int32_t ray;     // a 0-cell at infinity
    int sign;        // [edge : ray]
};

class FarCells {
  public:
    explicit FarCells(const CellArrays& cells) : cells_(cells), unbounded_(cells.finite.size() + 1) {
        unbounded_[0].start(cells.finite[0]);
        unbounded_[0].finish();
        for (int q = 1; q <= top(); ++q) {
            NumberedSet& found = unbounded_[q];
            found.start(cells.finite[q]);
            for (int64_t x = 0; x < cells.finite[q]; ++x)
                for (int64_t e = cells.start[q][x]; e < cells.start[q][x + 1]; ++e) {
                    const int32_t f = cells.facet[q][e];
                    if (f < cells.finite[q - 1] && !unbounded_[q - 1].contains(f)) continue;
                    found.insert(x);
                    break;
                }
            found.finish();
        }
    }

    int top() const { return (int)cells_.finite.size() - 1; }
    int64_t finite(int q) const { return cells_.finite[q]; }
    int64_t count(int q) const { return finite(q) + (int64_t)unbounded_[q + 1].members.size(); }
    int64_t total() const {
        int64_t n = 0;
        for (int q = 0; q <= top(); ++q) n += count(q);
        return n;
    }

    FarVertex far_vertex(int64_t x) const { return far_vertex_of(unbounded_[1].members[x - finite(0)]); }

    // visit(facet, incidence number) for all facets of cell x of dimension q >= 1.
    template <class Visit>
    void facets(int q, int64_t x, Visit&& visit) const {
        if (x < finite(q)) {
            const int64_t n = finite(q - 1);
            for (int64_t e = cells_.start[q][x]; e < cells_.start[q][x + 1]; ++e)
                if (cells_.facet[q][e] < n) visit(cells_.facet[q][e], (int)cells_.sign[q][e]);
            if (unbounded_[q].contains(x)) visit((int32_t)(n + unbounded_[q].position(x)), end_sign(q, (int32_t)x));
            return;
        }
        const int32_t above = unbounded_[q + 1].members[x - finite(q)];
        for (int64_t e = cells_.start[q + 1][above]; e < cells_.start[q + 1][above + 1]; ++e) {
            const int32_t f = cells_.facet[q + 1][e];
            if (f < finite(q) && unbounded_[q].contains(f))
                visit((int32_t)(finite(q - 1) + unbounded_[q].position(f)), cells_.sign[q + 1][e] * end_sign(q, f));
        }
    }

  private:
    const CellArrays& cells_;
    std::vector<NumberedSet> unbounded_;  // of each dimension, one more than there are

    FarVertex far_vertex_of(int32_t edge) const {
        const int64_t e = cells_.start[1][edge];
        const bool first = cells_.facet[1][e] >= finite(0);  // the other end is the vertex: cells are pointed
        return {cells_.facet[1][e + first], cells_.facet[1][e + !first], cells_.sign[1][e + !first]};
    }
    int end_sign(int q, int32_t x) const { return q == 1 ? far_vertex_of(x).sign : -1; }
};

}  // namespace polyrelu
