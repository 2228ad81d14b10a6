// Subdivision of a polyhedral complex by the neurons of a network, stage by stage.
//
// Cells live in the half-space x0 >= 0 of R^(r+1): a k-cell is a pointed cone of dimension k + 1 spanned by its
// vertices (x0 > 0) and rays (x0 = 0); see `vertices.hpp` for these. Cells with rays only lie at infinity.
//
// Signs. At the start of a stage every vertex gets two bit masks over the stage's neurons, plus and minus (none for
// zero); the masks of a cell are the unions over its facets. Within a stage every neuron is linear on every cell, so a
// cell is crossed by neuron j iff both bits are set, and a point in the relative interior has sign + iff only plus is
// set. The vertex made by neuron j on an edge takes every sign of that edge which is constant there, and is evaluated
// only for the neurons > j that cross the edge.
//
// Splitting. The neurons of a stage take turns in rounds. In a round the crossed cells are split dimension by dimension,
// each by all neurons of the round that cross it (`splitting.hpp`): the faces of a cell come before it, and cells of
// one dimension do not depend on each other, so that threads share them. What a cell keeps stays in its place, what
// becomes of it otherwise is appended in the order of the cells: the result does not depend on the number of threads.
#pragma once

#include <chrono>
#include <memory>

#include "orthants.hpp"
#include "splitting.hpp"
#include "workers.hpp"

namespace polyrelu {

// Called a few times a second; true stops the work.
using Poll = bool (*)(void* context, int stage, int64_t done, int64_t total, int64_t cells);

class Subdivision {
  public:
    Subdivision(int rank, int64_t max_cells, int64_t max_memory, int threads, Arithmetic arithmetic, Poll poll,
                void* context)
        : r(rank), decide(rank, arithmetic, stages, pieces), forms(decide.forms), vertices(decide.vertices),
          cells(rank + 1), max_cells_(std::min(max_cells, MAX_CELLS)), max_memory_(max_memory), poll_(poll),
          context_(context), workers_(threads) {
        for (int w = 0; w < threads; ++w) desks_.push_back(std::make_unique<Desk>(*this));
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

    // The cells to begin with. Before, the vertices and forms of `orthants.hpp` must have been pushed.
    Outcome start() {
        return attempt([&] {
            make_orthants(cells, max_cells_, max_memory_, [&](int64_t bytes) {
                if (stop()) throw Halt{STOPPED};
                if (memory() + bytes > max_memory_) throw Halt{TOO_MUCH_MEMORY};
            });
            for (int32_t v = 0; v <= 2 * r; ++v) start_index_.push_back(v);
            pieces.emplace_back();
            pieces.back().parent.assign(1, 0);
            for (const Stage& s : stages) {
                first_neuron_.push_back((int32_t)neurons_total_);
                neurons_total_ += s.n;
            }
            if (memory() > max_memory_) throw Halt{TOO_MUCH_MEMORY};
        });
    }

    // Splits by all neurons of stage s (stages are run in order). With `discard` the cells with a minus sign are then
    // removed, and those on which a neuron that is not constant vanishes are marked as boundary.
    Outcome run(int s, bool discard) {
        return attempt([&] {
            stage_ = s;
            vertices.forget_forms();
            finite_before_last = finite_counts();
            mark(s);
            split_all(s, discard);
            next_pieces();
        });
    }

    // The masks of all cells for the neurons of stage s (none may cross a cell any more).
    Outcome mark_again(int s) {
        return attempt([&] {
            stage_ = s;
            mark(s);
        });
    }

    // Shares [0, n) among the threads, without a stop.
    template <class Work>
    void share_all(int64_t n, int64_t chunk, Work&& work) {
        workers_.run(n, chunk, work, [] { return false; });
    }

    // Gives back what only further splitting would need.
    void release_working_arrays() {
        for (Cells& C : cells) C.release_working_arrays();
        forms.release();
        std::vector<Crop>().swap(crops_);
        round_ = Round();
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
        explicit Desk(Subdivision& s) : splitter(s.decide, s.cells, s.round_) {}
        Splitter splitter;
        NewVertices none;
        std::atomic<int64_t> bytes{0};  // of the crop that is made, and of the splitter
        int64_t watched = 0;            // see `pause_after_exact_work`
        std::vector<Sheet> sheets;
        std::vector<int32_t> now, path;
        std::vector<signed char> side;
        std::vector<double> value, size;
        std::vector<uint64_t> plus, minus;

        // What follows does not depend on what this thread did before.
        void forget() {
            std::fill(now.begin(), now.end(), -1);
            for (Sheet& sheet : sheets) sheet.forget();
        }
    };
    std::vector<std::unique_ptr<Desk>> desks_;
    static constexpr int64_t SHEETS = 128;  // vertices or regions in a chunk, for which a thread keeps its sheets

    std::vector<int32_t> start_index_;  // of the first vertices: which of the starting ones they are
    std::vector<int32_t> frame_index_;  // of each neuron of the stage: 1 + i or -1 - i if its form is that of frame i
    std::vector<int32_t> first_neuron_;  // of each stage, in the numbering of all neurons
    Round round_;
    std::vector<Crop> crops_;
    std::atomic<bool> halted_{false};
    std::atomic<int64_t> finished_{0};  // bytes of the crops that are done

    template <class Work>
    Outcome attempt(Work&& work) {
        try {
            work();
            return FINISHED;
        } catch (const Halt& halt) {
            return halt.why;
        }
    }

    // Shares [0, n) among the threads.
    template <class Work>
    void share(int64_t n, int64_t chunk, Work&& work) {
        if (!workers_.run(n, chunk, work, [this] { return stop(); })) throw Halt{STOPPED};
    }

    // Within a chunk of vertices or forms: the time and the memory that GMP takes for one of them are not known.
    void pause_after_exact_work(int w) {
        Desk& desk = *desks_[w];
        if (desk.exact_work() == desk.watched) return;
        desk.watched = desk.exact_work();
        if (memory() > max_memory_) throw Halt{TOO_MUCH_MEMORY};
        if (halted_ || (w == 0 && stop())) throw Halt{STOPPED};
    }

    // Whether to stop here. Throws std::bad_alloc when GMP had to be helped out of its reserve.
    bool stop() {
        check_gmp_memory();
        if (halted_) return true;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_poll_ < std::chrono::milliseconds(50)) return false;
        last_poll_ = now;
        if (poll_(context_, stage_, neurons_done_, neurons_total_, total_cells())) halted_ = true;
        return halted_;
    }

