// Coreduction (Mrozek and Batko, "Coreduction homology algorithm", 2009), here without an augmentation.
// Cells are removed one step at a time, and S denotes the span of the removed ones. A step removes
//   a pair (a, b) with  boundary(b) = u a + (a chain of S)  and  u = +1 or -1,  or
//   a critical cell c with  boundary(c)  in S: no pair is left and c has the least degree of all remaining cells.
// S is a subcomplex after every step: boundary(boundary(b)) = 0 gives boundary(a) = -u boundary(chain of S).
//
// Claim: let M be spanned by the critical cells and define p : S -> M along the removal order by
//   p(c) = c,   p(b) = 0,   p(a) = -u p(boundary(b) - u a),   and in M   boundary(c) = p(boundary(c)).
// Then p is a chain map that induces isomorphisms in homology.
// Proof, one step at a time. Critical c: p(boundary c) = boundary(p c) by definition, hence also
// boundary(boundary c) = p(boundary boundary c) = 0 in M. Pair: p(boundary b) = u p(a) + p(boundary b - u a) = 0
// = boundary(p b), and boundary(p a) = -u p(boundary(boundary b - u a)) = u u p(boundary a) = p(boundary a). The
// step enlarges S by a relative complex that is one cell c, mapped identically to the cell c added to M, or is
// Z b -> Z a, an isomorphism, with nothing added to M; the five lemma finishes the step. QED
//
// So p of a chain is computed by taking its cells in descending removal order: a critical cell is kept, an upper
// partner b is dropped, a lower partner a is exchanged for a - u boundary(b), whose cells were removed before a.
// With fibers, both cells of a pair lie in one fiber, and fibers are taken one after the other. Every face of a cell has to
// lie in the fiber of the cell or in an earlier one; then all faces of a critical cell are removed before it is: those in
// earlier fibers, and in its own the cells of lower degrees. What is done in a fiber depends on nothing but the cells of
// this fiber and earlier ones, the order of their numbers and their boundaries.
//
// p(x) is written down at once wherever it is 0 or plus or minus one critical cell ("short"); only the other
// lower partners ("long") are expanded. For vertices of a cell complex that makes the step a union-find.
#pragma once

#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "chain_complex.hpp"
#include "interrupt.hpp"
#include "matching.hpp"

namespace polyrelu::reduction {

// Cells of all degrees are numbered through: cell i of degree k is base[k] + i.
template <class D>
class Coreduction {
  public:
    // `matching`: where to write down which cells were paired, and when; may be null.
    // `fiber`: the number of the fiber of each cell, from 0 on; null if they all are one.
    Coreduction(const ComplexView<D>& complex, InterruptCheck& interrupt, Matching* matching = nullptr,
                const Index* fiber = nullptr)
        : c_(complex), interrupt_(interrupt), matching_(matching), fiber_(fiber), base_(1, 0) {
        for (const Offset rank : c_.ranks) base_.push_back(base_.back() + rank);
        critical_.resize(c_.ranks.size());
        n_pairs_.assign(c_.ranks.size(), 0);
        image_.assign(base_.back(), kRemaining);
        order_.resize(base_.back());
        if (matching_) matching_->resize(base_.back());
        if (fiber_)
            match_fibers();
        else
            match();
        if (matching_) matching_->image = image_;
    }

    // Number of pairs whose upper partner has degree k, for k = 0..n.
    const std::vector<Offset>& n_pairs() const { return n_pairs_; }

