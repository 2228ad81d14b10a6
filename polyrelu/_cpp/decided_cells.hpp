// Coarse complexes: cells on which the output minus the level certainly has one strict sign stay whole.
//
// Or, for the classes of a network with several outputs: cells on which one output certainly exceeds all others. Then the
// stages after the hidden layers are comparisons of outputs, which split the cells that are not decided, and some of their
// faces that are faces of decided cells as well. On these faces the same output is the largest, whatever the other
// comparisons say.
//
// A top cell is decided when a bound says so (`relaxation.hpp`); any other cell is decided when all top cells around it
// are. Decided cells are split no more. Cells that are not decided are split as ever: all faces of such a cell are not
// decided either, so that what `splitting.hpp` says holds for these cells as if there were no others.
//
// Where a facet f of a decided cell c is split, for the sake of another cell around it, the parts have to take its place
// with its incidence number: [c : f+] = [c : f-] = [c : f], and the boundary of the boundary of c vanishes as before, the
// cut between f+ and f- being cancelled. So facets of a cell may be parts of its geometric facets, one or many. This is
// done once, at the end (`refine`): for every cell it is known which cell it was cut off from (its origin) and when it was
// last made or split. A facet f of c that was split later than c was: c was decided then, since a face of c that is
// crossed crosses c. So of the facets cut off from f the later ones belong to c, with all that was cut off from these;
// the earlier ones either are in the list of c already or lie in another cell.
//
// Every round must cost what it splits, not what there is: the top cells that are not decided wait in a list of their
// next crossing neuron, and their faces that the round crosses are found from them.
#pragma once

#include "cells.hpp"
#include "round.hpp"

namespace polyrelu {

class DecidedCells {
  public:
    explicit DecidedCells(std::vector<Cells>& cells)
        : cells_(cells), r_((int)cells.size() - 1), origin_(cells.size()), last_(cells.size()), classes_(cells.size()) {}

    int64_t memory() const {
        int64_t bytes = (int64_t)needed_.capacity();
        for (int k = 0; k <= r_; ++k) bytes += (int64_t)(origin_[k].bytes() + last_[k].bytes() + classes_[k].bytes());
        for (const auto& list : waiting_) bytes += 4 * (int64_t)list.capacity();
        for (const auto& sizes : sizes_) bytes += 8 * (int64_t)sizes.capacity();
        return bytes;
    }

    // Before a stage of n neurons: the top cells that are not decided wait for their first crossing neuron.
    void start(int n, int words) {
        words_ = words;
        waiting_.assign(n, {});
        crossings_.assign(n, 0);
        if (sizes_.empty()) record(nullptr);
        for (int64_t c = 0; c < cells_[r_].size(); ++c)
            if (!cells_[r_].is_decided(c)) enqueue((int32_t)c);
    }

    // Top cells that neuron j crosses, and those of them that it is the first neuron to cross.
    int64_t crossings(int j) const { return crossings_[j]; }
    int64_t waiting(int j) const { return (int64_t)waiting_[j].size(); }

    // Lists the cells that neurons first..end cross, from the top cells that wait for these.
    void list(int first, int end, Round& round) {
        round.crossed_by_dimension.resize(r_ + 1);
        for (int k = 0; k <= r_; ++k) {
            for (const int32_t c : round.crossed(k).cells) round.crossed(k).link[c] = -1;
            round.crossed(k).cells.clear();
            round.crossed(k).link.resize(cells_[k].size(), -1);
        }
        Round::Crossed& top = round.crossed(r_);
        for (int j = first; j < end; ++j) {
            for (const int32_t c : waiting_[j]) {
                count(c, -1);
                top.link[c] = (int32_t)top.cells.size();
                top.cells.push_back(c);
            }
            std::vector<int32_t>().swap(waiting_[j]);
        }
        for (int k = r_; k > 1; --k) {
            Round::Crossed& faces = round.crossed(k - 1);
            for (const int32_t c : round.crossed(k).cells) {
                const Incidence* x = cells_[k].facets(c);
                for (int32_t t = 0; t < cells_[k].count[c]; ++t) {
                    const int32_t f = facet_of(x[t]);
                    if (faces.link[f] >= 0 || !crosses(k - 1, f, round)) continue;
                    faces.link[f] = (int32_t)faces.cells.size();
                    faces.cells.push_back(f);
                }
            }
        }
    }

