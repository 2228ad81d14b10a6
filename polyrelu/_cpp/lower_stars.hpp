// A matching of the cells of a filtered complex within lower stars.
//
// Every 0-cell has a number, the place of its value in the filtration; a cell comes with the largest number of its
// vertices. A flat is a maximal connected union of cells whose vertices have one number, in general a vertex; the
// vertices at which a cell has its largest number span a face, which is in one flat, and the cell belongs to the lower
// star of this flat. A face of the cell is in the same lower star, or in that of a flat with a smaller number.
//
// The lower stars are matched each for itself, by the coreduction of `coreduction.hpp` (which has the proof, with
// lower stars as fibers), and by several threads at once.
#pragma once

#include <algorithm>

#include "far_cells.hpp"
#include "interrupt.hpp"
#include "storage.hpp"
#include "thread_pool.hpp"

namespace polyrelu {

class LowerStars {
  public:
    // What `up` says of a cell that is not matched with one of the next dimension.
    static constexpr int32_t UPPER = -1;     // matched with one of the dimension before
    static constexpr int32_t ABSENT = -2;    // not in the filtration
    static constexpr int32_t CRITICAL = -3;  // critical cell number CRITICAL - up of its dimension

    // number: of every 0-cell, or -1 for those that are not in the filtration.
    LowerStars(const FarCells& cells, const int32_t* number, int threads, InterruptCheck& interrupt)
        : cells_(cells), number_(number), interrupt_(interrupt), pool_(threads), critical(cells.top() + 1),
          owner_(cells.top() + 1), up_(cells.top() + 1) {
        if (cells.total() > INT32_MAX) throw Halt{CELL_LIMIT_REACHED};
        find_flats();
        find_owners();
        group();
        match();
        number_critical_cells();
    }

    // The upper partner of a cell, or one of the above.
    int32_t up(int q, int64_t x) const { return up_[q][x]; }
    // The first 0-cell of the flat in whose lower star a cell is, or -1.
    int32_t owner(int q, int64_t x) const { return owner_[q][x]; }

  private:
    const FarCells& cells_;
    const int32_t* number_;
    InterruptCheck& interrupt_;
    ThreadPool pool_;

  public:
    std::vector<std::vector<int32_t>> critical;  // by dimension: those of smaller numbers first, and flat by flat

  private:
    std::vector<Array<int32_t>> owner_, up_;
    // The cells of all dimensions, numbered through, by the first 0-cell of their flats.
    std::vector<int64_t> base_, first_;
    Array<int32_t> member_;

    template <class Work>
    void share(int64_t n, int64_t chunk, Work&& work) {
        if (!pool_.run(n, chunk, work, [&] { return interrupt_.stop([](Progress&) {}); })) throw Halt{STOPPED};
    }

    int32_t root(int32_t v) {
        Array<int32_t>& parent = owner_[0];
        while (parent[v] != v) v = parent[v] = parent[parent[v]];
        return v;
    }

    void find_flats() {
        const int64_t n = cells_.count(0);
        owner_[0].resize(n);
        for (int32_t v = 0; v < n; ++v) owner_[0][v] = v;
        if (cells_.top() > 0)
            for (int64_t x = 0; x < cells_.count(1); ++x) {
                interrupt_.tick();
                int32_t ends[2] = {-1, -1};
                int i = 0;
                cells_.facets(1, x, [&](int32_t f, int) { ends[i++ & 1] = f; });
                if (number_[ends[0]] != number_[ends[1]]) continue;
                const int32_t a = root(ends[0]), b = root(ends[1]);
                owner_[0][std::max(a, b)] = std::min(a, b);
            }
        for (int32_t v = 0; v < n; ++v) owner_[0][v] = root(v);
        for (int64_t v = 0; v < n; ++v)
            if (number_[v] < 0) owner_[0][v] = -1;
    }

