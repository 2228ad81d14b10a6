// Whether the output certainly has one strict sign on a whole cell: rigorous linear bounds, propagated through the layers.
//
// A cell is given by its generators, vertices and rays y_1, ..., y_n as in `vertices.hpp`: it is the cone that they span.
// Let p be a linear form that is positive at all of them (x0 if all are vertices; x0 and the moduli of the starting
// forms otherwise). The cell is then the cone over the polytope P spanned by the points y / p(y), where p = 1. On P the
// coordinate functions are bounded, and every preactivation z is: it is linear on the cells of a complex that covers P.
// If the output is positive on P, it is positive at all points of the cell, those at infinity included.
//
// Let z_j be the values of the neurons of a stage. What is kept of z_j on P is
//     |z_j(x) - m_j(x)| <= rad_j   for all x in P,        m_j(x) = sum_k f_jk x_k + f_j,r+1   (x_k: coordinates, k <= r)
// with doubles f_jk, rad_j. For the stage at which the cell was made, m_j is its affine form on the region that contains
// the cell, with its error err (`layer_forms.hpp`): rad_j = err_j sum_k |x_k|. A neuron with a certified sign on the cell
// contributes one of its two coefficients to neuron i of the next stage, W z_j, W = plus or minus. (At the stage at which
// the cell was made, all these contributions and the bias are one affine form for each i, which `LayerForms` finds from
// that of another cell by the neurons whose sides differ.) One that changes sign, with z_j in [l, u] on P, l < 0 < u,
// contributes a convex or concave function with a break at 0. For every s in [0, 1]
//     contribution = (s plus + (1 - s) minus) z_j + (plus - minus) q(x),   0 <= q <= c = max((1 - s) u, -s l):
// at z_j >= 0 the difference is (plus - minus)(1 - s) z_j, at z_j <= 0 it is -(plus - minus) s z_j. Here s = u / (u - l),
// about, so that (1 - s) u = -s l = -u l / (u - l), but any double in [0, 1] is right. (Singh et al., "Fast and effective
// robustness certification", 2018; Zhang et al., "Efficient neural network robustness certification with general
// activation functions", 2018.)
//
// Rounding. Let X_k >= |x_k| on P (X_r+1 = 1), S_j = sum_k X_k |f_jk|, and let a term of m_i be a product A m_j or A c_j/2
// with doubles A. If every term is rounded three times and m terms are added, the value at x of the computed form differs
// from the true sum by at most (m + 6) 2^-53 sum of |A| (S_j or c_j/2); coefficients of a stage have a relative error of
// at most 2^-52 (or an absolute one below TINY), so that replacing them by their doubles moves the contribution of j by
// at most 2^-52 |W| (S_j + rad_j). So with K = (m + 16) 2^-52 and t_j = s S_j + c_j / 2 + s rad_j
//     rad_i = sum_j |W_ij| (s rad_j + c_j / 2 + K t_j) + TINY (1 + sum_j t_j),
// enlarged by SLACK for its own rounding (m additions of non-negative numbers: relative error below (m + 4) 2^-52; m < 2^30).
// The affine form of the contributions that are not relaxed counts as one term, with its own error instead of s rad_j.
// Underflow: X_k < 2^100, or nothing is decided; so a product that underflows moves a value by less than 2^-900 = TINY even
// 2^32 times.
// The values of m_i at the generators, whose coordinates x_k in P are known up to delta, are within
//     (r + 8) 2^-52 S_i + delta sum_k |f_ik| + TINY
// of the computed ones; m_i being affine on P, its extrema are at generators. NaN and infinities certify nothing, since
// all comparisons are such that they fail.
//
// The output itself. From its row the coefficients of the neurons before it are pulled back, stage by stage, which keeps
// what cancels. Let the output be at least sum_j (contribution of z_j) + const on P, with coefficients (A+_j, A-_j) for
// positive and negative z_j. A neuron that changes sign is bounded from below by (s A+ + (1 - s) A-) z_j + min(0, A+ - A-) c,
// with any s in [0, 1] and c = 0 if A+ >= A-; so there s is chosen by the larger of l and u. The pulled back coefficients
// are sums of n terms V_j W_jk; they are wrong by at most K sum_j |V_j W_jk|, which moves the bound by at most that times
// Z_k = max |z_k| <= S_k + rad_k. At the last stage that is reached, the contributions that are not relaxed are affine forms
// again, which are added with the coefficients V_i. What is subtracted for c is a sum of n numbers of one sign, so that its
// rounding is at most K times the sum.
#pragma once

