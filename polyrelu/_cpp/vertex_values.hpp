// The values of the output at the vertices of a subdivision, in their exact order, and the signs of its slopes along
// the rays.
//
// The last stage has one neuron: the output, up to a positive factor that is the same everywhere. On each region it is
// an affine form, and its value at a vertex y in the region is f.y / y_0. With the bound B of `decisions.hpp` on the
// error of f.y, and d that of y_0 < y_0 / 2, the computed quotient q has an error of at most
//     (B + |q| d) / (y_0 - d) + gamma_bound(2) |q| + TINY.
// Where f and y are exact and f.y is computed without rounding, the value is the fraction of two integers below 2^53,
// and two of these are compared in 128 bits. The vertices are sorted by the lower ends of their enclosures. Those with
// overlapping enclosures are sorted again, by fractions: in words, or in GMP.
//
// Along a ray y_0 = 0, and f.y is the slope.
#pragma once

#include <algorithm>
#include <limits>

#include "decisions.hpp"
#include "interrupt.hpp"
#include "layer_forms.hpp"
#include "region_order.hpp"
#include "thread_pool.hpp"

namespace polyrelu {

class VertexValues {
  public:
    // region: for each vertex, and each ray after them, a region of the last stage that it lies in.
    VertexValues(const std::vector<Stage>& stages, const std::vector<Regions>& regions, Vertices& vertices,
                 const int32_t* region, int64_t finite)
        : stages_(stages), regions_(regions), vertices_(vertices), region_(region), finite_(finite),
          last_((int)stages.size() - 1), first_(first_stage(stages, last_)), width_(vertices.width) {}

    std::vector<int32_t> rank;      // of each vertex: how many values are smaller
    std::vector<int32_t> witness;   // of each rank: the first vertex with the value
    std::vector<int8_t> ray_sign;

    void run(int threads, InterruptCheck& interrupt) {
        evaluate(threads, interrupt);
        find_ray_signs(interrupt);
        find_ranks(interrupt);
        value_ = {};
        bound_ = {};
    }

    // The value at a vertex, or the slope along a ray, as a numerator and a denominator, in GMP.
    mpq_class exact_value(int32_t v, InterruptCheck& interrupt) {
        const BigVector& f = form_on(region_[v]);
        std::vector<int32_t> open{v};
        while (!vertices_.advance(open, tuning::STEPS_BETWEEN_SIGNALS)) halt_if_asked(interrupt);
        const BigVector& x = vertices_.exact_coordinates(v);
        mpz_class sum = 0;
        for (int k = 0; k < width_; ++k) mpz_addmul(sum.get_mpz_t(), f[k].get_mpz_t(), x[k].get_mpz_t());
        check_gmp_memory();
        halt_if_asked(interrupt);
        mpq_class value(sum, sgn(x[0]) > 0 ? x[0] : mpz_class(1));
        value.canonicalize();
        return value;
    }

  private:
    const std::vector<Stage>& stages_;
    const std::vector<Regions>& regions_;
    Vertices& vertices_;
    const int32_t* region_;
    const int64_t finite_;
    const int last_, first_, width_;
    // f.y and FRACTION where f.y is exact, at a vertex; the quotient and a bound on its error elsewhere.
    std::vector<double> value_, bound_;
    static constexpr double FRACTION = -1;

    PullBack pull_back_;
    std::unordered_map<int32_t, BigVector> forms_;  // of some regions

    // What a thread evaluates with.
    struct Evaluation {
        std::vector<LayerForms> layers;
        std::vector<int32_t> current, path;
        std::vector<signed char> side;
        PullBack pull_back;
        int32_t region = -1;
        double f[MAX_WIDTH], norm = 0, err = 0;
    };

    static void halt_if_asked(InterruptCheck& interrupt) {
        if (interrupt.stop([](Progress&) {})) throw Halt{STOPPED};
    }

    void evaluate(int threads, InterruptCheck& interrupt) {
        const int64_t n = vertices_.size();
        value_.resize(n);
        bound_.resize(n);
        // Vertices of one region follow each other, and regions with common ancestors do.
        std::vector<int32_t> order;
        if (last_ > first_) {
            const std::vector<int32_t> place = region_places(regions_, first_, last_);
            std::vector<int32_t> key(n);
            for (int64_t v = 0; v < n; ++v) key[v] = place[region_[v]];
            order = inverse(sorted_positions(key, (int64_t)place.size()));
        }
        ThreadPool pool(threads);
        std::vector<Evaluation> states(pool.count());
        for (Evaluation& state : states) {
            state.layers.resize(stages_.size());
            state.layers[first_].set_rows(stages_[first_], width_);
            state.current.assign(last_ + 1, -1);
        }
        const bool finished = pool.run(
            n, tuning::CELLS_TO_UNITE,
            [&](int thread, int64_t begin, int64_t end) {
                for (int64_t t = begin; t < end; ++t)
                    evaluate_at(order.empty() ? (int32_t)t : order[t], states[thread]);
            },
            [&] { return interrupt.stop([](Progress&) {}); });
        if (!finished) throw Halt{STOPPED};
    }

