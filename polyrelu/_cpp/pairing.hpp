// Persistent homology of a filtered chain complex over a field: which cell ends the class that a cell begins.
//
// The cells of each degree are in the order in which they come. The boundary map of degree k is reduced by columns, from
// left to right, until the last entries of the columns are in different rows: then the cell of the row begins a class and
// that of the column ends it (Edelsbrunner, Letscher and Zomorodian 2002). It is done from the top degree down, because
// the column of a cell that begins a class is 0 after reduction (Chen and Kerber 2011).
//
// Union-find. If no column has more than two entries, as in degree 1 of a cell complex, they are relations
// v y_a + w y_b = 0 (or v y_a = 0) between unknowns y. Taken one after the other, each is either a consequence of those
// before or takes one degree of freedom from them: it joins two components, or makes all y of one component 0. The row
// that is paired is the latest that the relations make dependent on earlier ones: the later of the first rows of the two
// components, or the first row of the one. If no row has more than two entries, as in degree d of a complex in R^d, the
// same is done with rows and columns exchanged and both orders reversed. The pairs are the same, since they depend on
// nothing but the ranks of the parts of the matrix that consist of rows from some row on and columns up to some column
// (Cohen-Steiner, Edelsbrunner and Morozov 2006).
#pragma once

#include <algorithm>
#include <utility>

#include "chain_input.hpp"
#include "interrupt.hpp"
#include "outcome.hpp"

namespace polyrelu::reduction {

// The integers modulo a prime below 2^31.
struct PrimeField {
    using Element = std::int64_t;
    std::int64_t p;

    Element of(const mpz_class& x) const { return (Element)mpz_fdiv_ui(x.get_mpz_t(), (unsigned long)p); }
    Element of(Word x) const { return ((x % p) + p) % p; }
    Element sum(Element x, Element y) const { return (x + y) % p; }
    Element product(Element x, Element y) const { return x * y % p; }
    Element negative(Element x) const { return x == 0 ? 0 : p - x; }
    Element inverse(Element x) const {
        Element a = p, b = x, s = 0, t = 1;  // b = t x modulo p
        while (b != 1) {
            const Element q = a / b;
            std::swap(a -= q * b, b);
            std::swap(s -= q * t, t);
        }
        return of(t);
    }
};

struct Rationals {
    using Element = mpq_class;

    Element of(const mpz_class& x) const { return x; }
    Element of(Word x) const { return Element(static_cast<long>(x)); }
    Element sum(const Element& x, const Element& y) const { return x + y; }
    Element product(const Element& x, const Element& y) const { return x * y; }
    Element negative(const Element& x) const { return -x; }
    Element inverse(const Element& x) const { return 1 / x; }
};

// By degree k = 0..n - 1: cells of degree k that begin a class, and those of degree k + 1 that end it.
struct Pairs {
    std::vector<std::vector<Index>> birth, death;
};

template <class Field, class D>
class Pairing {
  public:
    using Element = typename Field::Element;

    Pairing(const ComplexView<D>& c, Field field, InterruptCheck& interrupt)
        : c_(c), field_(field), interrupt_(interrupt) {
        for (const Offset rank : c.ranks) {
            begins_.emplace_back(rank, 0);
            ends_.emplace_back(rank, 0);
        }
        pairs.birth.resize(c.top());
        pairs.death.resize(c.top());
        bool united = false;  // degree 1
        for (int k = c.top(); k >= 1; --k) {
            if (k == 1) {
                if (!united && !unite_columns(1)) reduce(1);
                break;
            }
            if (k == c.top() && unite_rows(k)) continue;
            // The columns of degree 2 do not need the rows of cells that end classes.
            if (k == 2) united = unite_columns(1);
            reduce(k);
        }
    }

    Pairs pairs;

  private:
    struct Entry {
        Index row;
        Element value;
        bool operator<(const Entry& other) const { return row < other.row; }
    };
    using Column = std::vector<Entry>;

    const ComplexView<D>& c_;
    const Field field_;
    InterruptCheck& interrupt_;
    std::vector<std::vector<char>> begins_, ends_;  // cells that begin a class that is ended, and that end one

    void pair(int k, Index birth, Index death) {
        begins_[k - 1][birth] = ends_[k][death] = 1;
        pairs.birth[k - 1].push_back(birth);
        pairs.death[k - 1].push_back(death);
    }

    // Linear relations in at most two unknowns each. An unknown is a multiple of the first of its component, or 0.
    class Unknowns {
      public:
        Unknowns(Offset n, Field field) : field_(field), parent_(n), factor_(n, field.of(Word(1))) {
            for (Offset i = 0; i < n; ++i) parent_[i] = static_cast<Index>(i);
        }

        // v y_a + w y_b = 0, or v y_a = 0 if b is -1. The unknown that is determined by it, or -1.
        Index relate(Index a, const Element& v, Index b, const Element& w) {
            const Index i = find(a), j = b < 0 ? ZERO : find(b);
            Element x = i == ZERO ? Element(0) : field_.product(v, factor_[a]);
            Element y = j == ZERO ? Element(0) : field_.product(w, factor_[b]);
            if (i == j) {
                if (i == ZERO || field_.sum(x, y) == 0) return -1;
                parent_[i] = ZERO;
                return i;
            }
            if (i == ZERO || j == ZERO) {
                const Index k = i == ZERO ? j : i;
                parent_[k] = ZERO;
                return k;
            }
            const Index later = std::max(i, j);
            if (later == i) std::swap(x, y);  // x y_earlier + y y_later = 0
            parent_[later] = std::min(i, j);
            factor_[later] = field_.negative(field_.product(x, field_.inverse(y)));
            return later;
        }