#include "forms.hpp"
#include "layer_forms.hpp"
#include "vertices.hpp"

namespace polyrelu {

// f[k n + i] += x[k] w[i] and radius[i] += y |w[i]|, for k < WIDTH and i < n.
template <int WIDTH>
POLYRELU_CLONES void add_multiples(double* __restrict f, double* __restrict radius, const double* __restrict w,
                                   const double* __restrict x, double y, int n) {
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < WIDTH; ++k) f[(size_t)k * n + i] += x[k] * w[i];
        radius[i] += y * std::fabs(w[i]);
    }
}

// The sum of x[i] y[i], added in some order, and in `size` that of the moduli.
POLYRELU_CLONES inline double dot(const double* x, const double* y, int n, double& size) {
    constexpr int LANES = 4;
    double sum[LANES] = {}, moduli[LANES] = {};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int t = 0; t < LANES; ++t) {
            const double z = x[i + t] * y[i + t];
            sum[t] += z;
            moduli[t] += std::fabs(z);
        }
    for (; i < n; ++i) {
        sum[0] += x[i] * y[i];
        moduli[0] += std::fabs(x[i] * y[i]);
    }
    size = (moduli[0] + moduli[1]) + (moduli[2] + moduli[3]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// least[i] and most[i]: the extrema over the points x, of `width` coordinates each, of sum_k f[k n + i] x_k.
POLYRELU_CLONES inline void extrema(const double* __restrict f, int n, const double* x, int points, int width,
                                    double* __restrict value, double* __restrict least, double* __restrict most) {
    for (int i = 0; i < n; ++i) least[i] = INFINITY, most[i] = -INFINITY;
    for (int g = 0; g < points; ++g, x += width) {
        for (int i = 0; i < n; ++i) value[i] = f[i] * x[0];
        for (int k = 1; k < width; ++k)
            for (int i = 0; i < n; ++i) value[i] += f[(size_t)k * n + i] * x[k];
        for (int i = 0; i < n; ++i) least[i] = value[i] < least[i] ? value[i] : least[i];
        for (int i = 0; i < n; ++i) most[i] = value[i] > most[i] ? value[i] : most[i];
    }
}

// The generators of a cell, scaled to p = 1.
class Generators {
  public:
    int n = 0, width = 0;          // points; coordinates of each: x0, ..., x_r, and 1
    std::vector<double> x;         // width doubles a point
    static constexpr double MOST_REACH = 0x1p99;
    double delta = 0;              // every true coordinate is within delta of its double
    double reach[MAX_WIDTH + 1];   // X_k: no smaller than |x_k|

    // points: doubles of r + 1 coordinates each, with errors. `store` has x0 as form 0 and the starting forms after it.
    // False if no p can be certified.
    bool set(const std::vector<const double*>& points, const std::vector<double>& errors, const FormStore& store, int r) {
        n = (int)points.size();
        width = r + 2;
        double p[MAX_WIDTH] = {1};
        bool rays = false;
        for (const double* y : points) rays = rays || y[0] == 0;
        if (rays) {
            double inside[MAX_WIDTH] = {};
            for (const double* y : points) {
                double size = 0;
                for (int k = 0; k <= r; ++k) size = std::max(size, std::fabs(y[k]));
                for (int k = 0; k <= r; ++k) inside[k] += y[k] / size;
            }
            for (int i = 1; i <= r; ++i) {
                const double* f = store[i];
                double value = 0;
                for (int k = 0; k <= r; ++k) value += f[k] * inside[k];
                const double weight = (value > 0 ? 1 : -1) / store.norm(i);
                for (int k = 0; k <= r; ++k) p[k] += weight * f[k];
            }
        }
        double norm = 0;
        for (int k = 0; k <= r; ++k) norm += std::fabs(p[k]);
        x.resize((size_t)n * width);
        std::fill_n(reach, width, 0.0);
        delta = 0;
        for (int g = 0; g < n; ++g) {
            const double *y = points[g], d = errors[g];
            double value = 0, size = 0;
            for (int k = 0; k <= r; ++k) {
                value += p[k] * y[k];
                size += std::fabs(p[k] * y[k]);
            }
            const double off = ((r + 8) * EPS * size + d * norm + TINY) * SLACK;
            if (!(value > 2 * off)) return false;
            // (y + e) / (value + t) with |e| <= d, |t| <= off differs from y / value by at most (d + |y / value| off) / (value - off)
            double* out = &x[(size_t)g * width];
            double most = 0;
            for (int k = 0; k <= r; ++k) {
                out[k] = y[k] / value;
                most = std::max(most, std::fabs(out[k]));
                reach[k] = std::max(reach[k], std::fabs(out[k]));
            }
            out[r + 1] = 1;
            const double error = ((d + most * off) / (value - off) + 4 * EPS * most + TINY) * SLACK;
            if (!(error < MOST_REACH && most < MOST_REACH)) return false;
            delta = std::max(delta, error);
        }
        for (int k = 0; k <= r; ++k) reach[k] = (reach[k] + delta) * SLACK;
        reach[r + 1] = 1;
        return true;
    }
};

class OutputBound {
  public:
    // Whether the output of the network, the only neuron of the last stage, certainly has the sign `wanted`, 1 or -1, on
    // the whole cell. s: a stage; base: the forms of its neurons on a region that contains the cell; plus, minus: the
    // masks of the cell over its neurons.
    bool has_sign(int wanted, const std::vector<Stage>& stages, int s, const LayerForms& base, const uint64_t* plus,
                  const uint64_t* minus, const Generators& cell) {
        const LayerForms& fixed = reach_outputs(stages, s, base, plus, minus, cell);
        return pulled_back(stages, s, 0, wanted, fixed);
    }

    // Whether output i of n certainly exceeds all others on the whole cell. The neurons of the last stage are the
    // differences of the outputs: a minus b, a < b, in lexicographic order. (The one that was in the way the last time is
    // asked first; the answer does not depend on it.)
    bool is_largest(int i, int n, const std::vector<Stage>& stages, int s, const LayerForms& base, const uint64_t* plus,
                    const uint64_t* minus, const Generators& cell) {
        const LayerForms& fixed = reach_outputs(stages, s, base, plus, minus, cell);
        const int first = rival_;
        for (int t = -1; t < n; ++t) {
            const int j = t < 0 ? first : t;
            if (j == i || (t >= 0 && j == first)) continue;
            if (pulled_back(stages, s, difference(i, j, n), i < j ? 1 : -1, fixed)) continue;
            rival_ = j;
            return false;
        }
        return true;
    }

    // The number of the output that is the largest at x, about, from the values of differences.
    int largest(int n, const std::vector<Stage>& stages, int s, const LayerForms& base, const double* x, int r) {
        value(stages, s, base, x, r);
        int i = 0;
        for (int j = 1; j < n; ++j)
            if (here_[difference(i, j, n)] < 0) i = j;
        return i;
    }

    // What follows does not depend on what was asked before.
    void forget() {
        for (LayerForms& forms : fixed_) forms.forget();
    }

    // The output at the point x, about; base: the forms of the neurons of stage s on a region that contains it.
    double value(const std::vector<Stage>& stages, int s, const LayerForms& base, const double* x, int r) {
        here_.assign(base.n, 0);
        for (int k = 0; k <= r; ++k)
            if (x[k] != 0) add_multiple(here_.data(), &base.f[(size_t)k * base.n], x[k], base.n);
        for (int t = s + 1; t < (int)stages.size(); ++t) {
            const Stage& S = stages[t];
            next_.assign(S.n, 0);
            add_multiple(next_.data(), S.column(0, true), x[0], S.n);
            for (int j = 0; j < S.m; ++j) {
                const double z = here_[j];
                const double* w = S.column(j + 1, z > 0 || !stages[t - 1].splits[j]);
                if (!w) continue;
                if (S.n == 1)
                    next_[0] += z * w[0];
                else
                    add_multiple(next_.data(), w, z, S.n);
            }
            here_.swap(next_);
        }
        return here_[0];
    }

  private:
    // The number of the difference of outputs i and j among those of n.
    static int difference(int i, int j, int n) {
        const int a = std::min(i, j), b = std::max(i, j);
        return a * (2 * n - a - 1) / 2 + b - a - 1;
    }

    // Finds what is known of all neurons before the last stage; returns the contributions to the next stage of the neurons
    // of stage s that do not change sign.
    const LayerForms& reach_outputs(const std::vector<Stage>& stages, int s, const LayerForms& base, const uint64_t* plus,
                                    const uint64_t* minus, const Generators& cell) {
        cell_ = &cell;
        const int last = (int)stages.size() - 1;
        if ((int)layers_.size() < last + 1) {
            layers_.resize(last + 1);
            fixed_.resize(last + 1);
        }
        start(stages[s], stages[s + 1], base, plus, minus, layers_[s]);
        const LayerForms& fixed = fixed_[s + 1];
        fixed_[s + 1].set(stages[s + 1], base, side_, cell.width - 1);
        if (s + 1 < last) {
            first_step(stages[s + 1], fixed, layers_[s], layers_[s + 1]);
            classify(stages[s + 1], layers_[s + 1]);
        }
        for (int t = s + 2; t < last; ++t) {
            step(stages[t], stages[t - 1], layers_[t - 1], layers_[t]);
            classify(stages[t], layers_[t]);
        }
        return fixed;
    }

    // What is known of the neurons of a stage on the cell: of all, or of those that change sign (at the stage at which the
    // cell was made).
    struct Layer {
        int n = 0;
        std::vector<int> index;            // of those that change sign, at that stage
        std::vector<double> f;             // coefficient k of neuron j at k * n + j
        std::vector<double> radius, size;  // rad_j, S_j
        std::vector<double> low, high;     // of those that may change sign: l < 0 < u
        std::vector<double> least, most;   // of m_j at the generators
        std::vector<signed char> side;     // 1, -1: this sign or 0; 0: zero; 2: changes sign
        std::vector<double> slope, gap;    // s_j, c_j

        void resize(int neurons, int width) {
            n = neurons;
            f.resize((size_t)width * n);
            for (auto* v : {&radius, &size, &low, &high, &least, &most, &slope, &gap}) v->resize(n);
            side.resize(n);
        }
    };
    std::vector<Layer> layers_;
    std::vector<LayerForms> fixed_;    // by stage: what the neurons before that do not change sign contribute
    std::vector<signed char> side_;
    const Generators* cell_ = nullptr;
    std::vector<double> above_, below_, wrong_, pulled_;
    std::vector<std::pair<int, double>> free_;
    std::vector<double> here_, next_;
    int rival_ = 0;

    static double unit(int terms) { return (terms + 16.0) * EPS; }

    // S_j of all neurons.
    void measure(Layer& L) const {
        std::fill(L.size.begin(), L.size.end(), 0.0);
        for (int k = 0; k < cell_->width; ++k) add_moduli(L.size.data(), L.f.data() + (size_t)k * L.n, cell_->reach[k], L.n);
        for (int j = 0; j < L.n; ++j) L.size[j] *= SLACK;
    }

    // Bounds of neuron j on the cell; first, if it was not done for all neurons, its extrema at the generators.
    void range(Layer& L, int j, bool known = false) const {
        const int width = cell_->width;
        double norm = 0, least = INFINITY, most = -INFINITY;
        double f[MAX_WIDTH + 1];
        for (int k = 0; k < width; ++k) {
            f[k] = L.f[(size_t)k * L.n + j];
            norm += std::fabs(f[k]);
        }
        const double* x = cell_->x.data();
        if (known) {
            least = L.least[j];
            most = L.most[j];
        } else {
            for (int g = 0; g < cell_->n; ++g, x += width) {
                double v = 0;
                for (int k = 0; k < width; ++k) v += f[k] * x[k];
                least = v < least ? v : least;
                most = v > most ? v : most;
            }
        }
        const double off = (unit(width) * L.size[j] + cell_->delta * norm + TINY) * SLACK;
        L.radius[j] = (L.radius[j] + off) * SLACK;
        L.least[j] = least;
        L.most[j] = most;
        // NaN, which comparisons lose, is in `off`
        L.low[j] = least - L.radius[j] - EPS * std::fabs(least);
        L.high[j] = most + L.radius[j] + EPS * std::fabs(most);
    }

    // How a neuron that changes sign is relaxed.
    static void relax(Layer& L, int j) {
        const double l = L.low[j], u = L.high[j];
        double s = u / (u - l);
        if (!(s >= 0 && s <= 1)) s = 0.5;
        L.slope[j] = s;
        L.gap[j] = std::max((1 - s) * u, -s * l) * (1 + 4 * EPS);
        if (!(L.gap[j] < INFINITY)) L.gap[j] = INFINITY;
    }

    // The neurons of stage S that change sign on the cell, and the sides that the others have for the stage `next`.
    void start(const Stage& S, const Stage& next, const LayerForms& base, const uint64_t* plus, const uint64_t* minus,
               Layer& L) {
        const int r = cell_->width - 2;
        side_.assign(S.n + 1, 1);
        L.index.clear();
        for (int j = 0; j < S.n; ++j) {
            if (!S.splits[j]) continue;
            const bool p = bit(plus, j), m = bit(minus, j);
            if (p && m) L.index.push_back(j);
            side_[j + 1] = p ? !m : m && !next.minus.empty() ? -1 : 0;
        }
        const int n = (int)L.index.size();
        L.resize(n, cell_->width);
        double total = 0;
        for (int k = 0; k <= r; ++k) total += cell_->reach[k];
        for (int i = 0; i < n; ++i) {
            const int j = L.index[i];
            for (int k = 0; k <= r; ++k) L.f[(size_t)k * n + i] = base.f[(size_t)k * S.n + j];
            L.f[(size_t)(r + 1) * n + i] = 0;
            L.radius[i] = base.err[j] * total * SLACK;
            L.side[i] = 2;
        }
        measure(L);
        for (int i = 0; i < n; ++i) {
            range(L, i);
            relax(L, i);
        }
    }

    // The signs that the bounds tell.
    void classify(const Stage& S, Layer& L) const {
        extrema(L.f.data(), L.n, cell_->x.data(), cell_->n, cell_->width, L.low.data(), L.least.data(), L.most.data());
        for (int j = 0; j < S.n; ++j) {
            if (!S.splits[j]) {
                L.side[j] = 1;
                continue;
            }
            range(L, j, true);
            L.side[j] = L.low[j] >= 0 ? 1 : L.high[j] <= 0 ? -1 : 2;
            if (L.side[j] == 2) relax(L, j);
        }
    }

    // The neurons of stage S from the contributions of those of the stage before that do not change sign on the cell,
    // and from those that do.
    void first_step(const Stage& S, const LayerForms& fixed, const Layer& in, Layer& L) const {
        const int width = cell_->width, n = S.n;
        L.resize(n, width);
        std::copy_n(fixed.f.begin(), (size_t)(width - 1) * n, L.f.begin());
        std::fill_n(L.f.begin() + (size_t)(width - 1) * n, n, 0.0);
        const double K = unit(2 * in.n + 2);  // a neuron with a slope gives two terms
        double total = 1, reach = 0, largest = 0;
        for (int k = 0; k < width - 1; ++k) {
            reach += cell_->reach[k];
            largest = std::max(largest, cell_->reach[k]);
        }
        for (int i = 0; i < n; ++i) L.radius[i] = fixed.err[i] * reach + K * fixed.norm[i] * largest;
        for (int i = 0; i < in.n; ++i) add_relaxed(L, in, i, S, in.index[i], K, total);
        for (int i = 0; i < n; ++i) L.radius[i] = (L.radius[i] + TINY * total) * SLACK;
        measure(L);
    }

    // The neurons of stage S from those of the stage before.
    void step(const Stage& S, const Stage& before, const Layer& in, Layer& L) const {
        const int width = cell_->width, n = S.n;
        L.resize(n, width);
        std::fill(L.f.begin(), L.f.end(), 0.0);
        std::fill(L.radius.begin(), L.radius.end(), 0.0);
        const double K = unit(2 * S.m + 1);
        double total = 1;
        const double* bias = S.column(0, true);
        std::copy_n(bias, n, L.f.begin());
        add_moduli(L.radius.data(), bias, K * cell_->reach[0], n);
        for (int j = 0; j < before.n; ++j) {
            const int side = in.side[j];
            if (side == 0) continue;
            if (side != 2) {
                if (const double* w = S.column(j + 1, side > 0)) add(L, in, j, w, 1, 0, K, total);
                continue;
            }
            add_relaxed(L, in, j, S, j, K, total);
        }
        for (int i = 0; i < n; ++i) L.radius[i] = (L.radius[i] + TINY * total) * SLACK;
        measure(L);
    }

    // Adds the contributions of neuron i of `in`, which changes sign: input j of S.
    void add_relaxed(Layer& L, const Layer& in, int i, const Stage& S, int j, double K, double& total) const {
        add(L, in, i, S.column(j + 1, true), in.slope[i], in.gap[i], K, total);
        if (const double* w = S.column(j + 1, false)) add(L, in, i, w, 1 - in.slope[i], -in.gap[i], K, total);
    }

    // Adds W (s z_j + [0, c]).
    void add(Layer& L, const Layer& in, int j, const double* w, double s, double c, double K, double& total) const {
        const int width = cell_->width, n = L.n;
        double x[MAX_WIDTH + 1];
        for (int k = 0; k < width; ++k) x[k] = s * in.f[(size_t)k * in.n + j];
        x[width - 1] += c / 2;
        const double gap = std::fabs(c) / 2, t = s * (in.size[j] + in.radius[j]) + gap;
        total += t;
        const double y = s * in.radius[j] + gap + K * t;
        switch (width) {
            case 4: return add_multiples_of<4>(L.f.data(), L.radius.data(), w, x, y, n);
            case 5: return add_multiples_of<5>(L.f.data(), L.radius.data(), w, x, y, n);
            case 6: return add_multiples_of<6>(L.f.data(), L.radius.data(), w, x, y, n);
            case 7: return add_multiples_of<7>(L.f.data(), L.radius.data(), w, x, y, n);
        }
        for (int k = 0; k < width; ++k) add_multiple(L.f.data() + (size_t)k * n, w, x[k], n);
        add_moduli(L.radius.data(), w, y, n);
    }

    // Adds x[k] w to row k of f, and y |w| to `radius`.
    template <int WIDTH>
    static void add_multiples_of(double* f, double* radius, const double* w, const double* x, double y, int n) {
        add_multiples<WIDTH>(f, radius, w, x, y, n);
    }

    // Whether `wanted` times neuron `row` of the last stage is positive on the cell, by coefficients that are pulled back
    // to stage s; fixed: the contributions to the next stage of its neurons that do not change sign.
    bool pulled_back(const std::vector<Stage>& stages, int s, int row, int wanted, const LayerForms& fixed) {
        // So far: sum over the inputs of stage t of above_ or below_ times the input, + constant x0 + offset - wrong.
        double constant = 0, offset = 0, wrong = TINY;
        const int last = (int)stages.size() - 1;
        pulled_.assign(stages[last].n, 0);
        pulled_[row] = wanted;
        for (int t = last; t > s + 1; --t) {
            const Stage& S = stages[t];
            const double K = unit(S.n + 1);
            double total = 1, moduli;
            for (int j = 0; j < S.n; ++j) total += std::fabs(pulled_[j]);
            const double moved = dot(pulled_.data(), S.column(0, true), S.n, moduli);
            moduli += std::fabs(constant);
            constant += moved;
            wrong += (K * moduli + TINY * total) * cell_->reach[0] * SLACK;
            coefficients(S, nullptr, S.m, K, TINY * total);
            relax_coefficients(layers_[t - 1], offset, wrong);
        }
        // The rest is affine but for the neurons of stage s that change sign.
        const int width = cell_->width;
        const Stage& S = stages[s + 1];
        const Layer& L = layers_[s];
        const double K = unit(S.n + 2);
        double f[MAX_WIDTH + 1], total = 1, reach = 0;
        for (int j = 0; j < S.n; ++j) total += std::fabs(pulled_[j]);
        for (int k = 0; k < width - 1; ++k) {
            double moduli;
            f[k] = dot(pulled_.data(), fixed.f.data() + (size_t)k * S.n, S.n, moduli);
            if (k == 0) {
                f[0] += constant;
                moduli += std::fabs(constant);
            }
            wrong += K * moduli * cell_->reach[k] * SLACK;
            reach += cell_->reach[k];
        }
        double err = 0;
        for (int j = 0; j < S.n; ++j) err += std::fabs(pulled_[j]) * fixed.err[j];
        wrong += (err * reach + TINY * total) * SLACK;
        coefficients(S, L.index.data(), L.n, K, TINY * total);
        relax_coefficients(L, offset, wrong);
        f[width - 1] = offset;
        return improved(L, f, wrong);
    }

    // From the coefficients of the neurons of S those of its inputs, of n of them: `index`, or all if that is null.
    void coefficients(const Stage& S, const int* index, int n, double K, double tiny) {
        above_.assign(n, 0);
        below_.assign(n, 0);
        wrong_.assign(n, tiny);
        for (int i = 0; i < n; ++i) {
            const int k = index ? index[i] : i;
            for (const bool positive : {true, false}) {
                const double* w = S.column(k + 1, positive);
                if (!w) continue;
                double size, sum = dot(pulled_.data(), w, S.n, size);
                (positive ? above_ : below_)[i] = sum;
                wrong_[i] += K * size;
            }
        }
    }

    // Makes one coefficient for each neuron of L, positive or not.
    void relax_coefficients(const Layer& L, double& offset, double& wrong) {
        const double K = unit(L.n + 1);
        double most = 0;
        pulled_.resize(L.n);
        for (int j = 0; j < L.n; ++j) {
            const double a = above_[j], b = below_[j];
            const double Z = L.size[j] + L.radius[j];
            wrong += wrong_[j] * Z * SLACK;
            double v, size = std::max(std::fabs(a), std::fabs(b));
            if (L.side[j] == 2 && a >= b) {
                v = L.most[j] > -L.least[j] ? a : b;
            } else if (L.side[j] == 2) {
                v = L.slope[j] * a + (1 - L.slope[j]) * b;
                offset += (a - b) * L.gap[j];
                wrong += 4 * EPS * std::fabs(a - b) * L.gap[j];
            } else {
                v = L.side[j] > 0 ? a : L.side[j] < 0 ? b : 0;
                size = std::fabs(v);
            }
            pulled_[j] = v;
            most += size * Z;
        }
        wrong += (K * (most + std::fabs(offset)) + TINY * (1 + most)) * SLACK;
    }

    // Whether f + sum_j pulled_j z_j exceeds `wrong` on the cell, for some choice of the coefficients of neurons that
    // change sign and have A+ > A-: any between the two is right. Where the bound is least, the best ones are known; a few
    // steps are taken towards these, unless even they do not help there.
    bool improved(const Layer& L, const double* f, double wrong) {
        constexpr int TRIES = 4;
        for (int tries = 1;; ++tries) {
            double least;
            const double* x = positive(L, f, wrong, least);
            if (!x) return true;
            if (tries == TRIES || !(least > -INFINITY)) return false;
            double gain = 0;
            free_.clear();
            for (int j = 0; j < L.n; ++j) {
                if (!(above_[j] > below_[j])) continue;
                double z = 0;
                for (int k = 0; k < cell_->width; ++k) z += L.f[(size_t)k * L.n + j] * x[k];
                const double best = z > 0 ? above_[j] : below_[j];
                gain += (best - pulled_[j]) * z;
                free_.push_back({j, best});
            }
            if (!(least + gain > wrong)) return false;
            for (const auto& [j, best] : free_) {
                const double v = pulled_[j] + (best - pulled_[j]) / (tries == 1 ? 2 : tries);
                pulled_[j] = std::min(std::max(v, below_[j]), above_[j]);
            }
        }
    }

    // Null if `affine` + sum_j pulled_j z_j exceeds `wrong` on the cell, else a generator where it is least.
    const double* positive(const Layer& L, const double* affine, double wrong, double& least) const {
        const int width = cell_->width;
        double f[MAX_WIDTH + 1], norm = 0, size = 0;
        std::copy_n(affine, width, f);
        const double K = unit(L.n + 2);
        for (int k = 0; k < width; ++k) {
            double moduli;
            const double before = std::fabs(f[k]);
            f[k] += dot(pulled_.data(), L.f.data() + (size_t)k * L.n, L.n, moduli);
            moduli += before;
            wrong += K * moduli * cell_->reach[k] * SLACK;
            norm += std::fabs(f[k]);
            size += std::fabs(f[k]) * cell_->reach[k];
        }
        for (int j = 0; j < L.n; ++j) wrong += std::fabs(pulled_[j]) * L.radius[j] * SLACK;
        wrong = (wrong + unit(width) * size + cell_->delta * norm + TINY) * SLACK;
        const double *x = cell_->x.data(), *worst = x;
        least = INFINITY;
        bool all = cell_->n > 0;
        for (int g = 0; g < cell_->n; ++g, x += width) {
            double v = 0;
            for (int k = 0; k < width; ++k) v += f[k] * x[k];
            all = all && v > wrong;
            if (!(v >= least)) least = v, worst = x;
        }
        return all ? nullptr : worst;
    }
};

}  // namespace polyrelu
