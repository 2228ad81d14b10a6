// The affine forms of a whole layer on a region, with error bounds, from those of the layer before.
//
// From layer to layer. Let g_j be the forms of the neurons of a stage on a region, with |g_jk| <= a_j for the doubles
// and errors e_j, and W_ij the coefficients that apply there. The form sum_j W_ij g_j has an error of at most
//     sum_j e_j |W_ij| + gamma_bound(m + 9) sum_j (a_j + e_j) |W_ij| + TINY (1 + sum_j (a_j + e_j))
// in every coefficient. For W_ij is replaced by a double, which truncation makes wrong by two units u at the most
// (`stages.hpp`), a product rounds once and m additions m times: gamma_(m+3) on the true terms, |g_jk| <= a_j + e_j,
// would do. The bias, which is added to the coefficient of x0, counts as one more product. The last summand is for
// underflow (`rounding.hpp`), and SLACK covers the rounding of the bound. When all g_j are exact, the W_ij are exact
// integers and the sum of a_j |W_ij| stays below 2^53, all products and partial sums are integers below 2^53, and the
// result is exact.
//
// From region to region. Regions with the same forms g_j differ in few sides, so that terms are taken away and others
// added, in this order. What a term's error e_j contributed leaves with it; what was rounded stays. After the m terms
// at first and N more operations, let t_i be the largest sum of (a_j + e_j) |W_ij| that there was and E_i the present
// sum of e_j |W_ij|. An addition rounds by at most 2 u t_i, and a term is taken away up to 2 u t_i (exactly, where
// products are rounded to nearest), 2 u = gamma_bound(1), so that the error is at most
//     E_i + gamma_bound(m + 2 N + 9) t_i + TINY (1 + sum_j (a_j + e_j)).
// E_i is itself a sum with rounding: one more gamma_bound(1) t_i for each operation covers that, which makes
// gamma_bound(m + 3 N + 9). The sum of which t_i is the largest value is looked at after all changes only, since terms
// leave before others come; its own rounding is below gamma_bound(m + N) t_i, N <= 2 m, which SLACK covers. If all that
// was added or taken away since was exact, and t_i < 2^53, so is the result.
//
// Overflow. Rounding being monotone, sums of moduli are as large as any partial sum of f, so that they are infinite
// when it is; and 0 times infinity is NaN in them as well. So if any f_k is not finite, then err is infinite or NaN,
// and not 0: `size`, `spread` and their largest values keep NaN, and comparisons are such that NaN certifies nothing.
// (Within a few roundings of the largest double f alone may overflow; then `norm` does too, and all that is computed
// from it.)
#pragma once

#include <cstring>

#include "stages.hpp"
#include "storage.hpp"

namespace polyrelu {

// The loops below are made twice, for processors with and without 256-bit vectors; both round alike. (Which one is
// chosen before the thread sanitizer is ready.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__)
#define POLYRELU_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define POLYRELU_CLONES
#endif

// out += x w
POLYRELU_CLONES inline void add_multiple(double* __restrict out, const double* __restrict w, double x, int n) {
    for (int i = 0; i < n; ++i) out[i] += x * w[i];
}

// out += a |w|
POLYRELU_CLONES inline void add_moduli(double* __restrict out, const double* __restrict w, double a, int n) {
    for (int i = 0; i < n; ++i) out[i] += a * std::fabs(w[i]);
}

// The forms of all neurons of one stage on one of its regions, by coefficients: entry (k, i) of neuron i at k * n + i.
struct LayerForms {
    int n = 0;
    std::vector<double> f;           // (r + 1) * n
    std::vector<double> norm, err;   // of each neuron, as in FormStore
    std::vector<double> largest;     // max over k of |f_k|

    // The rows of a stage that reads the point itself.
    void set_rows(const Stage& S, int width) {
        n = S.n;
        f.assign(S.plus_double.begin(), S.plus_double.begin() + (size_t)width * n);
        err.assign(n, 0);
        if (!S.exact)
            for (int i = 0; i < n; ++i)
                for (int k = 0; k < width; ++k) err[i] = std::max(err[i], std::fabs(f[(size_t)k * n + i]) * EPS + TINY);
        measure(width);
        ++version_;
    }

