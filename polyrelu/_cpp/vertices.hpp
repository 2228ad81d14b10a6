// Vertices: an enclosure in doubles, and an origin from which the exact coordinates are made when they are needed.
//
// Vertex v is a homogeneous vector x (r + 1 entries, x0 >= 0) up to a positive factor. Its record is doubles y_k and an
// error d. d = 0: the y_k are the coordinates themselves, coprime integers below 2^53. d > 0: in some scaling of the
// true vector, |x_k - y_k| <= d for all k (and x0 = 0 exactly if y_0 = 0 is at infinity).
//
// Exactly, the vertex where the form f of a neuron meets an edge with ends p, q, f(p) > 0 > f(q), is f(p) q - f(q) p.
// Its origin names p, q and f, so that GMP computes it along a chain of vertices, once. How its enclosure is found
// first: `decisions.hpp`.
#pragma once

#include <atomic>
#include <stdexcept>
#include <unordered_map>

#include "forms.hpp"
#include "memory.hpp"
#include "storage.hpp"

namespace polyrelu {

// The edge and the neuron whose form made a vertex.
struct VertexOrigin {
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
    Array<VertexOrigin> origins;
    std::unordered_map<int32_t, BigVector> known;

    void clear(int32_t number) {
        first = number;
        coordinates.resize(0);
        error.resize(0);
        origins.resize(0);
        known.clear();
    }
    int32_t size() const { return (int32_t)error.size(); }
};

class Vertices {
  public:
    Vertices(int rank, const std::vector<Stage>& stages, const std::vector<Regions>& regions)
        : width(rank + 1), stages_(stages), regions_(regions) {}

    const int width;
    Array<double> coordinates;  // width a vertex
    Array<double> error;
    Array<VertexOrigin> origins;
    std::unordered_map<int32_t, BigVector> known;  // exact coordinates that were needed
    size_t longest = SIZE_MAX;                     // bits that a coordinate may have

    int64_t size() const { return (int64_t)error.size(); }
    const double* operator[](int64_t v) const { return coordinates.data() + v * width; }
    bool exact(int64_t v) const { return error[v] == 0; }
    bool is_root(int64_t v) const { return !exact(v) && origins[v].p < 0; }  // its exact coordinates are in `known`

    int64_t memory() const {
        return (int64_t)(coordinates.bytes() + error.bytes() + origins.bytes()) + exact_bytes_;
    }

    int64_t bytes_each() const { return 8 * (width + 1) + (int64_t)sizeof(VertexOrigin); }

    void resize(int64_t n) {
        coordinates.resize(n * width);
        error.resize(n);
        origins.resize(n);
    }

    void set(int64_t v, const double* y, double d, const VertexOrigin& origin) {
        std::copy_n(y, width, &coordinates[v * width]);
        error[v] = d;
        origins[v] = origin;
    }

    void release() {
        coordinates.release();
        error.release();
        origins.release();
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

    // The exact coordinates of vertex v, along the chain of origins; no recursion, whatever its length.
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

    // Makes the exact coordinates of the last of the `open` vertices, those it is made from first, in no more than
    // `steps` steps. Returns whether it is done. Throws std::overflow_error for a coordinate of more bits than
    // `longest`.
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
            const VertexOrigin& origin = old ? origins[i] : made.origins[i];
            const bool p = known_of(origin.p).count(origin.p), q = known_of(origin.q).count(origin.q);
            if (!p) open.push_back(origin.p);
            if (!q) open.push_back(origin.q);
            if (!p || !q) continue;
            BigVector x = intersect_exactly(known_of(origin.p)[origin.p], known_of(origin.q)[origin.q], origin);
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
            VertexOrigin origin = made.origins[i];
            if (origin.p >= made.first) origin.p += shift;
            if (origin.q >= made.first) origin.q += shift;
            origins[at + i] = origin;
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
        if (pull_back_.run(stages_, regions_, s, region, i))
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

    BigVector intersect_exactly(const BigVector& p, const BigVector& q, const VertexOrigin& origin) {
        const BigVector& f = exact_form(origin.region, origin.neuron);
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

    // Makes the exact coordinates of all vertices independent of other vertices, and keeps those with keep[v], in
    // order.
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
            origins[n++] = {-1, -1, -1, -1};
        }
        resize(n);
        known.swap(kept);
        exact_bytes_ = 0;
        for (const auto& [v, x] : known) exact_bytes_ += bytes_of(x);
        for (const auto& [key, f] : forms_) exact_bytes_ += bytes_of(f);
    }

  private:
    const std::vector<Stage>& stages_;
    const std::vector<Regions>& regions_;
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

}  // namespace polyrelu