    void find_owners() {
        for (int q = 1; q <= cells_.top(); ++q) {
            const Array<int32_t>& below = owner_[q - 1];
            owner_[q].resize(cells_.count(q));
            share(cells_.count(q), tuning::CELLS_TO_WRITE, [&](int, int64_t begin, int64_t end) {
                for (int64_t x = begin; x < end; ++x) {
                    int32_t best = -1, largest = -1;
                    bool absent = false;
                    cells_.facets(q, x, [&](int32_t f, int) {
                        const int32_t flat = below[f];
                        if (flat < 0) {
                            absent = true;
                        } else if (flat != best && number_[flat] > largest) {
                            best = flat;
                            largest = number_[flat];
                        }
                    });
                    owner_[q][x] = absent ? -1 : best;
                }
            });
        }
    }

    void group() {
        base_.assign(1, 0);
        for (int q = 0; q <= cells_.top(); ++q) base_.push_back(base_[q] + cells_.count(q));
        const int64_t n = cells_.count(0);
        first_.assign(n + 1, 0);
        for (int q = 0; q <= cells_.top(); ++q)
            for (const int32_t flat : owner_[q])
                if (flat >= 0) ++first_[flat + 1];
        for (int64_t v = 0; v < n; ++v) first_[v + 1] += first_[v];
        member_.resize(first_[n]);
        std::vector<int64_t> next(first_.begin(), first_.end() - 1);
        for (int q = 0; q <= cells_.top(); ++q) {
            up_[q].resize(cells_.count(q));
            for (int64_t x = 0; x < cells_.count(q); ++x) {
                interrupt_.tick();
                const int32_t flat = owner_[q][x];
                if (flat < 0) {
                    up_[q][x] = ABSENT;
                } else {
                    up_[q][x] = (int32_t)(next[flat] - first_[flat]);  // for now: its place in the lower star
                    member_[next[flat]++] = (int32_t)(base_[q] + x);
                }
            }
        }
    }

    // A lower star, with its cells numbered from 0, by dimension.
    struct Star {
        std::vector<int32_t> cell;
        std::vector<int8_t> dim;
        std::vector<int32_t> n_faces, face_start, face, coface_start, coface, queue;
        std::vector<char> removed;
        std::vector<std::vector<int32_t>> critical;
    };

    void match() {
        std::vector<Star> stars(pool_.count());
        for (Star& star : stars) star.critical.resize(cells_.top() + 1);
        share(cells_.count(0), tuning::CELLS_TO_UNITE, [&](int thread, int64_t begin, int64_t end) {
            for (int64_t v = begin; v < end; ++v)
                if (owner_[0][v] == v) {
                    if (first_[v + 1] - first_[v] <= 64)
                        match_small_star((int32_t)v, stars[thread]);
                    else
                        match_star((int32_t)v, stars[thread]);
                }
        });
        for (Star& star : stars)
            for (int q = 0; q <= cells_.top(); ++q)
                critical[q].insert(critical[q].end(), star.critical[q].begin(), star.critical[q].end());
    }

    // The same as below for at most 64 cells, as nearly all lower stars have: sets of cells are words.
    void match_small_star(int32_t flat, Star& star) {
        const int n = (int)(first_[flat + 1] - first_[flat]);
        const int32_t* members = member_.data() + first_[flat];
        uint64_t faces[64], cofaces[64];
        int dim[64];
        for (int i = 0, q = 0; i < n; ++i) {
            while (members[i] >= base_[q + 1]) ++q;
            dim[i] = q;
            faces[i] = cofaces[i] = 0;
            if (q > 0)
                cells_.facets(q, members[i] - base_[q], [&](int32_t f, int) {
                    if (owner_[q - 1][f] != flat) return;
                    faces[i] |= uint64_t(1) << up_[q - 1][f];
                    cofaces[up_[q - 1][f]] |= uint64_t(1) << i;
                });
        }
        uint64_t left = n == 64 ? ~uint64_t(0) : (uint64_t(1) << n) - 1, open = left;
        while (left) {
            while (open) {
                const int b = __builtin_ctzll(open);
                open &= open - 1;
                const uint64_t face = faces[b] & left;
                if (!(left >> b & 1) || face == 0 || (face & (face - 1)) != 0) continue;
                const int a = __builtin_ctzll(face);
                up_[dim[a]][members[a] - base_[dim[a]]] = (int32_t)(members[b] - base_[dim[b]]);
                up_[dim[b]][members[b] - base_[dim[b]]] = UPPER;
                left &= ~(face | uint64_t(1) << b);
                open |= (cofaces[a] | cofaces[b]) & left;
            }
            if (!left) break;
            const int c = __builtin_ctzll(left);
            const int32_t x = (int32_t)(members[c] - base_[dim[c]]);
            up_[dim[c]][x] = CRITICAL;
            star.critical[dim[c]].push_back(x);
            left &= left - 1;
            open = cofaces[c] & left;
        }
    }

