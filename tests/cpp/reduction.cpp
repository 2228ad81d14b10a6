// Checking and reducing chain complexes of known homology, in words and in GMP.
#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "_cpp/reduction.hpp"
#include "testing.hpp"

using namespace polyrelu;
using namespace polyrelu::reduction;
using testing::require;

namespace {

// Boundary maps by columns of (row, value).
struct Chain {
    std::vector<Offset> ranks;
    std::vector<std::vector<std::map<Index, Word>>> boundary;
};

// Of the simplicial complex with these facets; vertices of a simplex ascend.
Chain simplicial(const std::vector<std::vector<int>>& facets) {
    std::vector<std::map<std::vector<int>, Index>> simplices;
    for (const auto& facet : facets)
        for (unsigned choice = 1; choice < 1u << facet.size(); ++choice) {
            std::vector<int> simplex;
            for (size_t i = 0; i < facet.size(); ++i)
                if (choice >> i & 1) simplex.push_back(facet[i]);
            if (simplices.size() < simplex.size()) simplices.resize(simplex.size());
            simplices[simplex.size() - 1].emplace(simplex, 0);
        }
    Chain chain;
    for (auto& of_dimension : simplices) {
        Index n = 0;
        for (auto& [simplex, number] : of_dimension) number = n++;
        chain.ranks.push_back(n);
    }
    for (size_t k = 1; k < simplices.size(); ++k) {
        chain.boundary.emplace_back();
        for (const auto& [simplex, number] : simplices[k]) {
            std::map<Index, Word> column;
            for (size_t i = 0; i < simplex.size(); ++i) {
                std::vector<int> face = simplex;
                face.erase(face.begin() + (long)i);
                column[simplices[k - 1][face]] = i % 2 ? -1 : 1;
            }
            chain.boundary.back().push_back(column);
        }
    }
    return chain;
}

enum Type { NARROW, WIDE, BIG };

// The arrays of a chain, which `input` points into.
struct Arrays {
    std::vector<std::vector<Offset>> start;
    std::vector<std::vector<Index>> row;
    std::vector<std::vector<std::int8_t>> narrow;
    std::vector<std::vector<Word>> wide;
    Input input;

    Arrays(const Chain& chain, Type type) {
        input.ranks = chain.ranks;
        for (const auto& columns : chain.boundary) {
            start.push_back({0});
            row.emplace_back();
            narrow.emplace_back();
            wide.emplace_back();
            std::vector<std::string> digits;
            for (const auto& column : columns) {
                for (const auto& [i, value] : column) {
                    row.back().push_back(i);
                    narrow.back().push_back((std::int8_t)value);
                    wide.back().push_back(value);
                    digits.push_back(to_hexadecimal(value));
                }
                start.back().push_back((Offset)row.back().size());
            }
            if (type == BIG) input.add_big(digits);
        }
        for (size_t k = 0; k < start.size(); ++k) {
            input.n_entries.push_back((Offset)row[k].size());
            input.start.push_back(start[k].data());
            input.row.push_back(row[k].data());
            if (type == NARROW) input.narrow.push_back(narrow[k].data());
            if (type == WIDE) input.wide.push_back(wide[k].data());
        }
    }
    Arrays(const Arrays&) = delete;
};

Fault fault_of(const Arrays& arrays) {
    InterruptCheck interrupt;
    Fault fault;
    require(check(arrays.input, interrupt, fault) == FINISHED, "checked to the end");
    return fault;
}

// The ranks that are left in each degree, and the entries that are.
struct Left {
    std::vector<Offset> ranks;
    std::vector<std::vector<std::string>> entries;

