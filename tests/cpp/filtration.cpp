// Sublevel sets as filtered complexes: the bars of functions on a rectangle of squares whose bars are known.
#include <random>

#include "_cpp/filtration.hpp"
#include "_cpp/pairing.hpp"
#include "_cpp/reduction.hpp"
#include "testing.hpp"

namespace {

using namespace polyrelu;
using testing::require;

// A rectangle of squares, n x m, with the vertices at (i, j).
struct Grid {
    int n, m;
    std::vector<std::vector<int64_t>> start;
    std::vector<std::vector<int32_t>> facet;
    std::vector<std::vector<int8_t>> sign;

    Grid(int n_, int m_) : n(n_), m(m_), start(3), facet(3), sign(3) {
        start[1].push_back(0);
        start[2].push_back(0);
        const auto add = [&](int q, std::initializer_list<std::pair<int, int>> facets) {
            for (const auto& [f, s] : facets) {
                facet[q].push_back(f);
                sign[q].push_back((int8_t)s);
            }
            start[q].push_back((int64_t)facet[q].size());
        };
        for (int j = 0; j <= m; ++j)
            for (int i = 0; i < n; ++i) add(1, {{vertex(i, j), -1}, {vertex(i + 1, j), 1}});
        for (int j = 0; j < m; ++j)
            for (int i = 0; i <= n; ++i) add(1, {{vertex(i, j), -1}, {vertex(i, j + 1), 1}});
        const int upright = n * (m + 1);
        for (int j = 0; j < m; ++j)
            for (int i = 0; i < n; ++i) {
                const int left = upright + j * (n + 1) + i;
                add(2, {{j * n + i, 1}, {left + 1, 1}, {(j + 1) * n + i, -1}, {left, -1}});
            }
    }
    int vertex(int i, int j) const { return j * (n + 1) + i; }
    CellArrays arrays() const {
        CellArrays a;
        a.finite = {(n + 1) * (m + 1), n * (m + 1) + (n + 1) * m, n * m};
        for (int q = 0; q <= 2; ++q) {
            a.start.push_back(start[q].data());
            a.facet.push_back(facet[q].data());
            a.sign.push_back(sign[q].data());
        }
        return a;
    }
};

// The numbers of bars in degrees 0 and 1 that are not of length 0, those that never end included.
std::pair<int, int> count_bars(const CellArrays& arrays, const std::vector<int32_t>& rank, int n_values, int threads,
                               int64_t characteristic) {
    InterruptCheck interrupt;
    Filtration filtration;
    require(find_critical_cells(arrays, rank.data(), nullptr, n_values, false, threads, interrupt, filtration) == FINISHED,
            "critical cells");
    reduction::Input input;
    for (const auto& cells : filtration.cells) input.ranks.push_back((int64_t)cells.size());
    for (const auto& map : filtration.boundary) {
        require(!map.value.big, "small entries");
        input.n_entries.push_back((int64_t)map.index.size());
        input.start.push_back(map.start.data());
        input.row.push_back(map.index.data());
        input.wide.push_back(map.value.words.data());
    }
    reduction::Fault fault;
    require(reduction::check(input, interrupt, fault) == FINISHED && fault.kind == reduction::kSound, "a complex");
    reduction::Pairs pairs;
    require(reduction::find_pairs(input, characteristic, interrupt, pairs) == FINISHED, "pairs");
    int bars[2] = {0, 0};
    for (int k = 0; k < 2; ++k) {
        require(pairs.birth[k].size() == pairs.death[k].size(), "pairs of cells");
        bars[k] = (int)filtration.cells[k].size() - (int)pairs.birth[k].size() - (k ? (int)pairs.death[0].size() : 0);
        for (size_t i = 0; i < pairs.birth[k].size(); ++i)
            bars[k] += rank[filtration.flats[k][pairs.birth[k][i]]] != rank[filtration.flats[k + 1][pairs.death[k][i]]];
    }
    return {bars[0], bars[1]};
}

// Pits of depth 2, and walls of height 1 around them, in a plain: all values repeat, and the plain is one flat.
void test_pits() {
    for (const int side : {1, 3, 20}) {
        const int n = 4 * side;
        const Grid grid(n, n);
        std::vector<int32_t> rank;
        for (int j = 0; j <= n; ++j)
            for (int i = 0; i <= n; ++i) {
                const int x = i % 4, y = j % 4;
                rank.push_back(x == 2 && y == 2 ? 0 : x == 0 || y == 0 ? 1 : 2);
            }
        for (const int threads : {1, 3})
            for (const int64_t p : {2, 3, 0}) {
                const auto [components, loops] = count_bars(grid.arrays(), rank, 3, threads, p);
                require(components == side * side + 1 && loops == side * side, "pits");
            }
    }
}

// Random values in a rectangle: the pairs of 0-cells by union-find over all edges, in the order of their values.
void test_random_values() {
    std::mt19937_64 random(5);
    for (int trial = 0; trial < 60; ++trial) {
        const int n = 1 + (int)(random() % 6), m = 1 + (int)(random() % 6), values = 1 + (int)(random() % 12);
        const Grid grid(n, m);
        const CellArrays arrays = grid.arrays();
        std::vector<int32_t> rank(arrays.finite[0]);
        for (int32_t& x : rank) x = (int32_t)(random() % values);
        std::vector<std::pair<int, int>> edges;  // by value
        for (int e = 0; e < arrays.finite[1]; ++e)
            edges.emplace_back(std::max(rank[grid.facet[1][2 * e]], rank[grid.facet[1][2 * e + 1]]), e);
        std::sort(edges.begin(), edges.end());
        std::vector<int> parent(rank.size());
        for (size_t v = 0; v < parent.size(); ++v) parent[v] = (int)v;
        const auto root = [&](int v) {
            while (parent[v] != v) v = parent[v];
            return v;
        };
        int expected = 1;
        for (const auto& [value, e] : edges) {
            int a = root(grid.facet[1][2 * e]), b = root(grid.facet[1][2 * e + 1]);
            if (a == b) continue;
            if (rank[a] < rank[b]) std::swap(a, b);
            expected += rank[a] != value;
            parent[a] = b;
        }
        const auto [components, loops] = count_bars(arrays, rank, values, 1 + trial % 3, 2);
        require(components == expected, "components by union-find");
        require(count_bars(arrays, rank, values, 1, 0) == std::make_pair(components, loops), "the same over Q");
    }
}

}  // namespace

int main() {
    return testing::run([] {
        test_pits();
        test_random_values();
    });
}
