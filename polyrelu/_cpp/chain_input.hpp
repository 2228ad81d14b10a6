// Chain complexes as they are given: entries of one type in arrays that live elsewhere.
#pragma once

#include <string>
#include <vector>

#include "chain_complex.hpp"

namespace polyrelu::reduction {

// A chain complex whose entries all have one type: the one of narrow, wide and big that is filled.
struct Input {
    std::vector<Offset> ranks;
    std::vector<Offset> n_entries;  // of the boundary maps of degrees 1..n, as everything below
    std::vector<const Offset*> start;
    std::vector<const Index*> row;
    std::vector<const std::int8_t*> narrow;
    std::vector<const Word*> wide;
    std::vector<std::vector<mpz_class>> big;

    void add_big(const std::vector<std::string>& hexadecimal) {
        std::vector<mpz_class> values;
        for (const std::string& digits : hexadecimal) values.emplace_back(digits, 16);
        big.push_back(std::move(values));
    }
};

inline const std::int8_t* values(const std::int8_t* x) { return x; }
inline const Word* values(const Word* x) { return x; }
inline const mpz_class* values(const std::vector<mpz_class>& x) { return x.data(); }

template <class D, class Source>
ComplexView<D> view_of(const Input& input, const std::vector<Source>& source) {
    ComplexView<D> c{input.ranks, {}};
    for (std::size_t k = 0; k < source.size(); ++k)
        c.boundary.push_back({input.start[k], input.row[k], values(source[k])});
    return c;
}

template <class Run>
auto dispatch(const Input& input, Run run) {
    if (!input.big.empty()) return run(view_of<mpz_class>(input, input.big));
    if (!input.wide.empty()) return run(view_of<Word>(input, input.wide));
    return run(view_of<std::int8_t>(input, input.narrow));
}

}  // namespace polyrelu::reduction
