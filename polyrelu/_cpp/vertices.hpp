// Vertices: an enclosure in floating point, and a recipe from which the exact coordinates are made when they are needed.
//
// Vertex v is a homogeneous vector x (r + 1 entries, x0 >= 0) up to a positive factor. Its record is doubles y_k and an
// error d. d = 0: the y_k are the coordinates themselves, coprime integers below 2^53. d > 0: in some scaling of the
// true vector, |x_k - y_k| <= d for all k (and x0 = 0 exactly if y_0 = 0 is at infinity).
//
// Placing the vertex where the form f of a neuron meets an edge with ends p, q, f(p) > 0 > f(q):
//
// 1. If all of p, q, f are exact, so are f(p), f(q) when the sums of moduli stay below 2^53, and the primitive vector
//    f(p) q - f(q) p is computed in 128-bit integers. It is kept when its entries are below 2^53.
// 2. Otherwise r forms vanish on the vertex: the r - 1 supports of the edge and f; the supports are independent and f
//    is not in their span, since it does not vanish on the edge. In the chart x_m = 1, m the largest entry of an
//    approximation, they are r linear equations; F the r x (r + 1) matrix of the true forms, G the stored doubles,
//    |F_ik - G_ik| <= e_i, M and N those matrices without column m. Let R be any matrix (a computed inverse of N), y any
//    approximation with y_m = 1. From F x = 0: M (x - y) = -F y, hence x - y = -R F y + (I - R M)(x - y), and if
//    K = |I - R M| < 1 (maximum norm) then M is regular, x exists and is unique, and
//        |x - y| <= |R F y| / (1 - K)
//    (one interval Newton step, after Krawczyk). Bounds used, u = 2^-52:
//        |(F y)_i| <= |fl(G y)_i| + (r + 4) u sum_k |G_ik y_k| + e_i sum_k |y_k| + TINY
//        K_kc      <= |fl(I - R N)_kc| + (r + 4) u (1 + sum_i |R_ki N_ic|) + sum_i |R_ki| e_i + TINY
//    the latter for each of the r entries of a row, which are summed; the computed bound is enlarged by 1 + 2^-20. (It
//    is never so small that underflow counts. K < 1/2 gives an i with |R_ci| >= 1 / (2 r |N_ic|). If e_i > 0, then
//    e_i >= 2^-52 |N_ic| (`forms.hpp`), so that this term of |R F y| is at least 2^-54 / r; if e_i = 0, then
//    |N_ic| < 2^53 and the residual is at least TINY, so that it is at least 2^-954 / r. Products that underflow lose
//    less than r 2^-1022.)
//    The orientation (x or -x): a vertex of a cell that is not at infinity has x0 > 0, so y_0 must exceed the error;
//    at infinity x is a positive combination of p and q, so its entry m has the sign that both have for certain.
// 3. Where that fails, p, q and f are computed exactly in GMP, and the vertex is f(p) q - f(q) p, made primitive.
#pragma once

#include <atomic>
#include <stdexcept>
#include <unordered_map>

#include "forms.hpp"
#include "memory.hpp"
#include "storage.hpp"

namespace polyrelu {

struct Recipe {
    int32_t p, q;     // the ends of the edge, or p = -1: the exact coordinates are kept
    int32_t region;   // of the stage that the neuron belongs to
    int32_t neuron;   // number among all neurons of all stages
};

using BigVector = std::vector<mpz_class>;

inline void make_primitive(BigVector& x) {
    mpz_class g = 0;
    for (const mpz_class& c : x) mpz_gcd(g.get_mpz_t(), g.get_mpz_t(), c.get_mpz_t());
    if (g > 1)
        for (mpz_class& c : x) mpz_divexact(c.get_mpz_t(), c.get_mpz_t(), g.get_mpz_t());
}

inline bool is_double_integer(const BigVector& x) {
    for (const mpz_class& c : x)
        if (mpz_sizeinbase(c.get_mpz_t(), 2) > 53) return false;
    return true;
}

// Vertices that one thread has made and that are not among all others yet, numbered from `first` on.
struct NewVertices {
    int32_t first = 0;
    Array<double> coordinates, error;
    Array<Recipe> recipe;
    std::unordered_map<int32_t, BigVector> known;

    void clear(int32_t number) {
        first = number;
        coordinates.resize(0);
        error.resize(0);
        recipe.resize(0);
        known.clear();
    }
    int32_t size() const { return (int32_t)error.size(); }
};

class Vertices {
  public:
    Vertices(int rank, const std::vector<Stage>& stages, const std::vector<Pieces>& pieces)
        : width(rank + 1), stages_(stages), pieces_(pieces) {}

