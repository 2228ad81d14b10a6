// Deciding cells of a coarse complex: the top cells that a round has made are asked for a bound of the output, or of the
// differences of the outputs.
#pragma once

#include <chrono>

#include "region_forms.hpp"

namespace polyrelu {

// For one stage.
class Deciding {
  public:
    explicit Deciding(SubdivisionState& state)
        : s_(state), stage_(state.stage), first_(first_stage(state.stages, state.stage)),
          asks_(state.stage < state.decided_before()),
          last_hidden_(!state.classes && state.stage + 2 == (int)state.stages.size()),
          place_(region_places(state.regions, first_, stage_)) {
        s_.decided.start(s_.stages[stage_].n, s_.words);
    }

    // Lists the cells that neurons first..end cross.
    void list(int first, int end) {
        s_.decided.list(first, end, s_.round);
        s_.top_vertices.prepare(s_.round.crossed(s_.r).cells, s_.of_thread[0]->search);
    }

    // Decides top cells that the round has made. Returns which part of them.
    double run() {
        s_.decided.record(&s_.round);
        list_parts();
        s_.top_vertices.extend();
        s_.output.resize(s_.vertices.size(), UNKNOWN);
        const int64_t n = (int64_t)parts_.size(), chunk = tuning::POINTS_IN_CHUNK;
        sign_.assign(n, 0);
        lists_.resize((n + chunk - 1) / chunk);
        s_.share(n, chunk, [&](int w, int64_t begin, int64_t end) {
            ThreadState& thread = *s_.of_thread[w];
            std::vector<int32_t>& list = lists_[begin / chunk];
            list.clear();
            thread.forget();
            for (int64_t i = begin; i < end; ++i) {
                s_.top_vertices.find(parts_[i].cell, parts_[i].of, s_.round, thread.search, thread.spanning);
                sign_[i] = sign_of(parts_[i].cell, thread);
                if (sign_[i]) continue;
                list.push_back((int32_t)thread.spanning.size());
                list.insert(list.end(), thread.spanning.begin(), thread.spanning.end());
            }
        });
        int64_t decided = 0;
        const int32_t* list = nullptr;
        for (int64_t i = 0; i < n; ++i) {
            if (i % chunk == 0) list = lists_[i / chunk].data();
            const int32_t c = parts_[i].cell;
            if (sign_[i]) {
                if (s_.classes)
                    s_.decided.decide_class(c, sign_[i] - 1);
                else
                    s_.decided.decide(c, sign_[i]);
                s_.top_vertices.set(c, nullptr, 0);
                ++decided;
            } else {
                s_.decided.enqueue(c);
                s_.top_vertices.set(c, list + 1, *list);
                list += 1 + *list;
            }
        }
        s_.top_vertices.tidy();
        return n > 0 ? (double)decided / (double)n : 0;
    }

  private:
    static constexpr int32_t UNKNOWN = 0x7fc00001;  // no value has these bits: a NaN
    struct Part {
        int32_t cell, of;
    };
    SubdivisionState& s_;
    const int stage_, first_;
    const bool asks_;  // or, in the comparisons of outputs: only keeps in order what is split
    const bool last_hidden_;
    const std::vector<int32_t> place_;
    std::vector<Part> parts_;
    std::vector<int32_t> sign_;
    std::vector<std::vector<int32_t>> lists_;  // of each chunk: the vertices of the cells that it did not decide

