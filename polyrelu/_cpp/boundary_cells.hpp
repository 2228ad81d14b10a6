// The cells in the boundary of a domain, from the arrays of a finished subdivision, and the walls that they lie in.
//
// Walls are the zero sets of affine forms; the domain is where none of the forms that bound it is negative (or none
// positive). All vertices and rays of a cell lie in a wall iff the cell does.
//
// A form that vanishes at a vertex is not told from one that nearly does by doubles, and to find out by GMP takes long.
// But an (r - 1)-cell in the boundary lies in one of the walls, since it is convex and the walls are finitely many; so
// if doubles prove of all walls but one that they do not contain it, it lies in that one, and so do all its faces.
// What remains open is decided in GMP.
#pragma once

#include <vector>

#include "forms.hpp"
#include "interrupt.hpp"
#include "vertices.hpp"

namespace polyrelu {

// The cells of one dimension as arrays that live elsewhere, those at infinity behind the others.
struct CellsView {
    int64_t n, finite;
    const int64_t* start;   // facets: facet[start[c] .. start[c + 1]), and as many signs; null for vertices
    const int32_t* facet;
    const int8_t* sign;
    const uint8_t* boundary;

    const int32_t* begin(int64_t c) const { return facet + start[c]; }
    const int32_t* end(int64_t c) const { return facet + start[c + 1]; }
};

// A set of numbers below 64 * words for each of some things.
class BitRows {
  public:
    void start(int64_t n, int bits) {
        words = (bits + 63) / 64;
        bits_.assign(n * words, 0);
    }
    int words = 0;
    uint64_t* operator[](int64_t i) { return bits_.data() + i * words; }
    const uint64_t* operator[](int64_t i) const { return bits_.data() + i * words; }

  private:
    std::vector<uint64_t> bits_;
};

// Vertices as they are reported, and their exact coordinates where these are asked for, which `source` knows about.
class Points {
  public:
    using Source = Vertices* (*)(void* context);  // null: the work has to stop

    Points(int width_, const double* coordinates, const double* errors, Source source, void* context)
        : width(width_), coordinates_(coordinates), errors_(errors), source_(source), context_(context) {}

    const int width;
    const double* operator[](int64_t v) const { return coordinates_ + v * width; }
    double error(int64_t v) const { return errors_[v]; }

    // The reference stays valid.
    const BigVector& exact_coordinates(int32_t v) {
        if (error(v) == 0) {
            BigVector& x = known_[v];
            if (x.empty()) x.assign((*this)[v], (*this)[v] + width);
            return x;
        }
        if (!vertices_) vertices_ = source_(context_);
        if (!vertices_) throw Halt{STOPPED};
        return vertices_->exact_coordinates(v);
    }

  private:
    const double *coordinates_, *errors_;
    Source source_;
    void* context_;
    Vertices* vertices_ = nullptr;
    std::unordered_map<int32_t, BigVector> known_;
};

class BoundaryCells {
  public:
    // forms: affine forms, no two of them with the same zero set; `walls`: the numbers of those that bound the domain.
    BoundaryCells(Points& points, const std::vector<CellsView>& cells, const std::vector<BigVector>& forms,
                  const std::vector<int32_t>& walls, InterruptCheck& interrupt)
        : r(points.width - 1), cells_(cells), points_(points), exact_forms_(forms), walls_(walls), forms_(points.width),
          interrupt_(interrupt), unit_(gamma_bound(r + 8)) {
        for (const BigVector& f : forms) forms_.push_exact(f.data());
        for (const CellsView& C : cells) {
            list.emplace_back();
            place.emplace_back(C.n, -1);
            for (int64_t c = 0; c < C.n; ++c)
                if (C.boundary[c]) {
                    place.back()[c] = (int32_t)list.back().size();
                    list.back().push_back((int32_t)c);
                }
        }
        find_walls();
    }

    const int r;
    std::vector<std::vector<int32_t>> list;   // by dimension, the cells in the boundary
    std::vector<std::vector<int32_t>> place;  // of every cell in `list`, or -1
    std::vector<BitRows> in_wall;             // by dimension, for each of the list: the walls that contain it

    int64_t size(int k) const { return (int64_t)list[k].size(); }

    // The sign of a form, one of those that bound the domain or not, at vertex number i of the list.
    int sign(int32_t form, int64_t i) {
        const int sg = sign_in_doubles(form, list[0][i]);
        return sg == UNDECIDED ? exact_sign(form, list[0][i]) : sg;
    }