    const int width;
    Array<double> coordinates;  // width a vertex
    Array<double> error;
    Array<Recipe> recipe;
    std::unordered_map<int32_t, BigVector> known;  // exact coordinates that were needed
    size_t longest = SIZE_MAX;                     // bits that a coordinate may have

    int64_t size() const { return (int64_t)error.size(); }
    const double* operator[](int64_t v) const { return coordinates.data() + v * width; }
    bool exact(int64_t v) const { return error[v] == 0; }
    bool is_root(int64_t v) const { return !exact(v) && recipe[v].p < 0; }  // its exact coordinates are in `known`

    int64_t memory() const {
        return (int64_t)(coordinates.bytes() + error.bytes() + recipe.bytes()) + exact_bytes_;
    }

    int64_t bytes_each() const { return 8 * (width + 1) + (int64_t)sizeof(Recipe); }

    void resize(int64_t n) {
        coordinates.resize(n * width);
        error.resize(n);
        recipe.resize(n);
    }

    void set(int64_t v, const double* y, double d, const Recipe& how) {
        std::copy_n(y, width, &coordinates[v * width]);
        error[v] = d;
        recipe[v] = how;
    }

    void release() {
        coordinates.release();
        error.release();
        recipe.release();
    }

    // x is primitive and exact.
    void set_exact(int64_t v, const BigVector& x) {
        double y[MAX_WIDTH];
        const double d = enclose(x, y);
        set(v, y, d, {-1, -1, -1, -1});
        if (d != 0) known[(int32_t)v] = x;
    }

    // The record of an exact vector: y, and the error that is returned.
    double enclose(const BigVector& x, double* y) const {
        const bool small = is_double_integer(x);
        if (small)
            for (int k = 0; k < width; ++k) y[k] = x[k].get_d();
        else
            approximate(x.data(), width, y);  // entries at most 1
        return small ? 0 : EPS;
    }

    // The exact coordinates of vertex v, along its recipe; no recursion, whatever its length.
    const BigVector& exact_coordinates(int32_t v) {
        NewVertices none;
        none.first = (int32_t)size();
        return exact_coordinates(v, none);
    }

    // The same where v may be one of the vertices `made` by the calling thread.
    const BigVector& exact_coordinates(int32_t v, NewVertices& made) {
        std::vector<int32_t> open{v};
        while (!advance(open, made, INT64_MAX)) {
        }
        return (v < made.first ? known : made.known)[v];
    }

    // Makes the exact coordinates of the last of the `open` vertices, those it is made from first, in so many steps at
    // the most; whether it is done. With a limit on their length: std::overflow_error beyond it.
    bool advance(std::vector<int32_t>& open, int64_t steps) {
        NewVertices none;
        none.first = (int32_t)size();
        return advance(open, none, steps);
    }
    bool advance(std::vector<int32_t>& open, NewVertices& made, int64_t steps) {
        const auto known_of = [&](int32_t t) -> auto& { return t < made.first ? known : made.known; };
        for (; !open.empty(); --steps) {
            if (steps <= 0) return false;
            check_gmp_memory();
            const int32_t t = open.back();
            auto& found = known_of(t);
            if (found.count(t)) {
                open.pop_back();
                continue;
            }
            const bool old = t < made.first;
            const size_t i = old ? t : t - made.first;
            if ((old ? error[i] : made.error[i]) == 0) {
                const double* y = (old ? coordinates.data() : made.coordinates.data()) + i * width;
                BigVector x(width);
                for (int k = 0; k < width; ++k) x[k] = y[k];
                exact_bytes_ += bytes_of(x);
                found.emplace(t, std::move(x));
                continue;
            }
            const Recipe& how = old ? recipe[i] : made.recipe[i];
            const bool p = known_of(how.p).count(how.p), q = known_of(how.q).count(how.q);
            if (!p) open.push_back(how.p);
            if (!q) open.push_back(how.q);
            if (!p || !q) continue;
            BigVector x = intersect_exactly(known_of(how.p)[how.p], known_of(how.q)[how.q], how);
            for (const mpz_class& c : x)
                if (mpz_sizeinbase(c.get_mpz_t(), 2) > longest) throw std::overflow_error("a vertex is too long");
            exact_bytes_ += bytes_of(x);
            found.emplace(t, std::move(x));
        }
        return true;
    }

    // Keeps the exact coordinates of a vertex that was just made.
    void keep(int32_t v, BigVector x, NewVertices& made) {
        exact_bytes_ += bytes_of(x);
        made.known.emplace(v, std::move(x));
    }

