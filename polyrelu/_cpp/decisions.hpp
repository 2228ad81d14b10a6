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
    Decisions(int rank, Arithmetic how, const std::vector<Stage>& stages, const std::vector<Pieces>& pieces)
        : r(rank), arithmetic(how), forms(rank + 1), vertices(rank, stages, pieces) {}

    const int r;
    const Arithmetic arithmetic;
    FormStore forms;
    Vertices vertices;

    // What each thread has for itself.
    struct Desk {
        Statistics stats;
        NewtonStep newton;
        NewVertices* made = nullptr;  // where new vertices go

        // What took GMP, and may take long.
        int64_t exact_work() const { return stats.big + stats.big_vertices + stats.big_forms; }
    };

    const double* point(int32_t v, const Desk& desk) const {
        const NewVertices& made = *desk.made;
        return v < made.first ? vertices[v] : &made.coordinates[(size_t)(v - made.first) * (r + 1)];
    }
    double error(int32_t v, const Desk& desk) const {
        return v < desk.made->first ? vertices.error[v] : desk.made->error[v - desk.made->first];
    }

    // Half the width of the interval around a computed value f.y, see above; size = sum |f_k y_k|, total = sum |y_k|.
    double margin(double size, double norm, double err, double d, double total) const {
        return ((r + 8) * EPS * size + err * (total + (r + 1) * d) + d * norm + TINY) * SLACK;
    }

    int exact_sign(int32_t v, int32_t region, int32_t neuron, Desk& desk) {
        std::lock_guard<std::mutex> lock(exact_);
        const BigVector& f = vertices.exact_form(region, neuron);
        const BigVector& x = vertices.exact_coordinates(v, *desk.made);
        mpz_class z = 0;
        for (int k = 0; k <= r; ++k) mpz_addmul(z.get_mpz_t(), f[k].get_mpz_t(), x[k].get_mpz_t());
        ++desk.stats.big;
        desk.stats.big_zero += sgn(z) == 0;
        return sgn(z);
    }

    int sign_of(int32_t v, int64_t form, int32_t region, int32_t neuron, Desk& desk) {
        const double *y = point(v, desk), *f = forms[form];
        double s = 0, size = 0, total = 0;
        for (int k = 0; k <= r; ++k) {
            const double t = f[k] * y[k];
            s += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
        }
        const double d = error(v, desk), e = forms.err(form);
        if (arithmetic == ALL_BIG) return exact_sign(v, region, neuron, desk);
        if (arithmetic == UNCERTIFIED) return (s > 0) - (s < 0);
        if (d == 0 && e == 0 && size < EXACT_LIMIT) {
            ++desk.stats.word;
            return (s > 0) - (s < 0);
        }
        if (std::fabs(s) > margin(size, forms.norm(form), e, d, total)) {
            ++desk.stats.filtered;
            return s > 0 ? 1 : -1;
        }
        return exact_sign(v, region, neuron, desk);
    }

    // Makes form number `at` from doubles f with error err: that of a neuron (among all) on region p of its stage.
    void make_form(int64_t at, const double* f, double err, int32_t p, int32_t neuron, Desk& desk) {
        double largest = 0;
        for (int k = 0; k <= r; ++k) largest = std::max(largest, std::fabs(f[k]));
        if (err <= 0x1p-30 * largest) {
            forms.set(at, f, err);
        } else {  // many layers: the exact form, rounded once, is worth its price
            std::lock_guard<std::mutex> lock(exact_);
            ++desk.stats.big_forms;
            forms.set_exact(at, vertices.exact_form(p, neuron).data());
        }
    }

    // Makes the next new vertex, where a form meets the edge from vertex how.p (positive) to how.q (negative). The r - 1
    // supports are forms that vanish on the edge. Returns its number.
    int32_t place(const Recipe& how, int32_t form, const int32_t* supports, bool at_infinity, Desk& desk) {
        const int32_t p = how.p, q = how.q;
        if (arithmetic == ALL_BIG) return place_exactly(how, desk);
        const double *f = forms[form], *yp = point(p, desk), *yq = point(q, desk);
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
            return add(guess, EPS, how, desk);
        }
        const double dp = error(p, desk), dq = error(q, desk);
        if (dp == 0 && dq == 0 && forms.err(form) == 0 && size_a < EXACT_LIMIT && size_b < EXACT_LIMIT &&
            combine_words((int64_t)a, (int64_t)b, yp, yq, y))
            return add(y, 0, how, desk);
        int32_t through[MAX_WIDTH];
        std::copy_n(supports, r - 1, through);
        through[r - 1] = form;
        int m;
        if (desk.newton.run(forms, through, r, guess, y, d, m)) {
            int orientation = 0;
            if (at_infinity) {
                y[0] = 0;
                const int sp = certain_sign(yp[m], dp), sq = certain_sign(yq[m], dq);
                if (m > 0 && sp != 2 && sq != 2 && sp * sq >= 0) orientation = sp + sq > 0 ? 1 : sp + sq < 0 ? -1 : 0;
            } else if (m == 0 || y[0] > d) {
                orientation = 1;
            } else if (y[0] < -d) {
                orientation = -1;
            }
            if (orientation) {
                for (int k = 0; k <= r; ++k) y[k] *= orientation;
                ++desk.stats.enclosed;
                return add(y, d, how, desk);
            }
        }
        return place_exactly(how, desk);
    }

  private:
    std::mutex exact_;  // held while exact coordinates or forms are made or read

    int32_t add(const double* y, double d, const Recipe& how, Desk& desk) const {
        NewVertices& made = *desk.made;
        for (int k = 0; k <= r; ++k) made.coordinates.push_back(y[k]);
        made.error.push_back(d);
        made.recipe.push_back(how);
        return made.first + made.size() - 1;
    }

    // The vertex b p + a q, a and b positive, of vertices with integer coordinates below 2^53, if it is one as well.
    bool combine_words(int64_t a, int64_t b, const double* yp, const double* yq, double* y) const {
        const int64_t g = (int64_t)std::gcd((uint64_t)a, (uint64_t)b);
        const i128 u = a / g, v = b / g;
        i128 x[MAX_WIDTH];
        unsigned __int128 content = 0;
        for (int k = 0; k <= r; ++k) {
            x[k] = v * (int64_t)yp[k] + u * (int64_t)yq[k];
            if (content != 1) content = gcd(magnitude(x[k]), content);
        }
        for (int k = 0; k <= r; ++k) {
            if (content > 1) x[k] /= (i128)content;
            if (magnitude(x[k]) >> 53) return false;
            y[k] = (double)(int64_t)x[k];
        }
        return true;
    }

    int32_t place_exactly(const Recipe& how, Desk& desk) {
        std::lock_guard<std::mutex> lock(exact_);
        ++desk.stats.big_vertices;
        const BigVector& xp = vertices.exact_coordinates(how.p, *desk.made);  // node-based maps: references stay valid
        BigVector x = vertices.intersect_exactly(xp, vertices.exact_coordinates(how.q, *desk.made), how);
        double y[MAX_WIDTH];
        const double d = vertices.enclose(x, y);
        const int32_t v = add(y, d, how, desk);
        if (d != 0) vertices.keep(v, std::move(x), *desk.made);
        return v;
    }

    // The sign of a coordinate y with error d, or 2 if the enclosure does not tell.
    static int certain_sign(double y, double d) { return y > d ? 1 : y < -d ? -1 : d == 0 ? 0 : 2; }
};

}  // namespace polyrelu
