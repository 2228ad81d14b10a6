// The signs of all neurons of a stage on all cells: on vertices by their forms, on other cells by their facets.
//
// A vertex is evaluated with the forms of a region that contains it; regions are visited so that those with a common
// ancestor follow each other, and the forms of each ancestor are made once.
//
// Kept signs. The signs of neurons that split in an earlier stage can be kept: they have columns behind those of the
// stage under way. After their own stage no such neuron crosses a cell, and the relative interiors of all cells made
// later lie in those of cells there were, so that they have the same signs. The masks of the vertices are taken over;
// what is said of inherited signs does the rest.
#pragma once

#include "region_forms.hpp"

namespace polyrelu {

class VertexSigns {
  public:
    VertexSigns(SubdivisionState& state, int stage) : s_(state), stage_(stage), first_(first_stage(state.stages, stage)) {}

    // Before `mark`, if this is the stage that follows the one marked last: the signs of the neurons of that one, and
    // those that it kept, stay.
    void keep_signs() {
        const Stage& before = s_.stages[stage_ - 1];
        std::vector<int32_t> neurons;
        for (size_t i = 0; i < s_.kept_neurons.size(); ++i) {
            columns_.push_back(before.n + (int)i);
            neurons.push_back(s_.kept_neurons[i]);
        }
        for (int i = 0; i < before.n; ++i) {
            if (!before.splits[i]) continue;
            columns_.push_back(i);
            neurons.push_back(s_.first_neuron[stage_ - 1] + i);
        }
        s_.kept_neurons.swap(neurons);
        before_ = std::move(s_.cells[0].masks);
    }

    // Fills the masks of all cells, and the neurons that vanish at a vertex.
    void mark() {
        start_masks();
        for (auto& thread : s_.of_thread) start_thread(*thread);
        find_initial_hyperplanes();
        const std::vector<int32_t> order = vertices_by_region();
        s_.share((int64_t)order.size(), tuning::POINTS_IN_CHUNK, [&](int w, int64_t begin, int64_t end) {
            ThreadState& thread = *s_.of_thread[w];
            thread.forget();
            for (int64_t i = begin; i < end; ++i) {
                if (s_.cells[0].is_decided(order[i])) continue;
                evaluate(order[i], thread);
                s_.check_after_exact_work(w);
            }
        });
        s_.merge_vanishing();
        for (int k = 1; k <= s_.r; ++k)
            s_.share(s_.cells[k].size(), tuning::CELLS_TO_UNITE, [this, k](int, int64_t begin, int64_t end) {
                Cells& C = s_.cells[k];
                for (int64_t c = begin; c < end; ++c)
                    if (!C.is_decided(c)) C.masks.unite(c, s_.cells[k - 1].masks, C.facets(c), C.count[c]);
            });
    }

  private:
    SubdivisionState& s_;
    const int stage_, first_;
    std::vector<int> columns_;  // of the kept signs, in the masks of the vertices as they were before
    SignMasks before_;
    std::vector<int32_t> initial_;  // of each neuron of the stage: 1 + i or -1 - i if its form is that of initial hyperplane i

    void start_masks() {
        const int n = s_.stages[stage_].n + (int)columns_.size();
        s_.words = s_.round.words = (n + 63) / 64;
        s_.round.vanishing.assign(s_.words, 0);
        s_.round.first_neuron = s_.first_neuron[stage_];
        int64_t bytes = before_.memory();
        for (Cells& C : s_.cells) {
            C.masks.start(n, 0);
            bytes += C.size() * C.masks.bytes_each();
        }
        if (bytes > s_.memory_left()) throw Halt{MEMORY_LIMIT_REACHED};
        for (Cells& C : s_.cells) C.masks.start(n, C.size());
    }

    void start_thread(ThreadState& thread) const {
        thread.splitter.start(s_.stages[stage_].n);
        thread.layers.resize(s_.stages.size());
        thread.layers[first_].set_rows(s_.stages[first_], s_.r + 1);
        thread.current.assign(stage_ + 1, -1);
        thread.none.clear((int32_t)s_.vertices.size());
        thread.made = &thread.none;
    }

