// The complex of the critical cells of a matching within lower stars.
//
// With p as in `coreduction.hpp`, the boundary of a critical cell c is p(boundary(c)). Only the cells that are met on the
// way from critical cells are looked at: p of a cell is made from p of the other faces of its upper partner, those first.
// It is kept if it is 0 or plus or minus one critical cell; other chains ("long") are expanded where they occur, one by
// one, in the reverse of the order in which they were found to be long: a long chain is made from earlier ones.
//
// In the top dimension r every (r - 1)-cell a is a facet of one or two r-cells, so the same is done from below: an r-cell
// b with the lower partner a, u = [b : a], has the dual
//     p'(b) = -u [c : a] p'(c),   c the other r-cell around a, or 0 if there is none,
// plus or minus one critical cell or 0; and the row of a critical (r - 1)-cell a is the sum of [b : a] p'(b) over the cells
// b around it. This is p, transposed: both count the same paths from critical cells to critical cells.
#pragma once

#include <queue>
#include <unordered_map>

#include "lower_stars.hpp"
#include "matching.hpp"

namespace polyrelu {

class CriticalChains {
  public:
    CriticalChains(const FarCells& cells, const LowerStars& stars, InterruptCheck& interrupt)
        : cells_(cells), stars_(stars), interrupt_(interrupt) {}

    // The boundary maps of degrees 1..r, by columns.
    std::vector<reduction::SparseVectors> boundary() {
        std::vector<reduction::SparseVectors> maps;
        for (int k = 1; k <= cells_.top(); ++k) maps.push_back(k == cells_.top() && k > 1 ? top_boundary() : boundary(k));
        return maps;
    }

  private:
    using Index = int32_t;
    static constexpr Index UNKNOWN = INT32_MIN, LONG = INT32_MIN + 1;

    const FarCells& cells_;
    const LowerStars& stars_;
    InterruptCheck& interrupt_;

    // Of the cells of one dimension: 1 + i or -1 - i for plus or minus critical cell i, 0, or one of the above.
    Array<Index> image_;
    std::vector<Index> long_;                        // the long cells
    std::unordered_map<Index, Index> long_number_;  // and their numbers

    reduction::SparseVectors boundary(int k) {
        find_images(k - 1);
        return reduction::words_then_integers<std::int8_t>(
            [&](auto zero) { return reduction::columns_of(project<decltype(zero)>(k)); });
    }

    // Finds the images of all cells of dimension q that the boundaries of critical cells lead to.
    void find_images(int q) {
        image_.assign(cells_.count(q), UNKNOWN);
        long_.clear();
        long_number_.clear();
        std::vector<Index> open;
        const auto visit = [&](Index x, int) {
            if (image_[x] != UNKNOWN) return;
            const Index up = stars_.up(q, x);
            if (up >= 0)
                open.push_back(x);
            else
                image_[x] = up == LowerStars::UPPER ? 0 : 1 + (LowerStars::CRITICAL - up);
        };
        for (const Index c : stars_.critical[q + 1]) {
            cells_.facets(q + 1, c, visit);
            while (!open.empty()) {
                interrupt_.tick();
                const Index x = open.back();
                if (image_[x] != UNKNOWN) {
                    open.pop_back();
                    continue;
                }
                const size_t before = open.size();
                cells_.facets(q + 1, stars_.up(q, x), [&](Index y, int) {
                    if (y != x) visit(y, 0);
                });
                if (open.size() > before) continue;
                open.pop_back();
                image_[x] = short_image(q, x);
                if (image_[x] != LONG) continue;
                long_number_.emplace(x, (Index)long_.size());
                long_.push_back(x);
            }
        }
    }

    // The image of a lower partner, once those of the other faces of its partner are known.
    Index short_image(int q, Index x) const {
        constexpr int capacity = tuning::TERMS_OF_SHORT_CHAIN;
        Index root[capacity];
        int sum[capacity], n = 0, u = 0;
        bool is_long = false;
        cells_.facets(q + 1, stars_.up(q, x), [&](Index y, int sign) {
            if (y == x) {
                u = sign;
                return;
            }
            const Index image = image_[y];
            if (image == 0 || is_long) return;
            if (image == LONG) {
                is_long = true;
                return;
            }
            const Index i = image > 0 ? image : -image;
            int t = 0;
            while (t < n && root[t] != i) ++t;
            if (t == capacity) {
                is_long = true;
                return;
            }
            if (t == n) {
                root[n] = i;
                sum[n++] = 0;
            }
            sum[t] += image > 0 ? sign : -sign;
        });
        if (is_long) return LONG;
        Index result = 0;
        for (int t = 0; t < n; ++t) {
            if (sum[t] == 0) continue;
            if (result != 0 || (sum[t] != 1 && sum[t] != -1)) return LONG;
            result = sum[t] == -u ? root[t] : -root[t];
        }
        return result;
    }

