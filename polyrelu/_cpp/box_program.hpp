// The maximum of a linear function on a box, under few linear constraints: the simplex method in doubles. What it finds
// is a proposal, which the caller proves or rejects: nothing here depends on rounding being small.
//
// The dual simplex method for bounded variables. To maximise c . u over lower <= u <= 1 where a u + b is >= 0 in the first
// `free` rows and 0 in the others, a basis has tight rows J and equally many coordinates K. The multipliers x are 0
// outside J, and d = c + x a is 0 on K; the other coordinates are at their upper bound where d > 0 and at the lower one
// where d < 0, so that any x that is >= 0 in the free rows is dual feasible: the maximum is at most x b + max d u. The
// basis is optimal if u satisfies all rows and bounds; otherwise the one that is violated most leaves. What enters is
// chosen by the ratio test; coordinates may go from one bound to the other on the way, as long as the violated row or
// bound stays so.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace polyrelu {

class BoxProgram {
  public:
    std::vector<double> point, multipliers;
    bool is_optimal = false;

    // a: m rows of n numbers. Returns whether an optimum is found, or multipliers that bound the maximum by less than
    // `enough`; these are then in `multipliers`, and for an optimum the point in `point`.
    bool run(int64_t m, int64_t n, int64_t free, const double* a, const double* b, const double* c, double lower,
             double enough) {
        m_ = static_cast<size_t>(m), n_ = static_cast<size_t>(n), free_ = static_cast<size_t>(free);
        b_ = b, c_ = c, lower_ = lower;
        is_optimal = false;
        columns_.resize(m_ * n_);
        for (size_t i = 0; i < m_; ++i)
            for (size_t j = 0; j < n_; ++j) columns_[j * m_ + i] = a[i * n_ + j];
        rows_.clear();
        basic_.clear();
        place_.assign(n_, NONE);
        upper_.assign(n_, 0);
        for (size_t j = 0; j < n_; ++j) upper_[j] = c[j] > 0;
        point.assign(n_, 0);
        d_.assign(n_, 0);
        change_.assign(n_, 0);
        multipliers.assign(m_, 0);
        slack_.assign(m_, 0);
        for (size_t steps = 100 + 20 * m_; steps > 0; --steps) {
            if (!evaluate()) return false;
            if (bound_ < enough) return true;
            const double size = find_violated();
            if (size == 0) return is_optimal = true;
            if (!pivot(size)) return false;
        }
        return false;
    }

  private:
    static constexpr size_t NONE = static_cast<size_t>(-1);
    static constexpr double TOLERANCE = 1e-12, FEASIBLE = 1e-11;

    size_t m_ = 0, n_ = 0, free_ = 0;
    const double *b_ = nullptr, *c_ = nullptr;
    double lower_ = -1, bound_ = 0, sign_ = 1;
    std::vector<double> columns_, d_, change_, slack_, inverse_, work_, part_, right_, moves_;
    std::vector<size_t> rows_, basic_, place_;  // J, K, and for each coordinate its place in K
    std::vector<char> upper_;
    std::vector<std::pair<double, size_t>> ratios_;
    bool is_row_ = false;
    size_t leaving_ = 0;

    const double* column(size_t j) const { return &columns_[j * m_]; }

    // Multipliers, reduced costs, the point and its slacks, from J and K.
    bool evaluate() {
        const size_t k = rows_.size();
        if (!invert()) return false;
        part_.assign(k, 0);
        for (size_t i = 0; i < k; ++i)
            for (size_t l = 0; l < k; ++l) part_[i] -= c_[basic_[l]] * inverse_[l * k + i];
        std::fill(multipliers.begin(), multipliers.end(), 0.0);
        bound_ = 0;
        for (size_t i = 0; i < k; ++i) {
            if (rows_[i] < free_ && part_[i] < 0) part_[i] = 0;
            multipliers[rows_[i]] = part_[i];
            bound_ += part_[i] * b_[rows_[i]];
        }
        std::copy(b_, b_ + m_, slack_.begin());
        for (size_t j = 0; j < n_; ++j) {
            const double* a = column(j);
            double d = c_[j];
            for (size_t i = 0; i < k; ++i) d += part_[i] * a[rows_[i]];
            bound_ += std::max(d, lower_ * d);
            if (place_[j] != NONE) {
                d_[j] = 0;
                continue;
            }
            d_[j] = d;
            if (std::fabs(d) > TOLERANCE) upper_[j] = d > 0;
            const double u = point[j] = upper_[j] ? 1.0 : lower_;
            for (size_t i = 0; i < m_; ++i) slack_[i] += a[i] * u;
        }
        right_.assign(k, 0);
        for (size_t l = 0; l < k; ++l)
            for (size_t i = 0; i < k; ++i) right_[l] -= inverse_[l * k + i] * slack_[rows_[i]];
        for (size_t l = 0; l < k; ++l) {
            const double* a = column(basic_[l]);
            point[basic_[l]] = right_[l];
            for (size_t i = 0; i < m_; ++i) slack_[i] += a[i] * right_[l];
        }
        return std::isfinite(bound_);
    }