    // From the forms `in` of the stage before, with the sides that its neurons have on the region. `in` is always the
    // same object, and so is S.
    void set(const Stage& S, const LayerForms& in, const std::vector<signed char>& side, int width) {
        n = S.n;
        ++version_;
        if (n < tuning::FEW_NEURONS) {
            double g[MAX_WIDTH];
            f.resize((size_t)width * n);
            err.resize(n);
            for (int i = 0; i < n; ++i) {
                err[i] = single(S, in, side, i, width, g);
                for (int k = 0; k < width; ++k) f[(size_t)k * n + i] = g[k];
            }
            measure(width);
            return;
        }
        int changes = 0;
        if (source_ == in.version_) {
            list_changes(side);
            for (const int j : changed_) {
                changes += 1 + (side[j] * side_[j] != 0);
                terms_ += (side[j] != 0) - (side_[j] != 0);
            }
        }
        if (source_ != in.version_ || changes >= terms_ || operations_ + changes > 2 * S.m) {
            begin(S, width);
            for (int j = 0; j < S.m; ++j) add(S, in, j, side[j + 1], 1, width);
            operations_ = terms_ = 0;
            for (int j = 0; j < S.m; ++j) terms_ += side[j + 1] != 0;
            if (source_ != in.version_) {
                total_ = 1;
                for (int j = 0; j < S.m; ++j) total_ += in.largest[j] + in.err[j];
            }
            source_ = in.version_;
            side_ = side;
        } else {
            for (const int j : changed_) add(S, in, j - 1, side_[j], -1, width);
            for (const int j : changed_) add(S, in, j - 1, side[j], 1, width);
            operations_ += changes;
            for (const int j : changed_) side_[j] = side[j];
        }
        const double unit = gamma_bound(S.m + 3.0 * operations_ + 9);
        for (int i = 0; i < n; ++i) {
            if (!(size_[i] <= top_size_[i])) top_size_[i] = size_[i];  // NaN stays: see the text on overflow
            if (!(spread_[i] <= top_spread_[i])) top_spread_[i] = spread_[i];
            // In an exact stage coefficients are integers, so that the spread is 0 if and only if all terms are exact.
            const bool exact = S.exact && top_spread_[i] == 0 && top_size_[i] < EXACT_LIMIT;
            err[i] = exact ? 0 : (spread_[i] + unit * (top_size_[i] + top_spread_[i]) + TINY * total_) * SLACK;
        }
        measure(width);
    }

    // The next time all terms are added again: what is computed then does not depend on what was before.
    void forget() { source_ = -1; }

    // The form of one neuron, computed as in `set`, into f[0..width); returns its error.
    static double single(const Stage& S, const LayerForms& in, const std::vector<signed char>& side, int i, int width,
                         double* f) {
        std::fill_n(f, width, 0);
        f[0] = S.column(0, true)[i];
        double size = std::fabs(f[0]), err = 0, total = 1;
        bool exact = S.exact;
        for (int j = 0; j < S.m; ++j) {
            const double* column = side[j + 1] ? S.column(j + 1, side[j + 1] > 0) : nullptr;
            if (!column) continue;
            const double w = column[i], a = in.largest[j], e = in.err[j];
            for (int k = 0; k < width; ++k) f[k] += w * in.f[(size_t)k * in.n + j];
            total += a + e;
            size += a * std::fabs(w);
            err += e * std::fabs(w);
            exact = exact && e == 0;
        }
        const double unit = gamma_bound(S.m + 9);
        return exact && size < EXACT_LIMIT ? 0 : (err + unit * (size + err) + TINY * total) * SLACK;
    }

  private:
    int64_t version_ = 0, source_ = -1;  // changes with the forms; stamp of the forms that these were made from
    std::vector<signed char> side_;    // the sides that they were made with
    std::vector<int> changed_;         // the places in `side` that differ from these
    int terms_ = 0;                    // those that are not 0
    double total_ = 1;                 // 1 + sum of a_j + e_j over the source
    int operations_ = 0;               // since all terms were added
    std::vector<double> size_, spread_;          // of each neuron: sum of a_j |W_ij|, sum of e_j |W_ij|
    std::vector<double> top_size_, top_spread_;  // the largest values of these since all terms were added

    // Most sides are those of the region before: eight are compared at once.
    void list_changes(const std::vector<signed char>& side) {
        changed_.clear();
        const int sides = (int)side.size();
        for (int j = 0; j < sides; j += 8) {
            const int end = std::min(sides, j + 8);
            if (end == j + 8 && std::memcmp(&side[j], &side_[j], 8) == 0) continue;
            for (int t = j; t < end; ++t)
                if (side[t] != side_[t]) changed_.push_back(t);
        }
    }

    void begin(const Stage& S, int width) {
        const double* bias = S.column(0, true);
        f.assign((size_t)width * n, 0);
        std::copy_n(bias, n, f.begin());
        size_.resize(n);
        for (int i = 0; i < n; ++i) size_[i] = std::fabs(bias[i]);
        spread_.assign(n, 0);
        top_size_.assign(n, 0);
        top_spread_.assign(n, 0);
        err.resize(n);
    }

    // Adds sign times the term of input j, which has the given side.
    void add(const Stage& S, const LayerForms& in, int j, int side, double sign, int width) {
        const double* w = side ? S.column(j + 1, side > 0) : nullptr;
        const double a = in.largest[j], e = in.err[j];
        if (!w || (a == 0 && e == 0)) return;
        for (int k = 0; k < width; ++k) {
            const double x = in.f[(size_t)k * in.n + j];
            if (x != 0) add_multiple(&f[(size_t)k * n], w, sign * x, n);
        }
        add_moduli(size_.data(), w, sign * a, n);
        if (e != 0) add_moduli(spread_.data(), w, sign * e, n);
    }

    void measure(int width) {
        norm.assign(n, 0);
        largest.assign(n, 0);
        for (int k = 0; k < width; ++k)
            for (int i = 0; i < n; ++i) {
                const double a = std::fabs(f[(size_t)k * n + i]);
                norm[i] += a;
                largest[i] = a > largest[i] ? a : largest[i];
            }
        for (int i = 0; i < n; ++i) norm[i] *= SLACK;
    }
};

}  // namespace polyrelu
