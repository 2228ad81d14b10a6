// What the steps of a subdivision share: the cells, vertices, forms and regions as they are, the limits, the threads,
// and the question whether to stop.
#pragma once

#include <algorithm>
#include <atomic>
#include <climits>
#include <memory>

#include "decided_cells.hpp"
#include "interrupt.hpp"
#include "layer_forms.hpp"
#include "relaxation.hpp"
#include "splitting.hpp"
#include "thread_pool.hpp"
#include "top_vertices.hpp"

namespace polyrelu {

// What each thread has for itself.
struct ThreadState : DecisionState {
    ThreadState(Decisions& decide, const std::vector<Cells>& cells, const Round& round) : splitter(decide, cells, round) {}

    Splitter splitter;
    NewVertices none;
    std::atomic<int64_t> bytes{0};  // of the batch that is made, and of the splitter
    int64_t checked = 0;            // see `SubdivisionState::check_after_exact_work`
    std::vector<LayerForms> layers;  // by stage: the forms of its neurons on the region of it asked for last,
    std::vector<int32_t> current;    // and the number of that region
    std::vector<int32_t> path;
    std::vector<signed char> side;
    std::vector<double> value, size;
    std::vector<uint64_t> plus, minus;

    // For bounds of the output.
    OutputBound bound;
    Generators generators;
    std::vector<const double*> points;
    std::vector<double> errors;
    FaceSearch search;
    std::vector<int32_t> spanning;  // the vertices of the cell

    // What follows does not depend on what this thread did before.
    void forget() {
        std::fill(current.begin(), current.end(), -1);
        for (LayerForms& forms : layers) forms.forget();
        bound.forget();
    }
};

class SubdivisionState {
  public:
    SubdivisionState(int rank, int64_t cell_limit, int64_t memory_limit, int threads, Arithmetic arithmetic,
                     bool is_coarse, Callback callback, void* context)
        : r(rank), coarse(is_coarse), max_cells(std::min(cell_limit, MAX_CELLS)), max_memory(memory_limit),
          decide(rank, arithmetic, stages, regions), forms(decide.forms), vertices(decide.vertices), cells(rank + 1),
          decided(cells), top_vertices(cells), pool(threads), interrupt_(callback, context) {
        for (int w = 0; w < threads; ++w) of_thread.push_back(std::make_unique<ThreadState>(decide, cells, round));
    }
    SubdivisionState(const SubdivisionState&) = delete;

    const int r;
    const bool coarse;  // cells on which the output, the last stage, certainly has one sign stay whole
    bool split_at_walls = false;  // top cells with a facet in the boundary are not decided
    const int64_t max_cells, max_memory;
    std::vector<Stage> stages;
    std::vector<Regions> regions;  // of each stage that was begun, and of the end
    Decisions decide;
    FormStore& forms;  // x0, the initial hyperplanes, then those of the neurons on the regions they cross
    Vertices& vertices;
    std::vector<Cells> cells;
    std::vector<Stage> differences;  // coarse, for classes: the hidden layers, and the differences of all outputs
    int classes = 0;                 // their number, or 0: cells are decided for the level
    DecidedCells decided;
    TopVertices top_vertices;  // of the cells that are not decided
    Array<int32_t> output;     // coarse: the bits of the output at every vertex, about, where it was asked for
    std::vector<BigVector> initial_forms;   // the initial hyperplanes as exact forms, primitive
    std::vector<int32_t> starting_vertex;   // of the first vertices: which of the starting ones they are
    std::vector<int32_t> first_neuron;      // of each stage, in the numbering of all neurons
    int64_t neurons_done = 0, neurons_total = 0;
    int keep_from = INT_MAX;  // the stage from which on signs are kept: see `vertex_signs.hpp`

