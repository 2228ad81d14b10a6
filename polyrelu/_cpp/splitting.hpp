// Splitting one cell by all neurons that cross it, its boundary having been split before.
//
// Let s be a k-cell whose proper faces are already split by the neurons of a round. What lies in its relative interior
// concerns s alone: it is found here in arrays that fit the cache, one neuron after the other in their order. The local
// complex has cells of two kinds: inner ones, whose relative interior lies in that of s (at first only s itself, with
// the split facets of s as its facets), and faces of s, which no neuron of the round crosses any more.
//
// Splitting an inner cell c by neuron j, facets first. Halves inherit incidence numbers, [c+:c0] = 1, [c-:c0] = -1,
// and the boundary of c0 is what makes the boundary of the boundary of c+ vanish. For a facet f of c:
//   split by j     -> f+ in c+, f- in c-, and f0 in c0 with coefficient -[c:f][f+:f0];
//   not split      -> it lies on one side (it cannot lie in the hyperplane H, c having both signs) and goes there; a
//                     facet g of f inside H has its other facet f' in c on the other side, and is in c0 with coefficient
//                     -[c:f][f:g], f the one on the plus side.
// The other side: near g the convex c is a wedge between f and f'. Were f and f' on one side of H, a wedge of less than
// a half-turn would be as well, so that H supports c, which it crosses; and where f and f' lie in one hyperplane
// (facets of c are parts of its geometric facets), they leave g in opposite directions. c+ keeps the number of c, f+
// that of f; c- and c0 are appended. Vertices are positively oriented points, so for an edge [c+:c0] is minus the
// incidence number of its positive end.
//
// Which unsplit facets have to be searched for such g. If j vanishes at no vertex but those that it made (`vanishing`
// has the neurons that do): only faces of s that were split in this round, and of their facets only those with new
// numbers; else all. (`vanishing` is complete when it is read: zeros at the vertices of the boundary of s were found
// with faces of lower dimension and merged since, those at vertices inside s by the same thread before it is j's turn.)
// For let K be the complex split by the neurons before j, f a cell of K that j does not cross, and v a point of f in H.
// The smallest face of f that contains v is not crossed either, so that it lies in H, and so do its vertices, which j
// did not make: j is in `vanishing`. (A zero at a vertex is found by evaluation, or inherited from an edge in H, whose
// ends came before.) So inner facets, which are cells of K, need no search. Faces of s that were not split in the round
// are cells of K as well, and a facet with an old number spans what a cell of K spans.
//
// Defining forms. Every k-cell knows r - k linearly independent forms that vanish on it: c+ and c- inherit those of c,
// and c0 has the neuron's form besides, which is not in their span because it does not vanish on c.
#pragma once

#include "decisions.hpp"
#include "local_complex.hpp"
#include "outcome.hpp"
#include "split_batch.hpp"

namespace polyrelu {

class Splitter {
  public:
    Splitter(Decisions& decide, const std::vector<Cells>& cells, const Round& round)
        : decide_(decide), all_(cells), round_(round), r_(decide.r), local_(decide.r + 1) {}

    std::vector<uint64_t> vanishing;  // like that of the round, where this thread found it

    // Before a stage of n neurons.
    void start(int n) {
        words_ = round_.words;
        vanishing.assign(words_, 0);
        for (LocalCells& L : local_) L.head.assign(n, -1);
    }

    // Splits cell s of dimension k. `check(number of new cells)` is asked now and then and may throw. W: words a mask,
    // 0 for any number.
    template <int W, class Check>
    void run(int k, int32_t s, SplitBatch& batch, DecisionState& state, Check&& check) {
        begin<W>(k, s, batch);
        state.made = &batch.vertices;
        for (int w = 0; w < words_; ++w)
            for (uint64_t open = crossing_[w]; open; open &= open - 1) {
                const int j = 64 * w + __builtin_ctzll(open);
                on_ = round_.form(region_, j);
                for (int m = 1; m <= k; ++m) {
                    int32_t c = local_[m].head[j];
                    local_[m].head[j] = -1;
                    while (c >= 0) {
                        const int32_t next = local_[m].faces[c].next;
                        if (m == 1)
                            split_edge<W>(c, j, state);
                        else
                            split_cell<W>(m, c, j);
                        c = next;
                        if (++splits_ % tuning::SPLITS_BETWEEN_CHECKS == 0 || state.exact_work() != checked_) {
                            checked_ = state.exact_work();
                            check(pending());
                        }
                    }
                }
            }
        finish<W>();
    }

