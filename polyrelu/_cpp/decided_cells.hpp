// Coarse complexes: cells on which the output minus the level certainly has one strict sign stay whole.
//
// A top cell is decided when a bound says so (`relaxation.hpp`); any other cell is decided when all top cells around it
// are. Decided cells are split no more: their masks are empty. All faces of a cell that is not decided are not decided
// either, so that what `splitting.hpp` says holds for the cells that are not decided as if there were no others. Where
// a facet f of a decided cell c is split, for the sake of another cell around it, the parts take its place with its
// incidence number: [c : f+] = [c : f-] = [c : f], and the boundary of the boundary of c vanishes as before, the cut
// between f+ and f- being cancelled. So the facets of a cell may be parts of its geometric facets, one or many.
//
// Every round must cost what the cells that are not decided cost: these are listed (`open`), and so are the decided
// cells that have a facet which is not decided (`exposed`).
#pragma once

#include "cells.hpp"
#include "outcome.hpp"
#include "round.hpp"

namespace polyrelu {

class DecidedCells {
  public:
    explicit DecidedCells(std::vector<Cells>& cells)
        : cells_(cells), r_((int)cells.size() - 1), open_(cells.size()), exposed_(cells.size()), listed_(cells.size(), 0) {}

    int64_t memory() const {
        int64_t n = 0;
        for (int k = 0; k <= r_; ++k) n += (int64_t)(open_[k].capacity() + exposed_[k].capacity());
        return 4 * n + (int64_t)needed_.capacity();
    }

    // Puts the parts of facets that were split in the round into the lists of decided k-cells. `spare(n)` is asked
    // for room for n more facets and may throw.
    template <class Spare>
    void refine(int k, const Round& round, Spare&& spare) {
        Cells& C = cells_[k];
        for (const int32_t c : exposed_[k]) {
            int64_t n = C.count[c];
            for (int32_t t = 0; t < C.count[c]; ++t) {
                const int32_t at = round.link[facet_of(C.facets(c)[t])];
                if (at >= 0) n += round.children[at].n;
            }
            if (n == C.count[c]) continue;
            const int64_t start = (int64_t)C.arena.size();
            spare(n);
            C.arena.resize(start + n);
            Incidence* out = C.arena.data() + start;
            const Incidence* f = C.facets(c);
            for (int32_t t = 0; t < C.count[c]; ++t) {
                *out++ = f[t];
                const int32_t at = round.link[facet_of(f[t])];
                if (at < 0) continue;
                const Children& parts = round.children[at];
                for (int32_t i = 0; i < parts.n; ++i) *out++ = incidence(parts.first + i, negative(f[t]));
            }
            C.live += n - C.count[c];
            C.start[c] = (uint32_t)start;
            C.count[c] = (int32_t)n;
        }
    }

    // After top cells were decided: the faces that only decided top cells have are decided as well. `words`: of a mask.
    void spread(int words) {
        for (int k = r_; k >= 0; --k) {
            Cells& C = cells_[k];
            std::vector<int32_t>& open = open_[k];
            for (; listed_[k] < C.size(); ++listed_[k]) open.push_back((int32_t)listed_[k]);
            closed_.clear();
            size_t n = 0;
            for (const int32_t c : open)
                if (k == r_ ? !C.is_decided(c) : needed_[c] != 0)
                    open[n++] = c;
                else
                    closed_.push_back(c);
            open.resize(n);
            for (const int32_t c : closed_) {
                for (int w = 0; w < words; ++w) C.masks.set(c, w, 0, 0);
                if (k < r_) C.flags[c] |= DECIDED_PLUS;  // which sign it is comes later: see `mark`
            }
            if (k == 0) break;
            needed_.assign(cells_[k - 1].size(), 0);
            for (const int32_t c : open) {
                const Incidence* f = C.facets(c);
                for (int32_t t = 0; t < C.count[c]; ++t) needed_[facet_of(f[t])] = 1;
            }
            std::vector<int32_t>& exposed = exposed_[k];
            exposed.insert(exposed.end(), closed_.begin(), closed_.end());
            n = 0;
            for (const int32_t c : exposed) {
                const Incidence* f = C.facets(c);
                bool any = false;
                for (int32_t t = 0; t < C.count[c] && !any; ++t) any = needed_[facet_of(f[t])] != 0;
                if (any) exposed[n++] = c;
            }
            exposed.resize(n);
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

  private:
    std::vector<Cells>& cells_;
    const int r_;
    std::vector<std::vector<int32_t>> open_;     // the cells of each dimension, up to number `listed_`, that are not decided
    std::vector<std::vector<int32_t>> exposed_;  // decided ones with facets that are not
    std::vector<int64_t> listed_;
    std::vector<char> needed_;
    std::vector<int32_t> closed_;
};

}  // namespace polyrelu
