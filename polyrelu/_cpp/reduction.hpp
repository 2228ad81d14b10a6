// Reduction of a free chain complex over Z to a small one with the same homology, by pivots +1 and -1 only.
//
// `coreduction.hpp` removes pairs of cells, most of the complex, as long as that is worth it; `elimination.hpp` then
// takes the unit pivots that remain. Both have their proofs.
//
// Nothing is ever divided, so all is exact over Z. The arithmetic is on int64_t with every overflow detected; on
// overflow the same code runs on GMP integers.
#pragma once

#include "chain_input.hpp"
#include "chain_validation.hpp"
#include "coreduction.hpp"
#include "elimination.hpp"
#include "outcome.hpp"

namespace polyrelu::reduction {

template <class T, class D>
Complex<T> coreduce(const ComplexView<D>& c, InterruptCheck& interrupt, Result& result, Offset& n_pairs, Trace* trace) {
    interrupt.progress.cells = c.n_cells();
    Round* round = trace ? &trace->rounds.emplace_back() : nullptr;
    Coreduction<D> coreduction(c, interrupt, round ? &round->matching : nullptr);
    n_pairs = 0;
    for (int k = 1; k <= c.top(); ++k) {
        result.n_pivots[k - 1] += coreduction.n_pairs()[k];
        n_pairs += coreduction.n_pairs()[k];
    }
    Complex<T> m = coreduction.template critical_complex<T>();
    if (round) round->set_critical_complex(m);
    return m;
}

template <class T, class D>
Result reduce_with(const ComplexView<D>& c, InterruptCheck& interrupt, Trace* trace) {
    Result result;
    result.n_pivots.assign(c.boundary.size(), 0);
    if (trace) *trace = {};
    Offset n_pairs = 0;
    Complex<T> m = coreduce<T>(c, interrupt, result, n_pairs, trace);
    // Another round reads the whole complex again: worth it while it removes a fair part of it.
    while (tuning::CELLS_LEFT_A_PAIR * n_pairs > m.n_cells()) {
        const Complex<T> previous = std::move(m);
        m = coreduce<T>(previous.view(), interrupt, result, n_pairs, trace);
    }
    eliminate_units(m, interrupt, result, trace ? &trace->pivots : nullptr);
    return result;
}

template <class D>
Result reduce_complex(const ComplexView<D>& c, InterruptCheck& interrupt, Trace* trace) {
    return words_then_integers<D>([&](auto zero) { return reduce_with<decltype(zero)>(c, interrupt, trace); });
}

// The first fault, or none (kSound), if it is finished.
inline Outcome check(const Input& input, InterruptCheck& interrupt, Fault& fault) {
    return outcome_of([&] {
        fault = dispatch(input, [&](const auto& c) { return check_complex(c, input.n_entries, interrupt); });
    });
}

// `trace`: what was done, to be filled; may be null.
inline Outcome reduce(const Input& input, InterruptCheck& interrupt, Result& result, Trace* trace = nullptr) {
    return outcome_of(
        [&] { result = dispatch(input, [&](const auto& c) { return reduce_complex(c, interrupt, trace); }); });
}

// What coreduction within fibers leaves: by degree, the critical cells, and the complex that they span.
struct CriticalCells {
    std::vector<std::vector<Index>> cells;
    std::vector<SparseVectors> boundary;  // of degrees 1..n, columns
};

// `fiber`: the number of the fiber of each cell, cells of all degrees numbered through.
template <class D>
void reduce_fibers_of(const ComplexView<D>& c, const Index* fiber, InterruptCheck& interrupt, CriticalCells& result) {
    interrupt.progress.cells = c.n_cells();
    Coreduction<D> coreduction(c, interrupt, nullptr, fiber);
    result.cells = coreduction.critical_cells();
    words_then_integers<D>([&](auto zero) {
        result.boundary.clear();
        for (const auto& columns : coreduction.template critical_complex<decltype(zero)>().boundary)
            result.boundary.push_back(columns_of(columns));
        return 0;
    });
}

// The same for a complex that is given.
inline Outcome reduce_fibers(const Input& input, const Index* fiber, InterruptCheck& interrupt, CriticalCells& result) {
    return outcome_of([&] {
        dispatch(input, [&](const auto& c) {
            reduce_fibers_of(c, fiber, interrupt, result);
            return 0;
        });
    });
}

}  // namespace polyrelu::reduction