    int64_t memory() const {
        size_t bytes = 0;
        for (const LocalCells& L : local_)
            bytes += L.faces.reserved() + L.masks.reserved() + L.lists.reserved() + L.zeros.reserved() +
                     L.defining_forms.reserved();
        return (int64_t)bytes;
    }

  private:
    Decisions& decide_;
    const std::vector<Cells>& all_;
    const Round& round_;
    const int r_;
    int words_ = 0;
    std::vector<LocalCells> local_;
    std::vector<uint64_t> crossing_;  // the neurons of the round that cross s
    bool plain_ = false;              // none of them vanishes at a vertex of the boundary that it did not make
    SplitBatch* batch_ = nullptr;
    int k_ = 0;
    int32_t s_ = 0, region_ = 0, on_ = 0;
    unsigned char flags_ = 0;
    const int32_t* defining_forms_ = nullptr;
    uint32_t splits_ = 0;
    int64_t checked_ = 0;  // the exact work there was when somebody was asked whether to stop

    template <int W>
    int words() const {
        return W > 0 ? W : words_;
    }
    template <int W>
    static bool has(const uint64_t* mask, int j) {
        return W == 1 ? *mask >> j & 1 : bit(mask, j);
    }
    template <int W>
    uint64_t* masks(int m, int32_t i) {
        return local_[m].masks.data() + (size_t)i * 2 * words<W>();
    }
    template <int W>
    bool has_minus(int m, int32_t i, int j) {
        return has<W>(masks<W>(m, i) + words<W>(), j);
    }
    template <int W>
    bool is_zero(int m, int32_t i, int j) {
        return !has<W>(masks<W>(m, i), j) && !has<W>(masks<W>(m, i) + words<W>(), j);
    }
    int64_t pending() const {
        int64_t n = 0;
        for (int m = 0; m <= k_; ++m) n += local_[m].next_id - batch_->cells[m].first;
        return n;
    }

    template <int W>
    int32_t add(int m, int32_t id, bool inner) {
        LocalCells& L = local_[m];
        LocalFace face;
        face.id = id;
        face.inner = inner;
        L.faces.push_back(face);
        L.masks.resize(L.masks.size() + 2 * words<W>());
        return (int32_t)L.faces.size() - 1;
    }
    template <int W>
    int32_t add_inner(int m) {
        LocalCells& L = local_[m];
        if (L.next_id >= MAX_CELLS) throw Halt{CELL_LIMIT_REACHED};
        return add<W>(m, L.next_id++, true);
    }
    template <int W>
    int32_t add_face(int m, int32_t id) {
        const int32_t i = add<W>(m, id, false);
        uint64_t* x = masks<W>(m, i);
        for (int w = 0; w < words<W>(); ++w) {
            x[w] = all_[m].masks.plus(id, w);
            x[words<W>() + w] = all_[m].masks.minus(id, w);
        }
        return i;
    }

