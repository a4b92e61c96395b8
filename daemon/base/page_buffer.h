// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace pilotwatch {

/// Bytes that go back to the system when they are given up. From 64 KB on they are pages of their own: many buffers that are
/// replaced by ever larger ones leave no holes in the allocator's memory that nothing fits in. Not set to zero.
class PageBuffer {
 public:
  PageBuffer() = default;
  /// At least so many bytes. Throws std::bad_alloc.
  explicit PageBuffer(std::size_t size) : size_(is_mapped(size) ? (size + page - 1) / page * page : size) {
    if (size_ == 0) return;
    void* found = is_mapped(size_) ? mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                   : std::malloc(size_);
    if (found == nullptr || found == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<unsigned char*>(found);
  }
  ~PageBuffer() {
    if (data_ == nullptr) return;
    if (is_mapped(size_)) {
      munmap(data_, size_);
    } else {
      std::free(data_);
    }
  }
  PageBuffer(PageBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  PageBuffer& operator=(PageBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;

  [[nodiscard]] unsigned char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t page = 4096, least_mapped = 64 << 10;
  static bool is_mapped(std::size_t size) { return size >= least_mapped; }

  unsigned char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace pilotwatch
