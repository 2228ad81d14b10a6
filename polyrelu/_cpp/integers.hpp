// Exact integer vectors: a machine-word path whose overflow is excluded by a bound, GMP beyond it, and a
// floating-point filter for signs in between.
//
// Bound. A vector is kept in words when every entry has absolute value below 2^59. A product of two such entries is
// below 2^118 and a sum of at most MAX_WIDTH = 64 of them below 2^124, so every dot product fits __int128.
//
// Filter. Let a, b be the true vectors and A, B the stored doubles, A_i = a_i (1 + d_i) + e_i with |d_i| <= 2^-52 and
// |e_i| <= 2^-1074 (conversion truncates; scaling by a power of two can underflow), after a common positive scaling
// that makes |A_i| <= 2^59. Recursive summation of n products has error at most ((1 + 2^-53)^n - 1) sum |A_i B_i|
// plus n 2^-1074 for underflow. Together |fl(A.B) - scaled a.b| < (n + 8) 2^-52 sum|A_i B_i| + 2^-1000 for n <= 64:
// the first-order terms are (4 + n) 2^-53, the factor leaves room for all the others and for the rounding of the sum
// of moduli itself. A sign is accepted only beyond that bound.
#pragma once

#include <gmpxx.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace polyrelu {

using i128 = __int128;

constexpr int64_t WORD_BOUND = int64_t(1) << 59;
constexpr int MAX_WIDTH = 64;
constexpr double EPS = 2.220446049250313e-16;  // 2^-52
constexpr double TINY = 9.332636185032189e-302;  // 2^-1000

// How signs were decided.
struct Statistics {
    int64_t word = 0;      // exactly, in machine words
    int64_t filtered = 0;  // by a floating-point value beyond its error bound
    int64_t big = 0;       // exactly, by GMP
    int64_t big_zero = 0;  // of these, true zeros
};

inline bool fits_word(i128 x) { return x < WORD_BOUND && x > -WORD_BOUND; }
inline int sign(i128 x) { return (x > 0) - (x < 0); }

inline void set_i128(mpz_ptr z, i128 x) {
    const bool negative = x < 0;
    unsigned __int128 u = negative ? -(unsigned __int128)x : (unsigned __int128)x;
    mpz_set_ui(z, (unsigned long)(u >> 64));
    mpz_mul_2exp(z, z, 64);
    mpz_add_ui(z, z, (unsigned long)u);
    if (negative) mpz_neg(z, z);
}

inline unsigned __int128 magnitude(i128 x) { return x < 0 ? -(unsigned __int128)x : (unsigned __int128)x; }

inline unsigned __int128 gcd(unsigned __int128 a, unsigned __int128 b) {
    while (b != 0) {
        if ((a >> 64) == 0 && (b >> 64) == 0) return std::gcd((uint64_t)a, (uint64_t)b);
        const unsigned __int128 r = a % b;
        a = b;
        b = r;
    }
    return a;
}

// Doubles of the vector z[0..n), scaled by one power of two so that the largest entry lies in [1/2, 1).
inline void approximate(const mpz_class* z, int n, double* out) {
    long top = 0;
    bool any = false;
    for (int i = 0; i < n; ++i)
        if (sgn(z[i]) != 0) {
            const long e = (long)mpz_sizeinbase(z[i].get_mpz_t(), 2);
            if (!any || e > top) top = e;
            any = true;
        }
    for (int i = 0; i < n; ++i) {
        long e = 0;
        const double m = sgn(z[i]) == 0 ? 0.0 : mpz_get_d_2exp(&e, z[i].get_mpz_t());
        const long shift = e - top;
        out[i] = shift < -1100 ? 0.0 : std::ldexp(m, (int)shift);
    }
}

// Primitive integer vectors of one width, addressed by index.
class VectorStore {
  public:
    explicit VectorStore(int width) : width_(width) {}

