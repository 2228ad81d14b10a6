// What is decided about points and forms: signs, and where forms meet edges. Right by proved bounds, or by GMP.
//
// Signs. A form f with error e (`forms.hpp`) at a vertex y with error d (`vertices.hpp`) has a true value within e (sum
// |y_k| + (r + 1) d) + d sum |f_k| of f.y, and the computed f.y is within gamma_(r+2) sum |f_k y_k| + TINY of that: a
// term is rounded once as a product and r + 1 times in the sum. gamma_bound(r + 8) is used, and SLACK covers the
// rounding of the bound itself. When e = d = 0 and sum |f_k y_k| < 2^53, the computed value is exact, zeros included.
// `certain_sign` then decides; what it leaves undecided is computed in GMP.
//
// Vertices, where the form f of a neuron meets an edge with ends p, q, f(p) > 0 > f(q):
// 1. If all of p, q, f are exact, so are f(p), f(q) when the sums of moduli stay below 2^53, and the primitive vector
//    f(p) q - f(q) p is computed in 128-bit integers. It is kept when its entries are below 2^53.
// 2. Otherwise r forms vanish on the vertex, and it is enclosed by an interval Newton step (`newton.hpp`): the r - 1 that
//    define the edge, and f. They are independent: f is not in the span of the others, since it does not vanish on the edge.
//    The orientation (x or -x): a vertex of a cell that is not at infinity has x0 > 0, so y_0 must exceed the error; at
//    infinity x is a positive combination of p and q, so its entry m has the sign that both have for certain.
// 3. Where that fails, p, q and f are computed exactly in GMP, and the vertex is f(p) q - f(q) p, made primitive.
#pragma once

#include <mutex>

#include "newton.hpp"
#include "statistics.hpp"
#include "vertices.hpp"

namespace polyrelu {

// How signs are decided: by the certified filter with GMP behind it; all by GMP (to test against); or by the computed
// doubles as they are (to measure what certainty costs: its results prove nothing).
enum Arithmetic { CERTIFIED = 0, ALL_BIG = 1, UNCERTIFIED = 2 };

// What each thread has for itself to decide with.
struct DecisionState {
    Statistics stats;
    NewtonStep newton;
    NewVertices* made = nullptr;  // where new vertices go

    // What took GMP, and may take long.
    int64_t exact_work() const { return stats.big + stats.big_vertices + stats.big_forms; }
};

// The computed value of a form at a point, and what its error bound is made of.
struct Value {
    double value;
    double size;   // sum |f_k y_k|
    double norm;   // sum |f_k|, rounded upwards
    double total;  // sum |y_k|
    double form_error, point_error;
};

class Decisions {
  public:
    Decisions(int rank, Arithmetic numbers, const std::vector<Stage>& stages, const std::vector<Regions>& regions)
        : r(rank), arithmetic(numbers), forms(rank + 1), vertices(rank, stages, regions) {}

    const int r;
    const Arithmetic arithmetic;
    FormStore forms;
    Vertices vertices;

    const double* point(int32_t v, const DecisionState& state) const {
        const NewVertices& made = *state.made;
        return v < made.first ? vertices[v] : &made.coordinates[(size_t)(v - made.first) * (r + 1)];
    }
    double error(int32_t v, const DecisionState& state) const {
        return v < state.made->first ? vertices.error[v] : state.made->error[v - state.made->first];
    }

    // Whether the computed value is the true one.
    static bool is_exact(const Value& x) { return x.point_error == 0 && x.form_error == 0 && x.size < EXACT_LIMIT; }

    // The true value is within this of the computed one.
    double bound(const Value& x) const {
        return (unit_ * x.size + x.form_error * (x.total + width_ * x.point_error) + x.point_error * x.norm + TINY) * SLACK;
    }

    // The sign of the form of a neuron (among all), on a region of its stage, at vertex v, where it was computed as x.
    int sign(const Value& x, int32_t v, int32_t region, int32_t neuron, DecisionState& state) {
        if (arithmetic == UNCERTIFIED) return (x.value > 0) - (x.value < 0);
        if (arithmetic == CERTIFIED) {
            if (is_exact(x)) {
                ++state.stats.word;
                return certain_sign(x.value, 0);
            }
            if (const int sg = certain_sign(x.value, bound(x)); sg != UNDECIDED) {
                ++state.stats.filtered;
                return sg;
            }
        }
        return exact_sign(v, region, neuron, state);
    }

    // The same for form number `form`, which is computed here.
    int sign_of(int32_t v, int64_t form, int32_t region, int32_t neuron, DecisionState& state) {
        const double *y = point(v, state), *f = forms[form];
        double s = 0, size = 0, total = 0;
        for (int k = 0; k <= r; ++k) {
            const double t = f[k] * y[k];
            s += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
        }
        return sign({s, size, forms.norm(form), total, forms.err(form), error(v, state)}, v, region, neuron, state);
    }

