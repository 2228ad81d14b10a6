// Subdivision of a polyhedral complex by the neurons of a network, stage by stage.
//
// Cells live in the half-space x0 >= 0 of R^(r+1): a k-cell is a pointed cone of dimension k + 1 spanned by its
// vertices (x0 > 0) and rays (x0 = 0); see `vertices.hpp` for these. Cells with rays only lie at infinity.
//
// Signs. At the start of a stage every vertex gets two bit masks over the stage's neurons, plus and minus (none for
// zero); the masks of a cell are the unions over its facets. Within a stage every neuron is linear on every cell, so a
// cell is crossed by neuron j iff both bits are set, and a point in the relative interior has sign + iff only plus is
// set. Crossed cells wait in a bucket for their first crossing neuron. The vertex made by neuron j on an edge takes
// every sign of that edge which is constant there, and is evaluated only for the neurons > j that cross the edge.
//
// Splitting cell c by neuron j, facets first. Halves inherit incidence numbers, [c+:c0] = 1, [c-:c0] = -1, and
// the boundary of c0 is what makes the boundary of the boundary of c+ vanish. For a facet f of c:
//   split by j     -> f+ in c+, f- in c-, and f0 in c0 with coefficient -[c:f][f+:f0];
//   not split      -> it lies on one side (it cannot lie in the hyperplane, c having both signs) and goes there; a facet
//                     g of f inside the hyperplane has its other facet in c on the other side, and is in c0 with
//                     coefficient -[c:f][f:g], f the one on the plus side.
// c+ keeps the number of c, f+ that of f; c- and c0 are appended. Vertices are positively oriented points, so for an
// edge [c+:c0] is minus the incidence number of its positive end.
//
// Supports. Every k-cell knows r - k linearly independent forms that vanish on it: c+ and c- inherit those of c, and c0
// has the neuron's form besides, which is not in their span because it does not vanish on c.
#pragma once

#include <chrono>
#include <memory>

#include "cells.hpp"
#include "decisions.hpp"
#include "workers.hpp"

namespace polyrelu {

enum Outcome { FINISHED = 0, STOPPED = 1, TOO_MANY_CELLS = 2, NO_INTERIOR = 3, TOO_MUCH_MEMORY = 4 };

// Called a few times a second; true stops the work.
using Poll = bool (*)(void* context, int stage, int64_t done, int64_t total, int64_t cells);

class Subdivision {
  public:
    Subdivision(int rank, int64_t max_cells, int64_t max_memory, int threads, Arithmetic arithmetic, Poll poll,
                void* context)
        : r(rank), decide(rank, arithmetic, stages, pieces), forms(decide.forms), vertices(decide.vertices),
          cells(rank + 1), max_cells_(std::min(max_cells, MAX_CELLS)), max_memory_(max_memory), poll_(poll),
          context_(context), workers_(threads) {
        for (int w = 0; w < threads; ++w) desks_.emplace_back(new Desk(stages, pieces));
    }
    Subdivision(const Subdivision&) = delete;

    const int r;
    std::vector<Stage> stages;
    std::vector<Pieces> pieces;  // of each stage that was begun, and of the end
    Decisions decide;
    FormStore& forms;             // x0, the starting hyperplanes, then those of the neurons on the regions they cross
    Vertices& vertices;
    std::vector<Cells> cells;
    std::vector<BigVector> frame;  // the starting hyperplanes as exact forms, primitive
    std::vector<int64_t> finite_before_last;  // finite cells by dimension at the start of the last stage

    Statistics statistics() const {
        Statistics sum;
        for (const auto& desk : desks_) sum += desk->stats;
        return sum;
    }

    int64_t total_cells() const {
        int64_t t = 0;
        for (const Cells& c : cells) t += c.size();
        return t;
    }

