# What the parts of the core use: declarations of the C++ in `_cpp/`, and of what `_core.pyx` defines for all parts.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, strchr, strlen
from libcpp cimport bool as cbool
from libcpp.memory cimport unique_ptr
from libcpp.string cimport string
from libcpp.unordered_map cimport unordered_map
from libcpp.vector cimport vector


cdef extern from "gmp.h":
    ctypedef struct __mpz_struct:
        pass
    ctypedef __mpz_struct* mpz_ptr
    ctypedef const __mpz_struct* mpz_srcptr
    void mpz_set_si(mpz_ptr, long)
    int mpz_set_str(mpz_ptr, const char*, int)
    size_t mpz_sizeinbase(mpz_srcptr, int)
    char* mpz_get_str(char*, int, mpz_srcptr)


cdef extern from "gmpxx.h":
    cdef cppclass mpz_class:
        mpz_class()
        mpz_ptr get_mpz_t()


cdef extern from "_cpp/memory.hpp" namespace "polyrelu" nogil:
    void prepare_gmp_memory() except +
    void check_gmp_memory() except +


cdef extern from "_cpp/tuning.hpp" namespace "polyrelu::tuning" nogil:
    const int64_t STEPS_BETWEEN_SIGNALS


cdef extern from "_cpp/outcome.hpp" namespace "polyrelu" nogil:
    cdef enum Outcome:
        FINISHED, STOPPED, CELL_LIMIT_REACHED, MEMORY_LIMIT_REACHED, DOMAIN_WITHOUT_INTERIOR, SIGNS_CONTRADICT


cdef extern from "_cpp/interrupt.hpp" namespace "polyrelu" nogil:
    cdef struct Progress:
        int stage
        int64_t done, total, cells

    ctypedef cbool (*Callback)(void*, const Progress&) noexcept

    cdef cppclass InterruptCheck:
        InterruptCheck()
        InterruptCheck(Callback, void*)


cdef extern from "_cpp/cell_order.hpp" namespace "polyrelu" nogil:
    cdef struct Statistics:
        int64_t word, filtered, big, big_zero, enclosed, big_vertices, big_forms, bounds, decided, bound_nanoseconds

    cdef cppclass Stage:
        int n, m, previous
        vector[mpz_class] plus, minus
        vector[char] splits
        vector[long] scale
        void prepare(const vector[long]*) except +

    void add_stage(vector[Stage]&, int, int, int) except +

    ctypedef vector[mpz_class] BigVector

    void make_primitive(BigVector&) except +

    cdef struct VertexOrigin:
        int32_t p, q, region, neuron

    cdef cppclass FormStore:
        void push_exact(const mpz_class*) except +

    cdef cppclass Regions:
        int words
        vector[int32_t] parent
        vector[uint64_t] plus, minus

    cdef cppclass Vertices:
        Vertices(int, const vector[Stage]&, const vector[Regions]&) except +
        unordered_map[int32_t, BigVector] known
        int64_t size()
        void resize(int64_t) except +
        void set(int64_t, const double*, double, const VertexOrigin&)
        void set_exact(int64_t, const BigVector&) except +
        cbool is_root(int64_t)
        size_t longest
        const BigVector& exact_coordinates(int32_t) except +
        cbool advance(vector[int32_t]&, int64_t) except +
        void release()

    cdef cppclass Cells:
        int64_t live
        int64_t size()

    cdef cppclass PullBack:
        cbool run(const vector[Stage]&, const vector[Regions]&, int, int32_t, int) except +
        vector[int64_t] word
        vector[mpz_class] big

    cdef enum Arithmetic:
        CERTIFIED, ALL_BIG, UNCERTIFIED

    cdef cppclass Subdivision:
        Subdivision(int, int64_t, int64_t, int, Arithmetic, cbool, Callback, void*) except +
        int r
        cbool split_at_walls
        vector[Stage] stages, differences
        int classes
        FormStore forms
        Vertices vertices
        vector[Cells] cells
        vector[BigVector] initial_forms
        vector[Regions] regions
        vector[int64_t] finite_before_last
        vector[int32_t] first_neuron
        int keep_from
        int64_t neurons_done
        Statistics statistics()
        int64_t total_cells()
        int64_t memory_of_cells()
        vector[int64_t] finite_counts() except +
        int start() except +
        int run(int, cbool) except +
        int mark_again(int) except +
        void release_working_arrays() except +
        void keep_facets_and_signs() except +

    cdef cppclass CellOrder:
        CellOrder(Subdivision&) except +
        vector[vector[int32_t]] number
        vector[int64_t] finite
        void facets(Subdivision&, int, int64_t*, int32_t*, int8_t*) except +
        void vertices(Subdivision&, double*, double*, int32_t*) except +
        void per_cell(Subdivision&, int, uint8_t*, int32_t*) except +
        void decided(Subdivision&, int8_t*) except +
        void signs(Subdivision&, int, int, int8_t*) except +
        void conditions(Subdivision&, int, const vector[int32_t]&, const vector[int32_t]&, uint8_t*) except +


