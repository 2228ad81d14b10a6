// Subdivision of a polyhedral complex by the neurons of a network, stage by stage.
//
// Cells live in the half-space x0 >= 0 of R^(r+1): a k-cell is a pointed cone of dimension k + 1 spanned by its
// vertices (x0 > 0) and rays (x0 = 0), which are primitive integer vectors. Cells with rays only lie at infinity.
//
// Signs. At the start of a stage every vertex gets two bit masks over the stage's neurons, plus and minus (none for
// zero); the masks of a cell are the unions over its facets. Within a stage every neuron is linear on every cell, so a
// cell is crossed by neuron j iff both bits are set, and a point in the relative interior has sign + iff only plus is
// set. Crossed cells wait in a bucket for their first crossing neuron. The vertex made by neuron j on an edge takes
// every sign of that edge which is constant there, and is evaluated only for the neurons > j that cross the edge.
//
// Splitting cell c by neuron j, facets first (MATHEMATICS: halves inherit incidence numbers, [c+:c0] = 1,
// [c-:c0] = -1, and the boundary of c0 is what makes the boundary of the boundary of c+ vanish). For a facet f of c:
//   split by j     -> f+ in c+, f- in c-, and f0 in c0 with coefficient -[c:f][f+:f0];
//   not split      -> it lies on one side (it cannot lie in the hyperplane, c having both signs) and goes there; a facet
//                     g of f inside the hyperplane has its other facet in c on the other side, and is in c0 with
//                     coefficient -[c:f][f:g], f the one on the plus side.
// c+ keeps the number of c, f+ that of f; c- and c0 are appended. Vertices are positively oriented points, so for an
// edge [c+:c0] is minus the incidence number of its positive end.
#pragma once

#include <chrono>
#include <string>

#include "stages.hpp"

namespace polyrelu {

// A facet with its incidence number: number << 1 | (1 if it is -1).
using Incidence = int32_t;
constexpr int64_t MAX_CELLS = int64_t(1) << 30;
inline Incidence incidence(int32_t facet, bool negative) { return facet << 1 | (negative ? 1 : 0); }
inline int32_t facet_of(Incidence x) { return x >> 1; }
inline bool negative(Incidence x) { return x & 1; }

enum Outcome { FINISHED = 0, STOPPED = 1, TOO_MANY_CELLS = 2, NO_INTERIOR = 3 };
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

    int64_t size() const { return (int64_t)flags.size(); }