    // The bytes of all arrays that grow with the number of cells.
    int64_t memory() const {
        int64_t bytes = vertices.memory() + forms.memory();
        for (const Cells& c : cells) bytes += c.memory();
        for (const Pieces& p : pieces) bytes += 4 * p.parent.capacity() + 8 * (p.plus.capacity() + p.minus.capacity());
        return bytes;
    }

    int64_t neurons_done() const { return neurons_done_; }

    std::vector<int64_t> finite_counts() const {
        std::vector<int64_t> n(r + 1, 0);
        for (int k = 0; k <= r; ++k)
            for (const unsigned char f : cells[k].flags) n[k] += !(f & AT_INFINITY);
        return n;
    }

    // The 2^r orthants of the cone from the apex along the lines of the rays. Before, vectors 0 (the apex), 1 + 2i
    // (ray i) and 2 + 2i (its opposite) must have been pushed to `vertices`, and x0 and the r forms whose zero sets
    // carry the orthants to `forms`, form 1 + i being positive on ray i.
    Outcome start() {
        int64_t codes = 2;
        for (int i = 0; i < r; ++i)
            if ((codes *= 3) > max_cells_ + 1) return TOO_MANY_CELLS;  // within the loop: 3^r overflows from r = 40 on
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
                if (!(code & 1)) C.supports.push_back(0);
                for (int i = 0; i < r; ++i)
                    if (code / power[i] % 3 == 0) C.supports.push_back(1 + i);
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
        for (int32_t v = 0; v <= 2 * r; ++v) start_index_.push_back(v);
        pieces.emplace_back();
        pieces.back().parent.assign(1, 0);
        neurons_total_ = 0;
        for (const Stage& s : stages) {
            first_neuron_.push_back((int32_t)neurons_total_);
            neurons_total_ += s.n;
        }
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
            if (Outcome o = keep_domain()) return o;
            if (cells[r].size() == 0) return NO_INTERIOR;
        }
        return next_pieces();
    }

    // The masks of all cells for the neurons of stage s (none may cross a cell any more).
    Outcome mark_again(int s) {
        stage_ = s;
        return mark(s);
    }

  private:
    int64_t max_cells_, max_memory_;
    Poll poll_;
    void* context_;
    Workers workers_;
    int stage_ = 0;
    int words_ = 0;
    int64_t neurons_done_ = 0, neurons_total_ = 0;
    std::chrono::steady_clock::time_point last_poll_ = std::chrono::steady_clock::now();

    // What each thread has for itself.
    struct Desk : Decisions::Desk {
        using Decisions::Desk::Desk;
        std::vector<uint64_t> vanishing;
        std::vector<Sheet> sheets;
        std::vector<int32_t> now, path;
        std::vector<signed char> side;
        std::vector<double> value, size;
    };
    std::vector<std::unique_ptr<Desk>> desks_;

    std::vector<uint64_t> vanishing_;  // neurons that are zero at some vertex
    std::vector<int32_t> start_index_;  // of the first vertices: which of the starting ones they are
    std::vector<int32_t> frame_index_;  // of each neuron of the stage: 1 + i or -1 - i if its form is that of frame i
    std::vector<int32_t> first_neuron_;  // of each stage, in the numbering of all neurons
    // Forms of the stage's neurons on the regions they cross: that of neuron i on region p is form first_form_ +
    // offset_[p] + the rank of i among the neurons that cross p (first_form_ + i for a stage that reads the point).
    int64_t first_form_ = 0;
    std::vector<uint64_t> piece_cross_;
    std::vector<int64_t> offset_;

    struct Split {
        int32_t cell, minus, cut;
        int32_t n_above, n_below, n_cut;  // facets of the three
        bool cut_negative;                // [cell+ : cut] = -1
    };
    std::vector<std::vector<Split>> split_;  // by dimension, of the current neuron
    std::vector<std::vector<int32_t>> bucket_;  // by dimension: head of the list of each neuron
    std::vector<std::vector<Incidence>> sheaves_;  // of each chunk: the facets of c+, c-, c0 of its cells in turn

    static constexpr int64_t CHUNK = 256;

