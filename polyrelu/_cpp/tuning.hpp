// Constants that change how fast the core is and how much memory it takes, but no result.
//
// Where a figure is given, it was measured on 2 cores of an x86-64 server, float32 networks with random weights; where
// none is, the reason is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace polyrelu::tuning {

// ---- memory ---------------------------------------------------------------------------------------------------------

// Arrays from this size on are mapped, and grow by moving pages: growing copies nothing and never needs twice the
// memory. A system call takes about as long as copying this much.
constexpr size_t MAPPED_FROM = size_t(1) << 20;
constexpr size_t MAPPED_STEP = size_t(1) << 16;  // their sizes are multiples of it: few calls, and no more than 6 % to spare

// Arrays begin with so many bytes: those of a small complex then grow once and not five times.
constexpr size_t FIRST_BYTES = 64;

// From this size on the system is asked for huge pages (2 MB): there are at least three of them then.
constexpr size_t HUGE_PAGES_FROM = size_t(1) << 23;
constexpr size_t PAGE = size_t(1) << 12, HUGE_PAGE = size_t(1) << 21;  // as memory is counted

// What a thread takes besides what is counted: its stack, the pages that its allocations begin with, and those that its
// batches gave back to it and not to the system (8 threads, limit of 60 MB: 8 MB).
constexpr int64_t BYTES_OF_THREAD = 1 << 20;

// What threads may take to begin, before they are told to: some hundred bytes each, in pages of arenas that may be new.
constexpr size_t BYTES_FOR_THREADS_TO_BEGIN = size_t(1) << 22;

// What GMP may still take when memory has run out, until this is noticed: after every few cells, vertices or forms,
// which take far less.
constexpr size_t GMP_RESERVE = size_t(1) << 24;

// ---- interrupts -----------------------------------------------------------------------------------------------------

// Ctrl-C is answered, and progress shown, without a delay that is noticed; asking takes the interpreter's lock.
constexpr std::chrono::milliseconds INTERRUPT_INTERVAL{50};

// Reading the clock takes tens of nanoseconds and a step of the reduction a few: so clocks cost nothing, and are read
// every millisecond or less.
constexpr uint32_t STEPS_BETWEEN_CLOCKS = 1u << 16;

// Exact vertices that are computed between two looks for signals: each may take long.
constexpr int64_t STEPS_BETWEEN_SIGNALS = 16;

// Cells that are copied between two looks at the clock, and splits of a cell between two looks at clock and limits.
constexpr int64_t CELLS_BETWEEN_CHECKS = 1 << 10;
constexpr int64_t STARTING_CELLS_BETWEEN_CHECKS = 1 << 16;  // these take a few nanoseconds each
constexpr uint32_t SPLITS_BETWEEN_CHECKS = 1 << 8;

// ---- threads --------------------------------------------------------------------------------------------------------

// How often a thread looks for the next range before it sleeps: the pauses between ranges are mostly shorter than the
// time to wake a thread (tens of microseconds).
constexpr int SPINS_BEFORE_SLEEP = 2000;
// How often the calling thread looks whether the others are ready before it gives its processor away each time, and how
// many of these times lie between two questions whether to stop.
constexpr int SPINS_BEFORE_YIELD = 1000;
constexpr int YIELDS_BETWEEN_CHECKS = 256;

// Chunks of the ranges that threads share. Cheap work on a cell: chunks of some 10 microseconds.
constexpr int64_t CELLS_TO_UNITE = 1 << 12;
constexpr int64_t CELLS_TO_WRITE = 1 << 14;
// Vertices or regions, for which a thread keeps the affine forms of layers: forms go from a region to the next by the
// terms that change, which made two layers of 192 neurons in the plane 1.8 times as fast, and start anew with a chunk,
// so that results do not depend on the number of threads.
constexpr int64_t POINTS_IN_CHUNK = 128;

// ---- splitting ------------------------------------------------------------------------------------------------------

// Cells that are split into one batch, at most; fewer when there are not enough for every thread to get PARTS_A_THREAD.
constexpr int64_t CELLS_IN_BATCH = 64;
constexpr int64_t PARTS_A_THREAD = 8;
// Batches that are made before they are added to the cells: at first, and at most, for each thread.
constexpr int64_t FIRST_BATCHES = 16;
constexpr int64_t MOST_BATCHES = 8 * FIRST_BATCHES;
// Bytes that they should take together. In many dimensions a few thousand cells become hundreds of thousands: waiting
// for all of them took 15 bytes a face more.
constexpr int64_t BYTES_OF_BATCHES = 1 << 23;
// A batch beyond this size gives its memory back when it has been added.
constexpr int64_t LARGE_BATCH = 1 << 17;

// A round has as many neurons as cross a region CROSSINGS_IN_ROUND times on average, of the regions that are crossed,
// and none MOST_IN_ROUND times if half of them are enough: what is made of one cell then fits the cache. Rounds instead
// of one neuron after the other are 1.8 times as fast and take 60 % of the memory.
constexpr double CROSSINGS_IN_ROUND = 6;
constexpr int MOST_IN_ROUND = 32;

// In coarse complexes: which part of the cells that are asked has to be decided for rounds of one neuron, and by which
// factor rounds get longer where it is not. (Of random and trained networks a tenth to a half is, of shells nothing.)
constexpr double WORTH_ASKING = 0.05, LONGER_ROUNDS = 1.5;

// Cells ahead of the one that is split for which records, lists and facets are fetched: each needs what came before it,
// and a cell takes about as long as two reads from memory. (With loops over vectors of neurons, which came at the same
// time, random 3-64-64-1 took 18 % less.)
constexpr int64_t RECORDS_AHEAD = 6, LISTS_AHEAD = 4, FACETS_AHEAD = 2;

// Layers of fewer neurons are not worth loops over vectors of neurons.
constexpr int FEW_NEURONS = 4;

// A form with a larger error than this part of its largest coefficient is computed exactly and rounded once: vertices
// placed with worse ones leave signs undecided, each of which takes a chain of exact computations. (random 2-16x20: 1.1
// s; with a stage of 128-bit fixed point instead, 1.9 to 6 s.)
constexpr double WORST_FORM = 0x1p-30;

// Exact forms of regions that are kept while values at vertices are compared: vertices of a region follow each other.
constexpr std::size_t FORMS_KEPT = 1 << 12;

// ---- reduction ------------------------------------------------------------------------------------------------------

// Coreduction is repeated while fewer than so many cells are left for each pair that it has removed: another round
// reads the whole complex again.
constexpr int64_t CELLS_LEFT_A_PAIR = 16;
// Terms that are added up to see whether a chain is 0 or one cell. Chains with more are nearly always longer.
constexpr int TERMS_OF_SHORT_CHAIN = 4;
// How far ahead in the queue of coreduction memory is asked for: a sixth less time, random 3-64-64-1.
constexpr size_t QUEUED_AHEAD = 8;

}  // namespace polyrelu::tuning
