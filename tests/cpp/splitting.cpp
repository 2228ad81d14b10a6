// Splitting a cube: by parallel hyperplanes, through its vertices or not, and into simplices.
#include "complexes.hpp"

using namespace testing;

namespace {

// [0, 1]^d: the walls are x_i >= 0, which are the initial hyperplanes, and x_i <= 1.
Layers cube(int d) {
    Layers net;
    net.rank = d;
    net.domain = true;
    net.layer.resize(1);
    for (int i = 0; i < d; ++i) net.layer[0].push_back(coordinate(d, i));
    for (int i = 0; i < d; ++i) {
        Row wall(d + 1, 0);
        wall[0] = 1;
        wall[i + 1] = -1;
        net.layer[0].push_back(wall);
    }
    return net;
}

// Cuts by sum x_i = t / 2 for all t given. A face of the cube, some coordinates fixed and k free, lies where the sum is
// between n and n + k; c levels strictly between make 1 + c cells of dimension k and c of dimension k - 1 of it.
void parallel_cuts(int d, const std::vector<int>& levels) {
    Layers net = cube(d);
    net.layer.emplace_back();
    for (const int t : levels) {
        Row row(d + 1, 2);
        row[0] = -t;
        net.layer[1].push_back(row);
    }
    std::vector<int64_t> expected(d + 1, 0);
    std::vector<int> face(d, 0);  // 0, 1: fixed; 2: free
    while (true) {
        int n = 0, k = 0, cuts = 0;
        for (const int x : face) {
            n += x == 1;
            k += x == 2;
        }
        for (const int t : levels) cuts += 2 * n < t && t < 2 * (n + k);
        expected[k] += 1 + cuts;
        if (cuts > 0) expected[k - 1] += cuts;
        int i = 0;
        while (i < d && face[i] == 2) face[i++] = 0;
        if (i == d) break;
        ++face[i];
    }
    for (const int threads : {1, 3})
        for (const Arithmetic arithmetic : {CERTIFIED, ALL_BIG}) {
            const Cellwise c = subdivide(net, threads, arithmetic);
            require(c.finite == expected && c.size == expected, "the cells of a cube with parallel cuts");
            check_ball(c);
        }
}

// The hyperplanes x_i = x_j cut the cube into d! simplices, whose k-faces are the chains of k + 1 subsets of a d-set.
void into_simplices(int d) {
    Layers net = cube(d);
    net.layer.emplace_back();
    for (int i = 0; i < d; ++i)
        for (int j = i + 1; j < d; ++j) {
            Row row(d + 1, 0);
            row[i + 1] = 1;
            row[j + 1] = -1;
            net.layer[1].push_back(row);
        }
    std::vector<std::vector<int64_t>> chains(d + 1, std::vector<int64_t>(size_t(1) << d, 0));  // by length and last set
    std::vector<int64_t> expected(d + 1, 0);
    for (size_t set = 0; set < size_t(1) << d; ++set) {
        chains[0][set] = 1;
        for (size_t smaller = 0; smaller < set; ++smaller)
            if ((smaller & set) == smaller)
                for (int k = 1; k <= d; ++k) chains[k][set] += chains[k - 1][smaller];
        for (int k = 0; k <= d; ++k) expected[k] += chains[k][set];
    }
    const Cellwise c = subdivide(net, 2, CERTIFIED);
    require(c.finite == expected, "the faces of the simplices in a cube");
    for (size_t at = 0; at < c.indptr.size(); ++at)
        for (size_t cell = 0; cell + 1 < c.indptr[at].size(); ++cell)
            require(c.indptr[at][cell + 1] - c.indptr[at][cell] == d - (int64_t)at + 1, "simplices only");
    check_ball(c);
}

// A flat domain has no interior, a limit is a limit, and a callback stops.
void other_outcomes() {
    const auto outcome = [](const Layers& net, int64_t max_cells, int64_t max_memory, Callback callback) {
        Subdivision s(3, max_cells, max_memory, 1, CERTIFIED, false, callback, nullptr);
        set_up(s, net);
        Outcome found = s.start();
        std::this_thread::sleep_for(tuning::INTERRUPT_INTERVAL);
        return found == FINISHED ? s.run(0, net.domain) : found;
    };
    const int64_t no_limit = int64_t(1) << 62;
    const Callback stop = [](void*, const Progress&) { return true; };
    Layers flat = cube(3);
    flat.layer[0][4][0] = 0;  // x_2 <= 0
    require(outcome(flat, no_limit, no_limit, nullptr) == DOMAIN_WITHOUT_INTERIOR, "a flat domain");
    require(outcome(cube(3), no_limit, no_limit, nullptr) == FINISHED, "finished");
    require(outcome(cube(3), no_limit, no_limit, stop) == STOPPED, "stopped");
    // Planes through a point: 2 * 3^3 - 1 cells to start with, and more in the end.
    require(outcome(braid(3), no_limit, no_limit, nullptr) == FINISHED, "finished");
    require(outcome(braid(3), 52, no_limit, nullptr) == CELL_LIMIT_REACHED, "a limit of cells, at the start");
    require(outcome(braid(3), 53, no_limit, nullptr) == CELL_LIMIT_REACHED, "a limit of cells");
    require(outcome(braid(3), no_limit, 500, nullptr) == MEMORY_LIMIT_REACHED, "a limit of memory, at the start");
}

}  // namespace

int main() {
    return testing::run([] {
        for (int d = 1; d <= 5; ++d)
            for (int t = 1; t < 2 * d; ++t) parallel_cuts(d, {t});
        parallel_cuts(3, {1, 2, 3, 4, 5});
        parallel_cuts(4, {2, 4, 6});
        parallel_cuts(2, {1, 2, 3});
        for (int d = 2; d <= 5; ++d) into_simplices(d);
        other_outcomes();
    });
}
