// The network as integer stages, and its affine forms on regions, exactly.
//
// A stage is a list of neurons that subdivide together: the rows of a domain, a hidden layer, or the output minus its
// level. Its rows are integers; entry 0 multiplies the homogeneous coordinate x0 (the bias). A stage either reads the
// point itself (`previous` is -1) or the activations of the stage before it. Row i acts on an activation as
//     value_i = plus[i][0] x0 + sum_j (z_j >= 0 ? plus[i][1+j] : minus[i][1+j]) z_j,
// z the values of the stage before: slopes below zero are absorbed in `minus` (all zero there for ReLU).
// Every row may have been multiplied by a positive number (the columns that read it being divided by it), so values
// are those of the network up to a positive factor per neuron, the same for all points: signs and zeros are kept.
//
// The doubles of a stage hold the same rows after a scaling by a power of two per neuron; `exact` says that they are
// the integers themselves, below 2^53 and not scaled. Otherwise a coefficient has a relative error of at most 2^-52
// (GMP truncates), or an absolute one of 2^-1074 where it underflows.
#pragma once

#include <algorithm>
#include <new>
#include <utility>

#include "integers.hpp"

namespace polyrelu {

class Stage {
    static int checked(int inputs) {
        if (inputs >= MAX_INPUTS) throw std::bad_alloc();  // the bounds of `rounding.hpp` hold for fewer
        return inputs;
    }

  public:
    Stage(int neurons, int inputs, int read)
        : n(neurons), m(checked(inputs)), previous(read), plus(n * (size_t)(m + 1)), splits(n, 1) {}

    int n;         // neurons
    int m;         // inputs besides x0
    int previous;  // index of the stage it reads, or -1: the point itself
    std::vector<mpz_class> plus, minus;  // n rows of m + 1 entries; `minus` is empty when it is zero throughout
    std::vector<char> splits;            // whether the neuron subdivides (its slope below zero is not 1)

    bool word = true;  // all entries below WORD_BOUND: `plus_word`, `minus_word` hold them
    std::vector<int64_t> plus_word, minus_word;

    bool exact = true;  // the doubles are the integers themselves
    std::vector<long> scale;                                   // neuron i is multiplied by 2^-scale[i]
    std::vector<double> plus_double, minus_double;  // by columns: entry (i, j) at j * n + i

    // The column of coefficients of input j (0: x0) as doubles, or null where they are zero.
    const double* column(int j, bool positive) const {
        if (positive) return &plus_double[(size_t)j * n];
        return minus.empty() ? nullptr : &minus_double[(size_t)j * n];
    }
    const mpz_class& coefficient(int i, int j, bool positive) const {
        static const mpz_class zero = 0;
        if (positive) return plus[i * (size_t)(m + 1) + j];
        return minus.empty() ? zero : minus[i * (size_t)(m + 1) + j];
    }
    int64_t coefficient_word(int i, int j, bool positive) const {
        if (positive) return plus_word[i * (size_t)(m + 1) + j];
        return minus_word.empty() ? 0 : minus_word[i * (size_t)(m + 1) + j];
    }

