// Threads that share a range: every entry once, stops, and exceptions that arrive where the range was given out.
#include <memory>
#include <stdexcept>

#include "_cpp/interrupt.hpp"
#include "_cpp/thread_pool.hpp"
#include "testing.hpp"

using namespace polyrelu;
using testing::require;

namespace {

void every_entry_is_worked_on_once(int threads) {
    ThreadPool pool(threads);
    require(pool.count() == threads, "as many threads as asked for");
    for (const int64_t n : {0, 1, 7, 64, 1000, 4097})
        for (const int64_t chunk : {1, 3, 64, 5000}) {
            std::unique_ptr<std::atomic<int>[]> times(new std::atomic<int>[(size_t)n + 1]());
            std::atomic<bool> right{true};
            const bool finished = pool.run(
                n, chunk,
                [&](int thread, int64_t begin, int64_t end) {
                    if (thread < 0 || thread >= threads || begin % chunk != 0 || end - begin > chunk) right = false;
                    for (int64_t i = begin; i < end; ++i) ++times[(size_t)i];
                },
                [] { return false; });
            require(finished && right, "chunks of the range");
            for (int64_t i = 0; i < n; ++i) require(times[(size_t)i] == 1, "every entry once");
        }
}

void a_stop_ends_the_range(int threads) {
    ThreadPool pool(threads);
    for (int asked_before = 0; asked_before < 4; ++asked_before) {
        std::atomic<int> asked{0};
        std::atomic<int64_t> done{0};
        const auto stop = [&] { return asked++ >= asked_before; };
        const bool finished = pool.run(
            1 << 20, 1,
            [&](int thread, int64_t, int64_t) {
                while (thread != 0 && asked <= asked_before) std::this_thread::yield();  // until the stop
                ++done;
            },
            stop);
        require(!finished && asked > asked_before, "stopped");
        require(done < (1 << 20), "before the end");
        require(pool.run(10, 1, [](int, int64_t, int64_t) {}, [] { return false; }), "and fit for the next range");
    }
}

void exceptions_arrive(int threads) {
    ThreadPool pool(threads);
    for (const int64_t where : {0, 1, 500, 999}) {
        bool arrived = false;
        try {
            pool.run(
                1000, 1,
                [&](int, int64_t begin, int64_t) {
                    if (begin == where) throw std::runtime_error("here");
                },
                [] { return false; });
        } catch (const std::runtime_error& error) {
            arrived = error.what() == std::string("here");
        }
        require(arrived, "the exception of a thread");
        require(pool.run(10, 1, [](int, int64_t, int64_t) {}, [] { return false; }), "and fit for the next range");
    }
}

void the_callback_is_asked_and_told() {
    struct Calls {
        int n = 0, stop_at = 0;
        Progress last;
    };
    const auto callback = [](void* context, const Progress& progress) {
        Calls& calls = *static_cast<Calls*>(context);
        calls.last = progress;
        return ++calls.n == calls.stop_at;
    };
    Calls calls;
    calls.stop_at = 2;
    InterruptCheck interrupt(callback, &calls);
    require(!interrupt.stop([](Progress& p) { p.done = 1; }) && calls.n == 0, "not asked at once");
    std::this_thread::sleep_for(tuning::INTERRUPT_INTERVAL);
    require(!interrupt.stop([](Progress& p) { p = {3, 4, 5, 6}; }) && calls.n == 1, "asked when it is time");
    require(calls.last.stage == 3 && calls.last.done == 4 && calls.last.total == 5 && calls.last.cells == 6, "and told");
    require(!interrupt.stop([](Progress&) {}) && calls.n == 1, "not asked again at once");
    std::this_thread::sleep_for(tuning::INTERRUPT_INTERVAL);
    Outcome outcome = FINISHED;
    for (int64_t i = 0; i < 1000 && outcome == FINISHED; ++i)
        outcome = outcome_of([&] {
            for (uint32_t step = 0; step < tuning::STEPS_BETWEEN_CLOCKS; ++step) interrupt.tick();
        });
    require(outcome == STOPPED && calls.n == 2, "stopped within a loop");
    InterruptCheck none;
    std::this_thread::sleep_for(tuning::INTERRUPT_INTERVAL);
    require(!none.stop([](Progress&) {}), "no stop without a callback");
}

}  // namespace

int main() {
    return testing::run([] {
        for (const int threads : {1, 2, 5}) {
            every_entry_is_worked_on_once(threads);
            a_stop_ends_the_range(threads);
            exceptions_arrive(threads);
        }
        the_callback_is_asked_and_told();
    });
}
