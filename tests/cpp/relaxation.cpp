// Bounds of the output on a cell, against exact values: networks of all magnitudes whose output is 0 at a point of the cell,
// which must not be decided, and such whose output is beyond it by more and more, which must be at last.
#include <random>

#include "_cpp/relaxation.hpp"
#include "testing.hpp"

using namespace polyrelu;
using testing::require;

namespace {

using Random = std::mt19937_64;

// SMALL: many zeros and ties. DOUBLE: as random doubles. MIXED: both, times powers of two up to 2^1200.
enum Kind { SMALL, DOUBLE, LARGE, MIXED };

mpz_class integer(Random& random, int kind) {
    const long x = (long)(random() >> 11) - (1L << 52);
    if (kind == SMALL) return x % 4;
    if (kind == DOUBLE) return x;
    if (kind == LARGE) return mpz_class(x) * mpz_class("123456789123456789123456789") + (long)(random() % 1000);
    const mpz_class y = random() % 2 ? mpz_class(x) : mpz_class(x % 4);
    return y << (random() % 4 == 0 ? 1200 : random() % 3 == 0 ? 100 : 0);
}

// A network as stages, the last of them one neuron; some neurons have slopes, some do not split.
struct Net {
    std::vector<Stage> stages;
    std::vector<Regions> regions{1};

    Net(Random& random, int kind, int rank, int depth, int n) {
        regions[0].parent.assign(1, 0);
        for (int s = 0; s <= depth; ++s) {
            add_stage(stages, s < depth ? n : 1, s == 0 ? rank : n, s - 1);
            Stage& S = stages.back();
            if (s > 0 && random() % 4 == 0) S.minus.resize(S.plus.size());
            for (mpz_class& x : S.plus) x = integer(random, kind);
            for (mpz_class& x : S.minus) x = integer(random, kind);
            const size_t width = (size_t)S.m + 1;
            for (size_t i = 0; !S.minus.empty() && i < (size_t)S.n; ++i) S.minus[i * width] = 0;
            for (size_t j = 0; s > 0 && j < (size_t)S.m; ++j)
                if (random() % 8 == 0) {
                    stages[(size_t)s - 1].splits[j] = 0;
                    for (size_t i = 0; !S.minus.empty() && i < (size_t)S.n; ++i) S.minus[i * width + j + 1] = S.plus[i * width + j + 1];
                }
        }
        prepare(0);
    }
    void prepare(size_t from) {
        for (size_t s = from; s < stages.size(); ++s) {
            Stage& S = stages[s];
            S.word = S.exact = true;
            S.plus_word.clear();
            S.minus_word.clear();
            S.minus_double.clear();
            S.prepare(s > 0 ? &stages[s - 1].scale : nullptr);
        }
    }

    // The values of the neurons of stage s at x.
    BigVector values(const BigVector& x, size_t s) const {
        BigVector z(x.begin() + 1, x.end());
        for (size_t t = 0; t <= s; ++t) {
            const Stage& S = stages[t];
            BigVector next;
            for (int i = 0; i < S.n; ++i) {
                mpz_class sum = S.coefficient(i, 0, true) * x[0];
                for (int j = 0; j < S.m; ++j) {
                    const bool positive = t == 0 || z[(size_t)j] >= 0 || !stages[t - 1].splits[(size_t)j];
                    sum += S.coefficient(i, j + 1, positive) * z[(size_t)j];
                }
                next.push_back(sum);
            }
            z.swap(next);
        }
        return z;
    }
};

// Points and rays of one orthant, near each other or not, and more points of their hull.
struct Cell {
    std::vector<BigVector> generators, points;

    Cell(Random& random, int rank, int n, bool rays) {
        const unsigned spread = (unsigned)(random() % 4);  // 0: they agree in most bits
        const mpz_class unit = random() % 3 == 0 ? mpz_class(1) << 70 : mpz_class(1);
        std::vector<long> centre;
        for (int k = 0; k < rank; ++k) centre.push_back((long)(random() % 1000000));
        for (int g = 0; g < n; ++g) {
            BigVector x{g > 0 && rays && random() % 2 ? mpz_class(0) : mpz_class(mpz_class(1 + (long)(random() % 9)) * unit)};
            for (int k = 0; k < rank; ++k)
                x.emplace_back(spread == 0 && x[0] != 0 ? mpz_class(x[0] * centre[(size_t)k] / unit * 1000 + (long)(random() % 7))
                                                         : mpz_class((long)(random() >> (spread == 1 ? 61 : 20))));
            if (std::all_of(x.begin(), x.end(), [](const mpz_class& c) { return c == 0; })) x[1] = 1;
            for (int k = 1; k <= rank; ++k) x[(size_t)k] *= sign(k);
            make_primitive(x);
            generators.push_back(x);
        }
        points = generators;
        for (int t = 0; t < 12; ++t) {
            BigVector sum((size_t)rank + 1);
            for (const BigVector& x : generators) {
                const long weight = (long)(random() % 5);
                for (size_t k = 0; k < sum.size(); ++k) sum[k] += weight * x[k];
            }
            points.push_back(sum);
        }
    }
    static int sign(int k) { return k % 2 ? 1 : -1; }
};

struct Bounds {
    int rank;
    FormStore forms;
    Generators generators;
    OutputBound bound;
    LayerForms rows, base;
    std::vector<uint64_t> plus, minus;
    bool possible = false;