    // ---- signs --------------------------------------------------------------------------------------------------

    // The masks of all cells. A vertex is evaluated with the forms of a region that contains it; regions are visited
    // so that those with a common ancestor follow each other, and the forms of each ancestor are made once.
    void mark(int s) {
        const Stage& S = stages[s];
        words_ = round_.words = (S.n + 63) / 64;
        round_.vanishing.assign(words_, 0);
        round_.first_neuron = first_neuron_[s];
        int64_t bytes = 0;
        for (Cells& C : cells) {
            C.masks.start(S.n, 0);
            bytes += C.size() * C.masks.bytes_each();
        }
        if (bytes > max_memory_ - memory()) throw Halt{TOO_MUCH_MEMORY};
        for (Cells& C : cells) C.masks.start(S.n, C.size());
        const int first = first_stage(s);
        for (auto& desk : desks_) {
            desk->splitter.start(S.n);
            desk->sheets.resize(stages.size());
            desk->sheets[first].set_rows(stages[first], r + 1);
            desk->now.assign(s + 1, -1);
            desk->none.clear((int32_t)vertices.size());
            desk->made = &desk->none;
        }
        find_frame(s);
        const std::vector<int32_t> order = vertices_by_region(first, s);
        share((int64_t)order.size(), SHEETS, [&](int w, int64_t begin, int64_t end) {
            desks_[w]->forget();
            for (int64_t i = begin; i < end; ++i) {
                evaluate(first, s, order[i], *desks_[w]);
                pause_after_exact_work(w);
            }
        });
        merge_vanishing();
        for (int k = 1; k <= r; ++k)
            share(cells[k].size(), 4096, [this, k](int, int64_t begin, int64_t end) {
                Cells& C = cells[k];
                for (int64_t c = begin; c < end; ++c) C.masks.unite(c, cells[k - 1].masks, C.facets(c), C.count[c]);
            });
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
            for (int w = 0; w < words_; ++w) round_.vanishing[w] |= desk->splitter.vanishing[w];
    }

