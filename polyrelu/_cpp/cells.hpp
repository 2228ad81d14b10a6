// The cells of one dimension as separate arrays.
#pragma once

#include <cstring>

#include "storage.hpp"

namespace polyrelu {

// A facet with its incidence number: number << 1 | (1 if it is -1).
using Incidence = int32_t;
constexpr int64_t MAX_CELLS = int64_t(1) << 30;
constexpr int64_t MAX_FACETS = (int64_t(1) << 32) - 1;  // of all cells of one dimension
inline Incidence incidence(int32_t facet, bool negative) { return facet << 1 | (negative ? 1 : 0); }
inline int32_t facet_of(Incidence x) { return x >> 1; }
inline bool negative(Incidence x) { return x & 1; }

// Decided: see `decided_cells.hpp`.
enum Flags : unsigned char {
    AT_INFINITY = 1,
    ON_BOUNDARY = 2,
    DECIDED_PLUS = 4,
    DECIDED_MINUS = 8,
    DECIDED = DECIDED_PLUS | DECIDED_MINUS
};

// Two bit masks over the neurons of a stage for every cell, plus and minus, side by side and as narrow as they can be.
class SignMasks {
  public:
    // Masks of n cells for so many neurons, all zero.
    void start(int neurons, int64_t n) {
        width_ = neurons <= 8 ? 1 : neurons <= 16 ? 2 : neurons <= 32 ? 4 : 8 * ((neurons + 63) / 64);
        bytes_.release();
        bytes_.assign(2 * n * width_, 0);
    }
    void resize(int64_t n) { bytes_.resize(2 * n * width_); }
    void release() { bytes_.release(); }
    int64_t memory() const { return (int64_t)bytes_.bytes(); }
    int64_t bytes_each() const { return 2 * width_; }

    uint64_t plus(int64_t c, int w) const { return load(at(c), w); }
    uint64_t minus(int64_t c, int w) const { return load(at(c) + width_, w); }
    bool has_plus(int64_t c, int i) const { return plus(c, i >> 6) >> (i & 63) & 1; }
    bool has_minus(int64_t c, int i) const { return minus(c, i >> 6) >> (i & 63) & 1; }
    uint64_t crossing(int64_t c, int w) const { return plus(c, w) & minus(c, w); }
    void set(int64_t c, int w, uint64_t plus, uint64_t minus) {
        unsigned char* p = bytes_.data() + 2 * c * width_;
        store(p, w, plus);
        store(p + width_, w, minus);
    }
    // The masks of a cell from those of its facets, f[0..n) of `faces`.
    void unite(int64_t c, const SignMasks& faces, const Incidence* f, int32_t n) {
        switch (width_) {
            case 1: unite_as<uint8_t>(c, faces, f, n, 1); break;
            case 2: unite_as<uint16_t>(c, faces, f, n, 1); break;
            case 4: unite_as<uint32_t>(c, faces, f, n, 1); break;
            default:
                for (int w = 0; w < width_ / 8; ++w) unite_as<uint64_t>(c, faces, f, n, width_ / 8, w);
        }
    }
    const unsigned char* at(int64_t c) const { return bytes_.data() + 2 * c * width_; }

  private:
    int width_ = 1;  // bytes of a mask
    Array<unsigned char> bytes_;

    uint64_t load(const unsigned char* p, int w) const {
        switch (width_) {
            case 1: return *p;
            case 2: return read<uint16_t>(p);
            case 4: return read<uint32_t>(p);
            default: return read<uint64_t>(p + 8 * w);
        }
    }
    void store(unsigned char* p, int w, uint64_t x) const {
        switch (width_) {
            case 1: write<uint8_t>(p, x); break;
            case 2: write<uint16_t>(p, x); break;
            case 4: write<uint32_t>(p, x); break;
            default: write<uint64_t>(p + 8 * w, x);
        }
    }
    template <class T>
    void unite_as(int64_t c, const SignMasks& faces, const Incidence* f, int32_t n, int words, int w = 0) {
        T plus = 0, minus = 0;
        for (int32_t t = 0; t < n; ++t) {
            const unsigned char* x = faces.bytes_.data() + 2 * sizeof(T) * words * (size_t)facet_of(f[t]) + sizeof(T) * w;
            plus |= (T)read<T>(x);
            minus |= (T)read<T>(x + sizeof(T) * words);
        }
        unsigned char* out = bytes_.data() + 2 * sizeof(T) * words * c + sizeof(T) * w;
        write<T>(out, plus);
        write<T>(out + sizeof(T) * words, minus);
    }
    template <class T>
    static uint64_t read(const unsigned char* p) {
        T x;
        std::memcpy(&x, p, sizeof x);
        return x;
    }
    template <class T>
    static void write(unsigned char* p, uint64_t value) {
        const T x = (T)value;
        std::memcpy(p, &x, sizeof x);
    }
};

// All cells of one dimension.
struct Cells {
    Array<uint32_t> start;  // facets: arena[start .. start + count)
    Array<int32_t> count;
    Array<Incidence> arena;
    int64_t live = 0;           // entries of the arena in use
    Array<unsigned char> flags;
    Array<int32_t> region;      // a region of the current stage's start that contains the cell
    Array<int32_t> defining_forms;  // r - k forms a cell (none stored for vertices)
    SignMasks masks;

    int64_t size() const { return (int64_t)flags.size(); }
    int64_t memory() const {
        return (int64_t)(start.bytes() + count.bytes() + arena.bytes() + flags.bytes() + region.bytes() +
                         defining_forms.bytes()) + masks.memory();
    }
    const Incidence* facets(int64_t c) const { return arena.data() + start[c]; }
    bool is_decided(int64_t c) const { return (flags[c] & DECIDED) != 0; }

    void append_facets(const Incidence* f, size_t n) {
        start.push_back((uint32_t)arena.size());
        count.push_back((int32_t)n);
        arena.append(f, n);
        live += (int64_t)n;
    }
    // The bytes of a k-cell without its facets.
    int64_t bytes_each(int k, int r) const { return 5 + masks.bytes_each() + (k == 0 ? 0 : 8 + 4 * (r - k)); }

    // Makes room for n cells of dimension k in all.
    void extend(int64_t n, int k, int r) {
        flags.resize(n);
        region.resize(n);
        masks.resize(n);
        if (k == 0) return;
        start.resize(n);
        count.resize(n);
        defining_forms.resize(n * (r - k));
    }
    // Give memory back when the contents are needed no more.
    void release_facets() {
        start.release();
        count.release();
        arena.release();
    }
    void release_working_arrays() {
        defining_forms.release();
        masks.release();
    }
};

}  // namespace polyrelu
