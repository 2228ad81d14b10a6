// The core alone, without Python: what it computes on seeded networks is checked, on several threads if told so, and
// with allocations that fail.
//
//     driver check THREADS              f-vectors against closed forms, threads and arithmetics against each other
//     driver allocations THREADS        every allocation of a run fails in turn, alone; then from there on
//
// The tests compile it with warnings as errors, and with sanitizers; see `tests/test_core_build.py`.
#include <cstdlib>
#include <cstring>

#include "allocations.hpp"
#include "complexes.hpp"

namespace {

using namespace testing;

int64_t stirling(int n, int k) {
    if (n == k) return 1;
    return k == 0 || k > n ? 0 : k * stirling(n - 1, k) + stirling(n - 1, k - 1);
}

// ---- modes ----------------------------------------------------------------------------------------------------------

void check(int threads) {
    for (int rank = 1; rank <= 5; ++rank) {
        const Cellwise c = subdivide(braid(rank), threads, CERTIFIED);
        for (int k = 0; k <= rank; ++k) {
            int64_t faces = stirling(rank + 1, k + 1);
            for (int i = 2; i <= k + 1; ++i) faces *= i;
            require(c.finite[k] == faces, "the faces of the braid arrangement");
        }
        check_ball(c);
    }
    struct Case {
        int rank;
        std::vector<int> widths;
    };
    const Case cases[] = {{1, {3, 4}}, {2, {9, 5, 3}}, {2, {70, 3}}, {3, {8, 6}}, {3, {5, 17, 2}}, {4, {7, 3}}};
    unsigned seed = 0;
    for (const Case& x : cases)
        for (const bool small : {true, false}) {
            const Layers net = random_network(++seed, x.rank, x.widths, small);
            const Cellwise c = subdivide(net, threads, CERTIFIED);
            int64_t euler = 0;
            for (int k = 0; k <= x.rank; ++k) euler += k % 2 ? -c.finite[k] : c.finite[k];
            require(euler == (x.rank % 2 ? -1 : 1), "the Euler characteristic");
            check_ball(c);
            require(subdivide(net, 1, CERTIFIED) == c, "the same on one thread");
            require(subdivide(net, threads, ALL_BIG) == c, "the same in GMP");
        }
    int64_t coarse_cells = 0, cells = 0;
    for (const Case& x : {Case{1, {9, 5, 1}}, Case{2, {30, 20, 1}}, Case{2, {9, 7, 7, 1}}, Case{3, {12, 9, 1}}, Case{4, {7, 5, 1}}})
        for (const bool small : {true, false}) {
            const Layers net = random_network(++seed, x.rank, x.widths, small);
            const Cellwise c = subdivide(net, threads, CERTIFIED, true);
            check_ball(c);
            require(subdivide(net, 1, CERTIFIED, true) == c, "the same coarse complex on one thread");
            coarse_cells += c.finite.back();
            cells += subdivide(net, threads, CERTIFIED).finite.back();
        }
    require(coarse_cells < cells, "fewer cells");
    // Entries beyond a word, and a layer of more than a thousand cells, so that threads have something to share.
    Layers large = random_network(77, 2, {40, 20}, false);
    for (auto& rows : large.layer)
        for (Row& row : rows)
            for (mpz_class& z : row) z *= mpz_class("1000000000000000000000000000057");
    check_ball(subdivide(large, threads, CERTIFIED));
}

// Runs `work` with allocation after allocation failing until a run needs no more of them; returns how many failed.
template <class Work>
long fail_each(bool persistently, long step, const Cellwise& expected, Work&& work) {
    long failed = 0;
    for (long n = 1;; n += step) {
        allocations::fail(n, persistently);
        bool thrown = false;
        try {
            const Cellwise found = work();
            allocations::stop();
            require(found == expected, "the right cells although an allocation failed");
        } catch (const std::bad_alloc&) {
            allocations::stop();
            thrown = true;
        }
        if (!allocations::failed()) {
            require(!thrown, "no exception without a failure");
            return failed;
        }
        ++failed;
    }
}

void fail_allocations(int threads) {
    struct Run {
        Layers net;
        Arithmetic arithmetic;
        bool coarse;
    };
    const Layers small = random_network(1, 2, {4, 3}, true), large = random_network(2, 2, {5, 3}, false);
    const Run runs[] = {{small, CERTIFIED, false}, {small, ALL_BIG, false}, {large, CERTIFIED, false}, {large, ALL_BIG, false},
                        {random_network(3, 2, {5, 3, 1}, false), CERTIFIED, true}};
    for (const auto& [net, arithmetic, coarse] : runs) {
        const Cellwise expected = subdivide(net, 1, arithmetic, coarse);
        const auto work = [&, &network = net, numbers = arithmetic, whole = coarse] {
            Cellwise c = subdivide(network, threads, numbers, whole);
            check_ball(c);
            return c;
        };
        const long alone = fail_each(false, 1, expected, work), after = fail_each(true, 7, expected, work);
        require(alone > 100 && after > 10, "some allocations");
        std::printf("%ld allocations failed alone, %ld with all that followed\n", alone, after);
        require(work() == expected, "the right cells after all that");
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc == 3 ? argv[1] : "";
    const int threads = argc == 3 ? std::atoi(argv[2]) : 0;
    if (threads < 1 || (mode != "check" && mode != "allocations")) {
        std::fprintf(stderr, "usage: driver check|allocations THREADS\n");
        return 2;
    }
    return testing::run([&] { mode == "check" ? check(threads) : fail_allocations(threads); });
}
