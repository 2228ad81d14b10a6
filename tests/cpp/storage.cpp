// Arrays that grow and sign masks, against std::vector and plain bits.
#include <random>
#include <vector>

#include "_cpp/cells.hpp"
#include "testing.hpp"

using namespace polyrelu;
using testing::require;

namespace {

// Grows past the sizes from which arrays are mapped and ask for huge pages.
void arrays_keep_what_they_hold() {
    Array<int64_t> x;
    std::vector<int64_t> y;
    std::mt19937_64 random(1);
    while (y.size() * sizeof(int64_t) < 2 * tuning::HUGE_PAGES_FROM) {
        const int64_t value = (int64_t)random();
        switch (random() % 4) {
            case 0:
                x.push_back(value);
                y.push_back(value);
                break;
            case 1:
                x.append(y.data(), y.size());  // from elsewhere: itself would move
                y.insert(y.end(), y.begin(), y.begin() + (long)y.size());
                break;
            case 2:
                x.resize(x.size() + 3, value);
                y.resize(y.size() + 3, value);
                break;
            default:
                if (x.size() > 0) x.push_back(x[x.size() / 2]);
                if (!y.empty()) y.push_back(int64_t(y[y.size() / 2]));
        }
        require(x.size() == y.size() && std::equal(y.begin(), y.end(), x.begin()), "the same entries");
        require(x.reserved() >= x.bytes() && x.bytes() >= y.size() * sizeof(int64_t), "room for them, counted in whole pages");
    }
    Array<int64_t> moved = std::move(x);
    require(x.size() == 0 && std::equal(y.begin(), y.end(), moved.begin()), "the same entries when moved");
    moved.release();
    require(moved.size() == 0 && moved.reserved() == 0, "nothing after release");
    moved.assign(5, 7);
    require(moved.size() == 5 && moved[4] == 7, "use after release");
}

void too_large_an_array_is_refused() {
    Array<int64_t> x;
    bool refused = false;
    try {
        x.resize(SIZE_MAX / 4);
    } catch (const std::bad_alloc&) {
        refused = true;
    }
    require(refused && x.size() == 0, "bad_alloc");
}

// The masks of random cells for every width there is, and unions over facets.
void masks_hold_signs() {
    std::mt19937_64 random(2);
    for (const int neurons : {1, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 200}) {
        const int words = (neurons + 63) / 64, n = 50;
        SignMasks faces, cells;
        faces.start(neurons, n);
        std::vector<std::vector<int>> sign(n, std::vector<int>(neurons));
        for (int c = 0; c < n; ++c)
            for (int w = 0; w < words; ++w) {
                uint64_t plus = 0, minus = 0;
                for (int i = 64 * w; i < std::min(neurons, 64 * w + 64); ++i) {
                    sign[c][i] = (int)(random() % 3) - 1;
                    if (sign[c][i] > 0) plus |= uint64_t(1) << (i & 63);
                    if (sign[c][i] < 0) minus |= uint64_t(1) << (i & 63);
                }
                faces.set(c, w, plus, minus);
            }
        for (int c = 0; c < n; ++c)
            for (int i = 0; i < neurons; ++i)
                require(faces.has_plus(c, i) == (sign[c][i] > 0) && faces.has_minus(c, i) == (sign[c][i] < 0), "signs");
        cells.start(neurons, 1);
        for (int count = 0; count < 5; ++count) {
            std::vector<Incidence> f;
            for (int t = 0; t < count; ++t) f.push_back(incidence((int32_t)(random() % n), random() % 2));
            cells.unite(0, faces, f.data(), count);
            for (int i = 0; i < neurons; ++i) {
                bool plus = false, minus = false;
                for (const Incidence x : f) {
                    plus = plus || sign[facet_of(x)][i] > 0;
                    minus = minus || sign[facet_of(x)][i] < 0;
                }
                require(cells.has_plus(0, i) == plus && cells.has_minus(0, i) == minus, "the union over facets");
                require((cells.crossing(0, i >> 6) >> (i & 63) & 1) == (plus && minus), "what crosses");
            }
        }
    }
}

void incidences_hold_number_and_sign() {
    for (const int32_t facet : {0, 1, 12345, (int32_t)(MAX_CELLS - 1)})
        for (const bool minus : {false, true}) {
            const Incidence x = incidence(facet, minus);
            require(facet_of(x) == facet && negative(x) == minus, "incidence numbers");
        }
}

}  // namespace

int main() {
    return testing::run([] {
        arrays_keep_what_they_hold();
        too_large_an_array_is_refused();
        masks_hold_signs();
        incidences_hold_number_and_sign();
    });
}
