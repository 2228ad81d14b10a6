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
// Splitting. The neurons of a stage take turns in rounds. In a round the crossed cells are split dimension by
// dimension, each by all neurons of the round that cross it (`splitting.hpp`): the faces of a cell come before it, and
// cells of one dimension do not depend on each other, so that threads share them. What a cell keeps stays in its place,
// what becomes of it otherwise is appended in the order of the cells: the result does not depend on the number of
// threads.
//
// The steps: `orthants.hpp` makes the cells to begin with; then, stage by stage, `vertex_signs.hpp` finds the signs,
// `rounds.hpp` splits (`region_forms.hpp`: the forms, `dimension_split.hpp`: the cells of one dimension,
// `splitting.hpp`: one cell, `domain.hpp`: what a domain removes), and `next_regions.hpp` makes regions of the top
// cells. In a coarse complex `deciding.hpp` finds out which cells stay whole (`relaxation.hpp`: by which bound,
// `top_vertices.hpp`: at which points), and `decided_cells.hpp` keeps them in order.
#pragma once

#include "next_regions.hpp"
#include "orthants.hpp"
#include "rounds.hpp"
#include "vertex_signs.hpp"

namespace polyrelu {

class Subdivision : public SubdivisionState {
  public:
    using SubdivisionState::SubdivisionState;

    std::vector<int64_t> finite_before_last;  // finite cells by dimension at the start of the last stage

    Statistics statistics() const {
        Statistics sum;
        for (const auto& thread : of_thread) sum += thread->stats;
        return sum;
    }

    std::vector<int64_t> finite_counts() const {
        std::vector<int64_t> n(r + 1, 0);
        for (int k = 0; k <= r; ++k)
            for (const unsigned char f : cells[k].flags) n[k] += !(f & AT_INFINITY);
        return n;
    }

    // The cells to begin with. Before, the vertices and forms of `orthants.hpp` must have been pushed.
    Outcome start() {
        return outcome_of([&] {
            make_orthants(cells, max_cells, max_memory, [&](int64_t bytes) {
                check();
                if (memory() + bytes > max_memory) throw Halt{MEMORY_LIMIT_REACHED};
            });
            for (int32_t v = 0; v <= 2 * r; ++v) starting_vertex.push_back(v);
            regions.emplace_back();
            regions.back().parent.assign(1, 0);
            for (const Stage& s : stages) {
                first_neuron.push_back((int32_t)neurons_total);
                neurons_total += s.n;
            }
            if (memory() > max_memory) throw Halt{MEMORY_LIMIT_REACHED};
        });
    }

    // Splits by all neurons of stage s (stages are run in order). With `discard` the cells with a minus sign are then
    // removed, and those on which a neuron that is not constant vanishes are marked as boundary.
    Outcome run(int s, bool discard) {
        return outcome_of([&] {
            stage = s;
            vertices.forget_forms();
            finite_before_last = finite_counts();
            VertexSigns signs(*this, s);
            if (s > keep_from) signs.keep_signs();
            signs.mark();
            split_by_stage(*this, discard);
            if (coarse && s + 1 == (int)stages.size()) complete_coarse();
            begin_next_regions(*this);
        });
    }

    // The masks of all cells for the neurons of stage s (none may cross a cell any more).
    Outcome mark_again(int s) {
        return outcome_of([&] {
            stage = s;
            kept_neurons.clear();
            VertexSigns(*this, s).mark();
        });
    }

    // Gives back what only further splitting would need.
    void release_working_arrays() {
        for (Cells& C : cells) C.release_working_arrays();
        release_forms_and_batches();
    }

    // Keeps facets, flags and the signs of the last stage, of which chain complexes of regions are made.
    void keep_facets_and_signs() {
        for (Cells& C : cells) {
            C.defining_forms.release();
            C.region.release();
        }
        vertices.release();
        std::vector<Regions>().swap(regions);
        release_forms_and_batches();
    }

  private:
    void release_forms_and_batches() {
        forms.release();
        std::vector<SplitBatch>().swap(batches);
        count_batches();
        round = Round();
    }

    // At the end of a coarse complex.
    void complete_coarse() {
        decided.refine([this](int k, int64_t n) {
            if ((int64_t)cells[k].arena.size() + n > MAX_FACETS) throw Halt{CELL_LIMIT_REACHED};
            if (4 * n > memory_left()) throw Halt{MEMORY_LIMIT_REACHED};
        });
        if (classes)
            decided.mark_classes();
        else
            decided.mark();
    }
};

}  // namespace polyrelu