    // (Not inlined, as `finish` is not: the loop in `run` needs the registers.)
    template <int W>
    __attribute__((noinline)) void begin(int k, int32_t s, SplitBatch& batch) {
        batch_ = &batch;
        k_ = k;
        s_ = s;
        const Cells& C = all_[k];
        region_ = C.region[s];
        flags_ = C.flags[s];
        defining_forms_ = C.defining_forms.data() + (size_t)s * (r_ - k);
        for (int m = 0; m <= k; ++m) {
            LocalCells& L = local_[m];
            L.faces.resize(0);
            L.masks.resize(0);
            L.lists.resize(0);
            L.zeros.resize(0);
            L.defining_forms.resize(0);
            L.next_id = batch.cells[m].first + batch.cells[m].size();
        }
        add_face<W>(k, s);
        local_[k].faces[0].inner = true;
        crossing_.resize(words<W>());
        for (int w = 0; w < words<W>(); ++w)
            crossing_[w] = masks<W>(k, 0)[w] & masks<W>(k, 0)[words<W>() + w] & round_.neurons[w];
        plain_ = true;
        for (int w = 0; w < words<W>(); ++w) plain_ = plain_ && !(crossing_[w] & round_.vanishing[w]);
        const Incidence* f = C.facets(s);
        const Round::Crossed& split = round_.crossed(k - 1);
        Array<int32_t>& list = local_[k].lists;
        for (int32_t t = 0; t < C.count[s]; ++t) {
            const int32_t sign = f[t] & 1, at = split.link[facet_of(f[t])];
            list.push_back(add_face<W>(k - 1, facet_of(f[t])) << 1 | sign);
            if (at < 0) {
                local_[k - 1].faces.back().searched = plain_;
                continue;
            }
            const Children& more = split.children[at];
            for (int32_t i = 0; i < more.n; ++i) list.push_back(add_face<W>(k - 1, more.first + i) << 1 | sign);
            if (k == 1) continue;
            // Their facets will be searched soon; those of new cells follow each other.
            __builtin_prefetch(all_[k - 1].facets(facet_of(f[t])));
            for (int32_t i = 0; i < more.n; ++i) __builtin_prefetch(all_[k - 1].facets(more.first + i));
        }
        local_[k].faces[0].count = (int32_t)list.size();
        enqueue<W>(k, 0);
    }

    // Puts an inner cell into the list of its first crossing neuron.
    template <int W>
    void enqueue(int m, int32_t c) {
        const uint64_t* x = masks<W>(m, c);
        for (int w = 0; w < words<W>(); ++w)
            if (const uint64_t both = x[w] & x[words<W>() + w] & crossing_[w]) {
                int32_t& head = local_[m].head[64 * w + __builtin_ctzll(both)];
                local_[m].faces[c].next = head;
                head = c;
                return;
            }
    }

    // The masks of a cell from those of its facets.
    template <int W>
    void unite(int m, int32_t c, const int32_t* facets, int32_t n) {
        uint64_t* x = masks<W>(m, c);
        if constexpr (W == 1) {
            uint64_t p = 0, q = 0;
            for (int32_t t = 0; t < n; ++t) {
                const uint64_t* y = masks<W>(m - 1, facets[t] >> 1);
                p |= y[0];
                q |= y[1];
            }
            x[0] = p;
            x[1] = q;
            return;
        }
        std::fill_n(x, 2 * words<W>(), 0);
        for (int32_t t = 0; t < n; ++t) {
            const uint64_t* y = masks<W>(m - 1, facets[t] >> 1);
            for (int w = 0; w < 2 * words<W>(); ++w) x[w] |= y[w];
        }
    }

    const int32_t* defining_forms_of(int m, const LocalFace& f) const {
        return m == k_ ? defining_forms_ : local_[m].defining_forms.data() + f.defining_forms;
    }