    // Whether to stop here. Throws std::bad_alloc when GMP had to be helped out of its reserve.
    bool stop() {
        check_gmp_memory();
        const auto now = std::chrono::steady_clock::now();
        if (now - last_poll_ < std::chrono::milliseconds(50)) return false;
        last_poll_ = now;
        return poll_(context_, stage_, neurons_done_, neurons_total_, total_cells());
    }

    // ---- signs --------------------------------------------------------------------------------------------------

    // The masks of all cells. A vertex is evaluated with the forms of a region that contains it; regions are visited
    // so that those with a common ancestor follow each other, and the forms of each ancestor are made once.
    Outcome mark(int s) {
        const Stage& S = stages[s];
        words_ = (S.n + 63) / 64;
        for (int k = 0; k <= r; ++k) {
            cells[k].plus.assign(cells[k].size() * words_, 0);
            cells[k].minus.assign(cells[k].size() * words_, 0);
        }
        int first = s;
        while (stages[first].previous >= 0) --first;
        for (auto& desk : desks_) {
            desk->vanishing.assign(words_, 0);
            desk->sheets.resize(stages.size());
            desk->sheets[first].set_rows(stages[first], r + 1);
            desk->now.assign(s + 1, -1);
        }
        find_frame(s);
        const std::vector<int32_t> order = vertices_by_region(first, s);
        const auto pause = [this] { return stop(); };
        const auto some = [&](int w, int64_t begin, int64_t end) {
            Desk& desk = *desks_[w];
            for (int64_t i = begin; i < end; ++i) evaluate(first, s, order[i], desk);
        };
        if (!workers_.run((int64_t)order.size(), 64, some, pause)) return STOPPED;
        vanishing_.assign(words_, 0);
        merge_vanishing();
        for (int k = 1; k <= r; ++k) {
            const auto gather = [&, k](int, int64_t begin, int64_t end) {
                Cells& C = cells[k];
                for (int64_t c = begin; c < end; ++c)
                    unite(k - 1, C.facets(c), C.count[c], &C.plus[c * words_], &C.minus[c * words_]);
            };
            if (!workers_.run(cells[k].size(), 4096, gather, pause)) return STOPPED;
        }
        return FINISHED;
    }

    // Which neurons of stage s are starting hyperplanes. Their signs at the starting vertices are known.
    void find_frame(int s) {
        frame_index_.assign(stages[s].n, 0);
        if (stages[s].previous >= 0 || decide.arithmetic == ALL_BIG) return;
        for (int i = 0; i < stages[s].n; ++i) {
            const BigVector& f = vertices.exact_form(0, first_neuron_[s] + i);
            for (int32_t c = 0; c < r; ++c) {
                BigVector opposite = frame[c];
                for (mpz_class& x : opposite) x = -x;
                if (f == frame[c]) frame_index_[i] = 1 + c;
                if (f == opposite) frame_index_[i] = -1 - c;
            }
        }
    }

    // The sign of starting form `frame` (see `frame_index_`) at a starting vertex: zero but on its own two rays.
    static int start_sign(int32_t frame, int32_t vertex) {
        const int32_t ray = 2 * std::abs(frame) - 1;
        const int sg = vertex == ray ? 1 : vertex == ray + 1 ? -1 : 0;
        return frame > 0 ? sg : -sg;
    }

    void merge_vanishing() {
        for (const auto& desk : desks_)
            for (int w = 0; w < words_; ++w) vanishing_[w] |= desk->vanishing[w];
    }

    // The region of stage s that contains the region p of the current stage.
    int32_t ancestor(int32_t p, int s) const {
        for (int t = (int)pieces.size() - 1; t > s; --t) p = pieces[t].parent[p];
        return p;
    }

