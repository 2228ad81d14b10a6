// Forms with error bounds, signs and new vertices, against exact arithmetic.
#include <random>

#include "_cpp/decisions.hpp"
#include "_cpp/layer_forms.hpp"
#include "testing.hpp"

using namespace polyrelu;
using testing::require;

namespace {

using Random = std::mt19937_64;

mpq_class power_of_two(long e) {
    mpq_class x = 1;
    if (e >= 0)
        mpq_mul_2exp(x.get_mpq_t(), x.get_mpq_t(), (mp_bitcnt_t)e);
    else
        mpq_div_2exp(x.get_mpq_t(), x.get_mpq_t(), (mp_bitcnt_t)-e);
    return x;
}

// An integer: small, as random doubles have them, or beyond all machine words.
enum Kind { SMALL = 0, DOUBLE = 1, LARGE = 2, CANCELLING = 3 };
mpz_class integer(Random& random, int kind) {
    const long x = (long)(random() >> 11) - (1L << 52);
    if (kind == SMALL) return x % 5;
    if (kind == DOUBLE) return x;
    return mpz_class(x) * mpz_class("123456789123456789123456789") + (long)(random() % 1000);
}

void certain_signs() {
    require(certain_sign(1, 0) == 1 && certain_sign(-1, 0) == -1 && certain_sign(0, 0) == 0, "exact values");
    require(certain_sign(2, 1) == 1 && certain_sign(-2, 1) == -1, "beyond the bound");
    for (const double x : {0.0, 1.0, -1.0, 0.5}) require(certain_sign(x, 1) == UNDECIDED, "within the bound");
    const double nan = std::nan(""), infinity = HUGE_VAL;
    require(certain_sign(nan, 1) == UNDECIDED && certain_sign(1, nan) == UNDECIDED && certain_sign(1, infinity) == UNDECIDED &&
                certain_sign(infinity, infinity) == UNDECIDED,
            "what is not a number decides nothing");
}

// gamma_n = n u / (1 - n u) for u = 2^-53, in rationals.
void gamma_bounds() {
    for (const long n : {1L, 2L, 8L, 71L, 1000L, 1L << 30, 1L << 31}) {
        const mpq_class nu = mpq_class(n) * power_of_two(-53), bound = mpq_class(gamma_bound((double)n));
        require(bound >= nu / (1 - nu) && bound <= 2 * nu, "a bound of gamma_n");
    }
    const mpq_class longest = mpq_class(gamma_bound(3.0 * MAX_INPUTS + 32));
    require((1 + power_of_two(-21)) / (1 - longest) < mpq_class(SLACK), "slack for the longest sums, in any rounding");
}

// Networks with `depth` layers of n neurons, and regions with random signs, each next one unlike the last in a few.
struct RandomRegions {
    std::vector<Stage> stages;
    std::vector<Regions> regions;

    // Neurons 2 i and 2 i + 1 nearly agree, and the next stage takes their difference: what is left is mostly error.
    static void cancel(Random& random, Stage& S) {
        const size_t width = (size_t)S.m + 1;
        for (auto* a : {&S.plus, &S.minus}) {
            if (a->empty()) continue;
            for (size_t i = 0; i < (size_t)S.n && S.previous >= 0; ++i) {
                (*a)[i * width] = 0;
                for (size_t j = 1; j < width; j += 2) {
                    (*a)[i * width + j] = j + 1 < width ? mpz_class(-(*a)[i * width + j + 1]) : mpz_class(0);
                }
            }
            for (size_t i = 1; i < (size_t)S.n; i += 2)
                for (size_t j = 0; j < width; ++j)
                    (*a)[i * width + j] = (*a)[(i - 1) * width + j] + (long)(random() >> 40);
        }
    }

