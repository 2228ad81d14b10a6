// What the C++ tests share: a check that names what failed, and a main function that reports it.
#pragma once

#include <cstdio>
#include <string>

namespace testing {

struct Failure {
    std::string what;
};

inline void require(bool holds, const std::string& what) {
    if (!holds) throw Failure{what};
}

// Runs the tests of a program; its exit status.
template <class Tests>
int run(Tests&& tests) {
    try {
        tests();
    } catch (const Failure& failure) {
        std::fprintf(stderr, "failed: %s\n", failure.what.c_str());
        return 1;
    }
    std::printf("passed\n");
    return 0;
}

}  // namespace testing