    // The output at vertex v, about, or the number of the largest one. (Two threads that find it out at the same time find
    // the same.)
    float output_at(int32_t v, ThreadState& thread) {
        int32_t bits = __atomic_load_n(&s_.output[v], __ATOMIC_RELAXED);
        float value;
        if (bits == UNKNOWN) {
            const std::vector<Stage>& stages = s_.deciding_stages();
            const LayerForms& forms = thread.layers[first_];
            value = s_.classes ? (float)thread.bound.largest(s_.classes, stages, first_, forms, s_.vertices[v], s_.r)
                               : (float)thread.bound.value(stages, first_, forms, s_.vertices[v], s_.r);
            std::memcpy(&bits, &value, sizeof bits);
            __atomic_store_n(&s_.output[v], bits, __ATOMIC_RELAXED);
        }
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    // The top cells that the round has made; those in the same region together.
    void list_parts() {
        const Cells& top = s_.cells[s_.r];
        const Round::Crossed& crossed = s_.round.crossed(s_.r);
        parts_.clear();
        for (size_t i = 0; i < crossed.cells.size(); ++i) {
            const int32_t s = crossed.cells[i];
            add_part(s, s);
            for (int32_t t = 0; t < crossed.children[i].n; ++t) add_part(crossed.children[i].first + t, s);
        }
        if (stage_ > first_)
            std::sort(parts_.begin(), parts_.end(), [&](const Part& a, const Part& b) {
                const int32_t p = place_[top.region[a.of]], q = place_[top.region[b.of]];
                return p != q ? p < q : a.of != b.of ? a.of < b.of : a.cell < b.cell;
            });
    }

    // Part c of cell s, unless no neuron is left that could split it.
    void add_part(int32_t c, int32_t s) {
        if (!last_hidden_ || is_crossed(c)) parts_.push_back({c, s});
    }

    // The sign of the output on cell c, whose vertices are in `spanning`, if it is certain, or 1 + the number of the
    // largest one; else 0.
    int sign_of(int32_t c, ThreadState& thread) {
        if (!asks_) return 0;
        const int wanted = wanted_at(thread);
        if (wanted == 0) return 0;
        if (s_.split_at_walls && has_wall(c)) return 0;
        const auto before = std::chrono::steady_clock::now();
        const int sign = bounded_sign(c, wanted, thread);
        thread.stats.bound_nanoseconds +=
            std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - before).count();
        ++thread.stats.bounds;
        thread.stats.decided += sign != 0;
        return sign;
    }

    // The answer that the vertices allow, about, or 0.
    int wanted_at(ThreadState& thread) {
        const float first = output_at(thread.spanning[0], thread);
        for (const int32_t v : thread.spanning) {
            const float value = output_at(v, thread);
            if (s_.classes ? value != first : !(first > 0 ? value > 0 : value < 0)) return 0;
        }
        return s_.classes ? 1 + (int)first : first > 0 ? 1 : -1;
    }

    bool has_wall(int32_t c) const {
        const Incidence* f = s_.cells[s_.r].facets(c);
        for (int32_t t = 0; t < s_.cells[s_.r].count[c]; ++t)
            if (s_.cells[s_.r - 1].flags[facet_of(f[t])] & ON_BOUNDARY) return true;
        return false;
    }

    bool is_crossed(int32_t c) const {
        for (int w = 0; w < s_.words; ++w)
            if (s_.cells[s_.r].masks.crossing(c, w)) return true;
        return false;
    }

    int bounded_sign(int32_t c, int wanted, ThreadState& thread) {
        const Cells& top = s_.cells[s_.r];
        thread.points.clear();
        thread.errors.clear();
        for (const int32_t v : thread.spanning) {
            thread.points.push_back(s_.vertices[v]);
            thread.errors.push_back(s_.vertices.error[v]);
        }
        if (!thread.generators.set(thread.points, thread.errors, s_.forms, s_.r)) return 0;
        thread.plus.assign(s_.words, 0);
        thread.minus.assign(s_.words, 0);
        for (int w = 0; w < s_.words; ++w) {
            thread.plus[w] = top.masks.plus(c, w);
            thread.minus[w] = top.masks.minus(c, w);
        }
        const LayerForms& base = forms_on(s_, first_, stage_, stage_ == first_ ? 0 : top.region[c], thread);
        const std::vector<Stage>& stages = s_.deciding_stages();
        const uint64_t *plus = thread.plus.data(), *minus = thread.minus.data();
        const bool certain =
            s_.classes
                ? thread.bound.is_largest(wanted - 1, s_.classes, stages, stage_, base, plus, minus, thread.generators)
                : thread.bound.has_sign(wanted, stages, stage_, base, plus, minus, thread.generators);
        return certain ? wanted : 0;
    }
};

}  // namespace polyrelu