    RandomRegions(Random& random, int kind, int rank, int depth, int n, int count) {
        for (int s = 0; s < depth; ++s) {
            const int m = s == 0 ? rank : n;
            add_stage(stages, n, m, s - 1);
            Stage& S = stages.back();
            if (s > 0 && random() % 2) S.minus.resize(S.plus.size());
            for (auto* a : {&S.plus, &S.minus})
                for (mpz_class& x : *a) x = integer(random, kind);
            if (kind == CANCELLING) cancel(random, S);
            S.prepare(s > 0 ? &stages[s - 1].scale : nullptr);
        }
        for (int s = 0; s < depth; ++s) {
            Regions r;
            r.words = s == 0 ? 0 : (n + 63) / 64;
            for (int p = 0; p < (s == 0 ? 1 : count); ++p) {
                r.parent.push_back(s <= 1 ? 0 : p);
                for (int w = 0; w < r.words; ++w) {
                    uint64_t plus = p == 0 || random() % 8 == 0 ? random() : r.plus[r.plus.size() - (size_t)r.words];
                    plus ^= uint64_t(1) << random() % 64;
                    r.plus.push_back(plus);
                    r.minus.push_back(~plus);
                }
            }
            regions.push_back(r);
        }
    }
};

// Every coefficient is within the error of the true one, in the same scaling; what counts as exact is.
int64_t forms_are_within_their_errors(Random& random, int kind, int rank, int depth, int n) {
    const int count = 12;
    const RandomRegions net(random, kind, rank, depth, n, count);
    std::vector<LayerForms> layers(depth);
    layers[0].set_rows(net.stages[0], rank + 1);
    PullBack pull_back;
    std::vector<signed char> side;
    int64_t exact = 0;
    for (int p = 0; p < count; ++p)
        for (int s = 0; s < depth; ++s) {
            if (s > 0) {
                find_sides(net.stages, net.regions, s, p, side);
                layers[s].set(net.stages[s], layers[s - 1], side, rank + 1);
            }
            for (int i = 0; i < n; ++i) {
                const bool word = pull_back.run(net.stages, net.regions, s, s == 0 ? 0 : p, i);
                const double err = layers[s].err[i];
                mpq_class norm = 0, largest = 0;
                for (int k = 0; k <= rank; ++k) {
                    const double f = layers[s].f[(size_t)k * n + i];
                    const mpz_class integral = word ? mpz_class((long)pull_back.word[k]) : pull_back.big[k];
                    const mpq_class off = mpq_class(f) - mpq_class(integral) * power_of_two(-net.stages[s].scale[i]);
                    require(abs(off) <= mpq_class(err), "a coefficient within its error");
                    norm += abs(mpq_class(f));
                    largest = std::max<mpq_class>(largest, abs(mpq_class(f)));
                }
                require(mpq_class(layers[s].norm[i]) >= norm && mpq_class(layers[s].largest[i]) == largest, "norms");
                require(kind == CANCELLING || err < 1e-3 * (1 + layers[s].largest[i]), "an error that says something");
                exact += err == 0;
            }
        }
    return exact;
}

void forms() {
    Random random(3);
    int64_t exact[4] = {};
    for (int kind = 0; kind < 4; ++kind)
        for (const int rank : {1, 3})
            for (const int n : {2, 5, 40}) exact[kind] += forms_are_within_their_errors(random, kind, rank, 4, n);
    require(exact[0] > 1000 && exact[2] == 0, "small integers are exact, large ones are not");
}

int exact_sign(const BigVector& f, const BigVector& x) {
    mpz_class z = 0;
    for (size_t k = 0; k < f.size(); ++k) z += f[k] * x[k];
    return sgn(z);
}

BigVector primitive(BigVector x) {
    make_primitive(x);
    return x;
}

// f(p) q - f(q) p, where f vanishes.
BigVector zero_between(const BigVector& f, const BigVector& p, const BigVector& q) {
    mpz_class a = 0, b = 0;
    BigVector x;
    for (size_t k = 0; k < f.size(); ++k) {
        a += f[k] * p[k];
        b += f[k] * q[k];
    }
    for (size_t k = 0; k < f.size(); ++k) x.push_back(a * q[k] - b * p[k]);
    return primitive(x);
}

// Forms that read the point, as a stage, and a state to decide with.
struct Deciding {
    std::vector<Stage> stages;
    std::vector<Regions> regions{1};
    Decisions decide;
    DecisionState state;
    NewVertices made;

    explicit Deciding(const std::vector<BigVector>& rows)
        : decide((int)rows[0].size() - 1, CERTIFIED, stages, regions) {
        add_stage(stages, (int)rows.size(), (int)rows[0].size() - 1, -1);
        for (size_t i = 0; i < rows.size(); ++i) std::copy(rows[i].begin(), rows[i].end(), stages[0].plus.begin() + (long)(i * rows[i].size()));
        stages[0].prepare(nullptr);
        regions[0].parent.assign(1, 0);
        for (const BigVector& row : rows) decide.forms.push_exact(primitive(row).data());
        state.made = &made;
    }
    int32_t add_vertex(const BigVector& x) {
        const int64_t v = decide.vertices.size();
        decide.vertices.resize(v + 1);
        decide.vertices.set_exact(v, x);
        made.clear((int32_t)v + 1);
        return (int32_t)v;
    }
    int sign(int32_t v, int32_t form) { return decide.sign_of(v, form, 0, form, state); }
};

// Signs at random points, at points where the form vanishes, and next to these.
void signs() {
    Random random(4);
    Statistics all;
    for (int trial = 0; trial < 300; ++trial) {
        const int r = 1 + (int)(random() % 5), kind = (int)(random() % 3);
        std::vector<BigVector> rows(1), points(3);
        for (BigVector* x : {&rows[0], &points[0], &points[1]})
            do {
                x->clear();
                for (int k = 0; k <= r; ++k) x->push_back(integer(random, kind));
            } while (std::all_of(x->begin(), x->end(), [](const mpz_class& c) { return c == 0; }));
        points[2] = zero_between(rows[0], points[0], points[1]);
        for (const mpz_class& factor : {mpz_class(1000), mpz_class(mpz_class(1) << 60), mpz_class(mpz_class(1) << 300)}) {
            points.push_back(points[2]);
            for (mpz_class& c : points.back()) c *= factor;
            points.back()[random() % ((size_t)r + 1)] += random() % 2 ? 1 : -1;
        }
        Deciding deciding(rows);
        for (const BigVector& point : points) {
            if (std::all_of(point.begin(), point.end(), [](const mpz_class& c) { return c == 0; })) continue;
            const int32_t v = deciding.add_vertex(primitive(point));
            require(deciding.sign(v, 0) == exact_sign(rows[0], point), "the sign of a form at a vertex");
        }
        all += deciding.state.stats;
    }
    // a x + b y = 1 for large a and b: exact doubles, but not exact sums.
    for (int trial = 0; trial < 50; ++trial) {
        BigVector f{mpz_class(((long)(random() >> 28) | 1) << 1), mpz_class((long)(random() >> 28) | 1)}, x(2);
        mpz_class g;
        mpz_gcdext(g.get_mpz_t(), x[0].get_mpz_t(), x[1].get_mpz_t(), f[0].get_mpz_t(), f[1].get_mpz_t());
        if (g != 1) continue;
        Deciding deciding({f});
        require(deciding.sign(deciding.add_vertex(x), 0) == 1, "the sign of 1, found as a difference");
        all += deciding.state.stats;
    }
    require(all.word > 50 && all.filtered > 100 && all.big_zero > 50 && all.big > all.big_zero, "by all means there are");
}

mpz_class determinant(std::vector<BigVector> a) {
    if (a.empty()) return 1;
    mpz_class sum = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        std::vector<BigVector> minor;
        for (size_t j = 0; j < a.size(); ++j)
            if (j != i) minor.emplace_back(a[j].begin() + 1, a[j].end());
        sum += (i % 2 ? -1 : 1) * a[i][0] * determinant(minor);
    }
    return sum;
}

