// How work ends.
#pragma once

namespace polyrelu {

enum Outcome {
    FINISHED = 0,
    STOPPED = 1,  // the callback asked for it
    CELL_LIMIT_REACHED = 2,
    MEMORY_LIMIT_REACHED = 3,
    DOMAIN_WITHOUT_INTERIOR = 4,
    SIGNS_CONTRADICT = 5,  // they belong to no complex, which happens to uncertified ones only
};

// Thrown where work has to end early.
struct Halt {
    Outcome why;
};

// Runs the work; how it ended.
template <class Work>
Outcome outcome_of(Work&& work) {
    try {
        work();
        return FINISHED;
    } catch (const Halt& halt) {
        return halt.why;
    }
}

}  // namespace polyrelu
