// The store of affine forms: doubles, with error bounds.
//
// A form is a covector (f_0, ..., f_r), f_0 the coefficient of x0, known up to a positive factor. Its record is the
// doubles f_k, then norm = sum |f_k| (rounded upwards by SLACK), then err: every true f_k differs from its double by at
// most err. err = 0 means that the f_k are integers below 2^53, without a common divisor.
#pragma once

#include "stages.hpp"
#include "storage.hpp"

namespace polyrelu {

class FormStore {
  public:
    explicit FormStore(int width) : width_(width) {}

    int64_t size() const { return (int64_t)(data_.size() / (width_ + 2)); }
    int64_t memory() const { return (int64_t)data_.bytes(); }
    int64_t bytes_each() const { return 8 * (width_ + 2); }
    const double* operator[](int64_t i) const { return &data_[i * (width_ + 2)]; }
    double norm(int64_t i) const { return data_[i * (width_ + 2) + width_]; }
    double err(int64_t i) const { return data_[i * (width_ + 2) + width_ + 1]; }

    void resize(int64_t n) {
        if (n >= INT32_MAX) throw std::bad_alloc();  // forms are numbered with 32 bits
        data_.resize(n * (width_ + 2));
    }

    void release() { data_.release(); }

    // f: width doubles with error bound err; err = 0 for exact integers below 2^53.
    void set(int64_t i, const double* f, double err) {
        double* g = &data_[i * (width_ + 2)];
        std::copy_n(f, width_, g);
        if (err == 0) {
            uint64_t content = 0;
            for (int k = 0; k < width_ && content != 1; ++k) content = std::gcd((uint64_t)std::fabs(g[k]), content);
            if (content > 1)
                for (int k = 0; k < width_; ++k) g[k] /= (double)content;
        }
        double norm = 0;
        for (int k = 0; k < width_; ++k) norm += std::fabs(g[k]);
        g[width_] = norm * SLACK;
        g[width_ + 1] = err;
    }

    void set_exact(int64_t i, const mpz_class* f) {
        double g[MAX_WIDTH];
        bool small = true;
        for (int k = 0; k < width_; ++k) small = small && mpz_sizeinbase(f[k].get_mpz_t(), 2) <= 53;
        if (small)
            for (int k = 0; k < width_; ++k) g[k] = f[k].get_d();
        else
            approximate(f, width_, g);  // entries at most 1
        set(i, g, small ? 0 : EPS);
    }

    void push_exact(const mpz_class* f) {
        resize(size() + 1);
        set_exact(size() - 1, f);
    }

  private:
    int width_;
    Array<double> data_;
};

}  // namespace polyrelu