    template <int W>
    void split_edge(int32_t c, int j, DecisionState& state) {
        LocalCells &E = local_[1], &V = local_[0];
        int32_t a = E.lists[E.faces[c].start], b = E.lists[E.faces[c].start + 1];
        if (has_minus<W>(0, a >> 1, j)) std::swap(a, b);  // a is on the plus side
        const VertexOrigin origin{V.faces[a >> 1].id, V.faces[b >> 1].id, region_, round_.first_neuron + j};
        const int32_t v = decide_.place(origin, on_, defining_forms_of(1, E.faces[c]), flags_ & AT_INFINITY, state);
        const int32_t cut = add_inner<W>(0), minus = add_inner<W>(1);
        const uint64_t* e = masks<W>(1, c);
        uint64_t* x = masks<W>(0, cut);
        for (int w = 0; w < words<W>(); ++w) {
            const uint64_t both = e[w] & e[words<W>() + w];
            uint64_t p = e[w] & ~both, q = e[words<W>() + w] & ~both, open = both;
            if (w == j >> 6) open &= ~(uint64_t(1) << (j & 63));
            for (; open; open &= open - 1) {
                const uint64_t one = open & -open;
                const int i = 64 * w + __builtin_ctzll(open);
                const int sg = decide_.sign_of(v, round_.form(region_, i), region_, round_.first_neuron + i, state);
                if (sg > 0)
                    p |= one;
                else if (sg < 0)
                    q |= one;
                else
                    vanishing[w] |= one;
            }
            x[w] = p;
            x[words<W>() + w] = q;
        }
        LocalFace &plus = E.faces[c], &other = E.faces[minus];
        plus.split_by = j;
        plus.minus = minus;
        plus.cut = cut;
        plus.cut_negative = !(a & 1);
        other.defining_forms = plus.defining_forms;
        plus.start = (int32_t)E.lists.size();
        other.start = plus.start + 2;
        plus.count = other.count = 2;
        const int32_t ends[4] = {a, cut << 1 | (a & 1 ? 0 : 1), b, cut << 1 | (a & 1 ? 1 : 0)};
        E.lists.append(ends, 4);
        unite<W>(1, c, &E.lists[plus.start], 2);
        unite<W>(1, minus, &E.lists[other.start], 2);
        enqueue<W>(1, c);
        enqueue<W>(1, minus);
    }

    template <int W>
    void split_cell(int m, int32_t c, int j) {
        const int32_t minus = add_inner<W>(m), cut = add_inner<W>(m - 1);
        LocalCells &C = local_[m], &F = local_[m - 1];
        const bool touched = bit(round_.vanishing.data(), j) || bit(vanishing.data(), j);
        const int32_t start = C.faces[c].start, n = C.faces[c].count;
        // Every facet lies on the plus side, or on the minus side, or has lost half of itself to the minus side.
        if (C.lists.size() + 2 * (size_t)n + 2 > INT32_MAX) throw Halt{MEMORY_LIMIT_REACHED};
        const int32_t above = (int32_t)C.lists.size();
        C.lists.resize(above + 2 * (size_t)n + 2);
        int32_t* out = C.lists.data() + above;
        const int32_t* facets = C.lists.data() + start;
        int32_t* behind = out + n + 1;  // for a moment, those on the minus side
        for (int32_t t = 0; t < n; ++t) {
            const bool under = has_minus<W>(m - 1, facets[t] >> 1, j);
            *out = *behind = facets[t];
            out += !under;
            behind += under;
        }
        *out++ = cut << 1;
        const int32_t below = (int32_t)(out - C.lists.data());
        out = std::copy(C.lists.data() + above + n + 1, behind, out);
        const int32_t cut_start = (int32_t)F.lists.size();
        for (int32_t t = above; t < below - 1; ++t) {
            const int32_t fi = C.lists[t], sign = fi & 1;
            const LocalFace& f = F.faces[fi >> 1];
            if (f.split_by == j) {
                *out++ = f.minus << 1 | sign;
                F.lists.push_back(f.cut << 1 | ((sign == 1) == f.cut_negative ? 1 : 0));
            } else if (!f.inner) {
                if (!f.searched) search<W>(m - 1, fi >> 1);
                add_zeros<W>(m - 1, F.zeros, F.faces[fi >> 1], sign, j);
            } else if (touched) {
                add_zeros<W>(m - 1, F.lists, f, sign, j);
            }
        }
        *out++ = cut << 1 | 1;
        const int32_t end = (int32_t)(out - C.lists.data());
        C.lists.resize(end);

        LocalFace &plus = C.faces[c], &other = C.faces[minus], &middle = F.faces[cut];
        const int32_t* defining_forms = defining_forms_of(m, plus);
        middle.defining_forms = (int32_t)F.defining_forms.size();
        for (int t = 0; t < r_ - m; ++t) F.defining_forms.push_back(defining_forms[t]);
        F.defining_forms.push_back(on_);
        plus.split_by = j;
        plus.minus = minus;
        plus.cut = cut;
        plus.cut_negative = false;
        other.defining_forms = plus.defining_forms;
        plus.start = above;
        plus.count = below - above;
        other.start = below;
        other.count = end - below;
        middle.start = cut_start;
        middle.count = (int32_t)F.lists.size() - cut_start;
        if (m == 2 && middle.count != 2) throw Halt{SIGNS_CONTRADICT};  // an edge has two ends
        unite<W>(m - 1, cut, F.lists.data() + cut_start, middle.count);
        unite<W>(m, c, C.lists.data() + above, plus.count);
        unite<W>(m, minus, C.lists.data() + below, other.count);
        enqueue<W>(m - 1, cut);
        enqueue<W>(m, c);
        enqueue<W>(m, minus);
    }