    void append_facets(const Incidence* f, size_t n) {
        start.push_back((int64_t)arena.size());
        count.push_back((int32_t)n);
        arena.insert(arena.end(), f, f + n);
        live += (int64_t)n;
    }
    void replace_facets(int32_t c, const Incidence* f, size_t n) {
        live += (int64_t)n - count[c];
        if ((int64_t)n > count[c]) {
            start[c] = (int64_t)arena.size();
            arena.insert(arena.end(), f, f + n);
        } else {
            std::copy(f, f + n, arena.begin() + start[c]);
        }
        count[c] = (int32_t)n;
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

// Called a few times a second; true stops the work.
using Poll = bool (*)(void* context, int stage, int64_t done, int64_t total, int64_t cells);

class Subdivision {
  public:
    Subdivision(int rank, int64_t max_cells, Poll poll, void* context)
        : r(rank), vertices(rank + 1), cells(rank + 1), max_cells_(std::min(max_cells, MAX_CELLS)), poll_(poll),
          context_(context), forms_(rank + 1) {}

    const int r;
    std::vector<Stage> stages;
    VectorStore vertices;
    std::vector<Cells> cells;
    std::vector<Pieces> pieces;  // of each stage that was begun, and of the end
    std::vector<int64_t> finite_before_last;  // finite cells by dimension at the start of the last stage
    Statistics stats;

    int64_t total_cells() const {
        int64_t t = 0;
        for (const Cells& c : cells) t += c.size();
        return t;
    }

    std::vector<int64_t> finite_counts() const {
        std::vector<int64_t> n(r + 1, 0);
        for (int k = 0; k <= r; ++k)
            for (const unsigned char f : cells[k].flags) n[k] += !(f & AT_INFINITY);
        return n;
    }

    // The 2^r orthants of the cone from `apex` along the lines of the rays: vectors 0, then ray i at 1 + 2i, its
    // opposite at 2 + 2i, must have been appended to `vertices`.
    Outcome start() {
        int64_t codes = 2;
        for (int i = 0; i < r; ++i) codes *= 3;
        if (codes > max_cells_) return TOO_MANY_CELLS;
        // A code is apex + 2 * (base-3 digits: 0 absent, 1 plus, 2 minus); simplices ordered apex first.
        std::vector<int32_t> number(codes, -1);
        std::vector<int64_t> power(r + 1, 2);
        for (int i = 0; i < r; ++i) power[i + 1] = 3 * power[i];
        cells[0].flags.assign(1 + 2 * r, AT_INFINITY);
        cells[0].flags[0] = 0;
        cells[0].home.assign(1 + 2 * r, 0);
        std::vector<std::vector<int64_t>> by_dimension(r + 1);
        for (int64_t code = 1; code < codes; ++code) {
            int n = (int)(code & 1);
            for (int64_t rest = code >> 1; rest; rest /= 3) n += rest % 3 != 0;
            by_dimension[n - 1].push_back(code);
        }
        for (int64_t code : by_dimension[0]) {
            int32_t v = 0;
            for (int i = 0; i < r; ++i)
                if (const int64_t s = code / power[i] % 3) v = (int32_t)(2 * i + s);
            number[code] = v;
        }
        std::vector<Incidence> f;
        for (int k = 1; k <= r; ++k) {
            Cells& C = cells[k];
            for (int64_t code : by_dimension[k]) {
                f.clear();
                bool odd = false;
                if (code & 1) {
                    f.push_back(incidence(number[code - 1], false));
                    odd = true;
                }
                for (int i = 0; i < r; ++i)
                    if (const int64_t s = code / power[i] % 3) {
                        f.push_back(incidence(number[code - s * power[i]], odd));
                        odd = !odd;
                    }
                number[code] = (int32_t)C.size();
                C.append_facets(f.data(), f.size());
                C.flags.push_back(code & 1 ? 0 : AT_INFINITY);
                C.home.push_back(0);
            }
        }
        pieces.emplace_back();
        pieces.back().parent.assign(1, 0);
        neurons_total_ = 0;
        for (const Stage& s : stages) neurons_total_ += s.n;
        neurons_done_ = 0;
        return FINISHED;
    }

    // Splits by all neurons of stage s (stages are run in order). With `discard` the cells with a minus sign are then
    // removed, and those on which a neuron that is not constant vanishes are marked as boundary.
    Outcome run(int s, bool discard) {
        stage_ = s;
        finite_before_last = finite_counts();
        if (Outcome o = mark(s)) return o;
        if (Outcome o = split_all(s)) return o;
        if (discard) {
            keep_domain();
            if (cells[r].size() == 0) return NO_INTERIOR;
        }
        next_pieces();
        return FINISHED;
    }

    // The masks of all cells for the neurons of stage s (none may cross a cell any more).
    Outcome mark_again(int s) {
        stage_ = s;
        return mark(s);
    }

    // Affine forms of all outputs of stage s on region p of that stage.
    PullBack pull_back;

  private:
    int64_t max_cells_;
    Poll poll_;
    void* context_;
    int stage_ = 0;
    int words_ = 0;
    int64_t neurons_done_ = 0, neurons_total_ = 0, work_ = 0;
    std::chrono::steady_clock::time_point last_poll_ = std::chrono::steady_clock::now();

    std::vector<uint64_t> vanishing_;  // neurons that are zero at some vertex
    // Forms of the stage's neurons on its regions, made when first needed; slot of (p, i): offset_[p] + its rank
    // among the neurons that cross region p.
    VectorStore forms_;
    std::vector<uint64_t> piece_cross_;
    std::vector<int64_t> offset_;
    std::vector<int32_t> handle_;

    struct Split {
        int32_t cell, minus, cut;
        bool cut_negative;  // [cell+ : cut] = -1
    };
    std::vector<std::vector<Split>> split_;  // by dimension, of the current neuron
    std::vector<std::vector<int32_t>> bucket_;  // by dimension: head of the list of each neuron

    bool stop() {
        if ((++work_ & 255) != 0) return false;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_poll_ < std::chrono::milliseconds(50)) return false;
        last_poll_ = now;
        return poll_(context_, stage_, neurons_done_, neurons_total_, total_cells());
    }

    // ---- signs at the start of a stage -------------------------------------------------------------------------

    Outcome mark(int s) {
        const Stage& S = stages[s];
        const int n = S.n;
        words_ = (n + 63) / 64;
        for (int k = 0; k <= r; ++k) {
            cells[k].plus.assign(cells[k].size() * words_, 0);
            cells[k].minus.assign(cells[k].size() * words_, 0);
        }
        vanishing_.assign(words_, 0);
        std::vector<int> chain;  // the stages from the point to s
        for (int t = s; t >= 0; t = stages[t].previous) chain.insert(chain.begin(), t);
        Enclosure in, out;
        std::vector<ExactValues> exact(chain.size() + 1);
        for (int64_t v = 0; v < vertices.size(); ++v) {
            if (stop()) return STOPPED;
            enclose(chain, v, in, out);
            uint64_t *p = &cells[0].plus[v * words_], *m = &cells[0].minus[v * words_];
            bool have_exact = false;
            for (int i = 0; i < n; ++i) {
                if (!S.splits[i]) continue;
                const double x = out.value[i], e = out.error[i];
                int sg;
                if (x > e) {
                    sg = 1;
                    ++(e == 0 ? stats.word : stats.filtered);
                } else if (x < -e) {
                    sg = -1;
                    ++(e == 0 ? stats.word : stats.filtered);
                } else if (e == 0 && x == 0) {
                    sg = 0;
                    ++stats.word;
                } else {
                    if (!have_exact) evaluate(chain, v, exact);
                    have_exact = true;
                    sg = exact.back().sign_of(i + 1);
                    if (exact.back().word)
                        ++stats.word;
                    else {
                        ++stats.big;
                        stats.big_zero += sg == 0;
                    }
                }
                if (sg > 0)
                    p[i >> 6] |= uint64_t(1) << (i & 63);
                else if (sg < 0)
                    m[i >> 6] |= uint64_t(1) << (i & 63);
                else
                    vanishing_[i >> 6] |= uint64_t(1) << (i & 63);
            }
        }
        for (int k = 1; k <= r; ++k)
            for (int64_t c = 0; c < cells[k].size(); ++c) {
                gather(k, (int32_t)c);
                if (stop()) return STOPPED;
            }
        return FINISHED;
    }

    void enclose(const std::vector<int>& chain, int64_t v, Enclosure& in, Enclosure& out) const {
        double room[MAX_WIDTH], error[MAX_WIDTH];
        const double* x = vertices.doubles(v, room);
        for (int k = 0; k <= r; ++k) {
            // A word vector below 2^53 is converted without rounding; all else to a relative 2^-52 (or 2^-1074).
            const bool exact = vertices.is_word(v) && std::fabs(x[k]) < EXACT_LIMIT;
            error[k] = exact ? 0 : std::fabs(x[k]) * EPS + TINY;
        }
        const double x0 = x[0], err0 = error[0];
        enclose_step(stages[chain[0]], x0, err0, x + 1, error + 1, out);
        for (size_t t = 1; t < chain.size(); ++t) {
            in.value.swap(out.value);
            in.error.swap(out.error);
            enclose_step(stages[chain[t]], x0, err0, in.value.data(), in.error.data(), out);
        }
    }

    void evaluate(const std::vector<int>& chain, int64_t v, std::vector<ExactValues>& exact) const {
        ExactValues& x = exact[0];
        x.word = vertices.is_word(v);
        if (x.word)
            x.w.assign(vertices.word(v), vertices.word(v) + r + 1);
        else
            x.z.assign(vertices.big(v), vertices.big(v) + r + 1);
        for (size_t t = 0; t < chain.size(); ++t) exact_step(stages[chain[t]], exact[t], exact[t + 1]);
    }

    // The masks of a cell from those of its facets.
    void gather(int k, int32_t c) {
        Cells& C = cells[k];
        const Cells& D = cells[k - 1];
        uint64_t *p = &C.plus[(size_t)c * words_], *m = &C.minus[(size_t)c * words_];
        for (int w = 0; w < words_; ++w) p[w] = m[w] = 0;
        const Incidence* f = &C.arena[C.start[c]];
        for (int32_t i = 0; i < C.count[c]; ++i) {
            const uint64_t *fp = &D.plus[(size_t)facet_of(f[i]) * words_], *fm = &D.minus[(size_t)facet_of(f[i]) * words_];
            for (int w = 0; w < words_; ++w) {
                p[w] |= fp[w];
                m[w] |= fm[w];
            }
        }
    }

    // ---- splitting ---------------------------------------------------------------------------------------------

    // Puts the cell into the bucket of its first crossing neuron.
    void enqueue(int k, int32_t c) {
        Cells& C = cells[k];
        for (int w = 0; w < words_; ++w)
            if (const uint64_t x = C.plus[(size_t)c * words_ + w] & C.minus[(size_t)c * words_ + w]) {
                int32_t& head = bucket_[k][64 * w + __builtin_ctzll(x)];
                C.link[c] = head;
                head = c;
                return;
            }
    }

    void prepare_forms(int s) {
        const Stage& S = stages[s];
        forms_.clear();
        handle_.clear();
        offset_.clear();
        piece_cross_.clear();
        if (S.previous < 0) {
            std::vector<mpz_class> row(r + 1);
            for (int i = 0; i < S.n; ++i) {
                for (int j = 0; j <= r; ++j) row[j] = S.plus[i * (size_t)(r + 1) + j];
                forms_.push_reduced(row.data());
            }
            return;
        }
        const Cells& top = cells[r];
        piece_cross_.resize(top.plus.size());
        for (size_t i = 0; i < top.plus.size(); ++i) piece_cross_[i] = top.plus[i] & top.minus[i];
        int64_t slots = 0;
        for (int64_t c = 0; c < top.size(); ++c) {
            offset_.push_back(slots);
            for (int w = 0; w < words_; ++w) slots += __builtin_popcountll(piece_cross_[c * words_ + w]);
        }
        handle_.assign(slots, -1);
    }

    // The form of neuron i on region p, which it crosses.
    int64_t form(int s, int32_t p, int i) {
        if (stages[s].previous < 0) return i;
        int64_t slot = offset_[p];
        const uint64_t* m = &piece_cross_[(size_t)p * words_];
        for (int w = 0; w < i >> 6; ++w) slot += __builtin_popcountll(m[w]);
        slot += __builtin_popcountll(m[i >> 6] & ((uint64_t(1) << (i & 63)) - 1));
        int32_t& h = handle_[slot];
        if (h < 0) {
            if (pull_back.run(stages, pieces, s, p, i)) {
                i128 x[MAX_WIDTH];
                for (int k = 0; k <= r; ++k) x[k] = pull_back.word[k];
                h = (int32_t)forms_.push_reduced(x);
            } else {
                h = (int32_t)forms_.push_reduced(pull_back.big.data());
            }
        }
        return h;
    }

    Outcome split_all(int s) {
        const int n = stages[s].n;
        prepare_forms(s);
        bucket_.assign(r + 1, std::vector<int32_t>(n, -1));
        split_.assign(r + 1, {});
        for (int k = 1; k <= r; ++k) {
            cells[k].link.assign(cells[k].size(), -1);
            for (int64_t c = 0; c < cells[k].size(); ++c) enqueue(k, (int32_t)c);
        }
        for (int j = 0; j < n; ++j) {
            if (Outcome o = split_by(s, j)) return o;
            ++neurons_done_;
        }
        for (int k = 1; k <= r; ++k) {
            std::vector<int32_t>().swap(cells[k].link);
            cells[k].compact();
        }
        return FINISHED;
    }

    Outcome split_by(int s, int j) {
        for (int k = 1; k <= r; ++k) {
            std::vector<Split>& list = split_[k];
            list.clear();
            for (int32_t c = bucket_[k][j]; c >= 0;) {
                const int32_t next = cells[k].link[c];
                cells[k].link[c] = (int32_t)list.size();
                list.push_back({c, -1, -1, false});
                c = next;
            }
            if (cells[k].size() + (int64_t)list.size() > MAX_CELLS || total_cells() + 2 * (int64_t)list.size() > max_cells_)
                return TOO_MANY_CELLS;
            for (Split& x : list) {
                if (k == 1)
                    split_edge(s, j, x);
                else
                    split_cell(k, j, x);
                if (stop()) return STOPPED;
            }
        }
        for (int k = 1; k <= r; ++k) {
            for (const Split& x : split_[k]) {
                enqueue(k, x.cell);
                enqueue(k, x.minus);
                if (k > 1) enqueue(k - 1, x.cut);
            }
            if ((int64_t)cells[k].arena.size() > 2 * cells[k].live + (1 << 20)) cells[k].compact();
        }
        return FINISHED;
    }

    int32_t append(int k, int32_t like, int like_dimension) {
        Cells& C = cells[k];
        const Cells& L = cells[like_dimension];
        C.flags.push_back(L.flags[like]);
        C.home.push_back(L.home[like]);
        if (k > 0) C.link.push_back(-1);
        C.plus.resize(C.plus.size() + words_, 0);
        C.minus.resize(C.minus.size() + words_, 0);
        return (int32_t)(C.size() - 1);
    }

    void split_edge(int s, int j, Split& x) {
        Cells &E = cells[1], &V = cells[0];
        const Incidence *ends = &E.arena[E.start[x.cell]];
        Incidence a = ends[0], b = ends[1];
        if (bit(&V.minus[(size_t)facet_of(a) * words_], j)) std::swap(a, b);  // a is on the plus side
        const int32_t region = E.home[x.cell];
        intersect(vertices, facet_of(a), facet_of(b), forms_, form(s, region, j));
        x.cut = append(0, x.cell, 1);
        x.minus = append(1, x.cell, 1);
        x.cut_negative = !negative(a);

        uint64_t *p = &V.plus[(size_t)x.cut * words_], *m = &V.minus[(size_t)x.cut * words_];
        const uint64_t *ep = &E.plus[(size_t)x.cell * words_], *em = &E.minus[(size_t)x.cell * words_];
        for (int w = 0; w < words_; ++w) {
            const uint64_t both = ep[w] & em[w];
            p[w] = ep[w] & ~both;
            m[w] = em[w] & ~both;
            uint64_t open = both;
            if (w == j >> 6) open &= ~(uint64_t(1) << (j & 63));
            while (open) {
                const int i = 64 * w + __builtin_ctzll(open);
                const uint64_t one = open & -open;
                open ^= one;
                const int sg = dot_sign(vertices, x.cut, forms_, form(s, region, i), stats);
                if (sg > 0)
                    p[w] |= one;
                else if (sg < 0)
                    m[w] |= one;
                else
                    vanishing_[w] |= one;
            }
        }
        const Incidence upper[2] = {a, incidence(x.cut, x.cut_negative)};
        const Incidence lower[2] = {b, incidence(x.cut, !x.cut_negative)};
        E.replace_facets(x.cell, upper, 2);
        E.append_facets(lower, 2);
        gather(1, x.cell);
        gather(1, x.minus);
    }

    std::vector<Incidence> above_, below_, cut_;

    void split_cell(int k, int j, Split& x) {
        Cells &C = cells[k], &F = cells[k - 1], &G = cells[k - 2];
        const std::vector<Split>& done = split_[k - 1];
        above_.clear();
        below_.clear();
        cut_.clear();
        const bool touched = bit(vanishing_.data(), j);
        const Incidence* facets = &C.arena[C.start[x.cell]];
        for (int32_t t = 0; t < C.count[x.cell]; ++t) {
            const Incidence fi = facets[t];
            const int32_t f = facet_of(fi);
            const uint32_t at = (uint32_t)F.link[f];
            if (at < done.size() && done[at].cell == f) {
                above_.push_back(fi);
                below_.push_back(incidence(done[at].minus, negative(fi)));
                cut_.push_back(incidence(done[at].cut, negative(fi) == done[at].cut_negative));
            } else if (bit(&F.plus[(size_t)f * words_], j)) {
                above_.push_back(fi);
                if (!touched) continue;
                const Incidence* g = &F.arena[F.start[f]];
                for (int32_t u = 0; u < F.count[f]; ++u) {
                    const size_t h = (size_t)facet_of(g[u]) * words_;
                    if (!bit(&G.plus[h], j) && !bit(&G.minus[h], j))
                        cut_.push_back(incidence(facet_of(g[u]), negative(fi) == negative(g[u])));
                }
            } else {
                below_.push_back(fi);
            }
        }
        x.cut = append(k - 1, x.cell, k);
        x.minus = append(k, x.cell, k);
        above_.push_back(incidence(x.cut, false));
        below_.push_back(incidence(x.cut, true));
        F.append_facets(cut_.data(), cut_.size());
        C.replace_facets(x.cell, above_.data(), above_.size());
        C.append_facets(below_.data(), below_.size());
        gather(k - 1, x.cut);
        gather(k, x.cell);
        gather(k, x.minus);
    }

    // ---- between stages ----------------------------------------------------------------------------------------

    void keep_domain() {
        std::vector<std::vector<int32_t>> number(r + 1);
        for (int k = 0; k <= r; ++k) {
            Cells& C = cells[k];
            std::vector<char> keep(C.size());
            number[k].assign(C.size(), -1);
            Cells D;
            std::vector<Incidence> f;
            for (int64_t c = 0; c < C.size(); ++c) {
                bool outside = false, boundary = false;
                for (int i = 0; i < stages[stage_].n; ++i) {
                    outside = outside || bit(&C.minus[c * words_], i);
                    boundary = boundary || !(bit(&C.minus[c * words_], i) || bit(&C.plus[c * words_], i));
                }
                if (outside) continue;
                keep[c] = 1;
                number[k][c] = (int32_t)D.size();
                if (k > 0) {
                    f.clear();
                    for (int32_t t = 0; t < C.count[c]; ++t) {
                        const Incidence x = C.arena[C.start[c] + t];
                        f.push_back(incidence(number[k - 1][facet_of(x)], negative(x)));
                    }
                    D.append_facets(f.data(), f.size());
                }
                D.flags.push_back(C.flags[c] | (boundary ? ON_BOUNDARY : 0));
                D.home.push_back(C.home[c]);
                for (int w = 0; w < words_; ++w) {
                    D.plus.push_back(C.plus[c * words_ + w]);
                    D.minus.push_back(C.minus[c * words_ + w]);
                }
            }
            if (k == 0) vertices.filter(keep);
            C = std::move(D);
        }
    }

    // Every top cell becomes a region of the next stage and the home of its faces.
    void next_pieces() {
        Pieces q;
        Cells& top = cells[r];
        q.words = words_;
        q.parent = top.home;
        q.plus = top.plus;
        q.minus = top.minus;
        pieces.push_back(std::move(q));
        for (int64_t c = 0; c < top.size(); ++c) top.home[c] = (int32_t)c;
        for (int k = r; k > 0; --k)
            for (int64_t c = 0; c < cells[k].size(); ++c)
                for (int32_t t = 0; t < cells[k].count[c]; ++t)
                    cells[k - 1].home[facet_of(cells[k].arena[cells[k].start[c] + t])] = cells[k].home[c];
    }
};

}  // namespace polyrelu