    // All vertices, those of one region of each stage first+1..s together.
    std::vector<int32_t> vertices_by_region(int first, int s) const {
        std::vector<int32_t> rank(pieces[first].parent.size(), 0), next;
        auto sort = [](const std::vector<int32_t>& key, int64_t keys) {
            std::vector<int64_t> start(keys + 1, 0);
            for (const int32_t k : key) ++start[k + 1];
            for (int64_t k = 0; k < keys; ++k) start[k + 1] += start[k];
            std::vector<int32_t> position(key.size());
            for (size_t i = 0; i < key.size(); ++i) position[i] = (int32_t)start[key[i]]++;
            return position;
        };
        int64_t keys = 1;
        for (int t = first + 1; t <= s; ++t) {
            next.resize(pieces[t].parent.size());
            for (size_t p = 0; p < next.size(); ++p) next[p] = rank[pieces[t].parent[p]];
            rank = sort(next, keys);
            keys = (int64_t)rank.size();
        }
        next.resize(vertices.size());
        for (size_t v = 0; v < next.size(); ++v) next[v] = first == s ? 0 : rank[ancestor(cells[0].home[v], s)];
        const std::vector<int32_t> position = sort(next, keys);
        std::vector<int32_t> order(position.size());
        for (size_t v = 0; v < order.size(); ++v) order[position[v]] = (int32_t)v;
        return order;
    }

    // The signs of all neurons of stage s at vertex v, from their forms on a region that contains it. The forms of the
    // regions that contained the vertex before are still there.
    void evaluate(int first, int s, int32_t v, Desk& desk) {
        const int32_t region = ancestor(cells[0].home[v], s);
        desk.path.assign(s + 1, -1);
        int level = s;
        for (int32_t p = region; level > first && desk.now[level] != p; --level) {
            desk.path[level] = p;
            p = pieces[level].parent[p];
        }
        for (++level; level <= s; ++level) {
            find_sides(stages, pieces, level, desk.path[level], desk.side);
            desk.sheets[level].set(stages[level], desk.sheets[level - 1], desk.side, r + 1);
            desk.now[level] = desk.path[level];
        }
        const Sheet& sheet = desk.sheets[s];
        std::vector<double>&value = desk.value, &size = desk.size;
        Statistics& stats = desk.stats;
        const Stage& S = stages[s];
        const int n = S.n;
        const double* y = vertices[v];
        const double d = vertices.error[v];
        value.assign(n, 0);
        size.assign(n, 0);
        double total = 0;
        for (int k = 0; k <= r; ++k) {
            const double x = y[k];
            total += std::fabs(x);
            if (x == 0) continue;
            const double* f = &sheet.f[(size_t)k * n];
            for (int i = 0; i < n; ++i) {
                const double t = x * f[i];
                value[i] += t;
                size[i] += std::fabs(t);
            }
        }
        uint64_t *p = &cells[0].plus[(size_t)v * words_], *m = &cells[0].minus[(size_t)v * words_];
        for (int i = 0; i < n; ++i) {
            if (!S.splits[i]) continue;
            const double x = value[i];
            int sg;
            if (frame_index_[i] != 0 && v < (int32_t)start_index_.size()) {
                sg = start_sign(frame_index_[i], start_index_[v]);
            } else if (decide.arithmetic == ALL_BIG) {
                sg = decide.exact_sign(v, region, first_neuron_[s] + i, stats);
            } else if (decide.arithmetic == UNCERTIFIED) {
                sg = (x > 0) - (x < 0);
            } else if (d == 0 && sheet.err[i] == 0 && size[i] < EXACT_LIMIT) {
                sg = (x > 0) - (x < 0);
                ++stats.word;
            } else if (std::fabs(x) > decide.margin(size[i], sheet.norm[i], sheet.err[i], d, total)) {
                sg = x > 0 ? 1 : -1;
                ++stats.filtered;
            } else {
                sg = decide.exact_sign(v, region, first_neuron_[s] + i, stats);
            }
            const uint64_t one = uint64_t(1) << (i & 63);
            if (sg > 0)
                p[i >> 6] |= one;
            else if (sg < 0)
                m[i >> 6] |= one;
            else
                desk.vanishing[i >> 6] |= one;
        }
    }

