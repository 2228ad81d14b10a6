// Affine forms in floating point, with error bounds.
//
// A form is a covector (f_0, ..., f_r), f_0 the coefficient of x0, known up to a positive factor. Its record is the
// doubles f_k, then norm = sum |f_k| (rounded upwards by SLACK), then err: every true f_k differs from its double by at
// most err. err = 0 means that the f_k are integers below 2^53, without a common divisor.
//
// Pulling back. Let c_j, with errors e_j, be the coefficients of a form over the values of a stage's neurons, and W_jk
// the coefficients of these neurons. Then the coefficients sum_j c_j W_jk over their inputs have errors at most
//     sum_j e_j |W_jk| + (n + 8) 2^-52 sum_j (|c_j| + e_j) |W_jk| + TINY (1 + sum_j (|c_j| + e_j)),
// for the conversion of W_jk (2^-52, or 2^-1074 where it underflows, which multiplies the true c_j), the products and the
// n additions (2^-53 each, and 2^-1074 on underflow). Bounds are computed with a relative error below
// (n + 8) 2^-52 < 2^-21, which SLACK covers. When all c_j are exact, the W_jk are exact integers and
// sum_j |c_j W_jk| < 2^53, all products and partial sums are integers below 2^53, and the result is exact.
#pragma once

#include "stages.hpp"

namespace polyrelu {

class FormStore {
  public:
    explicit FormStore(int width) : width_(width) {}

    int64_t size() const { return (int64_t)(data_.size() / (width_ + 2)); }
    int64_t memory() const { return (int64_t)(8 * data_.capacity()); }
    const double* operator[](int64_t i) const { return &data_[i * (width_ + 2)]; }
    double norm(int64_t i) const { return data_[i * (width_ + 2) + width_]; }
    double err(int64_t i) const { return data_[i * (width_ + 2) + width_ + 1]; }

    void resize(int64_t n) {
        if (n >= INT32_MAX) throw std::bad_alloc();  // forms are numbered with 32 bits
        data_.resize(n * (width_ + 2));
    }

    // f: width doubles with error bound err; err = 0 for exact integers below 2^53.
    void set(int64_t i, const double* f, double err) {
        double* g = &data_[i * (width_ + 2)];
        std::copy_n(f, width_, g);
        if (err == 0) {
            uint64_t content = 0;
            for (int k = 0; k < width_ && content != 1; ++k) content = std::gcd((uint64_t)std::fabs(g[k]), content);
            if (content > 1)
                for (int k = 0; k < width_; ++k) g[k] /= (double)content;
        }
        double norm = 0;
        for (int k = 0; k < width_; ++k) norm += std::fabs(g[k]);
        g[width_] = norm * SLACK;
        g[width_ + 1] = err;
    }

    void set_exact(int64_t i, const mpz_class* f) {
        double g[MAX_WIDTH];
        bool small = true;
        for (int k = 0; k < width_; ++k) small = small && mpz_sizeinbase(f[k].get_mpz_t(), 2) <= 53;
        if (small)
            for (int k = 0; k < width_; ++k) g[k] = f[k].get_d();
        else
            approximate(f, width_, g);  // entries at most 1
        set(i, g, small ? 0 : EPS);
    }

    void push_exact(const mpz_class* f) {
        resize(size() + 1);
        set_exact(size() - 1, f);
    }

  private:
    int width_;
    std::vector<double> data_;
};

// A row over the inputs of a stage with one error bound an entry; entry 0 belongs to x0.
struct Row {
    std::vector<double> value, error;
};

// The regions of the stages and what the network is on them.
class FormMaker {
  public:
    FormMaker(const std::vector<Stage>& stages, const std::vector<Pieces>& pieces) : stages_(stages), pieces_(pieces) {}

    // The form of neuron i of stage s on region p of that stage: r + 1 doubles in row().value; returns the error bound.
    double run(int s, int32_t p, int i) {
        const Stage* S = &stages_[s];
        find_sides(stages_, pieces_, s, p, side_);
        row_.value.assign(S->m + 1, 0);
        row_.error.assign(S->m + 1, 0);
        for (int j = 0; j <= S->m; ++j)
            if (const double* column = side_[j] ? S->column(j, side_[j] > 0) : nullptr) {
                row_.value[j] = column[i];
                row_.error[j] = S->exact ? 0 : std::fabs(column[i]) * EPS + TINY;
            }
        while (S->previous >= 0) {
            p = pieces_[s].parent[p];
            S = &stages_[--s];
            find_sides(stages_, pieces_, s, p, side_);
            pull(*S);
        }
        double worst = 0;
        for (const double e : row_.error) worst = e > worst || std::isnan(e) ? e : worst;
        return worst;
    }
    const Row& row() const { return row_; }

