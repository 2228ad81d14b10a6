// The neurons of a stage take turns in rounds; in a round, cells are split dimension by dimension.
#pragma once

#include "deciding.hpp"
#include "dimension_split.hpp"
#include "domain.hpp"
#include "region_forms.hpp"

namespace polyrelu {

// The largest number of neurons first..end that cross one region.
inline int most_crossings(const SubdivisionState& s, int first, int end) {
    const Cells& top = s.cells[s.r];
    int most = 0;
    for (int64_t c = 0; c < top.size(); ++c) {
        int n = 0;
        for (int w = first >> 6; w <= (end - 1) >> 6; ++w)
            for (uint64_t open = top.masks.crossing(c, w); open; open &= open - 1) {
                const int j = 64 * w + __builtin_ctzll(open);
                n += j >= first && j < end;
            }
        most = std::max(most, n);
    }
    return most;
}

// The end of the round that begins with neuron `first` of n: before regions are crossed by too many neurons.
inline int round_end(const SubdivisionState& s, int first, int n) {
    const Cells& top = s.cells[s.r];
    int64_t crossings = 0, crossed = 0;
    std::vector<int64_t> count(n, 0);
    for (int64_t c = 0; c < top.size(); ++c) {
        bool any = false;
        for (int w = first >> 6; w < s.words; ++w)
            for (uint64_t open = top.masks.crossing(c, w); open; open &= open - 1) {
                const int j = 64 * w + __builtin_ctzll(open);
                ++count[j];
                any = any || j >= first;
            }
        crossed += any;
    }
    int end = first;
    do crossings += count[end++];
    while (end < n && (double)(crossings + count[end]) <= tuning::CROSSINGS_IN_ROUND * (double)crossed);
    while (end - first > tuning::MOST_IN_ROUND && most_crossings(s, first, end) > tuning::MOST_IN_ROUND)
        end = first + (end - first + 1) / 2;
    return end;
}

// Splits all cells by the neurons first..end of the stage under way.
inline void split_in_round(SubdivisionState& s, DimensionSplit& split, int first, int end, Deciding* deciding) {
    Round& round = s.round;
    round.neurons.assign(s.words, 0);
    for (int j = first; j < end; ++j) round.neurons[j >> 6] |= uint64_t(1) << (j & 63);
    round.old.clear();
    round.old.reserve(s.cells.size());
    for (const Cells& C : s.cells) round.old.push_back(C.size());
    if (deciding)
        deciding->list(first, end);
    else
        round.crossed(0).link.assign(s.cells[0].size(), -1);
    for (int k = 1; k <= s.r; ++k) {
        if (!deciding) split.list(k);
        if (deciding && k == s.r) s.top_vertices.faces_are_split();
        split.run(k, s.first_neuron[s.stage] + first, end - first);
    }
}

// The end of the round of a coarse complex that begins with neuron `first` of n: before the top cells that are split are
// crossed more than s.crossings times on average.
inline int coarse_round_end(const SubdivisionState& s, int first, int n) {
    int64_t crossings = 0, crossed = 0;
    int end = first;
    do {
        crossings += s.decided.crossings(end);
        crossed += s.decided.waiting(end++);
    } while (end < n && (double)(crossings + s.decided.crossings(end)) <=
                            s.crossings * (double)(crossed + s.decided.waiting(end)));
    return end;
}

// Splits cells by the neurons of the stage under way, and leaves whole those that can be decided.
//
// A cell that is decided saves what it would have become; what is split before that is lost. So cells are asked after each
// neuron as long as WORTH_ASKING of them are decided, and else after more and more, up to rounds as long as those of a
// complete complex. (To split by six neurons at once saves up to half the time a cell, but three neurons at once make a
// fifth more cells already: random 3-64-64-1, 5-16-16-1.)
inline void split_undecided(SubdivisionState& s, DimensionSplit& split) {
    const int n = s.stages[s.stage].n;
    Deciding deciding(s);
    for (int first = 0, end; first < n; first = end) {
        end = coarse_round_end(s, first, n);
        split_in_round(s, split, first, end, &deciding);
        if (s.round.crossed(s.r).cells.empty()) continue;
        if (deciding.run() < tuning::WORTH_ASKING)
            s.crossings = std::min(tuning::CROSSINGS_IN_ROUND, s.crossings * tuning::LONGER_ROUNDS);
        else
            s.crossings = std::max(1.0, s.crossings / tuning::LONGER_ROUNDS);
    }
    s.decided.spread();
}

// Splits all cells by the neurons of the stage under way. With `discard` the cells with a minus sign are removed as
// soon as there are any.
inline void split_by_stage(SubdivisionState& s, bool discard) {
    make_crossing_forms(s);
    const int n = s.stages[s.stage].n;
    DimensionSplit split(s);
    if (s.coarse && !discard && (s.stage < s.decided_before() || s.classes)) {
        split_undecided(s, split);
    } else {
        for (int first = 0, end; first < n; first = end) {
            end = discard ? first + 1 : round_end(s, first, n);
            split_in_round(s, split, first, end, nullptr);
            if (discard) keep_domain(s, first);
        }
    }
    s.neurons_done = s.first_neuron[s.stage] + n;
}

}  // namespace polyrelu