    // The stage that reads the point and that stage s depends on.
    int first_stage(int s) const {
        while (stages[s].previous >= 0) --s;
        return s;
    }

    // The region of stage s that contains the region p of the current stage.
    int32_t ancestor(int32_t p, int s) const {
        for (int t = (int)pieces.size() - 1; t > s; --t) p = pieces[t].parent[p];
        return p;
    }

    // Positions in ascending order of the keys, which are below `keys`; equal ones stay in order.
    static std::vector<int32_t> sorted_positions(const std::vector<int32_t>& key, int64_t keys) {
        std::vector<int64_t> start(keys + 1, 0);
        for (const int32_t k : key) ++start[k + 1];
        for (int64_t k = 0; k < keys; ++k) start[k + 1] += start[k];
        std::vector<int32_t> position(key.size());
        for (size_t i = 0; i < key.size(); ++i) position[i] = (int32_t)start[key[i]]++;
        return position;
    }
    static std::vector<int32_t> inverse(const std::vector<int32_t>& position) {
        std::vector<int32_t> order(position.size());
        for (size_t i = 0; i < order.size(); ++i) order[position[i]] = (int32_t)i;
        return order;
    }

    // Places for the regions of stage s such that those with a common ancestor in any stage follow each other.
    std::vector<int32_t> region_places(int first, int s) const {
        std::vector<int32_t> place(pieces[first].parent.size(), 0), key;
        int64_t keys = 1;
        for (int t = first + 1; t <= s; ++t) {
            key.resize(pieces[t].parent.size());
            for (size_t p = 0; p < key.size(); ++p) key[p] = place[pieces[t].parent[p]];
            place = sorted_positions(key, keys);
            keys = (int64_t)place.size();
        }
        return place;
    }

    // All vertices, in the order of the places of their regions.
    std::vector<int32_t> vertices_by_region(int first, int s) const {
        const std::vector<int32_t> place = region_places(first, s);
        std::vector<int32_t> key(vertices.size());
        for (size_t v = 0; v < key.size(); ++v) key[v] = first == s ? 0 : place[ancestor(cells[0].home[v], s)];
        return inverse(sorted_positions(key, std::max<int64_t>(1, (int64_t)place.size())));
    }

    // Makes the forms of all neurons of stages `first`..s on a region of stage s, which starts from the input. Those of
    // the regions asked for before are kept.
    const Sheet& sheet_of(int first, int s, int32_t region, Desk& desk) {
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
        return desk.sheets[s];
    }

    // The signs of all neurons of stage s at vertex v, from their forms on a region that contains it.
    void evaluate(int first, int s, int32_t v, Desk& desk) {
        const int32_t region = ancestor(cells[0].home[v], s);
        const Sheet& sheet = sheet_of(first, s, region, desk);
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
        std::vector<uint64_t>&p = desk.plus, &m = desk.minus;
        p.assign(words_, 0);
        m.assign(words_, 0);
        for (int i = 0; i < n; ++i) {
            if (!S.splits[i]) continue;
            const double x = value[i];
            int sg;
            if (frame_index_[i] != 0 && v < (int32_t)start_index_.size()) {
                sg = start_sign(frame_index_[i], start_index_[v]);
            } else if (decide.arithmetic == ALL_BIG) {
                sg = decide.exact_sign(v, region, first_neuron_[s] + i, desk);
            } else if (decide.arithmetic == UNCERTIFIED) {
                sg = (x > 0) - (x < 0);
            } else if (d == 0 && sheet.err[i] == 0 && size[i] < EXACT_LIMIT) {
                sg = (x > 0) - (x < 0);
                ++stats.word;
            } else if (std::fabs(x) > decide.margin(size[i], sheet.norm[i], sheet.err[i], d, total)) {
                sg = x > 0 ? 1 : -1;
                ++stats.filtered;
            } else {
                sg = decide.exact_sign(v, region, first_neuron_[s] + i, desk);
            }
            const uint64_t one = uint64_t(1) << (i & 63);
            if (sg > 0)
                p[i >> 6] |= one;
            else if (sg < 0)
                m[i >> 6] |= one;
            else
                desk.splitter.vanishing[i >> 6] |= one;
        }
        for (int w = 0; w < words_; ++w) cells[0].masks.set(v, w, p[w], m[w]);
    }