    bool operator==(const Left& other) const { return ranks == other.ranks && entries == other.entries; }
};

Left reduced(const Chain& chain, Type type) {
    const Arrays arrays(chain, type);
    require(fault_of(arrays).kind == kSound, "a chain complex");
    InterruptCheck interrupt;
    Result result;
    require(reduce(arrays.input, interrupt, result) == FINISHED, "reduced to the end");
    Left left;
    left.ranks = chain.ranks;
    for (size_t k = 0; k < result.n_pivots.size(); ++k) {
        left.ranks[k] -= result.n_pivots[k];
        left.ranks[k + 1] -= result.n_pivots[k];
        const Remainder& r = result.boundary[k];
        std::vector<std::string> values = r.value;
        for (std::string& x : values)
            if (x[0] == '-') x.erase(0, 1);
        for (const std::string& x : values) require(x != "0" && x != "1", "no units and no zeros are left");
        std::sort(values.begin(), values.end());
        left.entries.push_back(values);
    }
    for (size_t k = 0; k < result.n_pivots.size(); ++k)
        require(result.boundary[k].n_rows == left.ranks[k] && result.boundary[k].n_columns == left.ranks[k + 1], "shapes");
    return left;
}

void requires_left(const Chain& chain, const Left& expected, const std::string& name) {
    for (const Type type : {NARROW, WIDE, BIG}) require(reduced(chain, type) == expected, name);
}

std::vector<std::vector<int>> boundary_of_simplex(int n) {
    std::vector<std::vector<int>> facets;
    for (int i = 0; i < n; ++i) {
        facets.emplace_back();
        for (int j = 0; j < n; ++j)
            if (j != i) facets.back().push_back(j);
    }
    return facets;
}

// The torus with seven vertices (Moebius 1861): {i, i+1, i+3} and {i, i+2, i+3} modulo 7.
std::vector<std::vector<int>> torus() {
    std::vector<std::vector<int>> facets;
    for (int i = 0; i < 7; ++i)
        for (const int middle : {1, 2}) {
            std::vector<int> facet{i, (i + middle) % 7, (i + 3) % 7};
            std::sort(facet.begin(), facet.end());
            facets.push_back(facet);
        }
    return facets;
}

void spaces_of_known_homology() {
    requires_left(simplicial({{0, 1, 2, 3, 4}}), {{1, 0, 0, 0, 0}, {{}, {}, {}, {}}}, "a ball");
    requires_left(simplicial({{0}, {1}, {2, 3}}), {{3, 0}, {{}}}, "three components");
    for (int d = 1; d <= 4; ++d) {
        Left sphere;
        sphere.ranks.assign(d + 1, 0);
        sphere.ranks[0] = sphere.ranks[d] = 1;
        sphere.entries.resize(d);
        requires_left(simplicial(boundary_of_simplex(d + 2)), sphere, "a sphere");
    }
    requires_left(simplicial(torus()), {{1, 2, 1}, {{}, {}}}, "the torus");
    // The projective plane with six vertices: Z/2 in degree 1.
    requires_left(simplicial({{0, 1, 4}, {0, 1, 5}, {0, 2, 3}, {0, 2, 5}, {0, 3, 4},
                              {1, 2, 3}, {1, 2, 4}, {1, 3, 5}, {2, 4, 5}, {3, 4, 5}}),
                  {{1, 1, 1}, {{}, {"2"}}}, "the projective plane");
}

// A circle to which a disc is attached by a map of degree p: as cells, without a unit to begin with.
void a_disc_attached_by_degree() {
    for (const Word p : {0, 2, 3, 100}) {
        Chain chain{{1, 1, 1}, {{{}}, {{}}}};
        if (p) chain.boundary[1][0][0] = p;
        Left expected{{1, 1, 1}, {{}, {}}};
        if (p) expected.entries[1].push_back(to_hexadecimal(p));
        requires_left(chain, expected, "degree " + std::to_string(p));
    }
}

// A matrix with units on the lower diagonal: elimination leaves its determinant, which is beyond a machine word.
void beyond_machine_words() {
    const int n = 8;
    Chain chain{{n + 1, n}, {{}}};
    mpz_class expected = 1;
    for (int j = 0; j < n; ++j) {
        const Word factor = 1000003 + 2 * j;
        chain.boundary[0].push_back({{(Index)j, factor}, {(Index)j + 1, 1}});
        expected *= factor;
    }
    chain.ranks[1] = n + 1;
    chain.boundary[0].push_back({{0, 5}, {(Index)n, 7}});
    expected = 7 * expected + (n % 2 ? -5 : 5);  // expanded along the last column
    for (const Type type : {WIDE, BIG}) {
        const Arrays arrays(chain, type);
        InterruptCheck interrupt;
        Result result;
        require(reduce(arrays.input, interrupt, result) == FINISHED, "reduced");
        require(result.n_pivots[0] == n && result.boundary[0].value.size() == 1, "one entry is left");
        mpz_class left(result.boundary[0].value[0], 16);
        require(abs(left) == abs(expected), "the determinant, beyond a word");
    }
}

mpz_class determinant(const std::vector<std::vector<mpz_class>>& a) {
    if (a.empty()) return 1;
    mpz_class sum = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        std::vector<std::vector<mpz_class>> minor;
        for (size_t j = 0; j < a.size(); ++j)
            if (j != i) minor.emplace_back(a[j].begin() + 1, a[j].end());
        if (a[i][0] != 0) sum += (i % 2 ? -1 : 1) * a[i][0] * determinant(minor);
    }
    return sum;
}