      private:
        static constexpr Index ZERO = -1;
        Field field_;
        std::vector<Index> parent_;
        std::vector<Element> factor_;  // y_i = factor_i y_(parent of i)
        std::vector<Index> path_;

        // The first unknown of the component of i, of which y_i is a multiple by factor_i afterwards.
        Index find(Index i) {
            path_.clear();
            while (parent_[i] != i) {
                path_.push_back(i);
                i = parent_[i];
                if (i == ZERO) break;
            }
            for (std::size_t t = path_.size(); t-- > 1;) {
                const Index x = path_[t - 1];
                if (i != ZERO) factor_[x] = field_.product(factor_[x], factor_[path_[t]]);
                parent_[x] = i;
            }
            return i;
        }
    };

    bool unite_columns(int k) {
        const View<D>& m = c_.map(k);
        for (Offset j = 0; j < c_.ranks[k]; ++j)
            if (m.start[j + 1] - m.start[j] > 2) return false;
        Unknowns unknowns(c_.ranks[k - 1], field_);
        for (Offset j = 0; j < c_.ranks[k]; ++j) {
            interrupt_.tick();
            if (begins_[k][j]) continue;
            Index row[2] = {-1, -1};
            Element value[2] = {};
            int n = 0;
            for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
                const Element x = field_.of(m.value[e]);
                if (x == 0) continue;
                row[n] = m.row[e];
                value[n++] = x;
            }
            if (n == 0) continue;
            const Index born = unknowns.relate(row[0], value[0], row[1], value[1]);
            if (born >= 0) pair(k, born, static_cast<Index>(j));
        }
        return true;
    }

    bool unite_rows(int k) {
        const View<D>& m = c_.map(k);
        const Offset rows = c_.ranks[k - 1], columns = c_.ranks[k];
        std::vector<char> size(rows, 0);
        for (Offset e = 0; e < m.start[columns]; ++e)
            if (++size[m.row[e]] > 2) return false;
        std::vector<Index> column(2 * rows, -1);  // counted from the last one
        std::vector<Element> value(2 * rows);
        for (Offset j = 0; j < columns; ++j)
            for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
                const Element x = field_.of(m.value[e]);
                if (x == 0) continue;
                const Offset at = 2 * Offset(m.row[e]) + (column[2 * Offset(m.row[e])] >= 0);
                column[at] = static_cast<Index>(columns - 1 - j);
                value[at] = x;
            }
        Unknowns unknowns(columns, field_);
        for (Offset i = rows - 1; i >= 0; --i) {
            interrupt_.tick();
            if (column[2 * i] < 0) continue;
            const Index dies = unknowns.relate(column[2 * i], value[2 * i], column[2 * i + 1], value[2 * i + 1]);
            if (dies >= 0) pair(k, static_cast<Index>(i), static_cast<Index>(columns - 1 - dies));
        }
        return true;
    }

    void reduce(int k) {
        const View<D>& m = c_.map(k);
        std::vector<Column> reduced;
        std::vector<Index> with_last(c_.ranks[k - 1], -1);
        Column column;  // a heap: several entries may be in one row
        const auto add = [&](Index row, const Element& x) {
            column.push_back({row, x});
            std::push_heap(column.begin(), column.end());
        };
        // Takes the last entry that is not 0; whether there is one.
        const auto take_last = [&](Entry& last) {
            while (!column.empty()) {
                last = column.front();
                do {
                    interrupt_.tick();
                    std::pop_heap(column.begin(), column.end());
                    column.pop_back();
                    if (column.empty() || column.front().row != last.row) break;
                    last.value = field_.sum(last.value, column.front().value);
                } while (true);
                if (last.value != 0) return true;
            }
            return false;
        };
        for (Offset j = 0; j < c_.ranks[k]; ++j) {
            if (begins_[k][j]) continue;
            check_gmp_memory();
            column.clear();
            for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
                if (ends_[k - 1][m.row[e]]) continue;  // as far as it is known
                const Element x = field_.of(m.value[e]);
                if (x != 0) add(m.row[e], x);
            }
            Entry last;
            while (take_last(last)) {
                const Index other = with_last[last.row];
                if (other >= 0) {
                    const Element factor = field_.negative(last.value);
                    for (const Entry& x : reduced[other]) add(x.row, field_.product(factor, x.value));
                    continue;
                }
                const Element inverse = field_.inverse(last.value);
                Column rest;  // what is below the last entry, which is made 1
                const Index row = last.row;
                while (take_last(last)) rest.push_back({last.row, field_.product(inverse, last.value)});
                with_last[row] = static_cast<Index>(reduced.size());
                reduced.push_back(std::move(rest));
                pair(k, row, static_cast<Index>(j));
                break;
            }
        }
    }
};

// characteristic: a prime p for the field of p elements, 0 for the rational numbers.
inline Outcome find_pairs(const Input& input, std::int64_t characteristic, InterruptCheck& interrupt, Pairs& pairs) {
    return outcome_of([&] {
        dispatch(input, [&](const auto& c) {
            using D = std::remove_const_t<std::remove_pointer_t<decltype(c.map(1).value)>>;
            if (characteristic)
                pairs = Pairing<PrimeField, D>(c, PrimeField{characteristic}, interrupt).pairs;
            else
                pairs = Pairing<Rationals, D>(c, Rationals{}, interrupt).pairs;
            return 0;
        });
    });
}

}  // namespace polyrelu::reduction
