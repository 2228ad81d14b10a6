// What is decided about points and forms: signs, and where forms meet edges. Right by the bounds below, or by GMP.
//
// Signs of doubles. A form f with error e (`forms.hpp`) at a vertex y with error d has the true value f.y up to
// e (sum |y_k| + (r + 1) d) + d sum |f_k|, and the computed f.y is within (r + 8) 2^-52 sum |f_k y_k| + TINY of it.
// A sign is accepted beyond the sum of these; when e = d = 0 and sum |f_k y_k| < 2^53, the computed value is exact,
// zeros included. All other signs are computed in GMP.
#pragma once

#include <mutex>

#include "vertices.hpp"

namespace polyrelu {

// How signs are decided: by the certified filter with GMP behind it; all by GMP (to test against); or by the computed
// doubles as they are (to measure what certainty costs: its results prove nothing).
enum Arithmetic { CERTIFIED = 0, ALL_BIG = 1, UNCERTIFIED = 2 };

class Decisions {
  public:
    Decisions(int rank, Arithmetic arithmetic, const std::vector<Stage>& stages, const std::vector<Pieces>& pieces)
        : r(rank), arithmetic(arithmetic), forms(rank + 1), vertices(rank, stages, pieces) {}

    const int r;
    const Arithmetic arithmetic;
    FormStore forms;
    Vertices vertices;

    // What each thread has for itself.
    struct Desk {
        Desk(const std::vector<Stage>& stages, const std::vector<Pieces>& pieces) : maker(stages, pieces) {}
        Statistics stats;
        FormMaker maker;
        NewtonStep newton;
    };

    // Half the width of the interval around a computed value f.y, see above; size = sum |f_k y_k|, total = sum |y_k|.
    double margin(double size, double norm, double err, double d, double total) const {
        return ((r + 8) * EPS * size + err * (total + (r + 1) * d) + d * norm + TINY) * SLACK;
    }

    int exact_sign(int32_t v, int32_t region, int32_t neuron, Statistics& stats) {
        std::lock_guard<std::mutex> lock(exact_);
        const BigVector& f = vertices.exact_form(region, neuron);
        const BigVector& x = vertices.exact_coordinates(v);
        mpz_class z = 0;
        for (int k = 0; k <= r; ++k) mpz_addmul(z.get_mpz_t(), f[k].get_mpz_t(), x[k].get_mpz_t());
        ++stats.big;
        stats.big_zero += sgn(z) == 0;
        return sgn(z);
    }

    int sign_of(int32_t v, int64_t form, int32_t region, int32_t neuron, Statistics& stats) {
        const double *y = vertices[v], *f = forms[form];
        double s = 0, size = 0, total = 0;
        for (int k = 0; k <= r; ++k) {
            const double t = f[k] * y[k];
            s += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
        }
        const double d = vertices.error[v], e = forms.err(form);
        if (arithmetic == ALL_BIG) return exact_sign(v, region, neuron, stats);
        if (arithmetic == UNCERTIFIED) return (s > 0) - (s < 0);
        if (d == 0 && e == 0 && size < EXACT_LIMIT) {
            ++stats.word;
            return (s > 0) - (s < 0);
        }
        if (std::fabs(s) > margin(size, forms.norm(form), e, d, total)) {
            ++stats.filtered;
            return s > 0 ? 1 : -1;
        }
        return exact_sign(v, region, neuron, stats);
    }

    // Makes form number `at`: that of neuron i of stage s, number `neuron` among all, on region p.
    void make_form(int64_t at, int s, int32_t p, int i, int32_t neuron, Desk& desk) {
        const double err = desk.maker.run(s, p, i);
        double largest = 0;
        for (const double x : desk.maker.row().value) largest = std::max(largest, std::fabs(x));
        if (err <= 0x1p-30 * largest) {
            forms.set(at, desk.maker.row().value.data(), err);
        } else {  // many layers: the exact form, rounded once, is worth its price
            std::lock_guard<std::mutex> lock(exact_);
            ++desk.stats.big_forms;
            forms.set_exact(at, vertices.exact_form(p, neuron).data());
        }
    }

