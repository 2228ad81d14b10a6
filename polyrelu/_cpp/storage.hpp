// Arrays that grow with the number of cells. Unlike std::vector they leave new entries unset, and large ones are moved
// page by page without copying: growing needs neither twice the memory nor a pass over it.
#pragma once

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include "tuning.hpp"

namespace polyrelu {

template <class T>
class Array {
    static_assert(std::is_trivially_copyable<T>::value, "entries are moved as bytes");

  public:
    Array() = default;
    ~Array() { release(); }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;
    Array(Array&& other) noexcept { swap(other); }
    Array& operator=(Array&& other) noexcept {
        swap(other);
        return *this;
    }
    void swap(Array& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    size_t size() const { return size_; }
    // What it takes: pages behind the last entry were never touched, but memory comes in whole pages.
    size_t bytes() const {
        const size_t used = size_ * sizeof(T), all = reserved();
        if (all < LARGE) return all;
        const size_t page = all >= tuning::HUGE_PAGES_FROM ? tuning::HUGE_PAGE : tuning::PAGE;
        return std::min((used + page - 1) / page * page, all);
    }
    size_t reserved() const { return capacity_ * sizeof(T); }
    T* data() { return data_; }
    const T* data() const { return data_; }
    T* begin() { return data_; }
    T* end() { return data_ + size_; }
    const T* begin() const { return data_; }
    const T* end() const { return data_ + size_; }
    T& operator[](size_t i) { return data_[i]; }
    const T& operator[](size_t i) const { return data_[i]; }
    T& back() { return data_[size_ - 1]; }

    // New entries are unset.
    void resize(size_t n) {
        if (__builtin_expect(n > capacity_, 0)) grow(n);
        size_ = n;
    }
    void resize(size_t n, T value) {
        const size_t before = size_;
        resize(n);
        if (n > before) std::fill(data_ + before, data_ + n, value);
    }
    void assign(size_t n, T value) {
        resize(n);
        std::fill(data_, data_ + n, value);
    }
    void append(const T* from, size_t n) {
        resize(size_ + n);
        std::copy_n(from, n, data_ + size_ - n);
    }
    void push_back(T value) {  // by value: it may be an entry of this array
        resize(size_ + 1);
        data_[size_ - 1] = value;
    }
    void release() {
        reallocate(data_, capacity_ * sizeof(T), 0);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }

  private:
    T* data_ = nullptr;
    size_t size_ = 0, capacity_ = 0;

    __attribute__((noinline)) void grow(size_t least) {
        size_t n = std::max({least, capacity_ + capacity_ / 2, tuning::FIRST_BYTES / sizeof(T)});
        if (n > SIZE_MAX / 2 / sizeof(T)) throw std::bad_alloc();
        if (n * sizeof(T) >= LARGE) n = ((n * sizeof(T) + PAGES - 1) / PAGES * PAGES) / sizeof(T);
        data_ = static_cast<T*>(reallocate(data_, capacity_ * sizeof(T), n * sizeof(T)));
        capacity_ = n;
    }

#ifdef __linux__
    // Blocks of at least LARGE bytes are mapped, whatever malloc would do.
    static constexpr size_t LARGE = tuning::MAPPED_FROM, PAGES = tuning::MAPPED_STEP;

    static void* reallocate(void* old, size_t before, size_t after) {
        if (after < LARGE && before < LARGE) return reallocate_small(old, after);
        void* block = MAP_FAILED;
        if (before >= LARGE && after >= LARGE) {
            block = mremap(old, before, after, MREMAP_MAYMOVE);
        } else if (after >= LARGE) {
            block = mmap(nullptr, after, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (block != MAP_FAILED && before > 0) std::memcpy(block, old, before);
            if (block != MAP_FAILED) std::free(old);
        } else {  // arrays never shrink but to nothing
            munmap(old, before);
            return nullptr;
        }
        if (block == MAP_FAILED) throw std::bad_alloc();
        if (after >= tuning::HUGE_PAGES_FROM) madvise(block, after, MADV_HUGEPAGE);
        return block;
    }
#else
    static constexpr size_t LARGE = SIZE_MAX, PAGES = 1;

    static void* reallocate(void* old, size_t, size_t after) { return reallocate_small(old, after); }
#endif

    static void* reallocate_small(void* old, size_t after) {
        if (after == 0) {
            std::free(old);
            return nullptr;
        }
        void* block = std::realloc(old, after);
        if (!block) throw std::bad_alloc();
        return block;
    }
};

}  // namespace polyrelu