    // Which neurons of the stage are initial hyperplanes. Their signs at the starting vertices are known.
    void find_initial_hyperplanes() {
        initial_.assign(s_.stages[stage_].n, 0);
        if (s_.stages[stage_].previous >= 0 || s_.decide.arithmetic == ALL_BIG) return;
        for (int i = 0; i < s_.stages[stage_].n; ++i) {
            const BigVector& f = s_.vertices.exact_form(0, s_.first_neuron[stage_] + i);
            for (int32_t c = 0; c < s_.r; ++c) {
                BigVector opposite = s_.initial_forms[c];
                for (mpz_class& x : opposite) x = -x;
                if (f == s_.initial_forms[c]) initial_[i] = 1 + c;
                if (f == opposite) initial_[i] = -1 - c;
            }
        }
    }

    // The sign of an initial hyperplane (see `initial_`) at a starting vertex: zero but on its own two rays.
    static int starting_sign(int32_t hyperplane, int32_t vertex) {
        const int32_t ray = 2 * std::abs(hyperplane) - 1;
        const int sg = vertex == ray ? 1 : vertex == ray + 1 ? -1 : 0;
        return hyperplane > 0 ? sg : -sg;
    }

    // All vertices, in the order of the places of their regions.
    std::vector<int32_t> vertices_by_region() const {
        const std::vector<int32_t> place = region_places(s_.regions, first_, stage_);
        std::vector<int32_t> key(s_.vertices.size());
        for (size_t v = 0; v < key.size(); ++v)
            key[v] = first_ == stage_ ? 0 : place[ancestor(s_.regions, s_.cells[0].region[v], stage_)];
        return inverse(sorted_positions(key, std::max<int64_t>(1, (int64_t)place.size())));
    }

    // The signs of all neurons at vertex v, from their forms on a region that contains it.
    void evaluate(int32_t v, ThreadState& thread) {
        const int32_t region = ancestor(s_.regions, s_.cells[0].region[v], stage_);
        const LayerForms& layer = forms_on(s_, first_, stage_, region, thread);
        const Stage& S = s_.stages[stage_];
        std::vector<double>&value = thread.value, &size = thread.size;
        const int n = S.n;
        const double* y = s_.vertices[v];
        const double error = s_.vertices.error[v];
        value.assign(n, 0);
        size.assign(n, 0);
        double total = 0;
        for (int k = 0; k <= s_.r; ++k) {
            const double x = y[k];
            total += std::fabs(x);
            if (x == 0) continue;
            const double* f = &layer.f[(size_t)k * n];
            for (int i = 0; i < n; ++i) {
                const double t = x * f[i];
                value[i] += t;
                size[i] += std::fabs(t);
            }
        }
        std::vector<uint64_t>&p = thread.plus, &m = thread.minus;
        p.assign(s_.words, 0);
        m.assign(s_.words, 0);
        const bool starting = v < (int32_t)s_.starting_vertex.size();
        const int32_t first_neuron = s_.first_neuron[stage_];
        Decisions& decide = s_.decide;
        for (int i = 0; i < n; ++i) {
            if (!S.splits[i]) continue;
            const int sg = starting && initial_[i] != 0
                               ? starting_sign(initial_[i], s_.starting_vertex[v])
                               : decide.sign({value[i], size[i], layer.norm[i], total, layer.err[i], error}, v, region,
                                             first_neuron + i, thread);
            const uint64_t one = uint64_t(1) << (i & 63);
            if (sg > 0)
                p[i >> 6] |= one;
            else if (sg < 0)
                m[i >> 6] |= one;
            else
                thread.splitter.vanishing[i >> 6] |= one;
        }
        for (size_t i = 0; i < columns_.size(); ++i) {
            const int to = n + (int)i;
            p[to >> 6] |= uint64_t(before_.has_plus(v, columns_[i])) << (to & 63);
            m[to >> 6] |= uint64_t(before_.has_minus(v, columns_[i])) << (to & 63);
        }
        for (int w = 0; w < s_.words; ++w) s_.cells[0].masks.set(v, w, p[w], m[w]);
    }
};

}  // namespace polyrelu
