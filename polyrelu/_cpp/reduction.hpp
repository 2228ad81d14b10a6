// Reduction of a free chain complex over Z to a small one with the same homology, by pivots +1 and -1 only.
//
// 1. Coreduction (Mrozek and Batko, "Coreduction homology algorithm", 2009), here without an augmentation.
//    Cells are removed one step at a time, and S denotes the span of the removed ones. A step removes
//      a pair (a, b) with  boundary(b) = u a + (a chain of S)  and  u = +1 or -1,  or
//      a critical cell c with  boundary(c)  in S: no pair is left and c has the least degree of all remaining cells.
//    S is a subcomplex after every step: boundary(boundary(b)) = 0 gives boundary(a) = -u boundary(chain of S).
//
//    Claim: let M be spanned by the critical cells and define p : S -> M along the removal order by
//      p(c) = c,   p(b) = 0,   p(a) = -u p(boundary(b) - u a),   and in M   boundary(c) = p(boundary(c)).
//    Then p is a chain map that induces isomorphisms in homology.
//    Proof, one step at a time. Critical c: p(boundary c) = boundary(p c) by definition, hence also
//    boundary(boundary c) = p(boundary boundary c) = 0 in M. Pair: p(boundary b) = u p(a) + p(boundary b - u a) = 0
//    = boundary(p b), and boundary(p a) = -u p(boundary(boundary b - u a)) = u u p(boundary a) = p(boundary a). The
//    step enlarges S by a relative complex that is one cell c, mapped identically to the cell c added to M, or is
//    Z b -> Z a, an isomorphism, with nothing added to M; the five lemma finishes the step. QED
//
//    So p of a chain is computed by taking its cells in descending removal order: a critical cell is kept, an upper
//    partner b is dropped, a lower partner a is exchanged for a - u boundary(b), whose cells were removed before a.
//    p(x) is written down at once wherever it is 0 or plus or minus one critical cell ("short"); only the other
//    lower partners ("long") are expanded. For vertices of a cell complex that makes the step a union-find.
//
// 2. Elimination of the +1 and -1 entries that remain, in an order after Markowitz: for the pivot u at row a and
//    column b every other column y with an entry v in row a becomes y - u v b; then a and b leave the complex. This is
//    a change of basis followed by the removal of the acyclic summand Z b -> Z a; row b of the next boundary map and
//    column a of the previous one are dropped unchanged, since the map composed with each is zero.
//
// Nothing is ever divided, so all is exact over Z. The arithmetic is on int64_t with every overflow detected; on
// overflow the same code runs on GMP integers.

#pragma once

#include <gmpxx.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <queue>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "memory.hpp"

namespace reduction {

using Index = std::int32_t;
using Offset = std::int64_t;
using Word = std::int64_t;

struct Overflow {};

struct Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted") {}
};

// Asked about ten times a second whether to stop, if it is set: once, before all work. (For Python it handles pending
// signals; the exception that a handler raises stays set in the thread, and takes the place of Interrupted.)
inline bool (*poll)() = nullptr;

class Pulse {
  public:
    void tick() {
        if (++count_ < period) return;
        count_ = 0;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(100)) return;
        last_ = now;
        if (poll && poll()) throw Interrupted();
    }

  private:
    static constexpr std::uint32_t period = 1u << 16;
    std::uint32_t count_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// --- integers ------------------------------------------------------------------------------------------------------

template <class T>
T widen(std::int8_t x) { return T(static_cast<long>(x)); }
template <class T>
T widen(Word x) { return T(static_cast<long>(x)); }
template <class T>
const T& widen(const mpz_class& x) { return x; }

inline void add_product(Word& sum, Word x, Word y) {
    Word product;
    if (__builtin_mul_overflow(x, y, &product) || __builtin_add_overflow(sum, product, &sum)) throw Overflow();
}
inline void add_product(mpz_class& sum, const mpz_class& x, const mpz_class& y) {
    polyrelu::check_gmp_memory();
    mpz_addmul(sum.get_mpz_t(), x.get_mpz_t(), y.get_mpz_t());
}

inline Word product(Word x, Word y) {
    Word result;
    if (__builtin_mul_overflow(x, y, &result)) throw Overflow();
    return result;
}
inline mpz_class product(const mpz_class& x, const mpz_class& y) {
    polyrelu::check_gmp_memory();
    return x * y;
}