    // After a round (null: what there is to begin with): where new cells come from, and which cells were split.
    void record(const Round* round) {
        const int32_t now = (int32_t)sizes_.size();
        sizes_.emplace_back();
        sizes_.back().reserve(r_ + 1);
        for (int k = 0; k <= r_; ++k) {
            sizes_.back().push_back(cells_[k].size());
            if (k == 0) continue;
            origin_[k].resize(cells_[k].size(), -1);
            last_[k].resize(cells_[k].size(), now);
            if (!round) continue;
            const Round::Crossed& crossed = round->crossed(k);
            for (size_t i = 0; i < crossed.cells.size(); ++i) {
                const Children& children = crossed.children[i];
                last_[k][crossed.cells[i]] = now;
                for (int32_t t = 0; t < children.n; ++t) origin_[k][children.first + t] = crossed.cells[i];
            }
        }
    }

    void decide(int32_t c, int sign) {
        Cells& top = cells_[r_];
        top.flags[c] |= sign > 0 ? DECIDED_PLUS : DECIDED_MINUS;
        for (int w = 0; w < words_; ++w) top.masks.set(c, w, 0, 0);
    }

    void decide_class(int32_t c, int32_t number) {
        decide(c, 1);
        if ((int64_t)classes_[r_].size() <= c) classes_[r_].resize(cells_[r_].size(), -1);
        classes_[r_][c] = number;
    }

    // A top cell that is not decided waits for its next crossing neuron, if there is any.
    void enqueue(int32_t c) {
        count(c, 1);
        for (int w = 0; w < words_; ++w)
            if (const uint64_t open = cells_[r_].masks.crossing(c, w)) {
                waiting_[64 * w + __builtin_ctzll(open)].push_back(c);
                return;
            }
    }

    // After a stage: the faces that only decided top cells have are decided as well.
    void spread() {
        for (int k = r_; k > 0; --k) {
            const Cells& C = cells_[k];
            Cells& faces = cells_[k - 1];
            needed_.assign(faces.size(), 0);
            for (int64_t c = 0; c < C.size(); ++c) {
                if (C.is_decided(c)) continue;
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) needed_[facet_of(f[t])] = 1;
            }
            for (int64_t f = 0; f < faces.size(); ++f)
                if (!needed_[f]) faces.flags[f] |= DECIDED_PLUS;  // which sign it is comes later: see `mark`
        }
        std::vector<char>().swap(needed_);
    }

    // At the end: puts the parts of facets into the lists of decided cells. `spare(k, n)` is asked for room for n more
    // facets of k-cells and may throw.
    template <class Spare>
    void refine(Spare&& spare) {
        for (int k = r_; k > 1; --k) {
            Cells& C = cells_[k];
            const int64_t faces = cells_[k - 1].size();
            // The cells cut off from facet f are cut[begin[f] .. begin[f + 1]), ascending; the last one is `latest[f]`.
            std::vector<int32_t> begin(faces + 2, 0), cut, latest(faces, -1);
            for (int64_t f = 0; f < faces; ++f)
                if (origin(k - 1, f) >= 0) {
                    ++begin[origin(k - 1, f) + 2];
                    latest[origin(k - 1, f)] = (int32_t)f;
                }
            for (int64_t f = 0; f < faces; ++f) begin[f + 2] += begin[f + 1];
            cut.resize(begin[faces + 1]);
            for (int64_t f = 0; f < faces; ++f)
                if (origin(k - 1, f) >= 0) cut[begin[origin(k - 1, f) + 1]++] = (int32_t)f;
            std::vector<Incidence> list, open;
            for (int64_t c = 0; c < (int64_t)last_[k].size(); ++c) {
                if (!C.is_decided(c)) continue;
                const int64_t later = sizes_[last_[k][c]][k - 1];
                bool any = false;
                for (int32_t t = 0; t < C.count[c]; ++t) any = any || latest[facet_of(C.facets(c)[t])] >= later;
                if (!any) continue;
                list.clear();
                for (int32_t t = 0; t < C.count[c]; ++t) {
                    open.assign(1, C.facets(c)[t]);
                    while (!open.empty()) {
                        const Incidence x = open.back();
                        open.pop_back();
                        list.push_back(x);
                        const int32_t f = facet_of(x);
                        for (int32_t i = begin[f]; i < begin[f + 1]; ++i)
                            if (cut[i] >= later) open.push_back(incidence(cut[i], negative(x)));
                    }
                }
                const int64_t n = (int64_t)list.size();
                spare(k, n);
                C.live += n - C.count[c];
                C.start[c] = (uint32_t)C.arena.size();
                C.count[c] = (int32_t)n;
                C.arena.append(list.data(), n);
            }
            origin_[k - 1].release();
            last_[k].release();
        }
    }