    // How much the worst row or bound is violated; 0 if none is.
    double find_violated() {
        double worst = FEASIBLE;
        bool found = false;
        for (size_t i = 0; i < m_; ++i) {
            const double over = i < free_ ? -slack_[i] : std::fabs(slack_[i]);
            if (over > worst && std::find(rows_.begin(), rows_.end(), i) == rows_.end()) {
                found = is_row_ = true;
                leaving_ = i, worst = over, sign_ = slack_[i] < 0 ? 1 : -1;
            }
        }
        for (const size_t j : basic_) {
            const double over = std::max(point[j] - 1, lower_ - point[j]);
            if (over > worst) {
                found = true, is_row_ = false;
                leaving_ = j, worst = over, sign_ = point[j] > 1 ? 1 : -1;
            }
        }
        return found ? worst : 0;
    }

    // One change of the basis; `size` is the violation.
    bool pivot(double size) {
        const size_t k = rows_.size();
        moves_.assign(k, 0);  // of the multipliers of J
        for (size_t i = 0; i < k; ++i) {
            if (!is_row_) moves_[i] = sign_ * inverse_[place_[leaving_] * k + i];
            else
                for (size_t l = 0; l < k; ++l)
                    moves_[i] -= sign_ * column(basic_[l])[leaving_] * inverse_[l * k + i];
        }
        double step = INFINITY;
        size_t entering_row = NONE, entering = NONE;
        for (size_t i = 0; i < k; ++i)
            if (rows_[i] < free_ && moves_[i] < -TOLERANCE && part_[i] / -moves_[i] < step)
                step = part_[i] / -moves_[i], entering_row = i;
        ratios_.clear();
        for (size_t j = 0; j < n_; ++j) {
            if (place_[j] != NONE) continue;
            const double* a = column(j);
            double x = is_row_ ? sign_ * a[leaving_] : 0;
            for (size_t i = 0; i < k; ++i) x += moves_[i] * a[rows_[i]];
            change_[j] = x;
            if (upper_[j] ? x < -TOLERANCE : x > TOLERANCE) {
                const double ratio = std::max(0.0, -d_[j] / x);
                if (ratio <= step) ratios_.emplace_back(ratio, j);
            }
        }
        const auto later = [](const auto& x, const auto& y) { return x > y; };
        std::make_heap(ratios_.begin(), ratios_.end(), later);
        for (auto end = ratios_.end(); end != ratios_.begin(); --end) {
            std::pop_heap(ratios_.begin(), end, later);
            const size_t j = (end - 1)->second;
            size -= std::fabs(change_[j]) * (1 - lower_);
            if (size <= 0) {
                entering = j;
                break;
            }
            upper_[j] = !upper_[j];
        }
        if (entering == NONE && entering_row == NONE) return false;  // no point satisfies the constraints
        if (entering != NONE) {
            if (is_row_) {
                place_[entering] = k;
                rows_.push_back(leaving_);
                basic_.push_back(entering);
            } else {
                place_[entering] = place_[leaving_];
                basic_[place_[leaving_]] = entering;
                leave(leaving_);
            }
        } else if (is_row_) {
            rows_[entering_row] = leaving_;
        } else {
            const size_t l = place_[leaving_];
            basic_[l] = basic_.back();
            place_[basic_[l]] = l;
            basic_.pop_back();
            leave(leaving_);
            rows_[entering_row] = rows_.back();
            rows_.pop_back();
        }
        return true;
    }

    void leave(size_t j) {
        place_[j] = NONE;
        upper_[j] = sign_ > 0;
    }

    // The inverse of the matrix of J and K: Gauss-Jordan with row pivots. False if it is singular.
    bool invert() {
        const size_t k = rows_.size();
        inverse_.assign(k * k, 0);
        work_.resize(k * k);
        for (size_t i = 0; i < k; ++i) {
            for (size_t l = 0; l < k; ++l) work_[i * k + l] = column(basic_[l])[rows_[i]];
            inverse_[i * k + i] = 1;
        }
        for (size_t p = 0; p < k; ++p) {
            size_t best = p;
            for (size_t i = p + 1; i < k; ++i)
                if (std::fabs(work_[i * k + p]) > std::fabs(work_[best * k + p])) best = i;
            const double pivot = work_[best * k + p];
            if (!(std::fabs(pivot) > 0)) return false;
            for (size_t l = 0; l < k; ++l) {
                std::swap(work_[best * k + l], work_[p * k + l]);
                std::swap(inverse_[best * k + l], inverse_[p * k + l]);
                work_[p * k + l] /= pivot;
                inverse_[p * k + l] /= pivot;
            }
            for (size_t i = 0; i < k; ++i) {
                const double t = work_[i * k + p];
                if (i == p || t == 0) continue;
                for (size_t l = 0; l < k; ++l) {
                    work_[i * k + l] -= t * work_[p * k + l];
                    inverse_[i * k + l] -= t * inverse_[p * k + l];
                }
            }
        }
        return true;
    }
};

}  // namespace polyrelu
