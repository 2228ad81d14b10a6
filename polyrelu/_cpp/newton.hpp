// A vertex from the forms that vanish on it: an enclosure by one interval Newton step, after Krawczyk.
//
// Let F be the r x (r + 1) matrix of r true forms, G the stored doubles, |F_ik - G_ik| <= e_i. The vertex spans the
// kernel of F. In the chart x_m = 1, m the largest entry of an approximation, it solves r linear equations; M and N are
// F and G without column m. Let R be any matrix (a computed inverse of N), y any approximation with y_m = 1. From F x =
// 0: M (x - y) = -F y, hence x - y = -R F y + (I - R M)(x - y), and if K = |I - R M| < 1 (maximum norm) then M is
// regular, x exists and is unique, and
//     |x - y| <= |R F y| / (1 - K).
//
// Bounds (`rounding.hpp`): a term of (F y)_i is rounded once as a product and at most r + 1 times in a sum; a term of I
// - R N once and at most r times, and R is what it is, without an error.
//     |(F y)_i| <= |fl(G y)_i| + gamma_bound(r + 4) sum_k |G_ik y_k| + e_i sum_k |y_k| + TINY
//     K_kc      <= |fl(I - R N)_kc| + gamma_bound(r + 4) (1 + sum_i |R_ki N_ic|) + sum_i |R_ki| e_i + TINY
// the latter for each of the r entries of a row, which are summed. SLACK covers the rounding of the bound itself.
//
// Underflow in R F y does not count, since that bound is never so small: K < 1/2 gives an i with |R_ci| >= 1 / (2 r
// |N_ic|). If e_i > 0, then e_i >= 2^-52 |N_ic| (`layer_forms.hpp`), so that this term of |R F y| is at least 2^-54 /
// r; if e_i = 0, then |N_ic| < 2^53 and the residual is at least TINY, so that it is at least 2^-954 / r. Products that
// underflow lose less than r 2^-1022.
#pragma once

#include "forms.hpp"

namespace polyrelu {

// Solves for a vertex from the forms that vanish on it.
class NewtonStep {
  public:
    // forms: r records of `store`; guess: an approximate vector; on success y and its error d, with y_m = 1.
    bool run(const FormStore& store, const int32_t* forms, int r, const double* guess, double* y, double& d, int& m) {
        switch (r) {
            case 1: return solve<1>(store, forms, r, guess, y, d, m);
            case 2: return solve<2>(store, forms, r, guess, y, d, m);
            case 3: return solve<3>(store, forms, r, guess, y, d, m);
            case 4: return solve<4>(store, forms, r, guess, y, d, m);
            default: return solve<0>(store, forms, r, guess, y, d, m);
        }
    }

  private:
    double n_[MAX_WIDTH][MAX_WIDTH], inv_[MAX_WIDTH][MAX_WIDTH], work_[MAX_WIDTH][2 * MAX_WIDTH];

    // R is the rank, or 0 when it is only known at run time: the loops of small ranks are unrolled.
    template <int R>
    bool solve(const FormStore& store, const int32_t* forms, int rank, const double* guess, double* y, double& d, int& m) {
        const int r = R > 0 ? R : rank;
        m = 0;
        for (int k = 1; k <= r; ++k)
            if (std::fabs(guess[k]) > std::fabs(guess[m])) m = k;
        for (int i = 0; i < r; ++i) {
            const double* f = store[forms[i]];
            for (int k = 0, c = 0; k <= r; ++k)
                if (k != m) n_[i][c++] = f[k];
        }
        if (!invert<R>(rank)) return false;
        double z[R > 0 ? R + 1 : MAX_WIDTH] = {}, residual[MAX_WIDTH];
        for (int c = 0; c < r; ++c) {
            z[c] = 0;
            for (int i = 0; i < r; ++i) z[c] -= inv_[c][i] * store[forms[i]][m];
        }
        auto spread = [&] {
            for (int k = 0, c = 0; k <= r; ++k) y[k] = k == m ? 1 : z[c++];
        };
        spread();
        for (int i = 0; i < r; ++i) {
            residual[i] = 0;
            const double* f = store[forms[i]];
            for (int k = 0; k <= r; ++k) residual[i] += f[k] * y[k];
        }
        for (int c = 0; c < r; ++c)
            for (int i = 0; i < r; ++i) z[c] -= inv_[c][i] * residual[i];
        spread();

        const double unit = gamma_bound(r + 4);
        double total = 0;
        for (int k = 0; k <= r; ++k) total += std::fabs(y[k]);
        for (int i = 0; i < r; ++i) {
            const double* f = store[forms[i]];
            double s = 0, size = 0;
            for (int k = 0; k <= r; ++k) {
                const double t = f[k] * y[k];
                s += t;
                size += std::fabs(t);
            }
            residual[i] = std::fabs(s) + unit * size + store.err(forms[i]) * total + TINY;
        }
        double contraction = 0, distance = 0;
        for (int c = 0; c < r; ++c) {
            double row = 0, moved = 0, slope = 0;
            for (int i = 0; i < r; ++i) {
                const double a = std::fabs(inv_[c][i]);
                moved += a * residual[i];
                slope += a * store.err(forms[i]);
            }
            for (int b = 0; b < r; ++b) {
                double s = b == c ? 1 : 0, size = 1;
                for (int i = 0; i < r; ++i) {
                    const double t = inv_[c][i] * n_[i][b];
                    s -= t;
                    size += std::fabs(t);
                }
                row += std::fabs(s) + unit * size + slope + TINY;
            }
            contraction = row > contraction ? row : contraction;
            distance = moved > distance ? moved : distance;
            if (!(row < 0.5) || !(moved < 0.5)) return false;  // also for NaN
        }
        d = distance / (1 - contraction) * SLACK;
        return d > 0;
    }

    // Gauss-Jordan with column pivots; any inaccuracy only makes the certificate fail.
    template <int R>
    bool invert(int rank) {
        const int r = R > 0 ? R : rank;
        for (int i = 0; i < r; ++i)
            for (int k = 0; k < r; ++k) {
                work_[i][k] = n_[i][k];
                work_[i][r + k] = i == k;
            }
        for (int k = 0; k < r; ++k) {
            int best = k;
            for (int i = k + 1; i < r; ++i)
                if (std::fabs(work_[i][k]) > std::fabs(work_[best][k])) best = i;
            if (work_[best][k] == 0) return false;
            if (best != k) std::swap_ranges(work_[k], work_[k] + 2 * r, work_[best]);
            const double scale = 1 / work_[k][k];
            for (int j = k; j < 2 * r; ++j) work_[k][j] *= scale;
            for (int i = 0; i < r; ++i) {
                const double t = work_[i][k];
                if (i == k || t == 0) continue;
                for (int j = k; j < 2 * r; ++j) work_[i][j] -= t * work_[k][j];
            }
        }
        for (int i = 0; i < r; ++i)
            for (int k = 0; k < r; ++k) inv_[i][k] = work_[i][r + k];
        return true;
    }
};

}  // namespace polyrelu
