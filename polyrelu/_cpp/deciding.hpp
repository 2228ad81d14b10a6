// Deciding cells of a coarse complex, after each round: the top cells that the round has made are asked for their bound.
#pragma once

#include <chrono>

#include "region_forms.hpp"

namespace polyrelu {

class Deciding {
  public:
    Deciding(SubdivisionState& state) : s_(state), stage_(state.stage), first_(first_stage(state.stages, state.stage)) {}

    // Returns how many of the cells asked were decided; -1 if there was none to ask.
    double run() {
        list_cells();
        if (asked_.empty()) return -1;
        std::vector<signed char> sign(asked_.size(), 0);
        s_.share((int64_t)asked_.size(), tuning::POINTS_IN_CHUNK, [&](int w, int64_t begin, int64_t end) {
            ThreadState& thread = *s_.of_thread[w];
            const auto before = std::chrono::steady_clock::now();
            thread.forget();
            for (int64_t i = begin; i < end; ++i) sign[i] = (signed char)sign_of(asked_[i], thread);
            thread.stats.bound_nanoseconds +=
                std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - before).count();
        });
        int64_t decided = 0;
        for (size_t i = 0; i < asked_.size(); ++i) {
            if (!sign[i]) continue;
            s_.cells[s_.r].flags[asked_[i]] |= sign[i] > 0 ? DECIDED_PLUS : DECIDED_MINUS;
            ++decided;
        }
        if (decided) s_.decided.spread(s_.words);
        return (double)decided / (double)asked_.size();
    }

  private:
    SubdivisionState& s_;
    const int stage_, first_;
    std::vector<int32_t> asked_;

    // The cells that the round has made, those in the same region together.
    void list_cells() {
        const Cells& top = s_.cells[s_.r];
        for (int64_t c = 0; c < top.size(); ++c)
            if (!top.is_decided(c) && (c >= s_.round.old[s_.r] || s_.round.link[c] >= 0)) asked_.push_back((int32_t)c);
        if (stage_ == first_ || asked_.empty()) return;
        const std::vector<int32_t> place = region_places(s_.regions, first_, stage_);
        std::vector<int32_t> key(asked_.size()), sorted(asked_.size());
        for (size_t i = 0; i < key.size(); ++i) key[i] = place[top.region[asked_[i]]];
        const std::vector<int32_t> position = sorted_positions(key, (int64_t)place.size());
        for (size_t i = 0; i < key.size(); ++i) sorted[position[i]] = asked_[i];
        asked_.swap(sorted);
    }

    int sign_of(int32_t c, ThreadState& thread) {
        const Cells& top = s_.cells[s_.r];
        const LayerForms& base = forms_on(s_, first_, stage_, stage_ == first_ ? 0 : top.region[c], thread);
        if (changes_sign(base, c, thread)) return 0;
        ++thread.stats.bounds;
        find_vertices(c, thread);
        thread.points.clear();
        thread.errors.clear();
        for (const int32_t v : thread.faces) {
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
        const int sign =
            thread.bound.sign(s_.stages, stage_, base, thread.plus.data(), thread.minus.data(), thread.generators);
        thread.stats.decided += sign != 0;
        return sign;
    }

    // Whether the output has both signs, about, at some vertices that are found quickly: then no bound helps.
    bool changes_sign(const LayerForms& base, int32_t c, ThreadState& thread) const {
        constexpr int SAMPLES = 6;
        bool positive = false, negative = false;
        int32_t last = -1;
        for (int t = 0; t < SAMPLES; ++t) {
            int32_t f = c;
            for (int k = s_.r, u = t; k > 0; --k) {
                const int32_t n = s_.cells[k].count[f];
                f = facet_of(s_.cells[k].facets(f)[k == s_.r ? (int64_t)t * n / SAMPLES : u % n]);
                if (k < s_.r) u /= 2;
            }
            if (f == last) continue;
            last = f;
            const double value = thread.bound.value(s_.stages, stage_, base, s_.vertices[f], s_.r);
            positive = positive || value > 0;
            negative = negative || value < 0;
            if (positive && negative) return true;
        }
        return false;
    }

    // The vertices and rays of top cell c.
    void find_vertices(int32_t c, ThreadState& thread) const {
        thread.seen.resize(s_.r);
        for (int k = 0; k < s_.r; ++k) thread.seen[k].resize(s_.cells[k].size(), -1);
        const int32_t stamp = thread.asked++;
        thread.faces.assign(1, c);
        for (int k = s_.r; k > 0; --k) {
            thread.more.clear();
            int32_t* seen = thread.seen[k - 1].data();
            for (const int32_t f : thread.faces) {
                const Incidence* x = s_.cells[k].facets(f);
                for (int32_t t = 0; t < s_.cells[k].count[f]; ++t) {
                    const int32_t g = facet_of(x[t]);
                    if (seen[g] == stamp) continue;
                    seen[g] = stamp;
                    thread.more.push_back(g);
                }
            }
            thread.faces.swap(thread.more);
        }
    }
};

}  // namespace polyrelu