    // ---- splitting ---------------------------------------------------------------------------------------------

    // Makes the forms of all neurons of stage s on the regions that they cross.
    void make_forms(int s) {
        const Stage& S = stages[s];
        FormTable& table = round_.form;
        table.words = words_;
        table.first = forms.size();
        table.offset.clear();
        table.crossing.clear();
        if (S.previous < 0) {
            for (int i = 0; i < S.n; ++i) forms.push_exact(vertices.exact_form(0, first_neuron_[s] + i).data());
            return;
        }
        const Cells& top = cells[r];
        int64_t slots = 0;
        table.offset.resize(top.size());
        table.crossing.resize(top.size() * words_);
        uint64_t* crossing = table.crossing.data();
        for (int64_t c = 0; c < top.size(); ++c) {
            table.offset[c] = slots;
            for (int w = 0; w < words_; ++w) {
                *crossing = top.masks.crossing(c, w);
                slots += __builtin_popcountll(*crossing++);
            }
        }
        if (slots * forms.bytes_each() > max_memory_ - memory()) throw Halt{TOO_MUCH_MEMORY};
        forms.resize(table.first + slots);
        const int first = first_stage(s);
        const std::vector<int32_t> order = inverse(region_places(first, s));
        share(top.size(), SHEETS, [&](int w, int64_t begin, int64_t end) {
            Desk& desk = *desks_[w];
            desk.forget();
            std::vector<double> f(r + 1);
            for (int64_t t = begin; t < end; ++t) {
                const int32_t c = order[t];
                int64_t at = table.first + table.offset[c];
                if (at == table.first + (c + 1 < top.size() ? table.offset[c + 1] : slots)) continue;
                const Sheet& in = sheet_of(first, s - 1, s - 1 == first ? 0 : pieces[s].parent[c], desk);
                find_sides(stages, pieces, s, c, desk.side);
                for (int v = 0; v < words_; ++v)
                    for (uint64_t open = table.crossing[(size_t)c * words_ + v]; open; open &= open - 1) {
                        const int i = 64 * v + __builtin_ctzll(open);
                        const double err = Sheet::single(S, in, desk.side, i, r + 1, f.data());
                        decide.make_form(at++, f.data(), err, c, first_neuron_[s] + i, desk);
                        pause_after_exact_work(w);
                    }
            }
        });
    }

    // With `discard` the cells with a minus sign are removed as soon as there are any.
    void split_all(int s, bool discard) {
        make_forms(s);
        const int n = stages[s].n;
        for (int first = 0, end; first < n; first = end) {
            end = discard ? first + 1 : round_end(first, n);
            round_.neurons.assign(words_, 0);
            for (int j = first; j < end; ++j) round_.neurons[j >> 6] |= uint64_t(1) << (j & 63);
            round_.link.assign(cells[0].size(), -1);
            round_.old.clear();
            for (const Cells& C : cells) round_.old.push_back(C.size());
            round_.children.clear();
            for (int k = 1; k <= r; ++k) split_dimension(k, first_neuron_[s] + first, end - first);
            if (discard) keep_domain(first);
        }
        neurons_done_ = first_neuron_[s] + n;
    }

