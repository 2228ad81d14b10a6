// The cells of a region in a part, reduced within the fibers of the walls.
//
// Cells on walls are numbered first, in the order and with the orientation that all parts give them; fibers that more
// leaves contain come first, so that faces do not come later than what they are faces of. What `coreduction.hpp` does to
// the cells of a wall depends on nothing else then, and is the same in all parts.
#pragma once

#include "reduction.hpp"
#include "walls.hpp"

namespace polyrelu {

struct ReducedRegion {
    reduction::Fault fault;                        // if the boundary of a boundary is not zero
    std::vector<std::vector<int32_t>> wall;        // of each critical cell: its place among the cells on walls, or -1
    std::vector<reduction::SparseVectors> boundary;  // of the critical cells, degrees 1..n, columns
    int64_t euler = 0;  // of the cells that belong to this part: it is the first of the leaves that contain them
};

// mask: for each dimension, which finite cells lie in the region. An open region is spanned by those that are not in the
// boundary of the whole domain, a closed one by those that are bounded.
inline Outcome reduce_region(const std::vector<CellsView>& cells, const Walls& walls, int32_t leaf,
                             const std::vector<const uint8_t*>& mask, bool is_open, InterruptCheck& interrupt,
                             ReducedRegion& result) {
    using namespace reduction;
    return outcome_of([&] {
        const int r = walls.r;
        const std::vector<Leaves>& sets = walls.sets.sets;
        std::vector<int32_t> by_size(sets.size());
        for (size_t i = 0; i < sets.size(); ++i) by_size[i] = (int32_t)i;
        std::sort(by_size.begin(), by_size.end(), [&](int32_t a, int32_t b) {
            return sets[a].size() != sets[b].size() ? sets[a].size() > sets[b].size() : sets[a] < sets[b];
        });
        std::vector<int32_t> fiber_of_set(sets.size());
        for (size_t i = 0; i < sets.size(); ++i) fiber_of_set[by_size[i]] = (int32_t)i;

        Complex<int8_t> chosen;
        std::vector<Index> fiber, number, before;
        std::vector<int8_t> flip, flip_before;
        std::vector<std::vector<int32_t>> wall(r + 1);
        std::vector<int32_t> order;
        for (int k = 0; k <= r; ++k) {
            const CellsView& C = cells[k];
            const std::vector<uint8_t>& kind = walls.kind[k];
            const auto spans = [&](int64_t c) {
                return mask[k][c] && (is_open ? !(kind[c] & Walls::OUTER) : (kind[c] & Walls::BOUNDED) != 0);
            };
            order.clear();
            flip.clear();
            const std::vector<int32_t>& on_wall = walls.cells_in_order[k];
            int64_t mine = 0;
            for (size_t i = 0; i < on_wall.size(); ++i)
                if (spans(on_wall[i])) {
                    order.push_back(on_wall[i]);
                    flip.push_back(walls.flip[k][i]);
                    wall[k].push_back((int32_t)i);
                    const int32_t s = walls.set[k][i];
                    fiber.push_back(fiber_of_set[s]);
                    mine += sets[s][0] == leaf;
                }
            for (int64_t c = 0; c < C.finite; ++c)
                if (!(kind[c] & Walls::ON_WALL) && spans(c)) order.push_back((int32_t)c);
            mine += (int64_t)(order.size() - wall[k].size());
            flip.resize(order.size(), 1);
            fiber.resize(fiber.size() + order.size() - wall[k].size(), (Index)sets.size());
            result.euler += k % 2 ? -mine : mine;
            number.assign(C.finite, -1);
            for (size_t i = 0; i < order.size(); ++i) number[order[i]] = (Index)i;
            chosen.ranks.push_back((Offset)order.size());
            if (k > 0) {
                typename Complex<int8_t>::Columns columns;
                columns.start.reserve(order.size() + 1);
                columns.start.push_back(0);
                for (size_t i = 0; i < order.size(); ++i) {
                    for (const int32_t* f = C.begin(order[i]); f != C.end(order[i]); ++f) {
                        const Index row = *f < (int32_t)before.size() ? before[*f] : -1;
                        if (row < 0) continue;
                        columns.row.push_back(row);
                        columns.value.push_back((int8_t)(C.sign[f - C.facet] * flip[i] * flip_before[row]));
                    }
                    columns.start.push_back((Offset)columns.row.size());
                }
                chosen.boundary.push_back(std::move(columns));
            }
            before.swap(number);
            flip_before.swap(flip);
            interrupt.tick();
        }
        std::vector<Offset> n_entries;
        for (const auto& columns : chosen.boundary) n_entries.push_back((Offset)columns.row.size());
        const ComplexView<int8_t> view = chosen.view();
        interrupt.progress.cells = view.n_cells();
        result.fault = check_complex(view, n_entries, interrupt);
        if (result.fault.kind != kSound) return;
        CriticalCells critical;
        reduce_fibers_of(view, fiber.data(), interrupt, critical);
        result.boundary = std::move(critical.boundary);
        for (int k = 0; k <= r; ++k) {
            result.wall.emplace_back();
            for (const Index c : critical.cells[k])
                result.wall.back().push_back(c < (Index)wall[k].size() ? wall[k][c] : -1);
        }
    });
}

}  // namespace polyrelu