    // The places in `list` of the facets of cell i of the list, from begin to end.
    template <class Use>
    void for_facets(int k, int64_t i, Use&& use) const {
        const CellsView& C = cells_[k];
        const int64_t c = list[k][i];
        for (const int32_t* f = C.begin(c); f != C.end(c); ++f) {
            const int32_t at = place[k - 1][*f];
            if (at < 0) throw Halt{SIGNS_CONTRADICT};  // a face of a cell in a wall lies there too
            use(at, C.sign[f - C.facet]);
        }
    }

  private:
    const std::vector<CellsView>& cells_;
    Points& points_;
    const std::vector<BigVector>& exact_forms_;
    const std::vector<int32_t>& walls_;
    FormStore forms_;
    InterruptCheck& interrupt_;
    const double unit_;

    // As `Decisions::sign`, with the same bound.
    int sign_in_doubles(int32_t form, int32_t v) const {
        const double *y = points_[v], *f = forms_[form], d = points_.error(v), e = forms_.err(form);
        double s = 0, size = 0, total = 0;
        for (int k = 0; k <= r; ++k) {
            const double t = f[k] * y[k];
            s += t;
            size += std::fabs(t);
            total += std::fabs(y[k]);
        }
        if (d == 0 && e == 0 && size < EXACT_LIMIT) return certain_sign(s, 0);
        return certain_sign(s, (unit_ * size + e * (total + (r + 1) * d) + d * forms_.norm(form) + TINY) * SLACK);
    }

    int exact_sign(int32_t form, int32_t v) {
        interrupt_.tick();
        const BigVector &f = exact_forms_[form], &x = points_.exact_coordinates(v);
        mpz_class z = 0;
        for (int k = 0; k <= r; ++k) mpz_addmul(z.get_mpz_t(), f[k].get_mpz_t(), x[k].get_mpz_t());
        return sgn(z);
    }

    void find_walls() {
        const int n = (int)walls_.size();
        in_wall.resize(r + 1);
        for (int k = 0; k <= r; ++k) in_wall[k].start(size(k), n);
        const int words = in_wall[0].words;
        // The walls that certainly do not contain a vertex, and a cell with this vertex.
        std::vector<BitRows> beside(r);
        for (int k = 0; k < r; ++k) {
            beside[k].start(size(k), n);
            for (int64_t i = 0; i < size(k); ++i) {
                uint64_t* own = beside[k][i];
                if (k == 0) {
                    for (int j = 0; j < n; ++j) {
                        const int sg = sign_in_doubles(walls_[j], list[0][i]);
                        if (sg == 1 || sg == -1) own[j >> 6] |= uint64_t(1) << (j & 63);
                    }
                } else {
                    for_facets(k, i, [&](int32_t f, int8_t) {
                        for (int w = 0; w < words; ++w) own[w] |= beside[k - 1][f][w];
                    });
                }
            }
        }
        // For each (r - 1)-cell the only wall that it can lie in; then all its faces.
        for (int64_t i = 0; r > 0 && i < size(r - 1); ++i) {
            int only = -1, many = 0;
            for (int j = 0; j < n; ++j)
                if (!(beside[r - 1][i][j >> 6] >> (j & 63) & 1)) {
                    only = j;
                    ++many;
                }
            if (many == 0) throw Halt{SIGNS_CONTRADICT};
            if (many == 1) in_wall[r - 1][i][only >> 6] |= uint64_t(1) << (only & 63);
        }
        for (int k = r - 1; k > 0; --k)
            for (int64_t i = 0; i < size(k); ++i)
                for_facets(k, i, [&](int32_t f, int8_t) {
                    for (int w = 0; w < words; ++w) in_wall[k - 1][f][w] |= in_wall[k][i][w];
                });
        // What is open at vertices; other cells lie in the walls that all their facets lie in.
        for (int64_t i = 0; i < size(0); ++i) {
            uint64_t* own = in_wall[0][i];
            for (int j = 0; j < n; ++j) {
                const uint64_t one = uint64_t(1) << (j & 63);
                if ((beside.empty() || !(beside[0][i][j >> 6] & one)) && !(own[j >> 6] & one) &&
                    exact_sign(walls_[j], list[0][i]) == 0)
                    own[j >> 6] |= one;
            }
        }
        for (int k = 1; k <= r; ++k)
            for (int64_t i = 0; i < size(k); ++i) {
                uint64_t* own = in_wall[k][i];
                std::fill_n(own, words, ~uint64_t(0));
                for_facets(k, i, [&](int32_t f, int8_t) {
                    for (int w = 0; w < words; ++w) own[w] &= in_wall[k - 1][f][w];
                });
            }
    }
};

}  // namespace polyrelu