    // In the last stage, whose only neuron is the output: the signs of the decided cells. (Of cells at infinity they
    // are those of the cells around them.)
    void mark() {
        for (int k = r_; k >= 0; --k) {
            Cells& C = cells_[k];
            for (int64_t c = 0; c < C.size(); ++c) {
                const unsigned char sign = C.flags[c] & DECIDED;
                if (!sign) continue;
                C.masks.set(c, 0, sign == DECIDED_PLUS, sign == DECIDED_MINUS);
                if (k == 0) continue;
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) {
                    unsigned char& flags = cells_[k - 1].flags[facet_of(f[t])];
                    if (flags & DECIDED) flags = (unsigned char)((flags & ~DECIDED) | sign);
                }
            }
        }
    }

    // At the end, if it is classes that were decided: those of the decided cells of all dimensions. (They agree where
    // cells meet in finite points.)
    void mark_classes() {
        for (int k = r_; k >= 0; --k) {
            const Cells& C = cells_[k];
            classes_[k].resize(C.size(), -1);
            if (k == 0) return;
            classes_[k - 1].assign(cells_[k - 1].size(), -1);
            for (int64_t c = 0; c < C.size(); ++c) {
                if (classes_[k][c] < 0) continue;
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) classes_[k - 1][facet_of(f[t])] = classes_[k][c];
            }
        }
    }

    // After `mark_classes`: the class of a k-cell in the closure of a decided top cell, or -1.
    int32_t class_of(int k, int64_t c) const { return classes_[k].size() == 0 ? -1 : classes_[k][c]; }

  private:
    std::vector<Cells>& cells_;
    const int r_;
    int words_ = 0;
    std::vector<std::vector<int32_t>> waiting_;  // by neuron
    std::vector<int64_t> crossings_;             // by neuron
    std::vector<Array<int32_t>> origin_;         // of each cell, by dimension: the cell that it was cut off from, or -1
    std::vector<Array<int32_t>> last_;           // and the last round that made or split it
    std::vector<std::vector<int64_t>> sizes_;    // by round and dimension: the cells that there were after it
    std::vector<Array<int32_t>> classes_;        // of each cell, by dimension: the class that was decided, or -1
    std::vector<char> needed_;

    int32_t origin(int k, int64_t c) const { return c < (int64_t)origin_[k].size() ? origin_[k][c] : -1; }

    bool crosses(int k, int32_t c, const Round& round) const {
        for (int w = 0; w < words_; ++w)
            if (cells_[k].masks.crossing(c, w) & round.neurons[w]) return true;
        return false;
    }
    void count(int32_t c, int by) {
        for (int w = 0; w < words_; ++w)
            for (uint64_t open = cells_[r_].masks.crossing(c, w); open; open &= open - 1)
                crossings_[64 * w + __builtin_ctzll(open)] += by;
    }
};

}  // namespace polyrelu