    // The form of the output on a region, in doubles.
    void find_form(int32_t region, Evaluation& state) {
        state.region = region;
        if (last_ == first_) {
            const LayerForms& rows = state.layers[first_];
            for (int k = 0; k < width_; ++k) state.f[k] = rows.f[(size_t)k * rows.n];
            state.err = rows.err[0];
        } else {
            int level = last_ - 1;
            state.path.assign(last_, -1);
            for (int32_t p = regions_[last_].parent[region]; level > first_ && state.current[level] != p; --level) {
                state.path[level] = p;
                p = regions_[level].parent[p];
            }
            for (++level; level < last_; ++level) {
                find_sides(stages_, regions_, level, state.path[level], state.side);
                state.layers[level].set(stages_[level], state.layers[level - 1], state.side, width_);
                state.current[level] = state.path[level];
            }
            find_sides(stages_, regions_, last_, region, state.side);
            state.err = LayerForms::single(stages_[last_], state.layers[last_ - 1], state.side, 0, width_, state.f);
        }
        double largest = 0;
        for (int k = 0; k < width_; ++k) largest = std::max(largest, std::fabs(state.f[k]));
        if (!(state.err <= tuning::WORST_FORM * largest)) find_exact_form(region, state);
        state.norm = 0;
        for (int k = 0; k < width_; ++k) state.norm += std::fabs(state.f[k]);
        state.norm *= SLACK;
    }

    // Many layers: the exact form, rounded once, is worth its price. It is scaled as the doubles of the stages are.
    void find_exact_form(int32_t region, Evaluation& state) {
        check_gmp_memory();
        BigVector f(width_);
        if (state.pull_back.run(stages_, regions_, last_, region, 0))
            for (int k = 0; k < width_; ++k) f[k] = (long)state.pull_back.word[k];
        else
            for (int k = 0; k < width_; ++k) f[k] = state.pull_back.big[k];
        double largest = 0;
        for (int k = 0; k < width_; ++k) {
            long e = 0;
            const double m = sgn(f[k]) == 0 ? 0.0 : mpz_get_d_2exp(&e, f[k].get_mpz_t());
            const long shift = e - stages_[last_].scale[0];
            state.f[k] = std::ldexp(m, (int)std::max(-5000L, std::min(5000L, shift)));
            largest = std::max(largest, std::fabs(state.f[k]));
        }
        state.err = largest * EPS + TINY;  // infinite where it overflows, and then decides nothing
    }

    void evaluate_at(int32_t v, Evaluation& state) {
        if (state.region != region_[v]) find_form(region_[v], state);
        const double *y = vertices_[v], *f = state.f, d = vertices_.error[v];
        double sum = 0, size = 0, total = 0;
        for (int k = 0; k < width_; ++k) {
            const double t = f[k] * y[k];
            sum += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
        }
        if (d == 0 && state.err == 0 && size < EXACT_LIMIT) {
            value_[v] = sum;
            bound_[v] = FRACTION;
            return;
        }
        const double bound =
            (gamma_bound(width_ + 7) * size + state.err * (total + width_ * d) + d * state.norm + TINY) * SLACK;
        if (v >= finite_) {
            value_[v] = sum;
            bound_[v] = bound;
            return;
        }
        const double q = sum / y[0];
        value_[v] = q;
        bound_[v] = d < y[0] / 2 ? ((bound + std::fabs(q) * d) / (y[0] - d) + gamma_bound(2) * std::fabs(q) + TINY) * SLACK
                                 : std::numeric_limits<double>::infinity();
    }

    void find_ray_signs(InterruptCheck& interrupt) {
        ray_sign.resize(vertices_.size() - finite_);
        for (int64_t v = finite_; v < vertices_.size(); ++v) {
            int sign = certain_sign(value_[v], bound_[v] == FRACTION ? 0 : bound_[v]);
            if (sign == UNDECIDED) sign = sgn(exact_value((int32_t)v, interrupt));
            ray_sign[v - finite_] = (int8_t)sign;
        }
    }

