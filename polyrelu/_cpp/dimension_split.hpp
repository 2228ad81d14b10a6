// Splitting the cells of one dimension that neurons of the round cross: in batches, which threads make, and which are
// then added to all cells in their order, so that the result does not depend on the number of threads.
#pragma once

#include "subdivision_state.hpp"

namespace polyrelu {

class DimensionSplit {
  public:
    explicit DimensionSplit(SubdivisionState& state) : s_(state) {}

    // Lists all k-cells that neurons of the round cross.
    void list(int k) {
        Round::Crossed& list = s_.round.crossed(k);
        const Cells& C = s_.cells[k];
        list.cells.clear();
        list.link.assign(C.size(), -1);
        for (int64_t c = 0; c < C.size(); ++c) {
            uint64_t any = 0;
            for (int w = 0; w < s_.words; ++w) any |= C.masks.crossing(c, w) & s_.round.neurons[w];
            if (!any) continue;
            list.link[c] = (int32_t)list.cells.size();
            list.cells.push_back((int32_t)c);
        }
    }

    // Splits the k-cells that are listed; `first` and n: the neurons of the round, for the progress report.
    void run(int k, int64_t first, int64_t n) {
        k_ = k;
        const std::vector<int32_t>& crossed = s_.round.crossed(k).cells;
        s_.round.crossed(k).children.resize(crossed.size());
        const int64_t total = (int64_t)crossed.size(), threads = s_.pool.count();
        const int64_t chunk =
            std::min(tuning::CELLS_IN_BATCH, std::max<int64_t>(1, total / (tuning::PARTS_A_THREAD * threads)));
        int64_t next = chunk * tuning::FIRST_BATCHES * threads;
        for (int64_t begin = 0, size; begin < total; begin += size) {
            size = std::min(next, total - begin);
            const int64_t batches = (size + chunk - 1) / chunk;
            if ((int64_t)s_.batches.size() < batches) s_.batches.resize(batches);
            make_batches(&crossed[begin], size, chunk);
            add_batches(batches, begin);
            s_.neurons_done = first + n * ((k - 1) * total + begin) / (s_.r * total);
            // The next ones should take BYTES_OF_BATCHES, if they are like these.
            const double like_these =
                (double)tuning::BYTES_OF_BATCHES * (double)batches / (double)(s_.bytes_done + 1);
            next = chunk * std::max(threads, (int64_t)std::min(like_these, (double)(tuning::MOST_BATCHES * threads)));
        }
    }

  private:
    // Where what is in a batch goes.
    struct Place {
        std::vector<int64_t> cells, facets;  // by dimension
        int64_t remainders = 0;
    };
    // Kept from one dimension and one round to the next, for allocations take their time.
    std::vector<Place> places_;
    std::vector<int64_t> sizes_, facets_, live_;

    SubdivisionState& s_;
    int k_ = 0;

    // What becomes of the given k-cells, into a batch a chunk.
    void make_batches(const int32_t* crossed, int64_t n, int64_t chunk) {
        const int64_t before = s_.total_cells();
        s_.halted = false;
        s_.bytes_done = 0;
        s_.count_batches();
        s_.share(n, chunk, [&](int w, int64_t begin, int64_t end) {
            if (s_.halted) return;
            ThreadState& thread = *s_.of_thread[w];
            SplitBatch& batch = s_.batches[begin / chunk];
            s_.bytes_kept -= batch.memory();
            batch.clear(s_.cells);
            try {
                split(crossed, begin, end, batch, thread,
                      [&](int64_t pending) { check_limits(w, before, pending, batch); });
                thread.bytes = thread.splitter.memory();
                s_.bytes_done += batch.memory();
            } catch (const Halt& halt) {
                // The others stop as well, and have nothing to report.
                if (halt.why != STOPPED) {
                    s_.halted = true;
                    throw;
                }
            } catch (...) {
                s_.halted = true;
                throw;
            }
        });
        if (s_.halted) throw Halt{STOPPED};
        s_.merge_vanishing();
    }

    // Ask for what splitting cell s will read: its record, its list of facets, and these.
    void prefetch_cell(int k, int32_t s) const {
        const Cells& C = s_.cells[k];
        __builtin_prefetch(&C.start[s]);
        __builtin_prefetch(&C.count[s]);
        __builtin_prefetch(&C.region[s]);
    }
    void prefetch_list(int k, int32_t s) const { __builtin_prefetch(s_.cells[k].facets(s)); }
    void prefetch_facets(int k, int32_t s) const {
        const Cells &C = s_.cells[k], &F = s_.cells[k - 1];
        const Incidence* f = C.facets(s);
        for (int32_t t = 0; t < C.count[s]; ++t) {
            __builtin_prefetch(F.masks.at(facet_of(f[t])));
            __builtin_prefetch(&s_.round.crossed(k - 1).link[facet_of(f[t])]);
            if (k > 1) __builtin_prefetch(&F.start[facet_of(f[t])]);
        }
    }

    template <class Check>
    void split(const int32_t* crossed, int64_t begin, int64_t end, SplitBatch& batch, ThreadState& thread,
               Check&& check) {
        const int k = k_;
        const bool one_word = s_.words == 1;
        Splitter& splitter = thread.splitter;
        for (int64_t t = begin; t < end; ++t) {
            if (t + tuning::RECORDS_AHEAD < end) prefetch_cell(k, crossed[t + tuning::RECORDS_AHEAD]);
            if (t + tuning::LISTS_AHEAD < end) prefetch_list(k, crossed[t + tuning::LISTS_AHEAD]);
            if (t + tuning::FACETS_AHEAD < end) prefetch_facets(k, crossed[t + tuning::FACETS_AHEAD]);
            if (one_word)
                splitter.run<1>(k, crossed[t], batch, thread, check);
            else
                splitter.run<0>(k, crossed[t], batch, thread, check);
        }
    }

