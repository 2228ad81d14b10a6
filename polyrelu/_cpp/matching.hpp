// What a reduction did, step by step: enough for the maps between a complex and the small one that it was reduced to.
#pragma once

#include <string>
#include <vector>

#include "chain_complex.hpp"

namespace polyrelu::reduction {

// The matching of one coreduction. Cells of all degrees are numbered through, and the vectors have an entry for each.
struct Matching {
    static constexpr Index kCritical = -1;

    std::vector<Index> partner;  // the number of the other cell of the pair; kCritical
    std::vector<Index> step;     // when the cell was removed: steps are counted from 0, a pair is one
    std::vector<Index> image;    // p of the cell, see Coreduction::image_

    void resize(Offset n_cells) {
        partner.assign(n_cells, kCritical);
        step.assign(n_cells, 0);
        n_steps_ = 0;
    }
    void pair(Offset a, Offset b) {
        partner[a] = static_cast<Index>(b);
        partner[b] = static_cast<Index>(a);
        step[a] = step[b] = n_steps_++;
    }
    void critical(Offset c) { step[c] = n_steps_++; }

  private:
    Index n_steps_ = 0;
};

// Integers of any size: all of them words, or all of them hexadecimal digits.
struct Integers {
    bool big = false;
    std::vector<Word> words;
    std::vector<std::string> digits;

    void push_back(Word x) { words.push_back(x); }
    void push_back(const mpz_class& x) {
        big = true;
        digits.push_back(to_hexadecimal(x));
    }
};

// A list of sparse vectors, one after the other: vector i has the places index[start[i]..start[i + 1]) and as many values.
struct SparseVectors {
    std::vector<Offset> start{0};
    std::vector<Index> index;
    Integers value;

    template <class T>
    void add(Index i, const T& x) {
        index.push_back(i);
        value.push_back(x);
    }
    void finish_vector() { start.push_back(static_cast<Offset>(index.size())); }
};

template <class Columns>
SparseVectors columns_of(const Columns& columns) {
    SparseVectors copy;
    copy.start = columns.start;
    copy.index = columns.row;
    for (const auto& x : columns.value) copy.value.push_back(x);
    return copy;
}

// One coreduction: the matching of a complex, and the complex of its critical cells.
struct Round {
    Matching matching;
    std::vector<Offset> ranks;
    std::vector<SparseVectors> boundary;  // of degrees 1..n, columns

    template <class T>
    void set_critical_complex(const Complex<T>& m) {
        ranks = m.ranks;
        for (const auto& columns : m.boundary) boundary.push_back(columns_of(columns));
    }
};

// The unit pivots that were eliminated from one boundary map, in this order, with what stood beside each at that time.
struct Pivots {
    std::vector<Index> row;
    std::vector<Index> column;
    std::vector<std::int8_t> unit;
    SparseVectors in_row;     // the other entries of the row, by columns
    SparseVectors in_column;  // the other entries of the column, by rows
};

struct Trace {
    std::vector<Round> rounds;
    std::vector<Pivots> pivots;  // of degrees 1..n, in the complex that the last round left
};

}  // namespace polyrelu::reduction