    template <class T>
    typename reduction::Complex<T>::Columns project(int k) {
        typename reduction::Complex<T>::Columns out;
        out.start.push_back(0);
        std::vector<T> kept(stars_.critical[k - 1].size());
        std::vector<Index> touched;
        std::vector<T> pending(long_.size());
        std::vector<char> queued(long_.size(), 0);
        std::priority_queue<Index> latest;  // numbers of long chains, the one found last on top

        const auto add = [&](const T& factor, Index c, Index without) {
            cells_.facets(k, c, [&](Index y, int sign) {
                interrupt_.tick();
                const Index image = image_[y];
                if (image == 0 || y == without) return;
                const T value(static_cast<long>(image == LONG || image > 0 ? sign : -sign));
                if (image == LONG) {
                    const Index t = long_number_.find(y)->second;
                    reduction::add_product(pending[t], factor, value);
                    if (!queued[t]) {
                        queued[t] = 1;
                        latest.push(t);
                    }
                } else {
                    const Index i = (image > 0 ? image : -image) - 1;
                    reduction::add_product(kept[i], factor, value);
                    touched.push_back(i);
                }
            });
        };

        for (const Index c : stars_.critical[k]) {
            add(T(1), c, -1);
            while (!latest.empty()) {
                const Index t = latest.top(), x = long_[t], b = stars_.up(k - 1, x);
                latest.pop();
                queued[t] = 0;
                if (pending[t] == 0) continue;
                T factor = 0;
                std::swap(factor, pending[t]);
                int u = 0;
                cells_.facets(k, b, [&](Index y, int sign) {
                    if (y == x) u = sign;
                });
                if (u == 1) factor = reduction::negated(factor);
                add(factor, b, x);
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
            out.start.push_back(static_cast<int64_t>(out.row.size()));
        }
        return out;
    }

    // An r-cell with a sign.
    struct Signed {
        Index cell = -1;
        int sign = 0;
    };

    reduction::SparseVectors top_boundary() {
        const int r = cells_.top();
        if (stars_.critical[r].empty()) {
            reduction::SparseVectors none;
            return none;
        }
        Array<Index> first, second;  // the r-cells around each (r - 1)-cell, or -1
        first.assign(cells_.count(r - 1), -1);
        second.assign(cells_.count(r - 1), -1);
        for (int64_t c = 0; c < cells_.count(r); ++c) {
            if (stars_.up(r, c) == LowerStars::ABSENT) continue;
            cells_.facets(r, c, [&](Index f, int) {
                interrupt_.tick();
                (first[f] < 0 ? first[f] : second[f]) = (Index)c;
            });
        }
        const auto incidence = [&](Index c, Index a) {
            int found = 0;
            cells_.facets(r, c, [&](Index f, int sign) {
                if (f == a) found = sign;
            });
            return found;
        };

        image_.assign(cells_.count(r), UNKNOWN);
        std::vector<Signed> path;
        // p' of an r-cell; all cells on the way are given theirs.
        const auto image_of = [&](Index c) {
            path.clear();
            Index image = UNKNOWN;
            while (image == UNKNOWN) {
                interrupt_.tick();
                if (image_[c] != UNKNOWN) {
                    image = image_[c];
                    break;
                }
                if (stars_.up(r, c) <= LowerStars::CRITICAL) {
                    image = image_[c] = 1 + (LowerStars::CRITICAL - stars_.up(r, c));
                    break;
                }
                Index lower = -1;
                int u = 0;
                cells_.facets(r, c, [&](Index f, int sign) {
                    if (stars_.up(r - 1, f) != c) return;
                    lower = f;
                    u = sign;
                });
                const Index other = first[lower] == c ? second[lower] : first[lower];
                path.push_back({c, other < 0 ? 0 : -u * incidence(other, lower)});
                if (other < 0)
                    image = 0;
                else
                    c = other;
            }
            for (size_t i = path.size(); i-- > 0;) image_[path[i].cell] = image = image * path[i].sign;
            return image;
        };

        struct Term {
            Index column, row;
            int value;
        };
        std::vector<Term> terms;
        for (size_t i = 0; i < stars_.critical[r - 1].size(); ++i) {
            const Index a = stars_.critical[r - 1][i];
            Index column[2] = {-1, -1};
            int value[2] = {0, 0};
            for (int side = 0; side < 2; ++side) {
                const Index c = side == 0 ? first[a] : second[a];
                if (c < 0) continue;
                const Index image = image_of(c);
                if (image == 0) continue;
                column[side] = (image > 0 ? image : -image) - 1;
                value[side] = image > 0 ? incidence(c, a) : -incidence(c, a);
            }
            if (column[0] == column[1]) {
                value[0] += value[1];
                value[1] = 0;
            }
            for (int side = 0; side < 2; ++side)
                if (value[side] != 0) terms.push_back({column[side], (Index)i, value[side]});
        }
        std::sort(terms.begin(), terms.end(), [](const Term& x, const Term& y) {
            return std::make_pair(x.column, x.row) < std::make_pair(y.column, y.row);
        });
        reduction::SparseVectors out;
        size_t t = 0;
        for (size_t j = 0; j < stars_.critical[r].size(); ++j) {
            for (; t < terms.size() && terms[t].column == (Index)j; ++t)
                out.add(terms[t].row, reduction::Word(terms[t].value));
            out.finish_vector();
        }
        return out;
    }
};

}  // namespace polyrelu
