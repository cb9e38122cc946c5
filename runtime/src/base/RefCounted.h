//===----------------------------------------------------------------------===//
// Part of Capstan, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

//
// Counted references inside an object, since handles cross a C ABI.
//
//===----------------------------------------------------------------------===//

#ifndef CAPSTAN_RT_BASE_REFCOUNTED_H
#define CAPSTAN_RT_BASE_REFCOUNTED_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace capstan::rt {

class RefCounted {
public:
  RefCounted() = default;
  RefCounted(const RefCounted &) = delete;
  RefCounted &operator=(const RefCounted &) = delete;

  void retain() { count.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (count.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

protected:
  virtual ~RefCounted() = default;

private:
  std::atomic<int64_t> count{1};
};

/// What the C API's retain and release do.
template <typename T> void retainHandle(T *object) {
  if (object)
    object->retain();
}
template <typename T> void releaseHandle(T *object) {
  if (object)
    object->release();
}

/// One counted reference, or null.
template <typename T> class Ref {
public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  Ref(const Ref &other) : object(other.object) {
    if (object)
      object->retain();
  }
  Ref(Ref &&other) noexcept : object(std::exchange(other.object, nullptr)) {}
  template <typename U,
            typename = std::enable_if_t<std::is_convertible_v<U *, T *>>>
  Ref(Ref<U> other) : object(other.take()) {}
  Ref &operator=(Ref other) noexcept {
    std::swap(object, other.object);
    return *this;
  }
  ~Ref() {
    if (object)
      object->release();
  }

  /// Takes over the reference that `object` came with.
  static Ref adopt(T *object) {
    Ref ref;
    ref.object = object;
    return ref;
  }
  /// One more reference.
  static Ref share(T *object) {
    if (object)
      object->retain();
    return adopt(object);
  }

  T *get() const { return object; }
  T *operator->() const { return object; }
  T &operator*() const { return *object; }
  explicit operator bool() const { return object; }
  /// Gives the reference to the caller.
  T *take() { return std::exchange(object, nullptr); }

private:
  T *object = nullptr;
};

} // namespace capstan::rt

#endif // CAPSTAN_RT_BASE_REFCOUNTED_H