    // Makes vertex v, where a form meets the edge from vertex how.p (positive) to how.q (negative). The r - 1 supports
    // are forms that vanish on the edge.
    void place(int32_t v, const Recipe& how, int32_t form, const int32_t* supports, bool at_infinity, Desk& desk) {
        const int32_t p = how.p, q = how.q;
        if (arithmetic == ALL_BIG) {
            place_exactly(v, how, desk);
            return;
        }
        const double *f = forms[form], *yp = vertices[p], *yq = vertices[q];
        double a = 0, b = 0, size_a = 0, size_b = 0;
        for (int k = 0; k <= r; ++k) {
            const double t = f[k] * yp[k], u = f[k] * yq[k];
            a += t;
            b -= u;
            size_a += std::fabs(t);
            size_b += std::fabs(u);
        }
        double guess[MAX_WIDTH], y[MAX_WIDTH], d;
        for (int k = 0; k <= r; ++k) guess[k] = std::fabs(b) * yp[k] + std::fabs(a) * yq[k];
        if (arithmetic == UNCERTIFIED) {
            double top = 0;
            for (int k = 0; k <= r; ++k) top = std::max(top, std::fabs(guess[k]));
            for (int k = 0; k <= r; ++k) guess[k] /= top;
            vertices.set(v, guess, EPS, how);
            return;
        }
        if (vertices.exact(p) && vertices.exact(q) && forms.err(form) == 0 && size_a < EXACT_LIMIT &&
            size_b < EXACT_LIMIT && place_in_words((int64_t)a, (int64_t)b, how, v))
            return;
        int32_t through[MAX_WIDTH];
        std::copy_n(supports, r - 1, through);
        through[r - 1] = form;
        int m;
        if (desk.newton.run(forms, through, r, guess, y, d, m)) {
            int orientation = 0;
            if (at_infinity) {
                y[0] = 0;
                const int sp = certain_sign(p, m), sq = certain_sign(q, m);
                if (m > 0 && sp != 2 && sq != 2 && sp * sq >= 0) orientation = sp + sq > 0 ? 1 : sp + sq < 0 ? -1 : 0;
            } else if (m == 0 || y[0] > d) {
                orientation = 1;
            } else if (y[0] < -d) {
                orientation = -1;
            }
            if (orientation) {
                for (int k = 0; k <= r; ++k) y[k] *= orientation;
                ++desk.stats.enclosed;
                vertices.set(v, y, d, how);
                return;
            }
        }
        place_exactly(v, how, desk);
    }

  private:
    std::mutex exact_;  // held while exact coordinates or forms are made or read

    // The vertex b p + a q, a and b positive, of vertices with integer coordinates below 2^53, if it is one as well.
    bool place_in_words(int64_t a, int64_t b, const Recipe& how, int32_t at) {
        const int64_t g = (int64_t)std::gcd((uint64_t)a, (uint64_t)b);
        const i128 u = a / g, v = b / g;
        const double *yp = vertices[how.p], *yq = vertices[how.q];
        i128 x[MAX_WIDTH];
        unsigned __int128 content = 0;
        for (int k = 0; k <= r; ++k) {
            x[k] = v * (int64_t)yp[k] + u * (int64_t)yq[k];
            if (content != 1) content = gcd(magnitude(x[k]), content);
        }
        double y[MAX_WIDTH];
        for (int k = 0; k <= r; ++k) {
            if (content > 1) x[k] /= (i128)content;
            if (magnitude(x[k]) >> 53) return false;
            y[k] = (double)(int64_t)x[k];
        }
        vertices.set(at, y, 0, how);
        return true;
    }

    void place_exactly(int32_t v, const Recipe& how, Desk& desk) {
        std::lock_guard<std::mutex> lock(exact_);
        ++desk.stats.big_vertices;
        const BigVector& xp = vertices.exact_coordinates(how.p);  // references into a node-based map stay valid
        vertices.set_exact(v, vertices.intersect_exactly(xp, vertices.exact_coordinates(how.q), how), how);
    }

    // The sign of entry m of a vertex, or 2 if the enclosure does not tell.
    int certain_sign(int32_t v, int m) const {
        const double y = vertices[v][m], d = vertices.error[v];
        return y > d ? 1 : y < -d ? -1 : d == 0 ? 0 : 2;
    }
};

}  // namespace polyrelu