inline Word negated(Word x) { return product(x, Word(-1)); }
inline mpz_class negated(const mpz_class& x) { return -x; }

template <class T>
bool is_unit(const T& x) { return x == 1 || x == -1; }

inline bool fits_int(std::int8_t) { return true; }
inline bool fits_int(Word x) { return x == static_cast<Word>(static_cast<int>(x)); }
inline bool fits_int(const mpz_class& x) { return x.fits_sint_p(); }
inline Word to_word(std::int8_t x) { return x; }
inline Word to_word(Word x) { return x; }
inline Word to_word(const mpz_class& x) { return x.get_si(); }

// run(Word()) for entries of type D that fit a word, and run(mpz_class()) if that overflows or they do not.
template <class D, class Run>
auto words_then_integers(Run run) {
    if constexpr (!std::is_same_v<D, mpz_class>) {
        try {
            return run(Word());
        } catch (const Overflow&) {
        }
    }
    return run(mpz_class());
}

inline std::string to_hexadecimal(Word x) { return mpz_class(static_cast<long>(x)).get_str(16); }
inline std::string to_hexadecimal(const mpz_class& x) { return x.get_str(16); }

// --- chain complexes -----------------------------------------------------------------------------------------------

// Compressed columns that live elsewhere: column j has rows row[start[j]..start[j+1]) and as many non-zero values.
template <class D>
struct View {
    const Offset* start;
    const Index* row;
    const D* value;
};

template <class D>
struct ComplexView {
    std::vector<Offset> ranks;       // of degrees 0..n
    std::vector<View<D>> boundary;   // boundary[k - 1] : C_k -> C_{k-1}

    int top() const { return static_cast<int>(ranks.size()) - 1; }
    const View<D>& map(int k) const { return boundary[k - 1]; }
};

template <class T>
struct Complex {
    struct Columns {
        std::vector<Offset> start;
        std::vector<Index> row;
        std::vector<T> value;
    };
    std::vector<Offset> ranks;
    std::vector<Columns> boundary;

    Offset n_cells() const {
        Offset n = 0;
        for (const Offset rank : ranks) n += rank;
        return n;
    }

    ComplexView<T> view() const {
        ComplexView<T> v{ranks, {}};
        for (const Columns& c : boundary) v.boundary.push_back({c.start.data(), c.row.data(), c.value.data()});
        return v;
    }
};

// --- validation ----------------------------------------------------------------------------------------------------

enum FaultKind { kSound = 0, kStarts, kRowRange, kRepeatedRow, kZeroEntry, kProduct };

struct Fault {
    int kind = kSound;
    int degree = 0;
    Offset row = 0;
    Offset column = 0;
};

// The offsets and indices of one map; afterwards it is safe to walk through it.
template <class D>
Fault check_map(const ComplexView<D>& c, int k, Offset n_entries, Pulse& pulse) {
    const View<D>& m = c.map(k);
    const Offset n_rows = c.ranks[k - 1], n_columns = c.ranks[k];
    if (m.start[0] != 0 || m.start[n_columns] != n_entries) return {kStarts, k, 0, 0};
    for (Offset j = 0; j < n_columns; ++j)
        if (m.start[j] > m.start[j + 1]) return {kStarts, k, 0, j};
    std::vector<Index> seen_in(n_rows, -1);
    for (Offset j = 0; j < n_columns; ++j) {
        for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
            pulse.tick();
            const Offset i = m.row[e];
            if (i < 0 || i >= n_rows) return {kRowRange, k, i, j};
            if (seen_in[i] == j) return {kRepeatedRow, k, i, j};
            if (m.value[e] == 0) return {kZeroEntry, k, i, j};
            seen_in[i] = static_cast<Index>(j);
        }
    }
    return {};
}

// Whether boundary(k - 1) boundary(k) = 0, column by column with a dense accumulator.
template <class T, class D>
Fault check_product(const ComplexView<D>& c, int k, Pulse& pulse) {
    const View<D>&lower = c.map(k - 1), &upper = c.map(k);
    std::vector<T> sum(c.ranks[k - 2]);
    std::vector<Index> touched;
    for (Offset j = 0; j < c.ranks[k]; ++j) {
        touched.clear();
        for (Offset e = upper.start[j]; e < upper.start[j + 1]; ++e) {
            const T& x = widen<T>(upper.value[e]);
            const Index i = upper.row[e];
            for (Offset f = lower.start[i]; f < lower.start[i + 1]; ++f) {
                pulse.tick();
                const T& y = widen<T>(lower.value[f]);
                add_product(sum[lower.row[f]], x, y);
                touched.push_back(lower.row[f]);
            }
        }
        for (const Index r : touched) {
            if (sum[r] != 0) return {kProduct, k, r, j};
        }
    }
    return {};
}