    void check_limits(int w, int64_t before, int64_t pending, const SplitBatch& batch) {
        if (s_.halted || (w == 0 && s_.stop())) throw Halt{STOPPED};
        if (before + batch.size() + pending > s_.max_cells) throw Halt{CELL_LIMIT_REACHED};
        ThreadState& thread = *s_.of_thread[w];
        thread.bytes = batch.memory() + thread.splitter.memory();
        if (s_.bytes_done > s_.memory_left()) throw Halt{MEMORY_LIMIT_REACHED};
    }

    // Adds the batches to the cells, in their order; those of the k-cells that were split from number `first` on.
    void add_batches(int64_t batches, int64_t first) {
        if ((int64_t)places_.size() < batches) places_.resize(batches);
        make_room(batches);
        s_.share(batches, 1, [&](int, int64_t h, int64_t) { add_batch(s_.batches[h], places_[h], first); });
        for (int64_t h = 0; h < batches; ++h) {
            s_.vertices.adopt_known(s_.batches[h].vertices, places_[h].cells[0]);
            if (s_.batches[h].memory() > tuning::LARGE_BATCH) s_.batches[h] = SplitBatch();
        }
        s_.count_batches();
    }

    // Finds the places of the batches, within the limits, and makes room there.
    void make_room(int64_t batches) {
        std::vector<Cells>& cells = s_.cells;
        std::vector<int64_t>&sizes = sizes_, &facets = facets_, &live = live_;
        sizes.resize(k_ + 1);
        facets.resize(k_ + 1);
        live.assign(k_ + 1, 0);
        for (int m = 0; m <= k_; ++m) {
            sizes[m] = cells[m].size();
            facets[m] = (int64_t)cells[m].arena.size();
        }
        int64_t remainders = 0, added = 0;
        const Cells& C = cells[k_];
        for (int64_t h = 0; h < batches; ++h) {
            const SplitBatch& batch = s_.batches[h];
            Place& at = places_[h];
            at.cells.resize(k_ + 1);
            at.facets.resize(k_ + 1);
            at.remainders = remainders;
            remainders += (int64_t)batch.remainders.size();
            for (int m = 0; m <= k_; ++m) {
                at.cells[m] = sizes[m];
                at.facets[m] = facets[m];
                sizes[m] += batch.cells[m].size();
                facets[m] += (int64_t)batch.cells[m].facets.size();
                live[m] += (int64_t)batch.cells[m].facets.size();
            }
            added += batch.size();
            for (const SplitBatch::Remainder& x : batch.remainders) {
                live[k_] += x.count - C.count[x.cell];
                if (x.count > C.count[x.cell]) facets[k_] += x.count;
            }
        }
        if (s_.total_cells() + added > s_.max_cells) throw Halt{CELL_LIMIT_REACHED};
        int64_t bytes = 0;
        for (int m = 0; m <= k_; ++m) {
            if (facets[m] > MAX_FACETS || sizes[m] > MAX_CELLS) throw Halt{CELL_LIMIT_REACHED};
            bytes += 4 * (facets[m] - (int64_t)cells[m].arena.size()) +
                     (sizes[m] - cells[m].size()) * cells[m].bytes_each(m, s_.r);
        }
        bytes += (sizes[0] - cells[0].size()) * s_.vertices.bytes_each();
        if (bytes + s_.bytes_done > s_.memory_left()) throw Halt{MEMORY_LIMIT_REACHED};
        for (int m = 0; m <= k_; ++m) {
            cells[m].extend(sizes[m], m, s_.r);
            cells[m].arena.resize(m == 0 ? 0 : facets[m]);
            cells[m].live += live[m];
        }
        s_.vertices.resize(sizes[0]);
    }

    void add_batch(SplitBatch& batch, const Place& at, int64_t first) {
        s_.vertices.adopt(batch.vertices, at.cells[0]);
        int32_t shift = 0;
        for (int m = 0; m <= k_; ++m) {
            const int32_t faces = m == 0 ? 0 : batch.cells[m - 1].first;
            batch.cells[m].move_to(s_.cells[m], s_.words, faces, shift, at.cells[m], at.facets[m]);
            if (m < k_) shift = (int32_t)(at.cells[m] - batch.cells[m].first);
        }
        Cells& C = s_.cells[k_];
        std::vector<Children>& children = s_.round.crossed(k_).children;
        const int32_t own = (int32_t)(at.cells[k_] - batch.cells[k_].first);
        int64_t spare = at.facets[k_] + (int64_t)batch.cells[k_].facets.size(), i = at.remainders;
        const Incidence* f = batch.facets.data();
        const uint64_t* masks = batch.masks.data();
        for (const SplitBatch::Remainder& x : batch.remainders) {
            children[first + i++] = {x.children.first + own, x.children.n};
            for (int w = 0; w < s_.words; ++w) C.masks.set(x.cell, w, masks[w], masks[s_.words + w]);
            masks += 2 * s_.words;
            if (x.count > C.count[x.cell]) {
                C.start[x.cell] = (uint32_t)spare;
                spare += x.count;
            }
            C.count[x.cell] = x.count;
            copy_facets(f, x.count, batch.cells[k_ - 1].first, shift, &C.arena[C.start[x.cell]]);
            f += x.count;
        }
    }
};

}  // namespace polyrelu