    // Appends the facets of f, an m-cell with incidence number (-1)^sign, that lie in the hyperplane of neuron j.
    template <int W>
    void add_zeros(int m, const Array<int32_t>& lists, const LocalFace& f, int32_t sign, int j) {
        Array<int32_t>& out = local_[m].lists;
        for (int32_t t = f.start; t < f.start + f.count; ++t) {
            const int32_t g = lists[t];
            if (is_zero<W>(m - 1, g >> 1, j)) out.push_back((g >> 1) << 1 | (sign == (g & 1) ? 1 : 0));
        }
    }

    // Finds the facets of a face of s where neurons vanish that do not vanish on the face.
    template <int W>
    void search(int m, int32_t i) {
        LocalCells& L = local_[m];
        const Cells &C = all_[m], &G = all_[m - 1];
        const int32_t id = L.faces[i].id;
        const int32_t start = (int32_t)L.zeros.size();
        const Incidence* g = C.facets(id);
        const int32_t first = plain_ ? (int32_t)round_.old[m - 1] : 0;
        for (int32_t t = 0; t < C.count[id]; ++t) {
            const int32_t h = facet_of(g[t]);
            if (h < first) continue;  // it spans what a cell spans that was there before the round
            const uint64_t* x = masks<W>(m, i);
            bool any = false;
            for (int w = 0; w < words<W>(); ++w)
                any = any || (crossing_[w] & (x[w] | x[words<W>() + w]) & ~(G.masks.plus(h, w) | G.masks.minus(h, w)));
            if (any) L.zeros.push_back(add_face<W>(m - 1, h) << 1 | (g[t] & 1));
        }
        L.faces[i].start = start;
        L.faces[i].count = (int32_t)L.zeros.size() - start;
        L.faces[i].searched = true;
    }

    // Hands the inner cells over, those of each dimension in the order of their numbers.
    template <int W>
    __attribute__((noinline)) void finish() {
        for (int m = 0; m <= k_; ++m) {
            const LocalCells& L = local_[m];
            SplitBatch::Cells& out = batch_->cells[m];
            for (size_t i = m == k_ ? 1 : 0; i < L.faces.size(); ++i) {
                const LocalFace& f = L.faces[i];
                if (!f.inner) continue;
                out.flags.push_back(flags_);
                out.region.push_back(region_);
                out.masks.append(L.masks.data() + i * 2 * words<W>(), 2 * words<W>());
                if (m == 0) continue;
                const int32_t* defining_forms = defining_forms_of(m, f);
                for (int t = 0; t < r_ - m; ++t) out.defining_forms.push_back(defining_forms[t]);
                out.count.push_back(f.count);
                hand_over(m, f, out.facets);
            }
        }
        const LocalCells& L = local_[k_];
        const int32_t children = (int32_t)L.faces.size() - 1;
        batch_->remainders.push_back({s_, L.faces[0].count, {L.next_id - children, children}});
        hand_over(k_, L.faces[0], batch_->facets);
        batch_->masks.append(L.masks.data(), 2 * words<W>());
    }
    void hand_over(int m, const LocalFace& f, Array<Incidence>& out) const {
        const int32_t* list = local_[m].lists.data() + f.start;
        const LocalFace* faces = local_[m - 1].faces.data();
        const size_t at = out.size();
        out.resize(at + f.count);
        for (int32_t t = 0; t < f.count; ++t) out[at + t] = faces[list[t] >> 1].id << 1 | (list[t] & 1);
    }
};

}  // namespace polyrelu