// Random changes of basis keep homology: of Z^3 -> Z^3 with known invariants, hidden in a larger matrix.
void random_bases() {
    std::mt19937_64 random(7);
    int complete = 0;
    for (int trial = 0; trial < 20; ++trial) {
        const int n = 8;
        std::vector<std::vector<Word>> a(n, std::vector<Word>(n, 0));
        for (int i = 0; i < n; ++i) a[i][i] = i < 5 ? 1 : 6;
        for (int step = 0; step < 12; ++step) {
            const size_t i = random() % n, j = random() % n;
            if (i == j) continue;
            const Word x = (Word)(random() % 3) - 1;
            const bool rows = random() % 2;
            for (int t = 0; t < n; ++t) (rows ? a[i][t] : a[t][i]) += x * (rows ? a[j][t] : a[t][j]);
        }
        Chain chain{{n, n}, {{}}};
        for (int j = 0; j < n; ++j) {
            chain.boundary[0].emplace_back();
            for (int i = 0; i < n; ++i)
                if (a[i][j]) chain.boundary[0].back()[(Index)i] = a[i][j];
        }
        const Arrays arrays(chain, WIDE);
        InterruptCheck interrupt;
        Result result;
        require(reduce(arrays.input, interrupt, result) == FINISHED, "reduced");
        // The matrix has rank 5 modulo 2 and 3, so that no more units can be taken, and all is divisible by 6 if 5
        // were.
        const Remainder& r = result.boundary[0];
        std::vector<std::vector<mpz_class>> rest((size_t)r.n_rows, std::vector<mpz_class>((size_t)r.n_columns, 0));
        for (size_t e = 0; e < r.value.size(); ++e) {
            const mpz_class x(r.value[e], 16);
            require(x != 0 && abs(x) != 1, "no units and no zeros are left");
            require(r.n_rows != 3 || x % 6 == 0, "what remains is divisible by 6");
            rest[(size_t)r.row[e]][(size_t)r.column[e]] = x;
        }
        require(abs(determinant(rest)) == 216, "pivots that are units keep the determinant");
        complete += r.n_rows == 3;
        require(r.n_rows == n - result.n_pivots[0] && result.n_pivots[0] <= 5, "no more than the rank modulo 2");
    }
    require(complete > 10, "mostly all units are found");
}