template <class D>
Fault check_complex(const ComplexView<D>& c, const std::vector<Offset>& n_entries) {
    Pulse pulse;
    for (int k = 1; k <= c.top(); ++k) {
        const Fault fault = check_map(c, k, n_entries[k - 1], pulse);
        if (fault.kind != kSound) return fault;
    }
    for (int k = 2; k <= c.top(); ++k) {
        const Fault fault =
            words_then_integers<D>([&](auto zero) { return check_product<decltype(zero)>(c, k, pulse); });
        if (fault.kind != kSound) return fault;
    }
    return {};
}

// --- coreduction ---------------------------------------------------------------------------------------------------

// Cells of all degrees are numbered through: cell i of degree k is base[k] + i.
template <class D>
class Coreduction {
  public:
    Coreduction(const ComplexView<D>& complex, Pulse& pulse) : c_(complex), pulse_(pulse), base_(1, 0) {
        for (const Offset rank : c_.ranks) base_.push_back(base_.back() + rank);
        critical_.resize(c_.ranks.size());
        n_pairs_.assign(c_.ranks.size(), 0);
        image_.assign(base_.back(), kRemaining);
        order_.resize(base_.back());
        match();
    }

    // Number of pairs whose upper partner has degree k, for k = 0..n.
    const std::vector<Offset>& n_pairs() const { return n_pairs_; }

    // The complex M of the critical cells.
    template <class T>
    Complex<T> critical_complex() {
        Complex<T> m;
        for (const auto& cells : critical_) m.ranks.push_back(static_cast<Offset>(cells.size()));
        for (int k = 1; k <= c_.top(); ++k) m.boundary.push_back(project_boundaries<T>(k));
        return m;
    }

  private:
    // image_[x] is p(x): +(i + 1) or -(i + 1) for plus or minus the critical cell i of the same degree, 0 for zero.
    static constexpr Index kRemaining = std::numeric_limits<Index>::min();
    static constexpr Index kLong = kRemaining + 1;

    const ComplexView<D>& c_;
    Pulse& pulse_;
    std::vector<Offset> base_;
    std::vector<std::vector<Index>> critical_;  // by degree, the critical cells in the order of their removal
    std::vector<Offset> n_pairs_;
    std::vector<Index> image_;
    std::vector<Index> order_;       // of a long lower partner: the number of its pair among the long ones
    std::vector<Index> long_upper_;  // by that number: the index, in its degree, of the upper partner

    // Scratch of match().
    std::vector<Index> n_faces_;  // remaining faces of a remaining cell
    std::vector<Offset> coface_start_;
    std::vector<Index> coface_;
    std::vector<Index> queue_;  // cells that had one remaining face when they were put here, each at most once

    int degree_of(Index x) const {
        return static_cast<int>(std::upper_bound(base_.begin(), base_.end(), Offset(x)) - base_.begin()) - 1;
    }