    int width() const { return width_; }
    int64_t size() const { return (int64_t)slot_.size(); }
    bool is_word(int64_t i) const { return slot_[i] < 0; }
    const int64_t* word(int64_t i) const { return &word_[i * width_]; }
    const mpz_class* big(int64_t i) const { return &big_[(int64_t)slot_[i] * width_]; }
    bool any_big() const { return !big_.empty(); }

    void clear() {
        word_.clear();
        slot_.clear();
        big_.clear();
        approx_.clear();
    }

    int64_t push_word(const int64_t* x) {
        word_.insert(word_.end(), x, x + width_);
        slot_.push_back(-1);
        return size() - 1;
    }

    // Takes the vector x (its values are moved away) after division by its content.
    int64_t push_reduced(mpz_class* x) {
        mpz_class g = 0;
        for (int i = 0; i < width_ && g != 1; ++i) mpz_gcd(g.get_mpz_t(), g.get_mpz_t(), x[i].get_mpz_t());
        if (g > 1)
            for (int i = 0; i < width_; ++i) mpz_divexact(x[i].get_mpz_t(), x[i].get_mpz_t(), g.get_mpz_t());
        bool small = true;
        int64_t w[MAX_WIDTH];
        for (int i = 0; i < width_ && small; ++i) {
            small = mpz_fits_slong_p(x[i].get_mpz_t()) && fits_word(mpz_get_si(x[i].get_mpz_t()));
            if (small) w[i] = mpz_get_si(x[i].get_mpz_t());
        }
        if (small) return push_word(w);
        word_.insert(word_.end(), width_, 0);
        slot_.push_back((int32_t)(big_.size() / width_));
        const size_t a = approx_.size();
        approx_.resize(a + width_);
        approximate(x, width_, &approx_[a]);
        for (int i = 0; i < width_; ++i) big_.push_back(std::move(x[i]));
        return size() - 1;
    }

    int64_t push_reduced(i128* x) {
        unsigned __int128 g = 0;
        for (int i = 0; i < width_ && g != 1; ++i) g = gcd(magnitude(x[i]), g);
        bool small = true;
        int64_t w[MAX_WIDTH];
        for (int i = 0; i < width_; ++i) {
            if (g > 1) x[i] /= (i128)g;
            small = small && fits_word(x[i]);
            w[i] = (int64_t)x[i];
        }
        if (small) return push_word(w);
        mpz_class z[MAX_WIDTH];
        for (int i = 0; i < width_; ++i) set_i128(z[i].get_mpz_t(), x[i]);
        return push_reduced(z);
    }

    // The doubles of vector i (relative error at most 2^-52 an entry); `room` is used when they are not stored.
    const double* doubles(int64_t i, double* room) const {
        if (slot_[i] >= 0) return &approx_[(int64_t)slot_[i] * width_];
        const int64_t* x = word(i);
        for (int k = 0; k < width_; ++k) room[k] = (double)x[k];
        return room;
    }

    void entry(int64_t i, int k, mpz_ptr out) const {
        if (slot_[i] >= 0)
            mpz_set(out, big(i)[k].get_mpz_t());
        else
            mpz_set_si(out, word(i)[k]);
    }

    // Keeps the vectors with keep[i], in order.
    void filter(const std::vector<char>& keep) {
        int64_t n = 0, b = 0;
        for (int64_t i = 0; i < size(); ++i) {
            if (!keep[i]) continue;
            for (int k = 0; k < width_; ++k) word_[n * width_ + k] = word_[i * width_ + k];
            int32_t s = slot_[i];
            if (s >= 0) {
                for (int k = 0; k < width_; ++k) {
                    if (b != s) big_[b * width_ + k] = std::move(big_[(int64_t)s * width_ + k]);
                    approx_[b * width_ + k] = approx_[(int64_t)s * width_ + k];
                }
                s = (int32_t)b++;
            }
            slot_[n++] = s;
        }
        word_.resize(n * width_);
        slot_.resize(n);
        big_.resize(b * width_);
        approx_.resize(b * width_);
    }