    // The masks of a cell from those of its facets, which are f[0..n) of dimension k.
    void unite(int k, const Incidence* f, int32_t n, uint64_t* plus, uint64_t* minus) const {
        const Cells& F = cells[k];
        if (words_ == 1) {
            uint64_t p = 0, m = 0;
            for (int32_t i = 0; i < n; ++i) {
                p |= F.plus[facet_of(f[i])];
                m |= F.minus[facet_of(f[i])];
            }
            *plus = p;
            *minus = m;
            return;
        }
        for (int w = 0; w < words_; ++w) plus[w] = minus[w] = 0;
        for (int32_t i = 0; i < n; ++i) {
            const size_t at = (size_t)facet_of(f[i]) * words_;
            for (int w = 0; w < words_; ++w) {
                plus[w] |= F.plus[at + w];
                minus[w] |= F.minus[at + w];
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

    // Makes the forms of all neurons of stage s on the regions that they cross.
    Outcome make_forms(int s) {
        const Stage& S = stages[s];
        first_form_ = forms.size();
        offset_.clear();
        piece_cross_.clear();
        if (S.previous < 0) {
            for (int i = 0; i < S.n; ++i) forms.push_exact(vertices.exact_form(0, first_neuron_[s] + i).data());
            return FINISHED;
        }
        const Cells& top = cells[r];
        piece_cross_.resize(top.plus.size());
        for (size_t i = 0; i < top.plus.size(); ++i) piece_cross_[i] = top.plus[i] & top.minus[i];
        int64_t slots = 0;
        for (int64_t c = 0; c < top.size(); ++c) {
            offset_.push_back(slots);
            for (int w = 0; w < words_; ++w) slots += __builtin_popcountll(piece_cross_[c * words_ + w]);
        }
        forms.resize(first_form_ + slots);
        const auto make = [&](int w, int64_t begin, int64_t end) {
            for (int64_t c = begin; c < end; ++c) {
                int64_t at = first_form_ + offset_[c];
                for (int i = 0; i < S.n; ++i)
                    if (bit(&piece_cross_[c * words_], i))
                        decide.make_form(at++, s, (int32_t)c, i, first_neuron_[s] + i, *desks_[w]);
            }
        };
        return workers_.run(top.size(), 64, make, [this] { return stop(); }) ? FINISHED : STOPPED;
    }

    // The form of neuron i on region p, which it crosses.
    int32_t form(int32_t p, int i) const {
        if (offset_.empty()) return (int32_t)(first_form_ + i);
        int64_t slot = offset_[p];
        const uint64_t* m = &piece_cross_[(size_t)p * words_];
        for (int w = 0; w < i >> 6; ++w) slot += __builtin_popcountll(m[w]);
        slot += __builtin_popcountll(m[i >> 6] & ((uint64_t(1) << (i & 63)) - 1));
        return (int32_t)(first_form_ + slot);
    }

    Outcome split_all(int s) {
        const int n = stages[s].n;
        if (Outcome o = make_forms(s)) return o;
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
            const int32_t first_minus = (int32_t)cells[k].size(), first_cut = (int32_t)cells[k - 1].size();
            for (int32_t c = bucket_[k][j]; c >= 0;) {
                const int32_t next = cells[k].link[c], t = (int32_t)list.size();
                cells[k].link[c] = t;
                list.push_back({c, first_minus + t, first_cut + t, 0, 0, 0, false});
                c = next;
            }
            const int64_t n = (int64_t)list.size();
            if (n == 0) continue;
            if (std::max(first_minus, first_cut) + n > MAX_CELLS || total_cells() + 2 * n > max_cells_)
                return TOO_MANY_CELLS;
            const int64_t growth = cells[k].growth(n) + cells[k - 1].growth(n) + (k == 1 ? vertices.growth(n) : 0);
            if (memory() > max_memory_ - growth) return TOO_MUCH_MEMORY;
            cells[k].extend(n, k, r - k, words_);
            cells[k - 1].extend(n, k - 1, r - k + 1, words_);
            if (k == 1) vertices.resize(first_cut + n);
            // In batches, so that the facets of the new cells are copied while they are in the cache.
            const int64_t batch = CHUNK * (workers_.count() == 1 ? 4 : 16 * workers_.count());
            for (int64_t begin = 0; begin < n; begin += batch)
                if (Outcome o = split_batch(s, k, j, begin, std::min(n, begin + batch))) return o;
            if (k == 1) merge_vanishing();
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

    // The cells begin..end of the list of neuron j: their parts are found in parallel, places for their facets are given
    // out in order, and the facets copied in parallel. So the result does not depend on the number of threads.
    Outcome split_batch(int s, int k, int j, int64_t begin, int64_t end) {
        Cells &C = cells[k], &F = cells[k - 1];
        std::vector<Split>& list = split_[k];
        const auto pause = [this] { return stop(); };
        sheaves_.resize((end - begin + CHUNK - 1) / CHUNK);
        const auto find = [&](int w, int64_t first, int64_t last) {
            std::vector<Incidence>& sheaf = sheaves_[first / CHUNK];
            sheaf.clear();
            for (int64_t t = begin + first; t < begin + last; ++t) {
                if (t + 8 < begin + last) prefetch_cell(k, list[t + 8].cell);
                if (t + 4 < begin + last) prefetch_facets(k, list[t + 4].cell);
                if (t + 2 < begin + last) prefetch_masks(k, list[t + 2].cell);
                inherit(k, k, list[t].cell, list[t].minus, 0);
                const int32_t on = form(C.home[list[t].cell], j);
                inherit(k - 1, k, list[t].cell, list[t].cut, on);
                if (k == 1)
                    split_edge(s, j, list[t], on, sheaf, *desks_[w]);
                else
                    split_cell(k, j, list[t], sheaf);
            }
        };
        if (!workers_.run(end - begin, CHUNK, find, pause)) return STOPPED;
        int64_t top = (int64_t)C.arena.size(), bottom = (int64_t)F.arena.size();
        for (int64_t t = begin; t < end; ++t) {
            C.place_facets(list[t].cell, list[t].n_above, top);
            C.place_facets(list[t].minus, list[t].n_below, top);
            if (k > 1) F.place_facets(list[t].cut, list[t].n_cut, bottom);
        }
        C.arena.resize(top);
        F.arena.resize(bottom);
        const auto copy = [&](int, int64_t first, int64_t last) {
            const Incidence* from = sheaves_[first / CHUNK].data();
            for (int64_t t = begin + first; t < begin + last; ++t) {
                const Split& x = list[t];
                std::copy_n(from, x.n_above, C.arena.begin() + C.start[x.cell]);
                std::copy_n(from += x.n_above, x.n_below, C.arena.begin() + C.start[x.minus]);
                from += x.n_below;
                if (k > 1) std::copy_n(from, x.n_cut, F.arena.begin() + F.start[x.cut]);
                from += x.n_cut;
            }
        };
        return workers_.run(end - begin, CHUNK, copy, pause) ? FINISHED : STOPPED;
    }

    // What a cell needs is scattered over memory; it is asked for in three steps while other cells are split.
    void prefetch_cell(int k, int32_t c) const {
        __builtin_prefetch(&cells[k].start[c]);
        __builtin_prefetch(&cells[k].count[c]);
        __builtin_prefetch(&cells[k].home[c]);
        __builtin_prefetch(&cells[k].plus[(size_t)c * words_]);
        __builtin_prefetch(&cells[k].minus[(size_t)c * words_]);
    }
    void prefetch_facets(int k, int32_t c) const { __builtin_prefetch(cells[k].facets(c)); }
    void prefetch_masks(int k, int32_t c) const {
        const Cells& F = cells[k - 1];
        const Incidence* f = cells[k].facets(c);
        for (int32_t i = 0; i < cells[k].count[c]; ++i) {
            __builtin_prefetch(&F.minus[(size_t)facet_of(f[i]) * words_]);
            __builtin_prefetch(&F.plus[(size_t)facet_of(f[i]) * words_]);
            if (k > 1) __builtin_prefetch(&F.link[facet_of(f[i])]);
        }
    }

    // Gives k-cell c the flags, home and supports of cell `like` of dimension k or k + 1; in the latter case it lies on
    // a form besides.
    void inherit(int k, int like_dimension, int32_t like, int32_t c, int32_t form) {
        Cells& C = cells[k];
        const Cells& L = cells[like_dimension];
        C.flags[c] = L.flags[like];
        C.home[c] = L.home[like];
        if (k == 0) return;
        const int n = r - like_dimension;
        int32_t* out = C.supports.data() + (size_t)c * (r - k);
        std::copy_n(L.supports.data() + (size_t)like * n, n, out);
        if (k < like_dimension) out[n] = form;
    }

    void split_edge(int s, int j, Split& x, int32_t on, std::vector<Incidence>& sheaf, Desk& desk) {
        Cells &E = cells[1], &V = cells[0];
        const Incidence* ends = E.facets(x.cell);
        Incidence a = ends[0], b = ends[1];
        if (bit(&V.minus[(size_t)facet_of(a) * words_], j)) std::swap(a, b);  // a is on the plus side
        const Recipe how{facet_of(a), facet_of(b), E.home[x.cell], first_neuron_[s] + j};
        const int32_t* supports = E.supports.data() + (size_t)x.cell * (r - 1);
        decide.place(x.cut, how, on, supports, E.flags[x.cell] & AT_INFINITY, desk);
        x.cut_negative = !negative(a);
        x.n_above = x.n_below = 2;
        const int32_t region = E.home[x.cell];
        uint64_t *p = &V.plus[(size_t)x.cut * words_], *m = &V.minus[(size_t)x.cut * words_];
        uint64_t *ep = &E.plus[(size_t)x.cell * words_], *em = &E.minus[(size_t)x.cell * words_];
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
                const int sg = decide.sign_of(x.cut, form(region, i), region, first_neuron_[s] + i, desk.stats);
                if (sg > 0)
                    p[w] |= one;
                else if (sg < 0)
                    m[w] |= one;
                else
                    desk.vanishing[w] |= one;
            }
        }
        const size_t at = sheaf.size();
        sheaf.insert(sheaf.end(), {a, incidence(x.cut, x.cut_negative), b, incidence(x.cut, !x.cut_negative)});
        unite(0, &sheaf[at], 2, ep, em);
        unite(0, &sheaf[at + 2], 2, &E.plus[(size_t)x.minus * words_], &E.minus[(size_t)x.minus * words_]);
    }

    void split_cell(int k, int j, Split& x, std::vector<Incidence>& sheaf) {
        Cells &C = cells[k], &F = cells[k - 1], &G = cells[k - 2];
        const std::vector<Split>& done = split_[k - 1];
        const bool touched = bit(vanishing_.data(), j);
        const Incidence* facets = C.facets(x.cell);
        const int32_t n = C.count[x.cell];
        // Three lists in one array; the first pass makes that of c+, so that no second array is needed.
        const size_t above = sheaf.size();
        for (int32_t t = 0; t < n; ++t)
            if (!bit(&F.minus[(size_t)facet_of(facets[t]) * words_], j)) sheaf.push_back(facets[t]);
        sheaf.push_back(incidence(x.cut, false));
        x.n_above = (int32_t)(sheaf.size() - above);
        const size_t below = sheaf.size();
        for (int32_t t = 0; t < n; ++t)
            // A minus sign: not split, for the plus half of a split facet has taken over its number.
            if (bit(&F.minus[(size_t)facet_of(facets[t]) * words_], j)) sheaf.push_back(facets[t]);
        for (int32_t t = 0; t < x.n_above - 1; ++t) {
            const Incidence fi = sheaf[above + t];
            if (const Split* f = found(done, F.link[facet_of(fi)], facet_of(fi)))
                sheaf.push_back(incidence(f->minus, negative(fi)));
        }
        sheaf.push_back(incidence(x.cut, true));
        x.n_below = (int32_t)(sheaf.size() - below);
        const size_t cut = sheaf.size();
        for (int32_t t = 0; t < x.n_above - 1; ++t) {
            const Incidence fi = sheaf[above + t];
            const int32_t f = facet_of(fi);
            if (const Split* half = found(done, F.link[f], f)) {
                sheaf.push_back(incidence(half->cut, negative(fi) == half->cut_negative));
            } else if (touched) {
                const Incidence* g = F.facets(f);
                for (int32_t u = 0; u < F.count[f]; ++u) {
                    const size_t h = (size_t)facet_of(g[u]) * words_;
                    if (!bit(&G.plus[h], j) && !bit(&G.minus[h], j))
                        sheaf.push_back(incidence(facet_of(g[u]), negative(fi) == negative(g[u])));
                }
            }
        }
        x.n_cut = (int32_t)(sheaf.size() - cut);
        unite(k - 2, &sheaf[cut], x.n_cut, &F.plus[(size_t)x.cut * words_], &F.minus[(size_t)x.cut * words_]);
        unite(k - 1, &sheaf[above], x.n_above, &C.plus[(size_t)x.cell * words_], &C.minus[(size_t)x.cell * words_]);
        unite(k - 1, &sheaf[below], x.n_below, &C.plus[(size_t)x.minus * words_], &C.minus[(size_t)x.minus * words_]);
    }

    // What became of facet f if it was split by the current neuron, else null; `at` is its link.
    static const Split* found(const std::vector<Split>& done, int32_t at, int32_t f) {
        return (uint32_t)at < done.size() && done[at].cell == f ? &done[at] : nullptr;
    }

    // ---- between stages ----------------------------------------------------------------------------------------

    Outcome keep_domain() {
        std::vector<std::vector<int32_t>> number(r + 1);
        for (int k = 0; k <= r; ++k) {
            Cells& C = cells[k];
            std::vector<char> keep(C.size());
            number[k].assign(C.size(), -1);
            Cells D;
            std::vector<Incidence> f;
            for (int64_t c = 0; c < C.size(); ++c) {
                if ((c & 1023) == 0 && stop()) return STOPPED;
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
                if (k > 0)
                    for (int i = 0; i < r - k; ++i) D.supports.push_back(C.supports[c * (r - k) + i]);
                for (int w = 0; w < words_; ++w) {
                    D.plus.push_back(C.plus[c * words_ + w]);
                    D.minus.push_back(C.minus[c * words_ + w]);
                }
            }
            if (k == 0) {
                vertices.filter(keep);
                std::vector<int32_t> kept;
                for (size_t v = 0; v < start_index_.size(); ++v)
                    if (keep[v]) kept.push_back(start_index_[v]);
                start_index_.swap(kept);
            }
            C = std::move(D);
        }
        return FINISHED;
    }

    // Every top cell becomes a region of the next stage and the home of its faces.
    Outcome next_pieces() {
        Pieces q;
        Cells& top = cells[r];
        q.words = words_;
        q.parent = top.home;
        q.plus = top.plus;
        q.minus = top.minus;
        pieces.push_back(std::move(q));
        for (int64_t c = 0; c < top.size(); ++c) top.home[c] = (int32_t)c;
        for (int k = r; k > 0; --k)
            for (int64_t c = 0; c < cells[k].size(); ++c) {
                for (int32_t t = 0; t < cells[k].count[c]; ++t)
                    cells[k - 1].home[facet_of(cells[k].arena[cells[k].start[c] + t])] = cells[k].home[c];
                if ((c & 1023) == 0 && stop()) return STOPPED;
            }
        return FINISHED;
    }
};

}  // namespace polyrelu