    void build_cofaces() {
        coface_start_.assign(base_.back() + 1, 0);
        n_faces_.assign(base_.back(), 0);
        for (int k = 1; k <= c_.top(); ++k) {
            const View<D>& m = c_.map(k);
            for (Offset e = 0; e < m.start[c_.ranks[k]]; ++e) ++coface_start_[base_[k - 1] + m.row[e] + 1];
        }
        for (Offset x = 0; x < base_.back(); ++x) coface_start_[x + 1] += coface_start_[x];
        coface_.resize(coface_start_.back());
        std::vector<Index> filled(base_.back(), 0);
        for (int k = 1; k <= c_.top(); ++k) {
            const View<D>& m = c_.map(k);
            for (Offset j = 0; j < c_.ranks[k]; ++j) {
                n_faces_[base_[k] + j] = static_cast<Index>(m.start[j + 1] - m.start[j]);
                for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
                    pulse_.tick();
                    const Offset x = base_[k - 1] + m.row[e];
                    coface_[coface_start_[x] + filled[x]++] = static_cast<Index>(base_[k] + j);
                }
            }
        }
    }

    void release_cofaces(Offset x) {
        for (Offset e = coface_start_[x]; e < coface_start_[x + 1]; ++e) {
            pulse_.tick();
            if (--n_faces_[coface_[e]] == 1) queue_.push_back(coface_[e]);
        }
    }

    // p of the lower partner with index i, degree k - 1, when b has index j: short if it has at most one term.
    Index short_image(int k, Offset j, Index i) const {
        const View<D>& m = c_.map(k);
        constexpr int capacity = 4;
        Index root[capacity];
        Word sum[capacity];
        int n_roots = 0;
        Word u = 0;
        for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
            if (!fits_int(m.value[e])) return kLong;  // below 2^31, so that the sums cannot overflow
            if (m.row[e] == i) {
                u = to_word(m.value[e]);
                continue;
            }
            const Index image = image_[base_[k - 1] + m.row[e]];
            if (image == kLong) return kLong;
            if (image == 0) continue;
            const Index r = image > 0 ? image : -image;
            const Word x = image > 0 ? to_word(m.value[e]) : -to_word(m.value[e]);
            int t = 0;
            while (t < n_roots && root[t] != r) ++t;
            if (t == capacity) return kLong;
            if (t == n_roots) {
                root[n_roots] = r;
                sum[n_roots++] = 0;
            }
            sum[t] += x;
        }
        Index result = 0;
        for (int t = 0; t < n_roots; ++t) {
            if (sum[t] == 0) continue;
            if (result != 0 || !is_unit(sum[t])) return kLong;
            result = sum[t] == -u ? root[t] : -root[t];
        }
        return result;
    }

    void drain_queue(std::size_t& head) {
        for (; head < queue_.size(); ++head) {
            pulse_.tick();
            const Index b = queue_[head];
            if (image_[b] != kRemaining || n_faces_[b] != 1) continue;
            const int k = degree_of(b);
            const Offset j = b - base_[k];
            const View<D>& m = c_.map(k);
            Offset e = m.start[j];
            while (image_[base_[k - 1] + m.row[e]] != kRemaining) ++e;
            if (!is_unit(m.value[e])) continue;
            const Index i = m.row[e];
            const Offset a = base_[k - 1] + i;
            image_[a] = short_image(k, j, i);
            image_[b] = 0;
            if (image_[a] == kLong) {
                order_[a] = static_cast<Index>(long_upper_.size());
                long_upper_.push_back(static_cast<Index>(j));
            }
            ++n_pairs_[k];
            release_cofaces(a);
            release_cofaces(b);
        }
    }

    void match() {
        build_cofaces();
        std::size_t head = 0;
        for (Offset x = 0; x < base_.back(); ++x)
            if (n_faces_[x] == 1) queue_.push_back(static_cast<Index>(x));
        drain_queue(head);
        for (int k = 0; k <= c_.top(); ++k) {
            for (Offset j = 0; j < c_.ranks[k]; ++j) {
                const Offset x = base_[k] + j;
                pulse_.tick();
                if (image_[x] != kRemaining) continue;
                // Every cell of a lower degree is gone, so the boundary of x lies in the removed part.
                critical_[k].push_back(static_cast<Index>(j));
                image_[x] = static_cast<Index>(critical_[k].size());
                release_cofaces(x);
                drain_queue(head);
            }
        }
        n_faces_ = {};
        coface_start_ = {};
        coface_ = {};
        queue_ = {};
    }

    // boundary(k) of M: p(boundary(c)) for the critical cells c of degree k.
    template <class T>
    typename Complex<T>::Columns project_boundaries(int k) {
        const View<D>& m = c_.map(k);
        typename Complex<T>::Columns out;
        out.start.push_back(0);
        std::vector<T> kept(critical_[k - 1].size());
        std::vector<Index> touched;
        std::vector<T> pending(long_upper_.size());
        std::vector<char> queued(long_upper_.size(), 0);
        std::priority_queue<Index> latest;  // long pairs in the chain, the one removed last on top

        const auto add = [&](const T& factor, Offset j, Index without) {
            for (Offset e = m.start[j]; e < m.start[j + 1]; ++e) {
                pulse_.tick();
                const Offset x = base_[k - 1] + m.row[e];
                const Index image = image_[x];
                if (image == 0) continue;
                const T& value = widen<T>(m.value[e]);
                if (image == kLong) {
                    const Index t = order_[x];
                    if (t == without) continue;
                    add_product(pending[t], factor, value);
                    if (!queued[t]) {
                        queued[t] = 1;
                        latest.push(t);
                    }
                } else {
                    const Index i = (image > 0 ? image : -image) - 1;
                    add_product(kept[i], image > 0 ? factor : T(negated(factor)), value);
                    touched.push_back(i);
                }
            }
        };

        for (const Index c : critical_[k]) {
            add(T(1), c, -1);
            while (!latest.empty()) {
                const Index t = latest.top();
                latest.pop();
                queued[t] = 0;
                if (pending[t] == 0) continue;
                T factor = 0;
                std::swap(factor, pending[t]);
                const Offset b = long_upper_[t];
                Offset e = m.start[b];
                while (image_[base_[k - 1] + m.row[e]] != kLong || order_[base_[k - 1] + m.row[e]] != t) ++e;
                if (m.value[e] == 1) factor = negated(factor);
                add(factor, b, t);
            }
            std::sort(touched.begin(), touched.end());
            touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
            for (const Index i : touched) {
                if (kept[i] == 0) continue;
                out.row.push_back(i);
                out.value.push_back(kept[i]);
                kept[i] = 0;
            }
            touched.clear();
            out.start.push_back(static_cast<Offset>(out.row.size()));
        }
        return out;
    }
};