    // By degree, the critical cells in the order of their removal.
    const std::vector<std::vector<Index>>& critical_cells() const { return critical_; }

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
    InterruptCheck& interrupt_;
    Matching* matching_;
    const Index* fiber_;
    Index current_fiber_ = 0;
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
                    interrupt_.tick();
                    const Offset x = base_[k - 1] + m.row[e];
                    coface_[coface_start_[x] + filled[x]++] = static_cast<Index>(base_[k] + j);
                }
            }
        }
    }

    void release_cofaces(Offset x) {
        for (Offset e = coface_start_[x]; e < coface_start_[x + 1]; ++e) {
            interrupt_.tick();
            if (--n_faces_[coface_[e]] == 1) queue_.push_back(coface_[e]);
        }
    }

    // p of the lower partner with index i, degree k - 1, when b has index j: short if it has at most one term.
    Index short_image(int k, Offset j, Index i) const {
        const View<D>& m = c_.map(k);
        constexpr int capacity = tuning::TERMS_OF_SHORT_CHAIN;
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

    // Ask for what later cells of the queue will need: their records, then the lists of their faces and cofaces.
    void prefetch(std::size_t head) const {
        if (head + tuning::QUEUED_AHEAD >= queue_.size()) return;
        const Index far = queue_[head + tuning::QUEUED_AHEAD], near = queue_[head + tuning::QUEUED_AHEAD / 2];
        int k = degree_of(far);
        __builtin_prefetch(&image_[far]);
        __builtin_prefetch(&coface_start_[far]);
        __builtin_prefetch(&c_.map(k).start[far - base_[k]]);
        k = degree_of(near);
        const Offset faces = c_.map(k).start[near - base_[k]];
        __builtin_prefetch(&c_.map(k).row[faces]);
        __builtin_prefetch(&c_.map(k).value[faces]);
        __builtin_prefetch(&coface_[coface_start_[near]]);
    }

    void drain_queue(std::size_t& head) {
        for (; head < queue_.size(); ++head) {
            interrupt_.tick();
            prefetch(head);
            const Index b = queue_[head];
            if (image_[b] != kRemaining || n_faces_[b] != 1) continue;
            if (fiber_ && fiber_[b] != current_fiber_) continue;
            const int k = degree_of(b);
            const Offset j = b - base_[k];
            const View<D>& m = c_.map(k);
            Offset e = m.start[j];
            while (image_[base_[k - 1] + m.row[e]] != kRemaining) ++e;
            if (!is_unit(m.value[e])) continue;
            const Index i = m.row[e];
            const Offset a = base_[k - 1] + i;
            if (fiber_ && fiber_[a] != fiber_[b]) continue;
            image_[a] = short_image(k, j, i);
            image_[b] = 0;
            if (image_[a] == kLong) {
                order_[a] = static_cast<Index>(long_upper_.size());
                long_upper_.push_back(static_cast<Index>(j));
            }
            ++n_pairs_[k];
            if (matching_) matching_->pair(a, b);
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
            interrupt_.progress.stage = k;
            for (Offset j = 0; j < c_.ranks[k]; ++j) {
                const Offset x = base_[k] + j;
                interrupt_.tick();
                // Every cell of a lower degree is gone, so the boundary of x lies in the removed part.
                if (image_[x] == kRemaining) take_critical(k, j, head);
            }
        }
        release_scratch();
    }

    void match_fibers() {
        build_cofaces();
        const Index* last = std::max_element(fiber_, fiber_ + base_.back());
        const Offset n_fibers = base_.back() ? Offset(*last) + 1 : 0;
        std::vector<Offset> start(n_fibers + 1, 0);
        for (Offset x = 0; x < base_.back(); ++x) ++start[fiber_[x] + 1];
        for (Offset f = 0; f < n_fibers; ++f) start[f + 1] += start[f];
        std::vector<Index> cells(base_.back());  // by fiber, ascending in each
        {
            std::vector<Offset> end(start.begin(), start.end() - 1);
            for (Offset x = 0; x < base_.back(); ++x) cells[end[fiber_[x]]++] = static_cast<Index>(x);
        }
        std::size_t head = 0;
        for (Offset f = 0; f < n_fibers; ++f) {
            current_fiber_ = static_cast<Index>(f);
            queue_.clear();
            head = 0;
            for (Offset i = start[f]; i < start[f + 1]; ++i)
                if (n_faces_[cells[i]] == 1) queue_.push_back(cells[i]);
            drain_queue(head);
            for (Offset i = start[f]; i < start[f + 1]; ++i) {
                interrupt_.tick();
                const Index x = cells[i];
                if (image_[x] != kRemaining) continue;
                const int k = degree_of(x);
                take_critical(k, x - base_[k], head);
            }
        }
        release_scratch();
    }

    void take_critical(int k, Offset j, std::size_t& head) {
        const Offset x = base_[k] + j;
        critical_[k].push_back(static_cast<Index>(j));
        image_[x] = static_cast<Index>(critical_[k].size());
        if (matching_) matching_->critical(x);
        release_cofaces(x);
        drain_queue(head);
    }

    void release_scratch() {
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
                interrupt_.tick();
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

}  // namespace polyrelu::reduction
