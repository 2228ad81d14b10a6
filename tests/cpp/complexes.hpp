// Networks, the complexes that the core makes of them, and what must hold for these.
#pragma once

#include <random>

#include "_cpp/cell_order.hpp"
#include "_cpp/reduction.hpp"
#include "testing.hpp"

namespace testing {

using namespace polyrelu;

// ---- networks -------------------------------------------------------------------------------------------------------

// Hidden layers as rows with the bias first. The first rows of the first layer are the coordinates themselves, so that
// the starting hyperplanes are the coordinate hyperplanes.
struct Layers {
    int rank = 0;
    std::vector<std::vector<std::vector<mpz_class>>> layer = {};
    bool domain = false;  // the first layer is the walls of a domain, and the second reads the point as well
};

using Row = std::vector<mpz_class>;

inline Row coordinate(int rank, int i) {
    Row row(rank + 1, 0);
    row[i + 1] = 1;
    return row;
}

// Small integers (many degenerate positions), or numerators over a power of two (what random doubles are).
inline Layers random_network(unsigned seed, int rank, const std::vector<int>& widths, bool small) {
    std::mt19937_64 random(seed);
    Layers net;
    net.rank = rank;
    int inputs = rank;
    for (size_t l = 0; l < widths.size(); ++l) {
        std::vector<Row> rows;
        for (int i = 0; l == 0 && i < rank; ++i) rows.push_back(coordinate(rank, i));
        while ((int)rows.size() < widths[l]) {
            Row row;
            for (int j = 0; j <= inputs; ++j) {
                const long bits = (long)(random() >> 11);
                row.emplace_back(small ? bits % 7 - 3 : bits - (1L << 52));
            }
            rows.push_back(row);
        }
        net.layer.push_back(rows);
        inputs = widths[l];
    }
    return net;
}

// The hyperplanes x_i = 0 and x_i = x_j: that of the braid arrangement in one dimension more, up to translations.
inline Layers braid(int rank) {
    Layers net;
    net.rank = rank;
    net.layer.resize(1);
    for (int i = 0; i < rank; ++i) net.layer[0].push_back(coordinate(rank, i));
    for (int i = 0; i < rank; ++i)
        for (int j = i + 1; j < rank; ++j) {
            Row row(rank + 1, 0);
            row[i + 1] = 1;
            row[j + 1] = -1;
            net.layer[0].push_back(row);
        }
    return net;
}

// ---- the subdivision, and what must hold for it ---------------------------------------------------------------------

struct Cellwise {
    std::vector<std::vector<int64_t>> indptr;
    std::vector<std::vector<int32_t>> index;
    std::vector<std::vector<int8_t>> sign;
    std::vector<int64_t> size, finite;
    std::vector<int8_t> signs;  // of all cells for all neurons
    std::vector<Row> vertices;

