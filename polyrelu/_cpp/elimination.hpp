// Elimination of unit pivots from the boundary maps of a chain complex.
//
// Elimination of the +1 and -1 entries that remain, in an order after Markowitz: for the pivot u at row a and
// column b every other column y with an entry v in row a becomes y - u v b; then a and b leave the complex. This is
// a change of basis followed by the removal of the acyclic summand Z b -> Z a; row b of the next boundary map and
// column a of the previous one are dropped unchanged, since the map composed with each is zero.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <queue>
#include <utility>

#include "chain_complex.hpp"
#include "interrupt.hpp"
#include "matching.hpp"

namespace polyrelu::reduction {

template <class T>
struct Entry {
    Index row;
    T value;
};

// One sparse matrix from which unit pivots are taken. Columns are sorted by row. column_with_[i] lists every column
// that has an entry in row i, and possibly columns that have lost theirs.
template <class T>
class Elimination {
  public:
    using Column = std::vector<Entry<T>>;

    // `pivots`: where to write down what is eliminated; may be null.
    Elimination(std::vector<Column>&& columns, Offset n_rows, InterruptCheck& interrupt, Pivots* pivots = nullptr)
        : column_(std::move(columns)),
          column_with_(n_rows),
          row_length_(n_rows, 0),
          interrupt_(interrupt),
          pivots_(pivots) {
        for (std::size_t j = 0; j < column_.size(); ++j)
            for (const Entry<T>& e : column_[j]) {
                column_with_[e.row].push_back(static_cast<Index>(j));
                ++row_length_[e.row];
            }
    }

    // Calls taken(row, column) for every pivot; leaves the matrix without units and returns it.
    template <class Taken>
    std::vector<Column> run(Taken taken) {
        for (std::size_t j = 0; j < column_.size(); ++j) offer(static_cast<Index>(j));
        // Invariant: every column with a unit entry is offered, with a cost that was right when it was offered.
        while (!offers_.empty()) {
            const Offer offer_made = offers_.top();
            offers_.pop();
            const Index j = offer_made.second;
            const Candidate best = candidate(j);
            if (best.entry < 0) continue;
            if (best.cost > offer_made.first) {
                offers_.push({best.cost, j});
                continue;
            }
            taken(column_[j][best.entry].row, j);
            eliminate(j, best.entry);
        }
        return std::move(column_);
    }

  private:
    using Offer = std::pair<Offset, Index>;  // cost, column
    struct Candidate {
        Offset cost;
        Offset entry;  // -1 if the column has no unit
    };

    std::vector<Column> column_;
    std::vector<std::vector<Index>> column_with_;
    std::vector<Index> row_length_;
    InterruptCheck& interrupt_;
    Pivots* pivots_;
    std::priority_queue<Offer, std::vector<Offer>, std::greater<Offer>> offers_;
    Column merged_;

    // The unit of column j in the shortest row; its Markowitz cost bounds the fill-in.
    Candidate candidate(Index j) const {
        Candidate best{0, -1};
        const Offset length = static_cast<Offset>(column_[j].size());
        for (Offset e = 0; e < length; ++e) {
            if (!is_unit(column_[j][e].value)) continue;
            const Offset cost = (length - 1) * Offset(row_length_[column_[j][e].row] - 1);
            if (best.entry < 0 || cost < best.cost) best = {cost, e};
        }
        return best;
    }

    void offer(Index j) {
        const Candidate best = candidate(j);
        if (best.entry >= 0) offers_.push({best.cost, j});
    }

    void eliminate(Index p, Offset entry) {
        const Index row = column_[p][entry].row;
        const T minus_u = negated(column_[p][entry].value);
        if (pivots_) note_column(p, row, minus_u == 1 ? -1 : 1);
        for (const Index j : column_with_[row]) {
            if (j == p) continue;
            const auto found = std::lower_bound(column_[j].begin(), column_[j].end(), row,
                                                [](const Entry<T>& e, Index r) { return e.row < r; });
            if (found == column_[j].end() || found->row != row) continue;
            if (pivots_) pivots_->in_row.add(j, found->value);
            add_multiple(j, product(minus_u, found->value), p);
            offer(j);
        }
        if (pivots_) pivots_->in_row.finish_vector();
        for (const Entry<T>& e : column_[p]) --row_length_[e.row];
        Column().swap(column_[p]);
        std::vector<Index>().swap(column_with_[row]);
    }