    // Fills the word and the floating-point copies when all coefficients are set; `before` are the scales of the stage
    // that is read (or null).
    void prepare(const std::vector<long>* before) {
        const size_t w = m + 1;
        if (previous < 0) minus = plus;  // coordinates of the point are not clipped
        auto words = [&](const std::vector<mpz_class>& a, std::vector<int64_t>& out) {
            for (const mpz_class& x : a) {
                if (!(mpz_fits_slong_p(x.get_mpz_t()) && fits_word(mpz_get_si(x.get_mpz_t())))) {
                    word = false;
                    return;
                }
                out.push_back(mpz_get_si(x.get_mpz_t()));
            }
        };
        words(plus, plus_word);
        if (word) words(minus, minus_word);
        auto shift = [&](size_t j) { return before && j > 0 ? (*before)[j - 1] : 0L; };
        for (size_t j = 1; j < w; ++j) exact = exact && shift(j) == 0;
        for (auto* a : {&plus, &minus})
            for (const mpz_class& x : *a) exact = exact && mpz_sizeinbase(x.get_mpz_t(), 2) <= 53;
        scale.assign(n, 0);
        plus_double.assign(w * n, 0);
        if (!minus.empty()) minus_double.assign(w * n, 0);
        for (int i = 0; i < n; ++i) {
            if (!exact) {
                bool any = false;
                for (auto* a : {&plus, &minus})
                    for (size_t j = 0; j < w && !a->empty(); ++j) {
                        const mpz_class& x = (*a)[i * w + j];
                        if (sgn(x) == 0) continue;
                        const long e = (long)mpz_sizeinbase(x.get_mpz_t(), 2) + shift(j);
                        if (!any || e > scale[i]) scale[i] = e;
                        any = true;
                    }
            }
            auto convert = [&](const mpz_class& x, size_t j) {
                if (sgn(x) == 0) return 0.0;
                long e = 0;
                const double f = mpz_get_d_2exp(&e, x.get_mpz_t());
                e += shift(j) - scale[i];
                return e < -1100 ? 0.0 : std::ldexp(f, (int)e);
            };
            for (size_t j = 0; j < w; ++j) {
                plus_double[j * n + i] = convert(plus[i * w + j], j);
                if (!minus.empty()) minus_double[j * n + i] = convert(minus[i * w + j], j);
            }
        }
    }
};

inline void add_stage(std::vector<Stage>& stages, int n, int m, int previous) { stages.emplace_back(n, m, previous); }

// The regions at the start of a stage: parent among the regions at the start of the stage before, and the signs of
// that stage's neurons on their interiors as two bit masks.
struct Regions {
    int words = 0;  // words a mask
    std::vector<int32_t> parent;
    std::vector<uint64_t> plus, minus;
};

inline bool bit(const uint64_t* mask, int i) { return mask[i >> 6] >> (i & 63) & 1; }

// The bits of a byte, the lowest first, as 0 and 1.
struct BitsOfBytes {
    signed char of[256][8];
    BitsOfBytes() {
        for (int b = 0; b < 256; ++b)
            for (int i = 0; i < 8; ++i) of[b][i] = (signed char)(b >> i & 1);
    }
};

// For each column of stage s on its region p: 1 or -1 for the coefficients that apply, 0 where it contributes nothing.
inline void find_sides(const std::vector<Stage>& stages, const std::vector<Regions>& regions, int s, int32_t p,
                       std::vector<signed char>& side) {
    const Stage& t = stages[s];
    side.assign(t.m + 1, 1);
    if (t.previous < 0) return;
    const Regions& q = regions[s];
    const uint64_t *a = &q.plus[(size_t)p * q.words], *b = &q.minus[(size_t)p * q.words];
    const std::vector<char>& splits = stages[s - 1].splits;
    static const BitsOfBytes bits;
    const auto byte = [](const uint64_t* mask, int j) { return mask[j >> 6] >> (j & 63) & 255; };
    for (int j = 0; j < t.m; j += 8) {
        const signed char *plus = bits.of[byte(a, j)], *minus = bits.of[byte(b, j)];
        const int end = std::min(8, t.m - j);
        if (t.minus.empty())
            for (int i = 0; i < end; ++i) side[j + i + 1] = (signed char)(plus[i] | !splits[j + i]);
        else
            for (int i = 0; i < end; ++i) side[j + i + 1] = (signed char)(splits[j + i] ? plus[i] - minus[i] : 1);
    }
}

// Affine forms of neurons on regions, exactly: the row of a neuron over the values of the stage before is pulled back,
// stage by stage, through the linear map that the network is on the region.
class PullBack {
  public:
    // The form (x0 first) of neuron i of stage s on region p of stage s, not divided by its content, so that its scale
    // is the same on all regions. Returns true when it is in `word`, false when it is in `big`.
    bool run(const std::vector<Stage>& stages, const std::vector<Regions>& regions, int s, int32_t p, int i) {
        if (run_word(stages, regions, s, p, i)) return true;
        run_big(stages, regions, s, p, i);
        return false;
    }
    std::vector<int64_t> word;
    std::vector<mpz_class> big;

  private:
    std::vector<signed char> side_;  // for each column of the current rows: which coefficient applies, 0 for none
    std::vector<i128> next_word_;
    std::vector<mpz_class> next_big_;

    bool run_word(const std::vector<Stage>& stages, const std::vector<Regions>& regions, int s, int32_t p, int i) {
        if (!stages[s].word) return false;
        find_sides(stages, regions, s, p, side_);
        word.assign(stages[s].m + 1, 0);
        for (int j = 0; j <= stages[s].m; ++j)
            if (side_[j]) word[j] = stages[s].coefficient_word(i, j, side_[j] > 0);
        while (stages[s].previous >= 0) {
            p = regions[s].parent[p];
            const Stage& t = stages[--s];
            if (!t.word) return false;
            find_sides(stages, regions, s, p, side_);
            next_word_.assign(t.m + 1, 0);
            next_word_[0] = word[0];
            for (int k = 0; k < t.n; ++k) {
                const i128 c = word[k + 1];
                if (c != 0)
                    for (int j = 0; j <= t.m; ++j)
                        if (side_[j]) next_word_[j] += c * t.coefficient_word(k, j, side_[j] > 0);
                if ((k & 63) == 63)  // products are below 2^118: 64 of them, added to less than 2^125, stay in range
                    for (const i128 x : next_word_)
                        if (magnitude(x) >> 125) return false;
            }
            word.resize(t.m + 1);
            for (int j = 0; j <= t.m; ++j) {
                if (!fits_word(next_word_[j])) return false;
                word[j] = (int64_t)next_word_[j];
            }
        }
        return true;
    }

    void run_big(const std::vector<Stage>& stages, const std::vector<Regions>& regions, int s, int32_t p, int i) {
        find_sides(stages, regions, s, p, side_);
        big.assign(stages[s].m + 1, 0);
        for (int j = 0; j <= stages[s].m; ++j)
            if (side_[j]) big[j] = stages[s].coefficient(i, j, side_[j] > 0);
        while (stages[s].previous >= 0) {
            p = regions[s].parent[p];
            const Stage& t = stages[--s];
            find_sides(stages, regions, s, p, side_);
            next_big_.assign(t.m + 1, 0);
            next_big_[0] = big[0];
            for (int k = 0; k < t.n; ++k) {
                if (sgn(big[k + 1]) == 0) continue;
                for (int j = 0; j <= t.m; ++j)
                    if (side_[j])
                        mpz_addmul(next_big_[j].get_mpz_t(), big[k + 1].get_mpz_t(),
                                   t.coefficient(k, j, side_[j] > 0).get_mpz_t());
            }
            big.swap(next_big_);
        }
    }
};

}  // namespace polyrelu