cdef extern from "_cpp/reduction.hpp" namespace "polyrelu::reduction" nogil:
    cdef cppclass Fault:
        int kind
        int degree
        int64_t row
        int64_t column

    cdef cppclass Remainder:
        int64_t n_rows
        int64_t n_columns
        vector[int64_t] row
        vector[int64_t] column
        vector[string] value

    cdef cppclass Result:
        vector[Remainder] boundary
        vector[int64_t] n_pivots

    cdef cppclass Input:
        vector[int64_t] ranks
        vector[int64_t] n_entries
        vector[const int64_t*] start
        vector[const int32_t*] row
        vector[const int8_t*] narrow
        vector[const int64_t*] wide
        void add_big(const vector[string]&) except +

    cdef cppclass Matching:
        vector[int32_t] partner
        vector[int32_t] step
        vector[int32_t] image

    cdef cppclass Integers:
        cbool big
        vector[int64_t] words
        vector[string] digits

    cdef cppclass SparseVectors:
        vector[int64_t] start
        vector[int32_t] index
        Integers value

    cdef cppclass Round:
        Matching matching
        vector[int64_t] ranks
        vector[SparseVectors] boundary

    cdef cppclass Pivots:
        vector[int32_t] row
        vector[int32_t] column
        vector[int8_t] unit
        SparseVectors in_row
        SparseVectors in_column

    cdef cppclass Trace:
        vector[Round] rounds
        vector[Pivots] pivots

    cdef cppclass CriticalCells:
        vector[vector[int32_t]] cells
        vector[SparseVectors] boundary

    int check(const Input&, InterruptCheck&, Fault&) except +
    int reduce(const Input&, InterruptCheck&, Result&, Trace*) except +
    int reduce_fibers(const Input&, const int32_t*, InterruptCheck&, CriticalCells&) except +


cdef extern from "_cpp/region_chain.hpp" namespace "polyrelu" nogil:
    cdef cppclass RankedComplex "polyrelu::reduction::Complex<int8_t>":
        vector[int64_t] ranks

    cdef cppclass RegionChain:
        RegionChain() except +
        RankedComplex complex
        Fault fault

    int make_region_chain(const Subdivision&, unsigned int, cbool, InterruptCheck&, RegionChain&) except +
    int reduce_chain(const RegionChain&, InterruptCheck&, Result&) except +


cdef extern from "_cpp/pairing.hpp" namespace "polyrelu::reduction" nogil:
    cdef cppclass Pairs:
        vector[vector[int32_t]] birth, death

    int find_pairs(const Input&, int64_t, InterruptCheck&, Pairs&) except +


cdef extern from "_cpp/vertex_values.hpp" namespace "polyrelu" nogil:
    cdef cppclass VertexValues:
        VertexValues(const vector[Stage]&, const vector[Regions]&, Vertices&, const int32_t*, int64_t) except +
        vector[int32_t] rank, witness
        vector[int8_t] ray_sign

    int rank_vertices(VertexValues&, int, InterruptCheck&) except +
    int find_value(VertexValues&, int32_t, InterruptCheck&, mpz_class&, mpz_class&) except +


cdef extern from "_cpp/filtration.hpp" namespace "polyrelu" nogil:
    cdef cppclass CellArrays:
        vector[int64_t] finite
        vector[const int64_t*] start
        vector[const int32_t*] facet
        vector[const int8_t*] sign

    cdef cppclass Filtration:
        vector[vector[int32_t]] cells, flats
        vector[SparseVectors] boundary
        vector[int32_t] rays

    int find_critical_cells(const CellArrays&, const int32_t*, const int8_t*, int32_t, cbool, int, InterruptCheck&,
                            Filtration&) except +


cdef extern from "_cpp/part_reduction.hpp" namespace "polyrelu" nogil:
    cdef struct CellsView:
        int64_t n, finite
        const int64_t* start
        const int32_t* facet
        const int8_t* sign
        const uint8_t* boundary

    cdef struct Cut:
        int32_t form, minus, plus

    cdef cppclass Cuts:
        vector[BigVector] forms
        vector[int32_t] walls
        int n_outer
        vector[Cut] tree

    cdef cppclass LeafSets:
        vector[vector[int32_t]] sets

    cdef cppclass Walls:
        int r
        LeafSets sets
        vector[vector[int32_t]] cells_in_order, set, place_in_fiber
        vector[uint64_t] digest
        int64_t n_bounded

    cdef cppclass ReducedRegion:
        Fault fault
        vector[vector[int32_t]] wall
        vector[SparseVectors] boundary
        int64_t euler

    ctypedef Vertices* (*VertexSource)(void*) noexcept

    cdef cppclass Points:
        Points(int, const double*, const double*, VertexSource, void*)

    int find_walls(Points&, const vector[CellsView]&, const Cuts&, InterruptCheck&, unique_ptr[Walls]&) except +
    int reduce_region(const vector[CellsView]&, const Walls&, int32_t, const vector[const uint8_t*]&, cbool,
                      InterruptCheck&, ReducedRegion&) except +


cdef extern from "_cpp/box_program.hpp" namespace "polyrelu" nogil:
    cdef cppclass BoxProgram:
        vector[double] point, multipliers
        cbool is_optimal
        BoxProgram()
        cbool run(int64_t, int64_t, int64_t, const double*, const double*, const double*, double, double) except +


# ---- defined in _core.pyx
# ----------------------------------------------------------------------------------------------

cdef int set_integer(mpz_class& z, object x) except -1
cdef object get_integer(const mpz_class& z)
cdef int set_vector(vector[mpz_class]& v, object values) except -1
cdef tuple get_vector(const BigVector& x)


cdef class _Listener:
    cdef object callback
    cdef object error


cdef cbool ask(void* context, const Progress& progress) noexcept with gil
cdef int check_outcome(int outcome, _Listener listener, object cells, object memory, object done) except -1


# ---- defined in _cpp/exact.pxi
# -----------------------------------------------------------------------------------------

cdef int fill_stages(vector[Stage]& out, list stages) except -1
cdef int fill_regions(vector[Regions]& out, regions) except -1


cdef class VertexSolver:
    cdef vector[Stage] stages
    cdef vector[Regions] regions
    cdef Vertices* vertices