  private:
    const std::vector<Stage>& stages_;
    const std::vector<Pieces>& pieces_;
    std::vector<signed char> side_;
    Row row_, next_;

    void pull(const Stage& S) {
        const double* c = row_.value.data() + 1;
        const double* e = row_.error.data() + 1;
        double total = 0, errors = 0;
        for (int k = 0; k < S.n; ++k) {
            total += std::fabs(c[k]) + e[k];
            errors += e[k];
        }
        const double unit = (S.n + 8) * EPS;
        next_.value.assign(S.m + 1, 0);
        next_.error.assign(S.m + 1, 0);
        for (int j = 0; j <= S.m; ++j) {
            const double* w = side_[j] ? S.column(j, side_[j] > 0) : nullptr;
            double v[4] = {0, 0, 0, 0}, m[4] = {0, 0, 0, 0}, d[4] = {0, 0, 0, 0};
            if (w) {
                int k = 0;
                for (; k + 4 <= S.n; k += 4)
                    for (int l = 0; l < 4; ++l) {
                        const double t = c[k + l] * w[k + l];
                        v[l] += t;
                        m[l] += std::fabs(t);
                        d[l] += e[k + l] * std::fabs(w[k + l]);
                    }
                for (; k < S.n; ++k) {
                    const double t = c[k] * w[k];
                    v[0] += t;
                    m[0] += std::fabs(t);
                    d[0] += e[k] * std::fabs(w[k]);
                }
            }
            double value = (v[0] + v[1]) + (v[2] + v[3]);
            double size = (m[0] + m[1]) + (m[2] + m[3]);
            double error = (d[0] + d[1]) + (d[2] + d[3]);
            if (j == 0) {  // x0 is carried along
                value += row_.value[0];
                size += std::fabs(row_.value[0]);
                error += row_.error[0];
            }
            next_.value[j] = value;
            const bool exact = S.exact && errors == 0 && row_.error[0] == 0 && size < EXACT_LIMIT;
            next_.error[j] = exact ? 0 : (error + unit * (size + error) + TINY * (1 + total)) * SLACK;
        }
        std::swap(row_, next_);
    }
};

// The loops below are made twice, for processors with and without 256-bit vectors; both round alike.
#if defined(__x86_64__) && defined(__GNUC__)
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
struct Sheet {
    int n = 0;
    std::vector<double> f;           // (r + 1) * n
    std::vector<double> norm, err;   // of each neuron, as in FormStore
    std::vector<double> largest;     // max over k of |f_k|
    std::vector<double> size;        // scratch

    // The rows of a stage that reads the point itself.
    void set_rows(const Stage& S, int width) {
        n = S.n;
        f.assign(S.plus_double.begin(), S.plus_double.begin() + (size_t)width * n);
        err.assign(n, 0);
        if (!S.exact)
            for (int i = 0; i < n; ++i)
                for (int k = 0; k < width; ++k) err[i] = std::max(err[i], std::fabs(f[(size_t)k * n + i]) * EPS + TINY);
        measure(width);
    }

    // From the forms `in` of the stage before, with the sides that its neurons have on the region.
    void set(const Stage& S, const Sheet& in, const std::vector<signed char>& side, int width) {
        n = S.n;
        f.assign((size_t)width * n, 0);
        err.assign(n, 0);
        size.assign(n, 0);
        const double* bias = S.column(0, true);
        double total = 1;
        bool exact_inputs = true;
        for (int i = 0; i < n; ++i) {
            f[i] = bias[i];
            size[i] = std::fabs(bias[i]);
        }
        for (int j = 0; j < S.m; ++j) {
            const double* w = side[j + 1] ? S.column(j + 1, side[j + 1] > 0) : nullptr;
            if (!w || (in.largest[j] == 0 && in.err[j] == 0)) continue;
            for (int k = 0; k < width; ++k) {
                const double x = in.f[(size_t)k * in.n + j];
                double* out = &f[(size_t)k * n];
                if (x != 0) add_multiple(out, w, x, n);
            }
            const double a = in.largest[j], e = in.err[j];
            total += a + e;
            add_moduli(size.data(), w, a, n);
            if (e != 0) {
                exact_inputs = false;
                add_moduli(err.data(), w, e, n);
            }
        }
        const double unit = (S.m + 9) * EPS;
        for (int i = 0; i < n; ++i) {
            const bool exact = S.exact && exact_inputs && size[i] < EXACT_LIMIT;
            err[i] = exact ? 0 : (err[i] + unit * (size[i] + err[i]) + TINY * total) * SLACK;
        }
        measure(width);
    }

  private:
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