// --- elimination ---------------------------------------------------------------------------------------------------

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

    Elimination(std::vector<Column>&& columns, Offset n_rows, Pulse& pulse)
        : column_(std::move(columns)), column_with_(n_rows), row_length_(n_rows, 0), pulse_(pulse) {
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
    Pulse& pulse_;
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
        for (const Index j : column_with_[row]) {
            if (j == p) continue;
            const auto found = std::lower_bound(column_[j].begin(), column_[j].end(), row,
                                                [](const Entry<T>& e, Index r) { return e.row < r; });
            if (found == column_[j].end() || found->row != row) continue;
            add_multiple(j, product(minus_u, found->value), p);
            offer(j);
        }
        for (const Entry<T>& e : column_[p]) --row_length_[e.row];
        Column().swap(column_[p]);
        std::vector<Index>().swap(column_with_[row]);
    }

    // column j += factor * column p
    void add_multiple(Index j, const T& factor, Index p) {
        merged_.clear();
        Column &x = column_[j], &y = column_[p];
        auto s = x.begin();
        for (const Entry<T>& e : y) {
            for (; s != x.end() && s->row < e.row; ++s) {
                pulse_.tick();
                merged_.push_back(std::move(*s));
            }
            pulse_.tick();
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

// --- the whole reduction -------------------------------------------------------------------------------------------

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

template <class T>
void eliminate_units(const Complex<T>& c, Pulse& pulse, Result& result) {
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
        Elimination<T> elimination(std::move(columns), c.ranks[k - 1], pulse);
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

template <class T, class D>
Complex<T> coreduce(const ComplexView<D>& c, Pulse& pulse, Result& result, Offset& n_pairs) {
    Coreduction<D> coreduction(c, pulse);
    n_pairs = 0;
    for (int k = 1; k <= c.top(); ++k) {
        result.n_pivots[k - 1] += coreduction.n_pairs()[k];
        n_pairs += coreduction.n_pairs()[k];
    }
    return coreduction.template critical_complex<T>();
}

template <class T, class D>
Result reduce_with(const ComplexView<D>& c) {
    Pulse pulse;
    Result result;
    result.n_pivots.assign(c.boundary.size(), 0);
    Offset n_pairs = 0;
    Complex<T> m = coreduce<T>(c, pulse, result, n_pairs);
    // Another round reads the whole complex again: worth it while it removes a fair part of it.
    while (16 * n_pairs > m.n_cells()) {
        const Complex<T> previous = std::move(m);
        m = coreduce<T>(previous.view(), pulse, result, n_pairs);
    }
    eliminate_units(m, pulse, result);
    return result;
}

template <class D>
Result reduce_complex(const ComplexView<D>& c) {
    return words_then_integers<D>([&](auto zero) { return reduce_with<decltype(zero)>(c); });
}

// --- the face towards Python ---------------------------------------------------------------------------------------

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

inline Fault check(const Input& input) {
    return dispatch(input, [&](const auto& c) { return check_complex(c, input.n_entries); });
}

inline Result reduce(const Input& input) {
    return dispatch(input, [](const auto& c) { return reduce_complex(c); });
}

}  // namespace reduction
