// Several threads that share the chunks of a range. The calling thread is one of them, and it alone asks whether to
// stop.
//
// Each begins with a part of the range that is its own, the same share of every range, and helps the others when that
// is done: what a thread made in one range is mostly read by it again in the next, and stays in its processor's cache.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "tuning.hpp"

namespace polyrelu {

class ThreadPool {
  public:
    // So many threads, or as many as the system grants: then only half of these are kept, since the stacks of all have
    // used up what it grants.
    //
    // The first exception of a thread takes memory for its state, and if there is none, the C library ends the process.
    // So every thread takes it at its beginning, from what is kept aside until all are there.
    explicit ThreadPool(int count) : parts_(count) {
        take_state_of_exceptions();
        if (count < 2) return;
        threads_.reserve(count);
        kept_ = count - 1;
        try {
            const std::unique_ptr<char[]> aside(new char[tuning::BYTES_FOR_THREADS_TO_BEGIN]);
            for (int w = 1; w < count; ++w) threads_.emplace_back([this, w] { serve(w); });
        } catch (const std::system_error&) {
            kept_ = (int)threads_.size() / 2;
        } catch (const std::bad_alloc&) {  // nor may it leave here: the threads that run have to be joined
            kept_ = (int)threads_.size() / 2;
        }
        may_begin_ = true;
        for (; (int)threads_.size() > kept_; threads_.pop_back()) threads_.back().join();
        while (begun_ < kept_) std::this_thread::yield();
    }
    ~ThreadPool() {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            ending_ = true;
            ++round_;
        }
        wake_.notify_all();
        for (std::thread& t : threads_) t.join();
    }
    ThreadPool(const ThreadPool&) = delete;

    int count() const { return (int)threads_.size() + 1; }

    // work(thread, first, last) for all chunks of [0, n); stop() now and then, true ends it early. Whether it was
    // finished. What a thread throws is thrown again here, after all have stopped.
    template <class Work, class Stop>
    bool run(int64_t n, int64_t chunk, Work&& work, Stop&& stop) {
        if (threads_.empty() || n <= chunk) {
            for (int64_t first = 0; first < n; first += chunk) {
                if (stop()) return false;
                work(0, first, std::min(n, first + chunk));
            }
            return true;
        }
        for (int p = 0; p < count(); ++p) {
            parts_[p].next = n / chunk * p / count() * chunk;
            parts_[p].end = p + 1 < count() ? n / chunk * (p + 1) / count() * chunk : n;
        }
        stopped_ = false;
        error_ = nullptr;
        job_ = [&](int thread) {
            for (int turn = 0; turn < count(); ++turn) {
                Part& part = parts_[(thread + turn) % count()];
                while (!stopped_) {
                    const int64_t first = part.next.fetch_add(chunk);
                    if (first >= part.end) break;
                    if (thread == 0 && stop()) {
                        stopped_ = true;
                        break;
                    }
                    work(thread, first, std::min(part.end, first + chunk));
                }
            }
        };
        busy_ = (int)threads_.size();
        {
            std::lock_guard<std::mutex> lock(mutex_);
            ++round_;
        }
        wake_.notify_all();
        attempt([this] { job_(0); });
        for (int spin = 0; busy_ != 0; ++spin)  // whatever happens, the others must not outlive what they work on
            if (spin > tuning::SPINS_BEFORE_YIELD) {
                std::this_thread::yield();
                if (spin % tuning::YIELDS_BETWEEN_CHECKS == 0 && !stopped_) attempt([&] { stopped_ = stop(); });
            }
        if (error_) std::rethrow_exception(error_);
        return !stopped_;
    }

  private:
    struct alignas(128) Part {  // of the range, on cache lines of its own
        std::atomic<int64_t> next{0};
        int64_t end = 0;
    };
    std::vector<std::thread> threads_;
    std::vector<Part> parts_;
    std::function<void(int)> job_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<uint64_t> round_{0};
    std::atomic<int> busy_{0};
    std::atomic<bool> stopped_{false}, may_begin_{false};
    std::atomic<int> begun_{0};
    int kept_ = 0;
    std::exception_ptr error_;
    bool ending_ = false;

    static void take_state_of_exceptions() {
        [[maybe_unused]] const volatile int asked = std::uncaught_exceptions();  // volatile: a pure call is left out
    }

    template <class Work>
    void attempt(Work&& work) {
        try {
            work();
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex_);
            if (!error_) error_ = std::current_exception();
            stopped_ = true;
        }
    }

    void serve(int thread) {
        while (!may_begin_) std::this_thread::yield();
        if (thread > kept_) return;
        take_state_of_exceptions();
        ++begun_;
        uint64_t seen = 0;
        while (true) {
            for (int spin = 0; spin < tuning::SPINS_BEFORE_SLEEP && round_ == seen; ++spin) {
            }
            if (round_ == seen) {
                std::unique_lock<std::mutex> lock(mutex_);
                wake_.wait(lock, [&] { return round_ != seen; });
            }
            seen = round_;
            {
                std::lock_guard<std::mutex> lock(mutex_);
                if (ending_) return;
            }
            attempt([&] { job_(thread); });
            --busy_;
        }
    }
};

}  // namespace polyrelu