    struct Enclosure {
        double low;
        int32_t vertex;
        bool operator<(const Enclosure& other) const { return low < other.low; }
    };

    // The ends of an enclosure; nothing is known where a number is none.
    double end(int32_t v, int side) const {
        double q = value_[v], bound = bound_[v];
        if (bound == FRACTION) {
            q /= vertices_[v][0];
            bound = gamma_bound(2) * std::fabs(q) + TINY;
        }
        // The sum is rounded by less than a unit of what it is of.
        const double x = q + side * (bound + gamma_bound(2) * (std::fabs(q) + bound));
        return x == x ? x : side * std::numeric_limits<double>::infinity();
    }

    void find_ranks(InterruptCheck& interrupt) {
        std::vector<Enclosure> order(finite_);
        for (int32_t v = 0; v < finite_; ++v) order[v] = {end(v, -1), v};
        std::sort(order.begin(), order.end());
        rank.resize(finite_);
        int32_t next = 0;
        for (size_t i = 0, j; i < order.size(); i = j) {
            double reach = end(order[i].vertex, 1);
            for (j = i + 1; j < order.size() && order[j].low <= reach; ++j) reach = std::max(reach, end(order[j].vertex, 1));
            interrupt.tick();
            if (j - i == 1)
                rank[order[i].vertex] = next++;
            else
                next = rank_overlapping(&order[i], j - i, next, interrupt);
        }
        witness.assign(next, 0);
        for (int64_t v = finite_ - 1; v >= 0; --v) witness[rank[v]] = (int32_t)v;
    }

    // Ranks vertices with overlapping enclosures, from `next` on; returns the next rank.
    int32_t rank_overlapping(Enclosure* order, size_t n, int32_t next, InterruptCheck& interrupt) {
        if (std::all_of(order, order + n, [&](const Enclosure& x) { return bound_[x.vertex] == FRACTION; })) {
            const auto less = [&](const Enclosure& x, const Enclosure& y) {
                return i128((int64_t)value_[x.vertex]) * (int64_t)vertices_[y.vertex][0] <
                       i128((int64_t)value_[y.vertex]) * (int64_t)vertices_[x.vertex][0];
            };
            const bool equal = std::none_of(order + 1, order + n, [&](const Enclosure& x) {
                return less(order[0], x) || less(x, order[0]);
            });
            if (!equal) std::sort(order, order + n, less);  // mostly they are
            for (size_t t = 0; t < n; ++t) {
                if (t > 0 && less(order[t - 1], order[t])) ++next;
                rank[order[t].vertex] = next;
            }
            return next + 1;
        }
        std::vector<std::pair<mpq_class, int32_t>> exact;
        exact.reserve(n);
        // By regions, of which not all forms are kept.
        std::sort(order, order + n, [&](const Enclosure& x, const Enclosure& y) {
            return std::make_pair(region_[x.vertex], x.vertex) < std::make_pair(region_[y.vertex], y.vertex);
        });
        for (size_t t = 0; t < n; ++t) exact.emplace_back(exact_value(order[t].vertex, interrupt), order[t].vertex);
        std::sort(exact.begin(), exact.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
        for (size_t t = 0; t < n; ++t) {
            if (t > 0 && exact[t - 1].first != exact[t].first) ++next;
            rank[exact[t].second] = next;
        }
        return next + 1;
    }

    const BigVector& form_on(int32_t region) {
        const auto found = forms_.find(region);
        if (found != forms_.end()) return found->second;
        if (forms_.size() >= tuning::FORMS_KEPT) forms_.clear();
        check_gmp_memory();
        BigVector f(width_);
        if (pull_back_.run(stages_, regions_, last_, region, 0))
            for (int k = 0; k < width_; ++k) f[k] = (long)pull_back_.word[k];
        else
            for (int k = 0; k < width_; ++k) f[k] = pull_back_.big[k];
        return forms_.emplace(region, std::move(f)).first->second;
    }
};

inline Outcome rank_vertices(VertexValues& values, int threads, InterruptCheck& interrupt) {
    return outcome_of([&] { values.run(threads, interrupt); });
}

inline Outcome find_value(VertexValues& values, int32_t v, InterruptCheck& interrupt, mpz_class& numerator,
                          mpz_class& denominator) {
    return outcome_of([&] {
        const mpq_class value = values.exact_value(v, interrupt);
        numerator = value.get_num();
        denominator = value.get_den();
    });
}

}  // namespace polyrelu