    // Rounds end before regions are crossed by too many neurons: what is made of one cell should fit the cache.
    int round_end(int first, int n) const {
        constexpr double CROSSINGS = 6;  // of a crossed region, on average
        constexpr int MOST = 32;
        const SignMasks& top = cells[r].masks;
        int64_t crossings = 0, regions = 0;
        std::vector<int64_t> count(n, 0);
        for (int64_t c = 0; c < cells[r].size(); ++c) {
            bool any = false;
            for (int w = first >> 6; w < words_; ++w)
                for (uint64_t open = top.crossing(c, w); open; open &= open - 1) {
                    const int j = 64 * w + __builtin_ctzll(open);
                    ++count[j];
                    any = any || j >= first;
                }
            regions += any;
        }
        int end = first;
        do crossings += count[end++];
        while (end < n && (double)(crossings + count[end]) <= CROSSINGS * (double)regions);
        while (end - first > MOST && most_crossings(first, end) > MOST) end = first + (end - first + 1) / 2;
        return end;
    }
    int most_crossings(int first, int end) const {
        int most = 0;
        for (int64_t c = 0; c < cells[r].size(); ++c) {
            int n = 0;
            for (int w = first >> 6; w <= (end - 1) >> 6; ++w)
                for (uint64_t open = cells[r].masks.crossing(c, w); open; open &= open - 1) {
                    const int j = 64 * w + __builtin_ctzll(open);
                    n += j >= first && j < end;
                }
            most = std::max(most, n);
        }
        return most;
    }

    // Splits all k-cells that neurons of the round cross; `first` and n: these neurons, for the progress report.
    void split_dimension(int k, int64_t first, int64_t n) {
        std::vector<int32_t> crossed;
        const Cells& C = cells[k];
        for (int64_t c = 0; c < C.size(); ++c) {
            uint64_t any = 0;
            for (int w = 0; w < words_; ++w) any |= C.masks.crossing(c, w) & round_.neurons[w];
            if (any) crossed.push_back((int32_t)c);
        }
        std::vector<int32_t> link(C.size(), -1);
        std::vector<Children> children(crossed.size());
        const int64_t total = (int64_t)crossed.size(), threads = workers_.count();
        const int64_t chunk = std::min(CHUNK, std::max<int64_t>(1, total / (8 * threads)));
        int64_t batch = chunk * BATCH * threads;
        for (int64_t begin = 0, size; begin < total; begin += size) {
            size = std::min(batch, total - begin);
            const int64_t chunks = (size + chunk - 1) / chunk;
            if ((int64_t)crops_.size() < chunks) crops_.resize(chunks);
            find(k, &crossed[begin], size, chunk);
            commit(k, chunks, link, &children[begin], begin);
            neurons_done_ = first + n * ((k - 1) * total + begin) / (r * total);
            // The next crops should take CROPS bytes, if they are like these.
            const double chunks_then = (double)CROPS * (double)chunks / (double)(finished_ + 1);
            batch = chunk * std::max(threads, (int64_t)std::min(chunks_then, (double)(BATCH * 8 * threads)));
        }
        round_.link.swap(link);
        round_.children.swap(children);
    }

    static constexpr int64_t CHUNK = 64, BATCH = 16, LARGE_CROP = 1 << 17, CROPS = 1 << 23;