  private:
    int width_;
    std::vector<int64_t> word_;   // width entries a vector, zeros where it is big
    std::vector<int32_t> slot_;   // -1, or the index among the big vectors
    std::vector<mpz_class> big_;
    std::vector<double> approx_;  // of the big vectors
};

inline i128 dot_word(const int64_t* a, const int64_t* b, int n) {
    i128 s = 0;
    for (int i = 0; i < n; ++i) s += (i128)a[i] * b[i];
    return s;
}

inline void dot_big(const VectorStore& A, int64_t a, const VectorStore& B, int64_t b, mpz_class& out) {
    mpz_class x, y;
    out = 0;
    for (int k = 0; k < A.width(); ++k) {
        A.entry(a, k, x.get_mpz_t());
        B.entry(b, k, y.get_mpz_t());
        mpz_addmul(out.get_mpz_t(), x.get_mpz_t(), y.get_mpz_t());
    }
}

// The sign of the affine form B[b] at the homogeneous point A[a]; always the true one.
inline int dot_sign(const VectorStore& A, int64_t a, const VectorStore& B, int64_t b, Statistics& stats) {
    const int n = A.width();
    if (A.is_word(a) && B.is_word(b)) {
        ++stats.word;
        return sign(dot_word(A.word(a), B.word(b), n));
    }
    double room_a[MAX_WIDTH], room_b[MAX_WIDTH];
    const double* x = A.doubles(a, room_a);
    const double* y = B.doubles(b, room_b);
    double s = 0, m = 0;
    for (int k = 0; k < n; ++k) {
        const double t = x[k] * y[k];
        s += t;
        m += std::fabs(t);
    }
    const double bound = (n + 8) * EPS * m + TINY;
    if (std::fabs(s) > bound) {
        ++stats.filtered;
        return s > 0 ? 1 : -1;
    }
    mpz_class z;
    dot_big(A, a, B, b, z);
    ++stats.big;
    if (sgn(z) == 0) ++stats.big_zero;
    return sgn(z);
}

// Appends to A the primitive point where the segment between A[p] and A[q] meets B[b] = 0, the form being positive at
// p and negative at q: -B(q) p + B(p) q.
inline int64_t intersect(VectorStore& A, int64_t p, int64_t q, const VectorStore& B, int64_t b) {
    const int n = A.width();
    if (A.is_word(p) && A.is_word(q) && B.is_word(b)) {
        i128 u = dot_word(A.word(p), B.word(b), n);
        i128 v = -dot_word(A.word(q), B.word(b), n);
        const unsigned __int128 g = gcd(magnitude(u), magnitude(v));
        u /= (i128)g;
        v /= (i128)g;
        if (fits_word(u) && fits_word(v)) {
            i128 x[MAX_WIDTH];
            const int64_t *xp = A.word(p), *xq = A.word(q);
            for (int k = 0; k < n; ++k) x[k] = v * xp[k] + u * xq[k];
            return A.push_reduced(x);
        }
    }
    mpz_class u, v, t, x[MAX_WIDTH];
    dot_big(A, p, B, b, u);
    dot_big(A, q, B, b, v);
    v = -v;
    mpz_gcd(t.get_mpz_t(), u.get_mpz_t(), v.get_mpz_t());
    mpz_divexact(u.get_mpz_t(), u.get_mpz_t(), t.get_mpz_t());
    mpz_divexact(v.get_mpz_t(), v.get_mpz_t(), t.get_mpz_t());
    for (int k = 0; k < n; ++k) {
        A.entry(p, k, t.get_mpz_t());
        mpz_mul(x[k].get_mpz_t(), v.get_mpz_t(), t.get_mpz_t());
        A.entry(q, k, t.get_mpz_t());
        mpz_addmul(x[k].get_mpz_t(), u.get_mpz_t(), t.get_mpz_t());
    }
    return A.push_reduced(x);
}

}  // namespace polyrelu
