// The affine forms of a stage on its regions, as doubles with error bounds: of all its neurons, to find signs with, and
// of those that cross a region, to split with.
#pragma once

#include "region_order.hpp"
#include "subdivision_state.hpp"

namespace polyrelu {

// The forms of all neurons of stage `stage` on a region of that stage; stage `first` reads the point. Those of the
// regions asked for before are kept, stage by stage, and what follows starts from them.
inline const LayerForms& forms_on(const SubdivisionState& s, int first, int stage, int32_t region, ThreadState& thread) {
    thread.path.assign(stage + 1, -1);
    int level = stage;
    for (int32_t p = region; level > first && thread.current[level] != p; --level) {
        thread.path[level] = p;
        p = s.regions[level].parent[p];
    }
    for (++level; level <= stage; ++level) {
        find_sides(s.stages, s.regions, level, thread.path[level], thread.side);
        thread.layers[level].set(s.stages[level], thread.layers[level - 1], thread.side, s.r + 1);
        thread.current[level] = thread.path[level];
    }
    return thread.layers[stage];
}

// Lists the neurons of the stage that cross its regions; how many they are for all regions together.
inline int64_t list_crossings(const Cells& top, int words, FormTable& table) {
    int64_t slots = 0;
    table.offset.resize(top.size());
    table.crossing.resize(top.size() * words);
    uint64_t* crossing = table.crossing.data();
    for (int64_t c = 0; c < top.size(); ++c) {
        table.offset[c] = slots;
        for (int w = 0; w < words; ++w) {
            *crossing = top.masks.crossing(c, w);
            slots += __builtin_popcountll(*crossing++);
        }
    }
    return slots;
}

// Makes the forms of all neurons of the stage under way on the regions that they cross.
inline void make_crossing_forms(SubdivisionState& s) {
    const int stage = s.stage;
    const Stage& S = s.stages[stage];
    FormStore& forms = s.forms;
    FormTable& table = s.round.form;
    table.words = s.words;
    table.first = forms.size();
    table.offset.clear();
    table.crossing.clear();
    if (S.previous < 0) {
        for (int i = 0; i < S.n; ++i) forms.push_exact(s.vertices.exact_form(0, s.first_neuron[stage] + i).data());
        return;
    }
    const Cells& top = s.cells[s.r];
    const int64_t slots = list_crossings(top, s.words, table);
    if (slots * forms.bytes_each() > s.memory_left()) throw Halt{MEMORY_LIMIT_REACHED};
    forms.resize(table.first + slots);
    const int first = first_stage(s.stages, stage);
    const std::vector<int32_t> order = inverse(region_places(s.regions, first, stage));
    s.share(top.size(), tuning::POINTS_IN_CHUNK, [&](int w, int64_t begin, int64_t end) {
        ThreadState& thread = *s.of_thread[w];
        thread.forget();
        std::vector<double> f(s.r + 1);
        for (int64_t t = begin; t < end; ++t) {
            const int32_t c = order[t];
            int64_t at = table.first + table.offset[c];
            if (at == table.first + (c + 1 < top.size() ? table.offset[c + 1] : slots)) continue;
            const int32_t parent = stage - 1 == first ? 0 : s.regions[stage].parent[c];
            const LayerForms& in = forms_on(s, first, stage - 1, parent, thread);
            find_sides(s.stages, s.regions, stage, c, thread.side);
            for (int v = 0; v < s.words; ++v)
                for (uint64_t open = table.crossing[(size_t)c * s.words + v]; open; open &= open - 1) {
                    const int i = 64 * v + __builtin_ctzll(open);
                    const double err = LayerForms::single(S, in, thread.side, i, s.r + 1, f.data());
                    s.decide.make_form(at++, f.data(), err, c, s.first_neuron[stage] + i, thread);
                    s.check_after_exact_work(w);
                }
        }
    });
}

}  // namespace polyrelu