    // The same in GMP.
    int exact_sign(int32_t v, int32_t region, int32_t neuron, DecisionState& state) {
        std::lock_guard<std::mutex> lock(exact_);
        const BigVector& f = vertices.exact_form(region, neuron);
        const BigVector& x = vertices.exact_coordinates(v, *state.made);
        mpz_class z = 0;
        for (int k = 0; k <= r; ++k) mpz_addmul(z.get_mpz_t(), f[k].get_mpz_t(), x[k].get_mpz_t());
        ++state.stats.big;
        state.stats.big_zero += sgn(z) == 0;
        return sgn(z);
    }

    // Makes form number `at` from doubles f with error err: that of a neuron (among all) on region p of its stage.
    void make_form(int64_t at, const double* f, double err, int32_t p, int32_t neuron, DecisionState& state) {
        double largest = 0;
        for (int k = 0; k <= r; ++k) largest = std::max(largest, std::fabs(f[k]));
        if (err <= tuning::WORST_FORM * largest) {
            forms.set(at, f, err);
        } else {  // many layers: the exact form, rounded once, is worth its price
            std::lock_guard<std::mutex> lock(exact_);
            ++state.stats.big_forms;
            forms.set_exact(at, vertices.exact_form(p, neuron).data());
        }
    }

    // Makes the next new vertex, where a form meets the edge from vertex origin.p (positive) to origin.q (negative).
    // defining_forms: r - 1 that vanish on the edge. Returns its number.
    int32_t place(const VertexOrigin& origin, int32_t form, const int32_t* defining_forms, bool at_infinity,
                  DecisionState& state) {
        const int32_t p = origin.p, q = origin.q;
        if (arithmetic == ALL_BIG) return place_exactly(origin, state);
        const double *f = forms[form], *yp = point(p, state), *yq = point(q, state);
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
            return add(guess, EPS, origin, state);
        }
        const double dp = error(p, state), dq = error(q, state);
        if (dp == 0 && dq == 0 && forms.err(form) == 0 && size_a < EXACT_LIMIT && size_b < EXACT_LIMIT &&
            combine_words((int64_t)a, (int64_t)b, yp, yq, y))
            return add(y, 0, origin, state);
        int32_t through[MAX_WIDTH];
        std::copy_n(defining_forms, r - 1, through);
        through[r - 1] = form;
        int m;
        if (state.newton.run(forms, through, r, guess, y, d, m)) {
            const int orientation = at_infinity ? orientation_at_infinity(yp[m], dp, yq[m], dq, m)
                                    : m == 0    ? 1
                                                : certain_sign(y[0], d);
            if (orientation == 1 || orientation == -1) {
                if (at_infinity) y[0] = 0;
                for (int k = 0; k <= r; ++k) y[k] *= orientation;
                ++state.stats.enclosed;
                return add(y, d, origin, state);
            }
        }
        return place_exactly(origin, state);
    }

  private:
    const double unit_ = gamma_bound(r + 8), width_ = r + 1;  // see `bound`
    std::mutex exact_;  // held while exact coordinates or forms are made or read

    int32_t add(const double* y, double d, const VertexOrigin& origin, DecisionState& state) const {
        NewVertices& made = *state.made;
        for (int k = 0; k <= r; ++k) made.coordinates.push_back(y[k]);
        made.error.push_back(d);
        made.origins.push_back(origin);
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

    int32_t place_exactly(const VertexOrigin& origin, DecisionState& state) {
        std::lock_guard<std::mutex> lock(exact_);
        ++state.stats.big_vertices;
        const BigVector& xp = vertices.exact_coordinates(origin.p, *state.made);  // node-based maps: references stay valid
        BigVector x = vertices.intersect_exactly(xp, vertices.exact_coordinates(origin.q, *state.made), origin);
        double y[MAX_WIDTH];
        const double d = vertices.enclose(x, y);
        const int32_t v = add(y, d, origin, state);
        if (d != 0) vertices.keep(v, std::move(x), *state.made);
        return v;
    }

    // The sign of entry m of a positive combination of p and q, from their entries; UNDECIDED or 0 if it is not
    // certain.
    static int orientation_at_infinity(double yp, double dp, double yq, double dq, int m) {
        const int sp = certain_sign(yp, dp), sq = certain_sign(yq, dq);
        if (m == 0 || sp == UNDECIDED || sq == UNDECIDED || sp * sq < 0) return UNDECIDED;
        return sp != 0 ? sp : sq;
    }
};

}  // namespace polyrelu
