// The vertices and rays of the top cells of a coarse complex that are not decided: lists that are kept from cell to cell.
//
// Let c be one of the parts that a top cell s is split into in a round. The old vertices of c are those of s where no
// neuron of the round has a sign opposite to that on c. Its new vertices lie on facets of c that cut s: a new vertex v
// lies in the relative interior of a face of s on which a neuron of the round changes its sign at v. If no facet of c
// through v cut s, c would coincide with s near v, and this neuron would have both signs on c. (A vertex of the complex
// that is no vertex of the polyhedron c need not be found: the others span it.)
#pragma once

#include "cells.hpp"
#include "round.hpp"

namespace polyrelu {

// A set of small numbers that is emptied at once.
class NumberSet {
  public:
    void clear() {
        ++stamp_;
        n_ = 0;
        if (slots_.empty()) slots_.resize(256, {0, 0});
    }
    // Whether x was not in it.
    bool insert(int32_t x) {
        if (4 * n_ >= slots_.size()) grow();
        if (!put(x)) return false;
        ++n_;
        return true;
    }

  private:
    struct Slot {
        int32_t x;
        uint32_t stamp;
    };
    std::vector<Slot> slots_;
    uint32_t stamp_ = 0;
    size_t n_ = 0;

    bool put(int32_t x) {
        size_t at = (uint32_t)x * 2654435761u & (slots_.size() - 1);
        for (; slots_[at].stamp == stamp_; at = (at + 1) & (slots_.size() - 1))
            if (slots_[at].x == x) return false;
        slots_[at] = {x, stamp_};
        return true;
    }
    void grow() {
        std::vector<Slot> before(4 * slots_.size(), {0, 0});
        before.swap(slots_);
        const uint32_t stamp = stamp_++;
        for (const Slot& s : before)
            if (s.stamp == stamp) put(s.x);
    }
};

// What a thread needs to find vertices.
struct FaceSearch {
    NumberSet seen;
    std::vector<int32_t> faces, more;

    // Replaces the given faces of dimension k by all their vertices.
    void descend(const std::vector<Cells>& cells, int k) {
        for (; k > 0; --k) {
            seen.clear();
            more.clear();
            for (const int32_t f : faces) {
                const Incidence* x = cells[k].facets(f);
                for (int32_t t = 0; t < cells[k].count[f]; ++t)
                    if (seen.insert(facet_of(x[t]))) more.push_back(facet_of(x[t]));
            }
            faces.swap(more);
        }
    }
};

class TopVertices {
  public:
    explicit TopVertices(const std::vector<Cells>& cells) : cells_(cells), r_((int)cells.size() - 1) {}

    int64_t memory() const { return (int64_t)(start_.bytes() + count_.bytes() + numbers_.bytes()); }

    const int32_t* begin(int32_t c) const { return numbers_.data() + start_[c]; }
    const int32_t* end(int32_t c) const { return begin(c) + count_[c]; }

    // Before top cells are split: finds the lists of those that have none.
    void prepare(const std::vector<int32_t>& top, FaceSearch& search) {
        extend();
        for (const int32_t c : top) {
            if (count_[c] > 0) continue;
            search.faces.assign(1, c);
            search.descend(cells_, r_);
            set(c, search.faces.data(), (int32_t)search.faces.size());
        }
        first_cut_ = (int32_t)cells_[r_ - 1].size();
    }
    // After all faces were split, and before the top cells are: facets of these from now on are those that cut them.
    void faces_are_split() { first_cut_ = (int32_t)cells_[r_ - 1].size(); }

    // The vertices of c, a part of the top cell s, into search.faces.
    void find(int32_t c, int32_t s, const Round& round, FaceSearch& search, std::vector<int32_t>& out) const {
        const Cells& top = cells_[r_];
        search.faces.clear();
        const Incidence* x = top.facets(c);
        for (int32_t t = 0; t < top.count[c]; ++t)
            if (facet_of(x[t]) >= first_cut_) search.faces.push_back(facet_of(x[t]));
        search.descend(cells_, r_ - 1);
        out.clear();
        const SignMasks& signs = cells_[0].masks;
        for (const int32_t* v = begin(s); v != end(s); ++v) {
            bool beyond = false;
            for (int w = 0; w < round.words; ++w)
                beyond = beyond || (((signs.minus(*v, w) & top.masks.plus(c, w)) | (signs.plus(*v, w) & top.masks.minus(c, w))) &
                                    round.neurons[w]);
            if (!beyond) out.push_back(*v);
        }
        for (const int32_t v : search.faces)
            if (v >= round.old[0]) out.push_back(v);
    }

    void extend() {
        start_.resize(cells_[r_].size(), 0);
        count_.resize(cells_[r_].size(), 0);
    }
    // Sets the list of a cell; n = 0: it is needed no more.
    void set(int32_t c, const int32_t* list, int32_t n) {
        held_ += n - count_[c];
        start_[c] = (int64_t)numbers_.size();
        count_[c] = n;
        numbers_.append(list, n);
    }
    // Gives back what is not held any more, once that is most.
    void tidy() {
        if ((int64_t)numbers_.size() < 3 * held_ + (1 << 16)) return;
        Array<int32_t> held;
        for (int64_t c = 0; c < (int64_t)start_.size(); ++c) {
            const int64_t at = (int64_t)held.size();
            held.append(numbers_.data() + start_[c], count_[c]);
            start_[c] = at;
        }
        numbers_.swap(held);
    }

  private:
    const std::vector<Cells>& cells_;
    const int r_;
    int32_t first_cut_ = 0;
    int64_t held_ = 0;
    Array<int64_t> start_;
    Array<int32_t> count_, numbers_;
};

}  // namespace polyrelu