    // Moves x by up to its error, which is made larger.
    static void blur(Random& random, double& x, double error) {
        x += error * (double)((long)(random() % 2001) - 1000) / 1001;
    }
    static void blur(Random& random, LayerForms& layer, int width) {
        for (size_t i = 0; i < (size_t)layer.n; ++i) {
            const double error = layer.largest[i] * 0x1p-30;
            for (size_t k = 0; k < (size_t)width; ++k) blur(random, layer.f[k * (size_t)layer.n + i], error);
            layer.err[i] += error * 1.001;
            layer.largest[i] += error;
        }
    }

    // The cell in stage s, with the masks of its neurons there. With `rough`, points and forms are known less exactly.
    Bounds(const Net& net, const Cell& cell, int r, size_t s, Random* rough = nullptr) : rank(r), forms(r + 1) {
        for (int k = 0; k <= rank; ++k) {
            BigVector form((size_t)rank + 1, 0);
            form[(size_t)k] = 1;
            forms.push_exact(form.data());
        }
        const Vertices vertices(rank, net.stages, net.regions);
        std::vector<std::vector<double>> coordinates;
        std::vector<const double*> points;
        std::vector<double> errors;
        for (const BigVector& x : cell.generators) {
            coordinates.emplace_back(MAX_WIDTH);
            double* y = coordinates.back().data();
            errors.push_back(vertices.enclose(x, y));
            if (!rough || (*rough)() % 2) continue;
            double size = 0;
            for (int k = 0; k <= rank; ++k) size = std::max(size, std::fabs(y[k]));
            for (int k = x[0] == 0 ? 1 : 0; k <= rank; ++k) blur(*rough, y[k], size * 0x1p-30);
            errors.back() += size * 0x1.001p-30;
        }
        for (const auto& x : coordinates) points.push_back(x.data());
        possible = generators.set(points, errors, forms, rank);
        const size_t words = ((size_t)net.stages[s].n + 63) / 64;
        plus.assign(words, 0);
        minus.assign(words, 0);
        for (const BigVector& x : cell.generators) {
            const BigVector z = net.values(x, s);
            for (size_t j = 0; j < z.size(); ++j) {
                if (z[j] > 0) plus[j >> 6] |= uint64_t(1) << (j & 63);
                if (z[j] < 0) minus[j >> 6] |= uint64_t(1) << (j & 63);
            }
        }
        rows.set_rows(net.stages[0], rank + 1);
        if (s == 0 && rough && (*rough)() % 2) blur(*rough, rows, rank + 1);
        if (s == 0) return;
        // The sides of the neurons of stage 0, which have one sign on the cell.
        const Stage& S = net.stages[1];
        std::vector<signed char> side((size_t)S.m + 1, 1);
        for (size_t j = 0; j < (size_t)S.m; ++j) {
            bool above = false, below = false;
            for (const BigVector& x : cell.generators) {
                const mpz_class z = net.values(x, 0)[j];
                above = above || z > 0;
                below = below || z < 0;
            }
            if (!net.stages[0].splits[j]) continue;
            possible = possible && !(above && below);
            side[j + 1] = above ? 1 : below && !S.minus.empty() ? -1 : 0;
        }
        base.set(S, rows, side, rank + 1);
        if (rough && (*rough)() % 2) blur(*rough, base, rank + 1);
    }
    bool has_sign(const Net& net, size_t s, int wanted) {
        bound.forget();
        return bound.has_sign(wanted, net.stages, (int)s, s == 0 ? rows : base, plus.data(), minus.data(), generators);
    }
};

// The output minus its least (or greatest) value at the points of the cell, minus a part of what it is made of.
struct Touching {
    Net net;
    bool possible = false;