    // The neurons that have columns in the masks behind those of the stage that was marked last.
    std::vector<int32_t> kept_neurons;
    int column_of(int32_t neuron) const {
        if (neuron >= first_neuron[stage]) return neuron - first_neuron[stage];
        const auto at = std::find(kept_neurons.begin(), kept_neurons.end(), neuron);
        return stages[stage].n + (int)(at - kept_neurons.begin());
    }

    // The stages that end with what decides cells, and the first stage in which none is decided any more.
    const std::vector<Stage>& deciding_stages() const { return classes ? differences : stages; }
    int decided_before() const { return (int)deciding_stages().size() - 1; }

    // Of the stage that is under way.
    int stage = 0;
    int words = 0;  // of a mask over its neurons, and those that are kept
    Round round;
    double crossings = 1;  // coarse: of a crossed region in a round, on average

    ThreadPool pool;
    std::vector<std::unique_ptr<ThreadState>> of_thread;
    std::vector<SplitBatch> batches;
    std::atomic<bool> halted{false};
    std::atomic<int64_t> bytes_done{0};  // of the batches that are complete, and not yet added
    std::atomic<int64_t> bytes_kept{0};  // of the other batches that no thread works on: memory that is used again

    int64_t total_cells() const {
        int64_t t = 0;
        for (const Cells& c : cells) t += c.size();
        return t;
    }

    // The bytes of the arrays that the complex consists of.
    int64_t memory_of_cells() const {
        int64_t bytes = vertices.memory() + forms.memory();
        for (const Cells& c : cells) bytes += c.memory();
        for (const Regions& p : regions) bytes += 4 * p.parent.capacity() + 8 * (p.plus.capacity() + p.minus.capacity());
        return bytes;
    }
    // The same and what is held while they are made; without the batches that are complete and not yet added.
    int64_t memory() const {
        int64_t bytes = memory_of_cells() + round.memory() + decided.memory() + top_vertices.memory() + (int64_t)output.bytes() + bytes_kept + tuning::BYTES_OF_THREAD * (pool.count() - 1);
        for (const auto& thread : of_thread) bytes += thread->bytes;
        return bytes;
    }
    int64_t memory_left() const { return max_memory - memory(); }

    // Counts what is kept of batches, while no thread works on one.
    void count_batches() {
        int64_t bytes = 0;
        for (const SplitBatch& batch : batches) bytes += batch.memory();
        bytes_kept = bytes;
        for (const auto& thread : of_thread) thread->bytes = thread->splitter.memory();
    }

    // Shares [0, n) among the threads.
    template <class Work>
    void share(int64_t n, int64_t chunk, Work&& work) {
        if (!pool.run(n, chunk, work, [this] { return stop(); })) throw Halt{STOPPED};
    }
    // The same without a stop.
    template <class Work>
    void share_all(int64_t n, int64_t chunk, Work&& work) {
        pool.run(n, chunk, work, [] { return false; });
    }

    // Whether to stop here. Throws std::bad_alloc when GMP had to be helped out of its reserve.
    bool stop() {
        check_gmp_memory();
        if (halted) return true;
        if (interrupt_.stop([this](Progress& p) { p = {stage, neurons_done, neurons_total, total_cells()}; })) halted = true;
        return halted;
    }
    void check() {
        if (stop()) throw Halt{STOPPED};
    }

    // Within a chunk of vertices or forms: the time and the memory that GMP takes for one of them are not known.
    void check_after_exact_work(int w) {
        ThreadState& thread = *of_thread[w];
        if (thread.exact_work() == thread.checked) return;
        thread.checked = thread.exact_work();
        if (memory() > max_memory) throw Halt{MEMORY_LIMIT_REACHED};
        if (halted || (w == 0 && stop())) throw Halt{STOPPED};
    }

    // Neurons that vanish at vertices, where the threads found them.
    void merge_vanishing() {
        for (const auto& thread : of_thread)
            for (int w = 0; w < words; ++w) round.vanishing[w] |= thread->splitter.vanishing[w];
    }

  private:
    InterruptCheck interrupt_;
};

}  // namespace polyrelu