    void match_star(int32_t flat, Star& star) {
        const int32_t n = (int32_t)(first_[flat + 1] - first_[flat]);
        const int32_t* members = member_.data() + first_[flat];
        star.cell.resize(n);
        star.dim.resize(n);
        star.n_faces.resize(n);
        star.face_start.resize(n + 1);
        star.face.clear();
        star.coface_start.assign(n + 2, 0);
        for (int32_t i = 0, q = 0; i < n; ++i) {
            while (members[i] >= base_[q + 1]) ++q;
            const int32_t x = (int32_t)(members[i] - base_[q]);
            star.cell[i] = x;
            star.dim[i] = (int8_t)q;
            star.face_start[i] = (int32_t)star.face.size();
            if (q > 0)
                cells_.facets(q, x, [&](int32_t f, int) {
                    if (owner_[q - 1][f] != flat) return;
                    star.face.push_back(up_[q - 1][f]);
                    ++star.coface_start[up_[q - 1][f] + 2];
                });
            star.n_faces[i] = (int32_t)star.face.size() - star.face_start[i];
        }
        star.face_start[n] = (int32_t)star.face.size();
        for (int32_t i = 0; i < n; ++i) star.coface_start[i + 2] += star.coface_start[i + 1];
        star.coface.resize(star.face.size());
        for (int32_t i = 0; i < n; ++i)
            for (int32_t e = star.face_start[i]; e < star.face_start[i + 1]; ++e)
                star.coface[star.coface_start[star.face[e] + 1]++] = i;
        star.removed.assign(n, 0);
        star.queue.clear();
        for (int32_t i = 0; i < n; ++i)
            if (star.n_faces[i] == 1) star.queue.push_back(i);
        size_t head = 0;
        drain(star, head);
        for (int32_t i = 0; i < n; ++i) {
            if (star.removed[i]) continue;
            up_[star.dim[i]][star.cell[i]] = CRITICAL;
            star.critical[star.dim[i]].push_back(star.cell[i]);
            remove(star, i);
            drain(star, head);
        }
    }

    void remove(Star& star, int32_t i) {
        star.removed[i] = 1;
        for (int32_t e = star.coface_start[i]; e < star.coface_start[i + 1]; ++e)
            if (--star.n_faces[star.coface[e]] == 1) star.queue.push_back(star.coface[e]);
    }

    // Pairs a cell that has one face left with it, as long as there is one. All incidence numbers are 1 or -1.
    void drain(Star& star, size_t& head) {
        for (; head < star.queue.size(); ++head) {
            const int32_t b = star.queue[head];
            if (star.removed[b] || star.n_faces[b] != 1) continue;
            int32_t e = star.face_start[b];
            while (star.removed[star.face[e]]) ++e;
            const int32_t a = star.face[e];
            up_[star.dim[a]][star.cell[a]] = star.cell[b];
            up_[star.dim[b]][star.cell[b]] = UPPER;
            remove(star, a);
            remove(star, b);
        }
    }

    void number_critical_cells() {
        for (int q = 0; q <= cells_.top(); ++q) {
            const auto key = [&](int32_t x) {
                const int32_t flat = owner_[q][x];
                return std::make_pair(int64_t(number_[flat]) << 32 | flat, x);
            };
            std::sort(critical[q].begin(), critical[q].end(), [&](int32_t x, int32_t y) { return key(x) < key(y); });
            for (size_t i = 0; i < critical[q].size(); ++i) up_[q][critical[q][i]] = CRITICAL - (int32_t)i;
        }
    }
};

}  // namespace polyrelu