    // What becomes of the given k-cells, into a crop a chunk.
    void find(int k, const int32_t* crossed, int64_t n, int64_t chunk) {
        const int64_t before = total_cells();
        halted_ = false;
        finished_ = 0;
        for (const auto& desk : desks_) desk->bytes = 0;
        share(n, chunk, [&](int w, int64_t begin, int64_t end) {
            if (halted_) return;
            Desk& desk = *desks_[w];
            Crop& crop = crops_[begin / chunk];
            crop.clear(cells);
            const auto watch = [&](int64_t pending) {
                if (halted_ || (w == 0 && stop())) throw Halt{STOPPED};
                const int64_t made = crop.size() + pending;
                if (before + made > max_cells_) throw Halt{TOO_MANY_CELLS};
                desk.bytes = crop.memory() + desk.splitter.memory();
                int64_t bytes = finished_;
                for (const auto& d : desks_) bytes += d->bytes;
                if (bytes > max_memory_ - memory()) throw Halt{TOO_MUCH_MEMORY};
            };
            try {
                for (int64_t t = begin; t < end; ++t) {
                    if (t + 6 < end) desk.splitter.prefetch_cell(k, crossed[t + 6]);
                    if (t + 4 < end) desk.splitter.prefetch_list(k, crossed[t + 4]);
                    if (t + 2 < end) desk.splitter.prefetch_facets(k, crossed[t + 2]);
                    if (words_ == 1)
                        desk.splitter.run<1>(k, crossed[t], crop, desk, watch);
                    else
                        desk.splitter.run<0>(k, crossed[t], crop, desk, watch);
                }
                finished_ += crop.memory();
                desk.bytes = desk.splitter.memory();
            } catch (const Halt& halt) {
                // The others stop as well, and have nothing to report.
                if (halt.why != STOPPED) {
                    halted_ = true;
                    throw;
                }
            } catch (...) {
                halted_ = true;
                throw;
            }
        });
        if (halted_) throw Halt{STOPPED};
        merge_vanishing();
    }

    // Adds the crops to the cells, in their order; those of the k-cells that were split from number `first` on.
    void commit(int k, int64_t chunks, std::vector<int32_t>& link, Children* children, int64_t first) {
        struct Place {
            std::vector<int64_t> cells, facets;  // by dimension: where those of the crop go
            int64_t remainders;
        };
        std::vector<Place> places(chunks, {std::vector<int64_t>(k + 1), std::vector<int64_t>(k + 1), 0});
        std::vector<int64_t> sizes(k + 1), facets(k + 1), live(k + 1, 0);
        for (int m = 0; m <= k; ++m) {
            sizes[m] = cells[m].size();
            facets[m] = (int64_t)cells[m].arena.size();
        }
        int64_t remainders = 0, added = 0;
        Cells& C = cells[k];
        for (int64_t h = 0; h < chunks; ++h) {
            const Crop& crop = crops_[h];
            Place& at = places[h];
            at.remainders = remainders;
            remainders += (int64_t)crop.remainders.size();
            for (int m = 0; m <= k; ++m) {
                at.cells[m] = sizes[m];
                at.facets[m] = facets[m];
                sizes[m] += crop.cells[m].size();
                facets[m] += (int64_t)crop.cells[m].facets.size();
                live[m] += (int64_t)crop.cells[m].facets.size();
            }
            added += crop.size();
            for (const Crop::Remainder& x : crop.remainders) {
                live[k] += x.count - C.count[x.cell];
                if (x.count > C.count[x.cell]) facets[k] += x.count;
            }
        }
        if (total_cells() + added > max_cells_) throw Halt{TOO_MANY_CELLS};
        int64_t bytes = 0;
        for (int m = 0; m <= k; ++m) {
            if (facets[m] > MAX_FACETS || sizes[m] > MAX_CELLS) throw Halt{TOO_MANY_CELLS};
            bytes += 4 * (facets[m] - (int64_t)cells[m].arena.size()) +
                     (sizes[m] - cells[m].size()) * cells[m].bytes_each(m, r);
        }
        bytes += (sizes[0] - cells[0].size()) * vertices.bytes_each();
        if (bytes + finished_ > max_memory_ - memory()) throw Halt{TOO_MUCH_MEMORY};
        for (int m = 0; m <= k; ++m) {
            cells[m].extend(sizes[m], m, r);
            cells[m].arena.resize(m == 0 ? 0 : facets[m]);
            cells[m].live += live[m];
        }
        vertices.resize(sizes[0]);
        share(chunks, 1, [&](int, int64_t h, int64_t) {
            Crop& crop = crops_[h];
            const Place& at = places[h];
            vertices.adopt(crop.vertices, at.cells[0]);
            int32_t shift = 0;
            for (int m = 0; m <= k; ++m) {
                const int32_t faces = m == 0 ? 0 : crop.cells[m - 1].first;
                crop.cells[m].move_to(cells[m], words_, faces, shift, at.cells[m], at.facets[m]);
                if (m < k) shift = (int32_t)(at.cells[m] - crop.cells[m].first);
            }
            const int32_t own = (int32_t)(at.cells[k] - crop.cells[k].first);
            int64_t spare = at.facets[k] + (int64_t)crop.cells[k].facets.size(), i = at.remainders;
            const Incidence* f = crop.facets.data();
            const uint64_t* masks = crop.masks.data();
            for (const Crop::Remainder& x : crop.remainders) {
                link[x.cell] = (int32_t)(first + i);
                children[i++] = {x.children.first + own, x.children.n};
                for (int w = 0; w < words_; ++w) C.masks.set(x.cell, w, masks[w], masks[words_ + w]);
                masks += 2 * words_;
                if (x.count > C.count[x.cell]) {
                    C.start[x.cell] = (uint32_t)spare;
                    spare += x.count;
                }
                C.count[x.cell] = x.count;
                copy_facets(f, x.count, crop.cells[k - 1].first, shift, &C.arena[C.start[x.cell]]);
                f += x.count;
            }
        });
        for (int64_t h = 0; h < chunks; ++h) {
            vertices.adopt_known(crops_[h].vertices, places[h].cells[0]);
            if (crops_[h].memory() > LARGE_CROP) crops_[h] = Crop();
        }
    }

