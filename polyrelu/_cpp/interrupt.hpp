// The one callback of long work: it is told how far the work has come, and answers whether to stop it.
#pragma once

#include <chrono>
#include <cstdint>

#include "outcome.hpp"
#include "tuning.hpp"

namespace polyrelu {

struct Progress {
    int stage = 0;  // of a subdivision; the degree of a chain complex
    int64_t done = 0, total = 0;  // neurons
    int64_t cells = 0;
};

// True stops the work.
using Callback = bool (*)(void* context, const Progress&);

class InterruptCheck {
  public:
    // Without a callback nothing stops the work.
    explicit InterruptCheck(Callback callback = nullptr, void* context = nullptr)
        : callback_(callback), context_(context) {}

    Progress progress;  // what is reported

    // Asks, if it is time to ask again, after update(progress). Whether to stop.
    template <class Update>
    bool stop(Update&& update) {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < tuning::INTERRUPT_INTERVAL) return false;
        last_ = now;
        update(progress);
        return callback_ && callback_(context_, progress);
    }

    // The same within loops whose steps take a few nanoseconds: few of them look at the clock.
    void tick() {
        if (++steps_ < tuning::STEPS_BETWEEN_CLOCKS) return;
        steps_ = 0;
        if (stop([](Progress&) {})) throw Halt{STOPPED};
    }

  private:
    Callback callback_;
    void* context_;
    uint32_t steps_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace polyrelu
