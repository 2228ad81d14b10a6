// Free chain complexes over Z as compressed columns.
#pragma once

#include <numeric>
#include <vector>

#include "chain_numbers.hpp"

namespace polyrelu::reduction {

// Compressed columns that live elsewhere: column j has rows row[start[j]..start[j+1]) and as many non-zero values.
template <class D>
struct View {
    const Offset* start;
    const Index* row;
    const D* value;
};

template <class D>
struct ComplexView {
    std::vector<Offset> ranks;       // of degrees 0..n
    std::vector<View<D>> boundary;   // boundary[k - 1] : C_k -> C_{k-1}

    int top() const { return static_cast<int>(ranks.size()) - 1; }
    Offset n_cells() const { return std::accumulate(ranks.begin(), ranks.end(), Offset(0)); }
    const View<D>& map(int k) const { return boundary[k - 1]; }
};

template <class T>
struct Complex {
    struct Columns {
        std::vector<Offset> start;
        std::vector<Index> row;
        std::vector<T> value;
    };
    std::vector<Offset> ranks;
    std::vector<Columns> boundary;

    Offset n_cells() const { return std::accumulate(ranks.begin(), ranks.end(), Offset(0)); }

    ComplexView<T> view() const {
        ComplexView<T> v{ranks, {}};
        for (const Columns& c : boundary) v.boundary.push_back({c.start.data(), c.row.data(), c.value.data()});
        return v;
    }
};

}  // namespace polyrelu::reduction