    void note_column(Index p, Index row, int unit) {
        pivots_->row.push_back(row);
        pivots_->column.push_back(p);
        pivots_->unit.push_back(static_cast<std::int8_t>(unit));
        for (const Entry<T>& e : column_[p])
            if (e.row != row) pivots_->in_column.add(e.row, e.value);
        pivots_->in_column.finish_vector();
    }

    // column j += factor * column p
    void add_multiple(Index j, const T& factor, Index p) {
        merged_.clear();
        Column &x = column_[j], &y = column_[p];
        auto s = x.begin();
        for (const Entry<T>& e : y) {
            for (; s != x.end() && s->row < e.row; ++s) {
                interrupt_.tick();
                merged_.push_back(std::move(*s));
            }
            interrupt_.tick();
            if (s != x.end() && s->row == e.row) {
                add_product(s->value, factor, e.value);
                if (s->value != 0)
                    merged_.push_back(std::move(*s));
                else
                    --row_length_[e.row];
                ++s;
            } else {
                merged_.push_back({e.row, product(factor, e.value)});
                column_with_[e.row].push_back(j);
                ++row_length_[e.row];
            }
        }
        for (; s != x.end(); ++s) merged_.push_back(std::move(*s));
        x.assign(std::make_move_iterator(merged_.begin()), std::make_move_iterator(merged_.end()));
    }
};

struct Remainder {
    Offset n_rows = 0;
    Offset n_columns = 0;
    std::vector<Offset> row;
    std::vector<Offset> column;
    std::vector<std::string> value;  // hexadecimal
};

struct Result {
    std::vector<Remainder> boundary;  // of degrees 1..n
    std::vector<Offset> n_pivots;     // of degrees 1..n
};

// `pivots`: of degrees 1..n, to be filled; may be null.
template <class T>
void eliminate_units(const Complex<T>& c, InterruptCheck& interrupt, Result& result, std::vector<Pivots>* pivots) {
    const int top = static_cast<int>(c.ranks.size()) - 1;
    std::vector<std::vector<char>> alive;
    for (const Offset rank : c.ranks) alive.emplace_back(rank, 1);
    std::vector<std::vector<std::vector<Entry<T>>>> rest;
    for (int k = 1; k <= top; ++k) {
        const auto& m = c.boundary[k - 1];
        std::vector<std::vector<Entry<T>>> columns(c.ranks[k]);
        for (Offset j = 0; j < c.ranks[k]; ++j)
            for (Offset e = m.start[j]; e < m.start[j + 1]; ++e)
                if (alive[k - 1][m.row[e]]) columns[j].push_back({m.row[e], m.value[e]});
        Pivots* noted = pivots ? &pivots->emplace_back() : nullptr;
        Elimination<T> elimination(std::move(columns), c.ranks[k - 1], interrupt, noted);
        rest.push_back(elimination.run([&](Index row, Index column) {
            alive[k - 1][row] = 0;
            alive[k][column] = 0;
            ++result.n_pivots[k - 1];
        }));
    }
    std::vector<std::vector<Offset>> number;
    std::vector<Offset> n_alive;
    for (const auto& flags : alive) {
        number.emplace_back(flags.size());
        Offset n = 0;
        for (std::size_t i = 0; i < flags.size(); ++i) number.back()[i] = flags[i] ? n++ : -1;
        n_alive.push_back(n);
    }
    for (int k = 1; k <= top; ++k) {
        Remainder r;
        r.n_rows = n_alive[k - 1];
        r.n_columns = n_alive[k];
        for (Offset j = 0; j < c.ranks[k]; ++j) {
            if (!alive[k][j]) continue;
            for (const Entry<T>& e : rest[k - 1][j]) {
                r.row.push_back(number[k - 1][e.row]);
                r.column.push_back(number[k][j]);
                r.value.push_back(to_hexadecimal(e.value));
            }
        }
        result.boundary.push_back(std::move(r));
    }
}

}  // namespace polyrelu::reduction
