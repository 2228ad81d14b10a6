// An order of vertices and rays that depends on nothing but their exact coordinates.
//
// Vertices come before rays. Vertices x are in the order of the values l(x) / x0, rays in that of l(x) / sum |x_k|, l a
// fixed linear form of x_1, ..., x_r; where these agree, in that of x_k / x0 (x_k / sum |x_k|), k = 1, ..., r. All these
// numbers together determine a point.
//
// A value is enclosed first. Let N = l(x) and M be the divisor, n and m what is computed, |N - n| <= e and |M - m| <= g
// < m. Then |N / M - n / m| <= (e + |n / m| g) / (m - g), because N m - n M = (N - n) m - n (M - m). Enclosures that do
// not meet are in the right order; those that do are compared in GMP.
#pragma once

#include <algorithm>
#include <vector>

#include "boundary_cells.hpp"

namespace polyrelu {

class VertexOrder {
  public:
    VertexOrder(Points& points, InterruptCheck& interrupt) : points_(points), r_(points.width - 1), interrupt_(interrupt) {
        uint64_t x = 1;
        for (int k = 0; k < r_; ++k) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            factor_.push_back((double)(x >> 44 | 1));  // below 2^20
        }
    }

    // Sorts vertices, or rays. Halt{SIGNS_CONTRADICT} if two are the same.
    void sort(std::vector<int32_t>& numbers, bool rays) {
        std::vector<Enclosure> all;
        for (const int32_t v : numbers) all.push_back(enclose(v, rays));
        // By the lower ends: then what comes after a gap lies above all that comes before it, however wide it is.
        std::sort(all.begin(), all.end(), [](const Enclosure& a, const Enclosure& b) { return a.low < b.low; });
        for (size_t i = 0, end; i < all.size(); i = end) {
            double high = all[i].high;
            for (end = i + 1; end < all.size() && all[end].low <= high; ++end) high = std::max(high, all[end].high);
            if (end - i > 1) sort_exactly(&all[i], end - i, rays);
        }
        for (size_t i = 0; i < all.size(); ++i) numbers[i] = all[i].v;
    }

  private:
    struct Enclosure {
        double low, high;
        int32_t v;
    };
    struct Quotient {
        mpz_class n, m;
        const BigVector* x;
        int32_t v;
    };

    Points& points_;
    const int r_;
    InterruptCheck& interrupt_;
    std::vector<double> factor_;

    Enclosure enclose(int32_t v, bool ray) {
        const double *y = points_[v], d = points_.error(v);
        double n = 0, size = 0, total = 0, factors = 0;
        for (int k = 1; k <= r_; ++k) {
            const double t = factor_[k - 1] * y[k];
            n += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
            factors += factor_[k - 1];
        }
        const double unit = gamma_bound(r_ + 8);
        const double m = ray ? total : y[0], g = ray ? r_ * d + unit * total : d;
        if (m > 4 * g) {
            const double value = n / m, bound = (unit * size + d * factors + std::fabs(value) * g + TINY) / (m - g);
            // 4 EPS: the division, and the ends of the enclosure
            const double error = bound * SLACK + 4 * EPS * std::fabs(value) + TINY;
            if (std::isfinite(value) && std::isfinite(error)) return {value - error, value + error, v};
        }
        const Quotient q = quotient(v, ray);
        mpq_class exact(q.n, q.m);
        exact.canonicalize();
        const double value = exact.get_d();
        if (!std::isfinite(value)) return value > 0 ? Enclosure{DBL_MAX, INFINITY, v} : Enclosure{-INFINITY, -DBL_MAX, v};
        const double error = 8 * EPS * std::fabs(value) + TINY;
        return {value - error, value + error, v};
    }

    Quotient quotient(int32_t v, bool ray) {
        interrupt_.tick();
        const BigVector& x = points_.exact_coordinates(v);
        Quotient q{0, 0, &x, v};
        for (int k = 1; k <= r_; ++k) {
            q.n += x[k] * (long)factor_[k - 1];
            if (ray) q.m += abs(x[k]);
        }
        if (!ray) q.m = x[0];
        return q;
    }

    void sort_exactly(Enclosure* first, size_t n, bool rays) {
        std::vector<Quotient> all;
        for (size_t i = 0; i < n; ++i) all.push_back(quotient(first[i].v, rays));
        const auto compare = [this](const Quotient& a, const Quotient& b) {
            int c = cmp(mpz_class(a.n * b.m), mpz_class(b.n * a.m));
            for (int k = 1; k <= r_ && c == 0; ++k) c = cmp(mpz_class((*a.x)[k] * b.m), mpz_class((*b.x)[k] * a.m));
            return c;
        };
        std::sort(all.begin(), all.end(), [&](const Quotient& a, const Quotient& b) { return compare(a, b) < 0; });
        for (size_t i = 0; i < n; ++i) {
            if (i > 0 && compare(all[i - 1], all[i]) == 0) throw Halt{SIGNS_CONTRADICT};
            first[i].v = all[i].v;
        }
    }
};

}  // namespace polyrelu