    // ---- domains, and between stages ----------------------------------------------------------------------------------------

    // Removes the cells on the minus side of neuron j, which crosses none; those on it are part of the boundary.
    void keep_domain(int j) {
        std::vector<std::vector<int32_t>> number(r + 1);
        for (int k = 0; k <= r; ++k) {
            Cells& C = cells[k];
            std::vector<char> keep(C.size());
            number[k].assign(C.size(), -1);
            Cells D;
            D.masks.start(stages[stage_].n, 0);
            std::vector<Incidence> f;
            for (int64_t c = 0; c < C.size(); ++c) {
                if ((c & 1023) == 0 && stop()) throw Halt{STOPPED};
                if (C.masks.has_minus(c, j)) continue;
                const bool boundary = !C.masks.has_plus(c, j);
                keep[c] = 1;
                const int64_t d = D.size();
                number[k][c] = (int32_t)d;
                if (k > 0) {
                    f.clear();
                    for (int32_t t = 0; t < C.count[c]; ++t) {
                        const Incidence x = C.facets(c)[t];
                        f.push_back(incidence(number[k - 1][facet_of(x)], negative(x)));
                    }
                    D.append_facets(f.data(), f.size());
                    D.supports.append(C.supports.data() + c * (r - k), r - k);
                }
                D.flags.push_back(C.flags[c] | (boundary ? ON_BOUNDARY : 0));
                D.home.push_back(C.home[c]);
                D.masks.resize(d + 1);
                for (int w = 0; w < words_; ++w) D.masks.set(d, w, C.masks.plus(c, w), C.masks.minus(c, w));
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
        if (cells[r].size() == 0) throw Halt{NO_INTERIOR};
    }

    // Every top cell becomes a region of the next stage and the home of its faces.
    void next_pieces() {
        Pieces q;
        Cells& top = cells[r];
        q.words = words_;
        q.parent.assign(top.home.begin(), top.home.end());
        q.plus.reserve(top.size() * words_);
        q.minus.reserve(top.size() * words_);
        for (int64_t c = 0; c < top.size(); ++c)
            for (int w = 0; w < words_; ++w) {
                q.plus.push_back(top.masks.plus(c, w));
                q.minus.push_back(top.masks.minus(c, w));
            }
        pieces.push_back(std::move(q));
        for (int64_t c = 0; c < top.size(); ++c) top.home[c] = (int32_t)c;
        for (int k = r; k > 0; --k)
            for (int64_t c = 0; c < cells[k].size(); ++c) {
                const Incidence* f = cells[k].facets(c);
                for (int32_t t = 0; t < cells[k].count[c]; ++t) cells[k - 1].home[facet_of(f[t])] = cells[k].home[c];
                if ((c & 1023) == 0 && stop()) throw Halt{STOPPED};
            }
    }
};

}  // namespace polyrelu