    // Places the new vertices from `at` on; of their numbers those from `made.first` on are moved as well.
    void adopt(NewVertices& made, int64_t at) {
        const int32_t shift = (int32_t)(at - made.first);
        std::copy(made.coordinates.begin(), made.coordinates.end(), coordinates.data() + at * width);
        std::copy(made.error.begin(), made.error.end(), error.data() + at);
        for (int32_t i = 0; i < made.size(); ++i) {
            Recipe how = made.recipe[i];
            if (how.p >= made.first) how.p += shift;
            if (how.q >= made.first) how.q += shift;
            recipe[at + i] = how;
        }
    }
    void adopt_known(NewVertices& made, int64_t at) {
        for (auto& [v, x] : made.known) known[(int32_t)(v - made.first + at)] = std::move(x);
    }

    // The exact form of a neuron (numbered among all) on a region of its stage, up to a positive factor.
    const BigVector& exact_form(int32_t region, int32_t neuron) {
        const uint64_t key = (uint64_t)(uint32_t)neuron << 32 | (uint32_t)region;
        const auto found = forms_.find(key);
        if (found != forms_.end()) return found->second;
        check_gmp_memory();
        int s = 0, i = neuron;
        while (i >= stages_[s].n) i -= stages_[s++].n;
        BigVector f(width);
        if (pull_back_.run(stages_, pieces_, s, region, i))
            for (int k = 0; k < width; ++k) f[k] = (long)pull_back_.word[k];
        else
            for (int k = 0; k < width; ++k) f[k] = pull_back_.big[k];
        make_primitive(f);
        exact_bytes_ += bytes_of(f);
        return forms_.emplace(key, std::move(f)).first->second;
    }

    // Of one stage they are asked for again and again, of earlier ones hardly ever.
    void forget_forms() {
        for (const auto& [key, f] : forms_) exact_bytes_ -= bytes_of(f);
        forms_.clear();
    }

    BigVector intersect_exactly(const BigVector& p, const BigVector& q, const Recipe& how) {
        const BigVector& f = exact_form(how.region, how.neuron);
        mpz_class a = 0, b = 0;
        for (int k = 0; k < width; ++k) {
            mpz_addmul(a.get_mpz_t(), f[k].get_mpz_t(), p[k].get_mpz_t());
            mpz_submul(b.get_mpz_t(), f[k].get_mpz_t(), q[k].get_mpz_t());
        }
        BigVector x(width);
        for (int k = 0; k < width; ++k) {
            x[k] = b * p[k];
            mpz_addmul(x[k].get_mpz_t(), a.get_mpz_t(), q[k].get_mpz_t());
        }
        make_primitive(x);
        return x;
    }

    // Makes the exact coordinates of all vertices independent of other vertices, and keeps those with keep[v], in order.
    void filter(const std::vector<char>& keep) {
        for (int32_t v = 0; v < size(); ++v)
            if (keep[v] && !exact(v)) exact_coordinates(v);
        std::unordered_map<int32_t, BigVector> kept;
        int32_t n = 0;
        for (int32_t v = 0; v < size(); ++v) {
            if (!keep[v]) continue;
            if (!exact(v)) kept.emplace(n, std::move(known[v]));
            std::copy_n(&coordinates[(size_t)v * width], width, &coordinates[(size_t)n * width]);
            error[n] = error[v];
            recipe[n++] = {-1, -1, -1, -1};
        }
        resize(n);
        known.swap(kept);
        exact_bytes_ = 0;
        for (const auto& [v, x] : known) exact_bytes_ += bytes_of(x);
        for (const auto& [key, f] : forms_) exact_bytes_ += bytes_of(f);
    }

  private:
    const std::vector<Stage>& stages_;
    const std::vector<Pieces>& pieces_;
    PullBack pull_back_;
    std::unordered_map<uint64_t, BigVector> forms_;
    std::atomic<int64_t> exact_bytes_{0};  // of the exact vectors that were kept, about

    static int64_t bytes_of(const BigVector& x) {
        constexpr int64_t NODE = 64, BLOCK = 16;  // of a map; what an allocation takes besides
        int64_t bytes = NODE + BLOCK;
        for (const mpz_class& c : x)
            bytes += (int64_t)(sizeof(mpz_class) + sizeof(mp_limb_t) * mpz_size(c.get_mpz_t())) + BLOCK;
        return bytes;
    }
};

// Solves for a vertex from the forms that vanish on it: step 2 above.
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

        const double unit = (r + 4) * EPS;
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
