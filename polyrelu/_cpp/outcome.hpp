// How a subdivision ends.
#pragma once

namespace polyrelu {

// NOT_A_COMPLEX: signs contradict each other, which happens to uncertified ones only.
enum Outcome { FINISHED = 0, STOPPED = 1, TOO_MANY_CELLS = 2, NO_INTERIOR = 3, TOO_MUCH_MEMORY = 4, NOT_A_COMPLEX = 5 };

// Thrown where work has to end early.
struct Halt {
    Outcome why;
};

}  // namespace polyrelu
