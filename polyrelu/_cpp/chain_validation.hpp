// Whether arrays are a chain complex: indices in range, no zeros, and the composition of boundary maps zero.
#pragma once

#include "chain_complex.hpp"
#include "interrupt.hpp"

namespace polyrelu::reduction {

enum FaultKind { kSound = 0, kStarts, kRowRange, kRepeatedRow, kZeroEntry, kProduct };

struct Fault {
    int kind = kSound;
    int degree = 0;
    Offset row = 0;
    Offset column = 0;
};

// The offsets and indices of one map; afterwards it is safe to walk through it.
template <class D>
Fault check_map(const ComplexView<D>& c, int k, Offset n_entries, InterruptCheck& interrupt) {
    const View<D>& m = c.map(k);
    const Offset n_rows = c.ranks[k - 1], n_columns = c.ranks[k];
    if (m.start[0] != 0 || m.start[n_columns] != n_entries) return {kStarts, k, 0, 0};
    for (Offset j = 0; j < n_columns; ++j)
        if (m.start[j] > m.start[j + 1]) return {kStarts, k, 0, j};
    std::vector<Index> seen_in(n_rows, -1);
    for (Offset j = 0; j < n_columns; ++j) {
        for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
            interrupt.tick();
            const Offset i = m.row[e];
            if (i < 0 || i >= n_rows) return {kRowRange, k, i, j};
            if (seen_in[i] == j) return {kRepeatedRow, k, i, j};
            if (m.value[e] == 0) return {kZeroEntry, k, i, j};
            seen_in[i] = static_cast<Index>(j);
        }
    }
    return {};
}

// Whether boundary(k - 1) boundary(k) = 0, column by column with a dense accumulator.
template <class T, class D>
Fault check_product(const ComplexView<D>& c, int k, InterruptCheck& interrupt) {
    const View<D>&lower = c.map(k - 1), &upper = c.map(k);
    std::vector<T> sum(c.ranks[k - 2]);
    std::vector<Index> touched;
    for (Offset j = 0; j < c.ranks[k]; ++j) {
        touched.clear();
        for (Offset e = upper.start[j]; e < upper.start[j + 1]; ++e) {
            const T& x = widen<T>(upper.value[e]);
            const Index i = upper.row[e];
            for (Offset f = lower.start[i]; f < lower.start[i + 1]; ++f) {
                interrupt.tick();
                const T& y = widen<T>(lower.value[f]);
                add_product(sum[lower.row[f]], x, y);
                touched.push_back(lower.row[f]);
            }
        }
        for (const Index r : touched) {
            if (sum[r] != 0) return {kProduct, k, r, j};
        }
    }
    return {};
}

template <class D>
Fault check_complex(const ComplexView<D>& c, const std::vector<Offset>& n_entries, InterruptCheck& interrupt) {
    for (int k = 1; k <= c.top(); ++k) {
        const Fault fault = check_map(c, k, n_entries[k - 1], interrupt);
        if (fault.kind != kSound) return fault;
    }
    for (int k = 2; k <= c.top(); ++k) {
        const Fault fault =
            words_then_integers<D>([&](auto zero) { return check_product<decltype(zero)>(c, k, interrupt); });
        if (fault.kind != kSound) return fault;
    }
    return {};
}

}  // namespace polyrelu::reduction