void faults_are_found() {
    const Chain sound = simplicial({{0, 1, 2}});
    const auto kind = [](Chain chain, Type type) { return fault_of(Arrays(chain, type)).kind; };
    require(kind(sound, NARROW) == kSound, "sound");
    Chain x = sound;
    x.boundary[0][1][99] = 1;
    require(kind(x, WIDE) == kRowRange, "a row out of range");
    x = sound;
    x.boundary[0][1].begin()->second = 0;
    require(kind(x, NARROW) == kZeroEntry && kind(x, BIG) == kZeroEntry, "a zero entry");
    x = sound;
    x.boundary[1][0].begin()->second = -x.boundary[1][0].begin()->second;
    for (const Type type : {NARROW, WIDE, BIG}) {
        const Fault fault = fault_of(Arrays(x, type));
        require(fault.kind == kProduct && fault.degree == 2 && fault.column == 0, "a boundary of a boundary");
    }
    Arrays repeated(sound, NARROW);
    repeated.row[0][1] = repeated.row[0][0];
    require(fault_of(repeated).kind == kRepeatedRow, "a repeated row");
    Arrays starts(sound, NARROW);
    std::swap(starts.start[0][1], starts.start[0][2]);
    require(fault_of(starts).kind == kStarts, "offsets that descend");
}

// What is written down: pairs with a unit between them, everything else in the boundary of a cell removed before it.
void matchings_are_acyclic() {
    for (const Chain& chain : {simplicial(torus()), simplicial(boundary_of_simplex(6)), simplicial({{0}, {1}, {2, 3}})}) {
        const Arrays arrays(chain, NARROW);
        InterruptCheck interrupt;
        Result result;
        Trace trace;
        require(reduce(arrays.input, interrupt, result, &trace) == FINISHED, "reduced");
        const Matching& m = trace.rounds.at(0).matching;
        std::vector<Offset> base{0};
        for (const Offset rank : chain.ranks) base.push_back(base.back() + rank);
        require((Offset)m.partner.size() == base.back() && m.step.size() == m.partner.size(), "an entry for each cell");
        std::vector<Offset> critical(chain.ranks.size(), 0), pairs(chain.ranks.size(), 0);
        for (size_t k = 0; k < chain.ranks.size(); ++k)
            for (Offset j = 0; j < chain.ranks[k]; ++j) {
                const Index b = (Index)(base[k] + j), partner = m.partner[(size_t)b];
                if (partner == Matching::kCritical) {
                    ++critical[k];
                } else {
                    require(m.partner[(size_t)partner] == b && m.step[(size_t)partner] == m.step[(size_t)b], "partners");
                }
                if (k == 0) continue;
                bool met = false;
                for (const auto& [i, value] : chain.boundary[k - 1][(size_t)j]) {
                    const Index face = (Index)(base[k - 1] + i);
                    if (face == partner) {
                        met = true;
                        require(value == 1 || value == -1, "a unit");
                        ++pairs[k];
                    } else if (partner < b) {
                        require(m.step[(size_t)face] < m.step[(size_t)b], "faces are removed before");
                    }
                }
                require(met == (partner != Matching::kCritical && partner < b), "an upper partner has the lower in its boundary");
            }
        Offset n_pivots = 0;
        for (size_t k = 1; k < chain.ranks.size(); ++k) n_pivots += pairs[k];
        for (const Pivots& p : trace.pivots) n_pivots += (Offset)p.row.size();
        for (size_t i = 1; i < trace.rounds.size(); ++i)
            for (const Index partner : trace.rounds[i].matching.partner) require(partner == Matching::kCritical, "one round");
        Offset expected = 0;
        for (const Offset n : result.n_pivots) expected += n;
        require(n_pivots == expected, "all pairs are written down");
        require(trace.rounds[0].ranks == critical, "the critical complex");
    }
}

void reductions_stop() {
    const Arrays arrays(simplicial(boundary_of_simplex(13)), NARROW);
    InterruptCheck interrupt([](void*, const Progress& progress) { return progress.cells >= 0; }, nullptr);
    Outcome outcome = FINISHED;
    for (int i = 0; i < 1000 && outcome == FINISHED; ++i) {
        Result result;
        outcome = reduce(arrays.input, interrupt, result);
    }
    require(outcome == STOPPED, "stopped by the callback");
}

}  // namespace

int main() {
    prepare_gmp_memory();
    return testing::run([] {
        spaces_of_known_homology();
        a_disc_attached_by_degree();
        beyond_machine_words();
        random_bases();
        faults_are_found();
        matchings_are_acyclic();
        reductions_stop();
    });
}