    bool operator==(const Cellwise& other) const {
        return indptr == other.indptr && index == other.index && sign == other.sign && size == other.size &&
               finite == other.finite && signs == other.signs && vertices == other.vertices;
    }
};

// The stages, and what the core starts from.
inline void set_up(Subdivision& s, const Layers& net) {
    prepare_gmp_memory();
    const int r = net.rank;
    for (size_t l = 0; l < net.layer.size(); ++l) {
        const auto& rows = net.layer[l];
        const int m = (int)rows[0].size() - 1;
        const bool reads_point = l == 0 || (net.domain && l == 1);
        add_stage(s.stages, (int)rows.size(), m, reads_point ? -1 : (int)l - 1);
        Stage& stage = s.stages.back();
        for (size_t i = 0; i < rows.size(); ++i)
            for (int j = 0; j <= m; ++j) stage.plus[i * (size_t)(m + 1) + (size_t)j] = rows[i][(size_t)j];
        stage.prepare(reads_point ? nullptr : &s.stages[l - 1].scale);
    }
    Row infinity(r + 1, 0), apex(r + 1, 0);
    infinity[0] = apex[0] = 1;
    s.forms.push_exact(infinity.data());
    s.vertices.resize(1 + 2 * r);
    s.vertices.set_exact(0, apex);
    for (int i = 0; i < r; ++i) {
        Row ray = coordinate(r, i);
        s.forms.push_exact(ray.data());
        s.initial_forms.push_back(ray);
        s.vertices.set_exact(1 + 2 * i, ray);
        ray[i + 1] = -1;
        s.vertices.set_exact(2 + 2 * i, ray);
    }
}

// With `coarse`, the last layer is the output.
inline Cellwise subdivide(const Layers& net, int threads, Arithmetic arithmetic, bool coarse = false) {
    const int r = net.rank;
    Subdivision s(r, int64_t(1) << 62, int64_t(1) << 62, threads, arithmetic, coarse, nullptr, nullptr);
    set_up(s, net);
    require(s.start() == FINISHED, "start");
    for (size_t l = 0; l < net.layer.size(); ++l) require(s.run((int)l, net.domain && l == 0) == FINISHED, "run");

    CellOrder order(s);
    Cellwise out;
    out.finite = order.finite;
    for (int k = 0; k <= r; ++k) out.size.push_back(s.cells[k].size());
    for (size_t l = 0; l < net.layer.size(); ++l) {
        require(s.mark_again((int)l) == FINISHED, "signs");
        for (int k = 0; k <= r; ++k)
            for (size_t j = 0; j < net.layer[l].size(); ++j) {
                const size_t at = out.signs.size();
                out.signs.resize(at + (size_t)out.size[k]);
                if (out.size[k] > 0) order.signs(s, k, (int)j, &out.signs[at]);
            }
    }
    s.release_working_arrays();
    out.vertices.resize((size_t)s.vertices.size());
    for (int32_t v = 0; v < (int32_t)s.vertices.size(); ++v)
        out.vertices[order.number[0][v]] = s.vertices.exact_coordinates(v);
    for (int k = r; k > 0; --k) {
        const int64_t n = s.cells[k].size(), live = s.cells[k].live;
        out.indptr.emplace_back(n + 1);
        out.index.emplace_back(live);
        out.sign.emplace_back(live);
        std::vector<uint8_t> boundary(n);
        std::vector<int32_t> region(n);
        order.per_cell(s, k, boundary.data(), region.data());
        order.facets(s, k, out.indptr.back().data(), out.index.back().data(), out.sign.back().data());
    }
    return out;
}

// The cells with those at infinity are a closed ball, so that the chain complex of its boundary maps has the homology
// of a point. It is checked and reduced in all the number types.
inline void check_ball(const Cellwise& c) {
    const size_t d = c.size.size() - 1;
    for (int type = 0; type < 3; ++type) {
        reduction::Input input;
        input.ranks = c.size;
        std::vector<std::vector<int64_t>> wide(d);
        for (size_t k = 1; k <= d; ++k) {
            const size_t at = d - k;
            input.n_entries.push_back((int64_t)c.index[at].size());
            input.start.push_back(c.indptr[at].data());
            input.row.push_back(c.index[at].data());
            wide[k - 1].assign(c.sign[at].begin(), c.sign[at].end());
            if (type == 0) input.narrow.push_back(c.sign[at].data());
            if (type == 1) input.wide.push_back(wide[k - 1].data());
            if (type == 2) {
                std::vector<std::string> digits;
                for (const int64_t x : wide[k - 1]) digits.push_back(reduction::to_hexadecimal(x));
                input.add_big(digits);
            }
        }
        InterruptCheck interrupt;
        reduction::Fault fault;
        require(reduction::check(input, interrupt, fault) == FINISHED && fault.kind == reduction::kSound, "a chain complex");
        reduction::Result result;
        require(reduction::reduce(input, interrupt, result) == FINISHED, "a reduction");
        for (size_t k = 0; k <= d; ++k) {
            int64_t rank = c.size[k];
            if (k > 0) rank -= result.n_pivots[k - 1];
            if (k < d) rank -= result.n_pivots[k];
            require(rank == (k == 0 ? 1 : 0), "the homology of a point in degree " + std::to_string(k));
        }
    }
}

}  // namespace testing