// What spans the common zeros of r forms, x0 > 0; empty if there is no such point.
BigVector common_zero(const std::vector<BigVector>& forms) {
    const size_t r = forms.size();
    BigVector x;
    for (size_t k = 0; k <= r; ++k) {
        std::vector<BigVector> a;
        for (const BigVector& f : forms) {
            a.push_back(f);
            a.back().erase(a.back().begin() + (long)k);
        }
        x.push_back((k % 2 ? -1 : 1) * determinant(a));
    }
    if (x[0] == 0) return {};
    if (x[0] < 0)
        for (mpz_class& c : x) c = -c;
    return primitive(x);
}

// Vertices where forms meet edges, which are cut out by forms themselves.
void vertices() {
    Random random(5);
    Statistics all;
    for (int trial = 0; trial < 400; ++trial) {
        const int r = 1 + (int)(random() % 5), kind = (int)(random() % 3);
        // r - 1 forms that define the edge, two that end it, and the one that meets it.
        std::vector<BigVector> rows((size_t)r + 2);
        for (BigVector& row : rows)
            for (int k = 0; k <= r; ++k) row.push_back(integer(random, kind));
        std::vector<BigVector> at_p(rows.begin(), rows.begin() + r), at_q = at_p;
        at_q.back() = rows[(size_t)r];
        BigVector p = common_zero(at_p), q = common_zero(at_q);
        if (p.empty() || q.empty() || exact_sign(rows.back(), p) * exact_sign(rows.back(), q) >= 0) continue;
        if (exact_sign(rows.back(), p) < 0) p.swap(q);
        Deciding deciding(rows);
        const int32_t vp = deciding.add_vertex(p), vq = deciding.add_vertex(q);
        std::vector<int32_t> defining;
        for (int32_t i = 0; i < r - 1; ++i) defining.push_back(i);
        const int32_t v = deciding.decide.place({vp, vq, 0, r + 1}, r + 1, defining.data(), false, deciding.state);
        const BigVector x = zero_between(rows.back(), p, q);
        require(deciding.decide.vertices.exact_coordinates(v, deciding.made) == x, "its exact coordinates");
        const double *y = deciding.decide.point(v, deciding.state), d = deciding.decide.error(v, deciding.state);
        if (d == 0) {
            for (int k = 0; k <= r; ++k) require(mpz_class(y[k]) == x[(size_t)k], "the coordinates themselves");
        } else if (deciding.state.stats.enclosed) {
            int m = 0;  // the chart
            while (std::fabs(y[m]) != 1) ++m;
            for (int k = 0; k <= r; ++k) {
                const mpq_class off = mpq_class(x[(size_t)k]) / mpq_class(x[(size_t)m]) * mpq_class(y[m]) - mpq_class(y[k]);
                require(abs(off) <= mpq_class(d), "an enclosure of the vertex");
            }
            require(d < 1e-3, "an error that says something");
        }
        require(y[0] > d, "x0 > 0 for certain");
        all += deciding.state.stats;
    }
    require(all.enclosed > 50, "some interval Newton steps");
}

}  // namespace

int main() {
    prepare_gmp_memory();
    return testing::run([] {
        certain_signs();
        gamma_bounds();
        forms();
        signs();
        vertices();
    });
}