    Touching(const Net& given, const Cell& cell, int wanted, const mpq_class& beyond) : net(given) {
        Stage& out = net.stages.back();
        out.plus[0] = 0;
        if (!out.minus.empty()) out.minus[0] = 0;
        mpq_class least, size;
        for (const BigVector& x : cell.points) {
            if (x[0] == 0) continue;
            const BigVector z = net.values(x, net.stages.size() - 2);
            mpq_class value(net.values(x, net.stages.size() - 1)[0], x[0]), sum = 0;
            value.canonicalize();
            value *= wanted;
            if (!possible || value < least) least = value;
            possible = true;
            for (size_t j = 0; j < z.size(); ++j) {
                mpq_class term(abs(z[j] * out.plus[j + 1]), x[0]);
                term.canonicalize();
                sum += term;
            }
            size = std::max(size, sum);
        }
        const mpq_class level = wanted * (least - beyond * (size + abs(least)));
        for (auto* a : {&out.plus, &out.minus})
            for (mpz_class& x : *a) x *= level.get_den();
        out.plus[0] = -level.get_num();
        net.prepare(net.stages.size() - 1);
    }
};

struct Counts {
    int64_t decided = 0, affine = 0, affine_decided = 0;
};

void trial(Random& random, int kind, Counts& counts) {
    const int rank = 1 + (int)(random() % 5), depth = 1 + (int)(random() % 3), n = 1 + (int)(random() % 9);
    const size_t s = depth > 1 && random() % 2 ? 1 : 0;
    const Net net(random, kind, rank, depth, n);
    const Cell cell(random, rank, 1 + (int)(random() % 8), random() % 3 == 0);
    for (const int wanted : {1, -1}) {
        const Touching touching(net, cell, wanted, 0);
        if (!touching.possible) return;
        Bounds bounds(touching.net, cell, rank, s, random() % 2 ? &random : nullptr);
        if (!bounds.possible) return;
        require(!bounds.has_sign(touching.net, s, wanted), "an output that vanishes at a point of the cell is not decided");
        const Touching below(net, cell, wanted, mpq_class(-1, mpz_class(1) << (random() % 80)));
        require(!bounds.has_sign(below.net, s, wanted), "nor is one that has the other sign there");
        const Touching beyond(net, cell, wanted, mpq_class(1, mpz_class(1) << (random() % 30)));
        if (!bounds.has_sign(beyond.net, s, wanted)) continue;
        ++counts.decided;
        for (const BigVector& x : cell.points)
            require(x[0] == 0 || beyond.net.values(x, (size_t)depth)[0] * wanted > 0, "what is decided has the sign");
    }
    // An affine output is decided when it is beyond 0 by little more than the rounding, unless much cancels.
    bool crossed = depth > 1;
    const Touching near(net, cell, 1, mpq_class(1, mpz_class(1) << 30));
    Bounds bounds(near.net, cell, rank, 0);
    for (size_t j = 0; j < (size_t)n; ++j)
        crossed = crossed || (net.stages[0].splits[j] && (bounds.plus[0] >> j & bounds.minus[0] >> j & 1));
    const bool bounded = std::none_of(cell.generators.begin(), cell.generators.end(), [](const BigVector& x) { return x[0] == 0; });
    if (crossed || !bounded || !(near.net.values(cell.generators[0], 1)[0] > 0)) return;
    ++counts.affine;
    counts.affine_decided += bounds.has_sign(near.net, 0, 1);
}

void bounds_hold() {
    Random random(12);
    for (const int kind : {SMALL, DOUBLE, LARGE, MIXED}) {
        Counts counts;
        for (int t = 0; t < 500; ++t) trial(random, kind, counts);
        require(counts.decided > 100 && 4 * counts.affine_decided > counts.affine, "bounds that say something");
    }
}

// One affine neuron on a segment: 0 at one end, or beyond it by one unit in the last place of its 53 bits.
void touching_by_one_unit() {
    Random random(13);
    for (int t = 0; t < 400; ++t) {
        const long w = (long)(random() >> 11) | 1, e = (long)(random() % 200);
        for (const long unit : {-1L, 0L, 1L}) {
            Net net(random, SMALL, 1, 1, 1);
            Stage &S = net.stages[0], &out = net.stages[1];
            S.splits[0] = 1;
            out.minus.clear();
            S.plus = {-mpz_class(w) + unit, mpz_class(w) << (mp_bitcnt_t)e};
            out.plus = {0, 1};
            net.prepare(0);
            Cell cell(random, 1, 1, false);
            cell.generators = {{mpz_class(1) << (mp_bitcnt_t)e, 1}, {mpz_class(1) << (mp_bitcnt_t)e, 2}};
            Bounds bounds(net, cell, 1, 0);
            require(bounds.possible, "a segment");
            const bool positive = bounds.has_sign(net, 0, 1);
            require(!positive || unit > 0, "a zero at an end of the segment, or next to it");
        }
    }
}

}  // namespace

int main() {
    prepare_gmp_memory();
    return testing::run([] {
        bounds_hold();
        touching_by_one_unit();
    });
}
